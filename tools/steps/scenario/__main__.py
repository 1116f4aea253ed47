"""tools/scenario after the installation: the lab, one run or all of the table, and what is left running."""

import argparse
import fcntl
import json
import shutil
import sys
from pathlib import Path

from harness.blocked_udp import block
from harness.headend_config import PASSWORD
from harness.lab import OUTSIDE, SERVER, Lab
from harness.paths import CULVERT_CLIENT, CULVERTCTL, TUNNEL_SCRIPT

from steps import console, kept
from steps.build import RELEASE, BuildError, ninja, set_up
from steps.console import step, tail
from steps.interrupts import interruptible, undisturbed

from .experiment import Experiment, Settings
from .note import CAUSES, FIXES, ICMP
from .text import result_text, table_text, timeline_text

FOLDER = Path("/run/culvert-scenario")
LOCK = Path("/run/culvert-scenario.lock")
LAB_PREFIX = "culvert-scenario-"
TABLE_MINUTE = 5.0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    """The script that calls us has refused what is wrong."""
    parser = argparse.ArgumentParser(prog="scenario", add_help=False)
    parser.add_argument("what", choices=("dtls-blocked", "fixes"))
    parser.add_argument("--fix", choices=tuple(FIXES), default="none")
    parser.add_argument("--icmp", choices=ICMP, default="allowed")
    parser.add_argument("--behave", choices=("anyconnect", "openconnect"), default="anyconnect")
    parser.add_argument("--cause", choices=CAUSES, default="path")
    parser.add_argument("--minute", type=float)
    parser.add_argument("--build")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def one_run(lab: Lab, arguments: argparse.Namespace) -> int:
    settings = Settings(arguments.fix, arguments.icmp, arguments.minute or 60.0, arguments.behave, arguments.cause)
    experiment = Experiment(lab, FOLDER, settings)
    try:
        with step(f"{FIXES[settings.fix].title}, ICMP {settings.icmp}, {settings.minute:g} s"):
            result = experiment.run(keep=arguments.keep)
    except BaseException:
        experiment.clear()
        say(logs())
        raise
    entries = experiment.timeline.entries()
    start = result["started"]
    if arguments.json:
        result["timeline"] = [{"at_s": round(each.time - start, 3), "who": each.who, "text": each.text}
                              for each in entries]
        print(json.dumps(result, indent=2))
    else:
        print(f"\n{timeline_text(entries, start)}\n\n{result_text(result)}")
    if arguments.keep:
        kept.remember(FOLDER, [experiment.headend.process.pid])
        if arguments.cause == "path":
            block(lab)
        say(how_to_go_on(experiment.pin))
    return 0


def all_fixes(lab: Lab, arguments: argparse.Namespace) -> int:
    results = []
    minute = arguments.minute or TABLE_MINUTE
    for fix in FIXES:
        for icmp in ICMP:
            experiment = Experiment(lab, FOLDER, Settings(fix, icmp, minute, period=min(1.0, minute / 5), ping=False))
            try:
                with step(f"{FIXES[fix].title}, ICMP {icmp}"):
                    results.append(experiment.run())
            except BaseException:
                say(logs())
                raise
            finally:
                experiment.clear()
    print(json.dumps(results, indent=2) if arguments.json else f"\n{table_text(results)}\n\nThe minute: {minute:g} s.")
    return 0


def logs() -> str:
    return "\n".join(f"--- the end of {path.name}:\n{tail(path.read_text(errors='replace'), 15)}"
                     for path in sorted(FOLDER.glob("*.log")))


def how_to_go_on(pin: str) -> str:
    prefix = f"tools/lab --prefix {LAB_PREFIX}"
    shell = f"{CULVERTCTL} --socket {FOLDER}/state/culvertd.sock"
    return f"""
The headend and its lab are still running, and there is no DTLS. As root:

  a client that behaves as the note's  {prefix} exec client {CULVERT_CLIENT} \\
                                           --user vpn --tls 1.2 --authgroup users --servercert {pin} \\
                                           https://{OUTSIDE}     (the password is "{PASSWORD}")
  openconnect instead                  {prefix} exec client openconnect --user vpn --authgroup users \\
                                           --servercert {pin} \\
                                           --script {TUNNEL_SCRIPT} https://{OUTSIDE}
  let UDP through                      {prefix} exec client nft delete table netdev blockedudp
  the headend                          {shell} 'show vpn-sessiondb detail anyconnect'
  what it would advise                 {shell} 'show mtu-advice'
  the inside server                    {prefix} exec server ping -M do -s 1390 10.10.10.1
  what it sees                         {prefix} exec server tcpdump -ni lan
  configuration and logs               {FOLDER}

A real client (AnyConnect, Secure Client) on another machine: give the two `interface` lines of
{FOLDER}/culvertd.conf a network card each (docs/ports.md), and addresses of your networks in place of
{OUTSIDE} and of the server's {SERVER}; start culvertd with it, and drop UDP port 443 between the two.

To stop it: sudo tools/scenario dtls-blocked --stop"""


def clear_the_stage(lab: Lab) -> bool:
    running = kept.stop(FOLDER)
    if lab.exists():
        lab.down()
    shutil.rmtree(FOLDER, ignore_errors=True)
    return running


def main() -> int:
    arguments = parse_arguments()
    if arguments.json:
        console.out = sys.stderr
    interruptible()
    lab = Lab(LAB_PREFIX)
    with open(LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("scenario: another one is running: let it end first")
            return 1
        if clear_the_stage(lab):
            say("Stopped what --keep had left.")
        return 0 if arguments.stop else play(lab, arguments)


def play(lab: Lab, arguments: argparse.Namespace) -> int:
    good = False
    try:
        if not arguments.build:
            with step("Build") as progress:
                set_up(RELEASE)
                ninja(RELEASE, progress, "control/culvertd", "tools/culvertctl", "tools/culvert-client")
        FOLDER.mkdir(parents=True, mode=0o755)
        with step("Lab: client, headend and server in network namespaces"):
            lab.up()
        status = all_fixes(lab, arguments) if arguments.what == "fixes" else one_run(lab, arguments)
        good = True
        return status
    except BuildError as error:
        say(f"\nscenario: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nscenario: interrupted")
        return 130
    except Exception as error:  # whatever it is: nothing may be left running
        say(f"\nscenario failed: {error or type(error).__name__}")
        return 1
    finally:
        undisturbed()
        if not (good and arguments.keep):
            clear_the_stage(lab)


if __name__ == "__main__":
    sys.exit(main())
