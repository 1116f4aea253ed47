"""tools/bench-report after the installation: run or read, then table, JSON and page."""

import argparse
import json
import os
import re
import sys
from pathlib import Path

from steps import console
from steps.build import RELEASE, BuildError, ninja, set_up
from steps.console import step
from steps.interrupts import interruptible
from steps.rfc2544.rows import NoResults, from_document
from steps.rfc2544.rows import Row as LineRow

from .page import render
from .rows import BadResults, Results, parse
from .run import QUICK_FILTER, Plan, RunError, command_line, list_rows, measure
from .table import as_text

PAGE = "bench-report.html"


class Refusal(RuntimeError):
    """A sentence for who gave the command."""


def parse_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-report", add_help=False, allow_abbrev=False)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true")
    extent.add_argument("--full", action="store_true")
    parser.add_argument("--filter", default="")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--simd", choices=("128", "256", "512"), default="")
    parser.add_argument("--from", dest="source", type=Path)
    parser.add_argument("--json", default="")
    parser.add_argument("--line", type=Path)
    parser.add_argument("--out", default=PAGE)
    parser.add_argument("--build")
    arguments = parser.parse_args(words)
    if arguments.repetitions is not None and arguments.repetitions < 1:
        parser.error("--repetitions is at least 1")
    try:
        re.compile(arguments.filter)
    except re.error as error:
        parser.error(f"--filter '{arguments.filter}' is no regular expression: {error}")
    if arguments.source and (arguments.quick or arguments.full or arguments.filter or arguments.repetitions
                             or arguments.simd or arguments.build):
        parser.error("--from shows a run that has been made: it goes with --json, --line and --out only")
    return arguments


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Rows that are asked for by name are all measured; --quick and --full then say how long."""
    wanted = arguments.filter or ("" if arguments.full else QUICK_FILTER)
    repetitions = arguments.repetitions or (10 if arguments.full else 3)
    return Plan(wanted, repetitions, 0.05 if arguments.full else 0.02, arguments.simd)


def page_path(out: str) -> Path:
    path = Path(out)
    return path / PAGE if path.is_dir() or out.endswith("/") else path


def check_writable(path: Path) -> None:
    """Before minutes are spent on what cannot be kept."""
    folder = path.parent
    if not folder.is_dir():
        raise Refusal(f"there is no folder {folder} to write {path.name} to")
    if path.is_dir():
        raise Refusal(f"{path} is a folder, and a file is to be written")
    new = not path.exists()
    try:
        path.open("ab").close()  # What permissions say is not all: a file system may be read-only.
        if new:
            path.unlink()
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror}") from error


def read(source: Path) -> dict:
    try:
        document = json.loads(source.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{source} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from error
    except json.JSONDecodeError as error:
        raise Refusal(f"{source} is no JSON: {error}") from error
    return document


def read_line(source: Path) -> list[LineRow]:
    try:
        return from_document(read(source))
    except NoResults as error:
        raise Refusal(f"{source} cannot be shown: {error}") from error


def run(arguments: argparse.Namespace, words: list[str]) -> dict:
    plan = plan_of(arguments)
    if not arguments.build:
        with step("Build") as progress:
            set_up(RELEASE)
            ninja(RELEASE, progress, "bench/culvert-bench")
    program = (Path(arguments.build).absolute() if arguments.build else RELEASE.path) / "bench" / "culvert-bench"
    if not program.exists():
        raise Refusal(f"{program} is not there: --build names a tree that has it")
    rows = list_rows(program, plan)
    with step("Benchmarks") as progress:
        document = measure(program, plan, rows, progress)
    ran = [command_line(plan.command(Path("build/bench/culvert-bench"), kind)) for kind in rows]
    document["bench_report"] = {"command": "\n".join([command_line(["tools/bench-report", *words]), "", "# which ran",
                                                      *ran])}
    return document


def with_ratios(document: dict, results: Results) -> dict:
    """The JSON of culvert-bench, and what follows from it."""
    ratios = [{"suite": row.suite, "direction": row.direction, "size": row.size, "sessions": row.sessions,
               "cycles_per_packet": row.cycles, "gbit_per_second": row.gbit_s,
               "raw_over_ours": results.raw_share(row), "ours_over_openssl": results.speed_up(row)}
              for row in results.of("crypto") if row.subject == "ours"]
    own = document.get("bench_report")
    return document | {"bench_report": (own if isinstance(own, dict) else {}) | {"crypto": ratios}}


def make(arguments: argparse.Namespace, words: list[str]) -> None:
    page = page_path(arguments.out)
    check_writable(page)
    to_file = arguments.json not in ("", "-")
    if to_file:
        check_writable(Path(arguments.json))
    line = read_line(arguments.line) if arguments.line else []
    document = read(arguments.source) if arguments.source else run(arguments, words)
    try:
        results = parse(document)
    except BadResults as error:
        raise Refusal(f"{arguments.source or 'the output'} cannot be shown: {error}") from error
    page.write_text(render(results, line))
    text = json.dumps(with_ratios(document, results), indent=1)
    if to_file:
        Path(arguments.json).write_text(text + "\n")
    print(text if arguments.json == "-" else as_text(results))
    print(f"\n  Page       {page}", file=console.out, flush=True)


def main() -> int:
    words = sys.argv[1:]
    arguments = parse_arguments(words)
    if arguments.json == "-":
        console.out = sys.stderr
    interruptible()
    try:
        make(arguments, words)
    except BrokenPipeError:
        # Who reads the table has seen enough. What Python has left to write may go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Refusal, RunError, BuildError, OSError) as error:
        print(f"bench-report: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench-report: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
