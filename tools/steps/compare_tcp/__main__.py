"""tools/compare-tcp after the installation."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from steps.build import RELEASE, ninja, set_up
from steps.console import step
from steps.endings import ends, told, turn
from steps.interrupts import interruptible, undisturbed

from .cells import ALL, ROUND_TRIPS, Cell, parse_cell
from .comparison import Comparison, good
from .table import as_text, markdown


def cells_of(parser: argparse.ArgumentParser, words: list[str] | None) -> list[Cell]:
    if words is None:
        return ALL
    found: list[Cell] = []
    try:
        for word in words:
            found += [cell for cell in parse_cell(word) if cell not in found]
    except ValueError as error:
        parser.error(str(error))
    return found


def parse_arguments() -> tuple[argparse.Namespace, list[Cell], list[Cell]]:
    parser = argparse.ArgumentParser(prog="compare-tcp", add_help=False)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--no-shares", action="store_true")
    parser.add_argument("--shares-only", action="store_true")
    parser.add_argument("--at-once", type=int, default=0)
    parser.add_argument("--kernel-twice", action="store_true")
    parser.add_argument("--endpoint", default="")
    parser.add_argument("--capture")
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    parser.add_argument("--build")
    arguments = parser.parse_args()
    if arguments.runs < 1 or arguments.seconds < 0 or arguments.at_once < 0:
        parser.error("--runs and --at-once are at least 1, --seconds more than 0")
    if arguments.no_shares and arguments.shares_only:
        parser.error("--no-shares and --shares-only leave nothing")
    cells = [] if arguments.shares_only else cells_of(parser, arguments.only)
    round_trips = {cell.round_trip_ms for cell in cells_of(parser, arguments.only)}
    shared = [] if arguments.no_shares else [Cell(0.0, each, 0.0) for each in ROUND_TRIPS if each in round_trips]
    return arguments, cells, shared


def main() -> int:
    arguments, cells, shared = parse_arguments()
    interruptible()
    folder = Path(tempfile.mkdtemp(prefix="culvert-tcp."))
    lock = turn("compare-tcp", wait=True)  # two at once would measure each other
    comparison = Comparison(arguments, cells, shared, folder)
    try:
        with told("compare-tcp", failed=2, logs=lambda: ends(sorted(folder.glob("*.log")), 8)):
            if arguments.capture:
                Path(arguments.capture).mkdir(parents=True, exist_ok=True)
            if not arguments.build:
                with step("Build") as progress:
                    set_up(RELEASE)
                    ninja(RELEASE, progress, "tools/culvert-delay", "tests/dataplane/tcp_peer")
            count = arguments.runs * (len(cells) + len(shared))
            with step(f"{count} runs, about {comparison.planned() / 60:.0f} min") as progress:
                result = comparison.run(progress)
            if arguments.capture:
                with step("What tshark says of the captures") as progress:
                    result["captures"] = comparison.examine(progress)
    finally:  # whatever it is: nothing may be left running
        undisturbed()
        comparison.clear()
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(result, indent=1) + "\n")
    if arguments.markdown:
        Path(arguments.markdown).write_text("\n".join(markdown(result)) + "\n")
    print(as_text(result))
    return 0 if good(result) else 1


if __name__ == "__main__":
    sys.exit(main())
