"""tools/compare-load after the installation: one crowd, two headends in turn, one table."""

import argparse
import re
import signal
import sys
import time
from pathlib import Path

from harness import load
from harness.crowd_room import ROOM
from harness.headend_config import PASSWORD, USER
from harness.lab import SERVER, Lab
from harness.memory import shared_out_kib
from harness.outcome import Outcome, outcome
from harness.poll import until
from harness.process import Process

from steps.console import step
from steps.endings import ends
from steps.machine import describe_machine
from steps.measurement import carry_out

from .headends import HEADENDS
from .table import as_text

LAB_PREFIX = "culvert-load-"
SECONDS_A_SESSION = 0.25
SETTLED = 3           # seconds of the hold before memory is read
NAMES = tuple(kind.name for kind in HEADENDS)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare-load", add_help=False)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--ocserv-sessions", type=int)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--hold", type=int, default=30)
    parser.add_argument("--pings", type=float, default=0.5)
    parser.add_argument("--headend", choices=NAMES)
    parser.add_argument("--build")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for number in (arguments.sessions, arguments.ocserv_sessions or 1):
        if not 1 <= number <= ROOM:
            parser.error(f"--sessions and --ocserv-sessions are 1 to {ROOM}")
    if arguments.hold < 15 or arguments.at_once < 1 or arguments.pings <= 0:
        # The storm comes in its middle, after memory was read.
        parser.error("--hold is at least 15 seconds, --at-once at least 1, --pings more than 0")
    return arguments


class Comparison:
    def __init__(self, arguments: argparse.Namespace, folder: Path):
        self._arguments = arguments
        self._folder = folder
        self._lab = Lab(LAB_PREFIX)
        self._headend = None
        self._crowd: Process | None = None

    def run(self) -> dict:
        machine = describe_machine()
        self._lab.up()
        load.route_to_pool(self._lab)
        rows, versions = [], {}
        for kind in HEADENDS:
            if self._arguments.headend in (None, kind.name):
                rows.append(self._measure(kind, versions))
        arguments = self._arguments
        return {"machine": machine, "versions": versions,
                "settings": {"at_once": arguments.at_once, "hold_s": arguments.hold, "pings_per_s": arguments.pings},
                "rows": rows}

    def _measure(self, kind, versions: dict) -> dict:
        sessions = self._arguments.sessions
        if kind.name == "ocserv" and self._arguments.ocserv_sessions:
            sessions = self._arguments.ocserv_sessions
        folder = self._folder / kind.name
        folder.mkdir(mode=0o755)
        with step(f"{sessions} sessions on {kind.name}") as progress:
            self._headend = kind(self._lab, folder, sessions)
            self._headend.wait_ready()
            versions[kind.name] = self._headend.version()
            idle = shared_out_kib(self._lab.headend.name)
            self._crowd = load.start(
                self._lab, folder, USER, PASSWORD, "--target", SERVER, "--sessions", sessions, "--rate", 0, "--at-once",
                self._arguments.at_once, "--hold", self._arguments.hold, "--storm", 1, "--tries", 600, "--pings",
                self._arguments.pings)
            came = self._came(progress, sessions)
            full = shared_out_kib(self._lab.headend.name)
            found = self._end(progress, sessions, came)
            report = found.report
            assert report, f"culvert-load ended with {found.status}:\n{found.said[-3000:]}"
            left = self._headend.what_is_left()
            row = {"headend": kind.name, "asked": sessions, "idle_kib": idle, "full_kib": full,
                   "kib_per_session": round((full - idle) / max(report["sessions"]["peak"], 1), 2), "left": left,
                   "drops": self._headend.drops(), "report": report}
            self._headend.stop()
            self._headend = None
            progress.outcome = f"{report['sessions']['peak']} came"
        return row

    def _came(self, progress, sessions: int) -> bool:
        came = self._shown_until(progress, lambda line: line.startswith("hold"), 60 + SECONDS_A_SESSION * sessions)
        if came:
            time.sleep(SETTLED)
        return came

    def _end(self, progress, sessions: int, came: bool) -> Outcome:
        """Who takes too long is ended, and what he did by then is the result."""
        patience = 120 + self._arguments.hold + SECONDS_A_SESSION * sessions
        if not came or not self._shown_until(progress, lambda line: False, patience):
            self._crowd.signal(signal.SIGINT)
        return outcome(self._crowd, 120)

    def _shown_until(self, progress, condition, patience: float) -> bool:
        """False if patience was over before. An end of the crowd is as good as the condition."""
        deadline = time.monotonic() + patience

        def answer() -> str:
            line = self._crowd.tail(1)
            if re.match(r"(ramp|hold|settle|leave) ", line):
                progress.show(line)
            if condition(line) or not self._crowd.running():
                return "met"
            return "late" if time.monotonic() > deadline else ""

        return until(answer, "culvert-load goes on", patience + 60) == "met"

    def clear(self) -> None:
        for part in (self._crowd, self._headend):
            if part:
                part.kill()
        self._lab.down()

    def logs(self) -> str:
        return ends(sorted(self._folder.glob("*/*.log")), 10)


def main() -> int:
    arguments = parse_arguments()
    programs = () if arguments.build else ("control/culvertd", "tools/culvertctl", "tools/culvert-load")
    return carry_out("compare-load", lambda folder: Comparison(arguments, folder), as_text, as_json=arguments.json,
                     programs=programs,
                     complete=lambda result: all(row["report"]["complete"] for row in result["rows"]))


if __name__ == "__main__":
    sys.exit(main())
