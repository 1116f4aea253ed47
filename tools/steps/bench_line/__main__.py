"""tools/bench-line after the installation: rows, then table, JSON and page."""

import argparse
import datetime
import functools
import itertools
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Callable

from steps import console
from steps.build import RELEASE, ninja, set_up
from steps.console import step
from steps.endings import told
from steps.machine import describe_machine
from steps.rfc2544.ending import tell
from steps.rfc2544.rows import Outcome, Row, as_document

from . import line, wire
from .arguments import QUICK, parse_arguments


def measured(arguments: argparse.Namespace) -> Outcome:
    words = ["--repeat", str(arguments.repeat), *(QUICK if arguments.quick else ()), *arguments.more]
    folder = Path(tempfile.mkdtemp(prefix="culvert-bench-line."))
    try:
        with step("Search") as progress:
            outcome = Outcome()

            def search(name: str, row: Callable[..., Row], *what: object) -> None:
                progress.show(f"{name}: row {len(outcome.rows) + len(outcome.missed) + 1} of {all_rows}")
                outcome.add(name, lambda: row(folder, *what, words))

            through = functools.partial(line.row, searches=arguments.repeat)
            kinds = list(itertools.product(arguments.ciphers, arguments.directions))
            all_rows = len(arguments.sizes) * (1 + len(kinds))
            with outcome.kept():
                for size in arguments.sizes:
                    search(f"{wire.NAME}, {size}", wire.row, size)
                    for cipher, direction in kinds:
                        search(f"{cipher}, {size}, {direction}", through, cipher, size, direction)
            progress.outcome = f"{len(outcome.rows)} rows"
            outcome.rows.sort(key=lambda row: row.cipher != wire.NAME)
            return outcome
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    arguments = parse_arguments(sys.argv[1:])
    if arguments.json == "-":
        console.out = sys.stderr
    with told("bench-line"):
        if not arguments.build:
            with step("Build") as progress:
                set_up(RELEASE)
                ninja(RELEASE, progress, "tools/culvert-replay", "tools/culvertctl", "control/culvertd")
        context = describe_machine() | {
            "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
            "command": shlex.join(["tools/bench-line", *sys.argv[1:]])}
        outcome = measured(arguments)
        return tell(as_document(outcome, context), outcome.rows, "Between two wires of shared memory", arguments.out,
                    arguments.json)


if __name__ == "__main__":
    sys.exit(main())
