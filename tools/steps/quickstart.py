"""tools/quickstart after the installation: build, lab, headend, client, traffic, report."""

import argparse
import fcntl
import json
import shutil
import sys
from pathlib import Path

from harness.client import Client
from harness.devices import DEVICES
from harness.headend import Headend
from harness.headend_config import HeadendConfig
from harness.lab import SERVER, SERVER6, Lab
from harness.paths import CULVERTCTL
from harness.ping import ping

from . import console, kept
from .build import RELEASE, BuildError, ninja, set_up
from .console import step, tail
from .interrupts import interruptible, undisturbed
from .report import Report, as_text, measure

FOLDER = Path("/run/culvert-quickstart")
OURS = FOLDER / "lab"  # says that the lab is the quickstart's, as long as there is one
LOCK = Path("/run/culvert-quickstart.lock")
LAB_PREFIX = "culvert-"
# Small pools: it must also run where there is little memory and no huge page.
DATAPLANE = ["memory 256"]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Refusal(RuntimeError):
    """One sentence that says what to do; nothing was begun."""


class Demonstration:
    def __init__(self, device: str):
        self.lab = Lab(LAB_PREFIX)
        self.device = DEVICES[f"net_{device}"]
        self.headend: Headend | None = None
        self.client: Client | None = None

    def run(self) -> Report:
        FOLDER.mkdir(parents=True, mode=0o755)
        OURS.touch()
        with step("Lab: client, headend and server in network namespaces"):
            self.lab.up()
        with step("Headend: culvertd on two DPDK ports"):
            config = HeadendConfig(state=FOLDER / "state", dataplane=DATAPLANE, device=self.device.configured)
            self.headend = Headend(self.lab, config, FOLDER)
            self.remember()
            self.headend.wait_ready()
            self.device.after_headend(self.lab)
        with step("Client: openconnect logs in"):
            self.client = Client(self.lab, self.headend.show, self.headend.pin(), FOLDER)
            self.remember()
            self.client.wait_connected()
        with step("Pings through the tunnel, both ways"):
            ping(self.lab.client, SERVER)
            ping(self.lab.server, self.client.address)
            ping(self.lab.client, SERVER6)
            ping(self.lab.server, self.client.address6)
        with step("Data through the tunnel, both ways"):
            return measure(self.lab, self.headend, self.client)

    def remember(self) -> None:
        """So that the next quickstart ends what this one leaves, on purpose or because it was killed."""
        kept.remember(FOLDER, [part.process.pid for part in (self.client, self.headend) if part])

    def finish(self) -> None:
        """The polite end is part of what is shown: counters agree, the client logs out, the headend ends with 0."""
        self.client.logout()
        self.headend.finish()

    def clear(self) -> None:
        for part in (self.client, self.headend):
            if part:
                part.kill()
        self.lab.down()
        OURS.unlink(missing_ok=True)

    def logs(self) -> str:
        """The ends of the logs, for the message about a failure."""
        parts = [("culvertd", self.headend), ("openconnect", self.client)]
        return "\n".join(f"--- the end of {name}'s log ({part.process.log_path}):\n{tail(part.process.log(), 15)}"
                         for name, part in parts if part)


def how_to_look_around() -> str:
    shell = f"{CULVERTCTL} --socket {FOLDER}/state/culvertd.sock"
    return f"""
The lab is still running. To look around, as root:

  the headend's shell        {shell}
  one command of it          {shell} 'show vpn-sessiondb anyconnect'
  through the tunnel         tools/lab exec client ping {SERVER}
  what comes out of it       tools/lab exec server tcpdump -ni lan
  addresses and processes    tools/lab status
  configuration and logs     {FOLDER}

To stop it: sudo tools/quickstart --stop"""


def only_one():
    """The lock of the one quickstart that may run; whoever holds it may touch the folder and the lab."""
    lock = open(LOCK, "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal("another quickstart is running: let it end first") from None
    return lock


def clear_the_stage() -> bool:
    """Takes down what an earlier --keep left. Refuses to touch a lab that is not the quickstart's own."""
    ours = OURS.exists()
    kept_running = kept.stop(FOLDER)
    lab = Lab(LAB_PREFIX)
    if lab.exists():
        if not ours:
            raise Refusal(f"there is a lab {LAB_PREFIX}* that the quickstart did not make: take it down with "
                          "`tools/lab down` if nobody needs it")
        lab.down()
    shutil.rmtree(FOLDER, ignore_errors=True)
    return kept_running


def parse_arguments() -> argparse.Namespace:
    """The script that calls us has refused what is wrong."""
    parser = argparse.ArgumentParser(prog="quickstart", add_help=False)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--device", default="af_xdp")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    if arguments.json:
        console.out = sys.stderr
    interruptible()
    try:
        lock = only_one()
        if clear_the_stage():
            say("Stopped what --keep had left.")
    except Refusal as refusal:
        say(f"quickstart: {refusal}")
        return 1
    with lock:
        return 0 if arguments.stop else demonstrate(arguments)


def demonstrate(arguments: argparse.Namespace) -> int:
    demonstration = Demonstration(arguments.device)
    kept_running = False
    try:
        with step("Build") as progress:
            set_up(RELEASE)
            ninja(RELEASE, progress, "control/culvertd", "tools/culvertctl")
        report = demonstration.run()
        if not arguments.keep:
            with step("Logout and clean end"):
                demonstration.finish()
        kept_running = arguments.keep
    except BuildError as error:
        say(f"\nquickstart: {error}")
        return 1
    except Exception as error:
        say(f"\nquickstart failed: {error or type(error).__name__}\n{demonstration.logs()}")
        return 1
    except KeyboardInterrupt:
        say("\nquickstart: interrupted")
        return 130
    finally:  # whatever it is: nothing may be left running
        undisturbed()
        if not kept_running:
            demonstration.clear()
    print(json.dumps(report.values, indent=2) if arguments.json else as_text(report))
    if arguments.keep:
        say(how_to_look_around())
    return 0


if __name__ == "__main__":
    sys.exit(main())
