"""tools/rfc2544 after the installation: searches or reads, then table, JSON and page."""

import argparse
import datetime
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

from .arguments import parse_arguments
from .ending import tell
from .rows import NoResults, Plan, as_document, from_document, measure


def searched(arguments: argparse.Namespace) -> dict:
    plan = Plan(arguments.port, arguments.receive, tuple(arguments.sizes), tuple(arguments.directions),
                tuple(arguments.more), arguments.mac or "", arguments.mac_back or "", tuple(arguments.ciphers))
    folder = Path(tempfile.mkdtemp(prefix="culvert-rfc2544."))
    try:
        if not arguments.build:
            with step("Build") as progress:
                set_up(RELEASE)
                ninja(RELEASE, progress, "tools/culvert-replay")
        with step("Search") as progress:
            outcome = measure(plan, folder, progress)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return as_document(outcome, describe_machine() | {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        "command": shlex.join(["tools/rfc2544", *sys.argv[1:]])})


def read(source: Path) -> dict:
    try:
        return json.loads(source.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RuntimeError(f"{source} cannot be read: {error}") from error


def main() -> int:
    arguments = parse_arguments(sys.argv[1:])
    if arguments.json == "-":
        console.out = sys.stderr
    with told("rfc2544"):
        document = read(arguments.source) if arguments.source else searched(arguments)
        try:
            rows = from_document(document)
        except NoResults as error:
            raise RuntimeError(f"{arguments.source}: {error}") from error
        return tell(document, rows, "Searched rates", arguments.out, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
