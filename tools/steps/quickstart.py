"""tools/quickstart after the installation: build, lab, headend, client, traffic, report."""

import argparse
import json
import shutil
import sys
from pathlib import Path

from harness.client import Client
from harness.headend import Headend
from harness.headend_config import HeadendConfig
from harness.lab import SERVER, Lab
from harness.paths import CULVERTCTL
from harness.ping import ping

from . import console, kept
from .build import RELEASE, BuildError, ninja, set_up
from .console import step, tail
from .report import Report, as_text, measure

FOLDER = Path("/run/culvert-quickstart")
LAB_PREFIX = "culvert-"
# Small pools: it must also run where there is little memory and no huge page.
DATAPLANE = ["memory 256"]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Demonstration:
    def __init__(self):
        self.lab = Lab(LAB_PREFIX)
        self.headend: Headend | None = None
        self.client: Client | None = None

    def run(self) -> Report:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True, mode=0o755)
        with step("Lab: client, headend and server in network namespaces"):
            self.lab.up()
        with step("Headend: culvertd on two DPDK ports"):
            config = HeadendConfig(state=FOLDER / "state", dataplane=DATAPLANE)
            self.headend = Headend(self.lab, config, FOLDER).wait_ready()
        with step("Client: openconnect logs in"):
            self.client = Client(self.lab, self.headend.show, self.headend.pin(), FOLDER).wait_connected()
        with step("Pings through the tunnel, both ways"):
            ping(self.lab.client, SERVER)
            ping(self.lab.server, self.client.address)
        with step("Data through the tunnel, both ways"):
            return measure(self.lab, self.headend, self.client)

    def finish(self) -> None:
        """The polite end is part of what is shown: counters agree, the client logs out, the headend ends with 0."""
        self.client.logout()
        self.headend.finish()

    def clear(self) -> None:
        for part in (self.client, self.headend):
            if part:
                part.kill()
        self.lab.down()

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


def main() -> int:
    parser = argparse.ArgumentParser(prog="quickstart", add_help=False)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.json:
        console.out = sys.stderr

    if kept.stop(FOLDER) and arguments.stop:
        say("Stopped.")
    if arguments.stop:
        Lab(LAB_PREFIX).down()
        return 0

    demonstration = Demonstration()
    try:
        with step("Build") as progress:
            set_up(RELEASE)
            ninja(RELEASE, progress, "control/culvertd", "tools/culvertctl")
        report = demonstration.run()
        if arguments.keep:
            kept.remember(FOLDER, [demonstration.client.process.pid, demonstration.headend.process.pid])
        else:
            with step("Logout and clean end"):
                demonstration.finish()
            demonstration.clear()
    except BuildError as error:
        say(f"\nquickstart: {error}")
        return 1
    except Exception as error:  # whatever it is: nothing may be left running
        say(f"\nquickstart failed: {error or type(error).__name__}\n{demonstration.logs()}")
        demonstration.clear()
        return 1
    except KeyboardInterrupt:
        say("\nquickstart: interrupted")
        demonstration.clear()
        return 130
    print(json.dumps(report.values, indent=2) if arguments.json else as_text(report))
    if arguments.keep:
        say(how_to_look_around())
    return 0


if __name__ == "__main__":
    sys.exit(main())
