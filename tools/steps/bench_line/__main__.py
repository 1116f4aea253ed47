"""tools/bench-line after the installation: rows, then table, JSON and page."""

import argparse
import datetime
import itertools
import json
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from steps import console
from steps.build import RELEASE, ninja, set_up
from steps.console import step
from steps.endings import told
from steps.machine import describe_machine
from steps.rfc2544.page import render
from steps.rfc2544.rows import as_document
from steps.rfc2544.table import as_text

from . import line, wire
from .arguments import QUICK, parse_arguments

def measured(arguments: argparse.Namespace) -> list:
    words = ["--repeat", str(arguments.repeat), *(QUICK if arguments.quick else ())]
    folder = Path(tempfile.mkdtemp(prefix="culvert-bench-line."))
    try:
        with step("Search") as progress:
            rows = []
            for size in arguments.sizes:
                progress.show(f"{wire.NAME}, {size}")
                rows.append(wire.row(folder, size, words))
                for cipher, direction in itertools.product(arguments.ciphers, arguments.directions):
                    progress.show(f"{cipher}, {size}, {direction}")
                    rows.append(line.row(folder, cipher, size, direction, words))
            progress.outcome = f"{len(rows)} rows"
            return sorted(rows, key=lambda row: row.cipher != wire.NAME)
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
        rows = measured(arguments)
        arguments.out.write_text(render(rows, context, "Between two wires of shared memory"))
        text = json.dumps(as_document(rows, context), indent=1)
        if arguments.json not in ("", "-"):
            Path(arguments.json).write_text(text + "\n")
        print(text if arguments.json == "-" else as_text(rows))
        print(f"\n  Page       {arguments.out}", file=console.out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
