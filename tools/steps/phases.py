"""The phases of tools/check, in their order."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Callable

from . import build, end_to_end, fuzzing, unit_tests
from .build import ROOT
from .console import Progress, tail
from .results import Results


@dataclass(frozen=True)
class Phase:
    name: str
    title: str
    run: Callable[[Progress, bool], Results]
    full_only: bool = False


def lint(progress: Progress, full: bool) -> Results:
    results = Results()
    for name in ("layers", "limits", "format"):
        progress.show(name)
        done = subprocess.run([sys.executable, ROOT / "tests" / "lint" / f"{name}.py"], capture_output=True, text=True)
        results.count(f"lint {name}", done.returncode == 0, tail(done.stdout + done.stderr))
    return results


def build_and_unit_tests(tree: build.Tree) -> Callable[[Progress, bool], Results]:
    def run(progress: Progress, full: bool) -> Results:
        results = Results()
        build.bring_up_to_date(tree, progress)
        results.count(f"{tree.folder} builds", True, "")
        results += unit_tests.run(tree, progress)
        return results

    return run


def quickstart(progress: Progress, full: bool) -> Results:
    """The other command, as a user runs it: once to its end, once with --keep and --stop."""
    results = Results()
    command = [ROOT / "tools" / "quickstart"]
    for words in (("--json",), ("--keep",), ("--stop",)):
        name = " ".join(("quickstart", *words))
        progress.show(name)
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=600)
        results.count(name, done.returncode == 0, tail(done.stdout + done.stderr, 60))
    return results


def compare(progress: Progress, full: bool) -> Results:
    """tools/compare-ocserv at its shortest: that it works, not what it finds."""
    results = Results()
    build.bring_up_to_date(build.RELEASE, progress)
    done = subprocess.run([ROOT / "tools" / "compare-ocserv", "--runs", "1", "--seconds", "1", "--json",
                           "--build", build.RELEASE.path], capture_output=True, text=True, timeout=600)
    reason = tail(done.stdout + done.stderr, 60)
    results.count("compare-ocserv", done.returncode == 0, reason)
    if done.returncode == 0:
        rows = json.loads(done.stdout)["rows"]
        # Two headends, two channels, two directions, two loads.
        results.count("compare-ocserv measures all", len(rows) == 16 and all(
            row["median"]["cpu_s_per_gb"] > 0 for row in rows), reason)
    return results


def tidy(progress: Progress, full: bool) -> Results:
    """clang-tidy, each source a test."""
    build.set_up(build.SANITIZED)  # which has all sources, but for one that is made
    build.ninja(build.SANITIZED, progress, "bench/commit.cpp")
    found: dict[str, str] = {}  # what there is to say of each source
    source = "clang-tidy"
    with subprocess.Popen([sys.executable, ROOT / "tests" / "lint" / "tidy.py", build.SANITIZED.path],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            if begin := re.match(r"\[(\d+/\d+)\] (\S+): (clean|findings)$", line):
                progress.show(begin[1])
                source = begin[2]
                found[source] = ""
            else:
                found[source] = found.get(source, "") + line
    results = Results()
    for source, text in found.items():
        results.count(f"clang-tidy {source}", not text, tail(text, 40))
    if process.returncode != 0 and not results.failures:
        results.fail("clang-tidy", f"tests/lint/tidy.py ended with {process.returncode}")
    return results


ALL = (
    Phase("lint", "Sources: layers, limits, format", lint),
    Phase("release", "Release build and unit tests", build_and_unit_tests(build.RELEASE)),
    Phase("sanitized", "Sanitizer build and unit tests", build_and_unit_tests(build.SANITIZED)),
    Phase("fuzz", "Fuzz targets", fuzzing.run),
    Phase("e2e", "End to end, release build", end_to_end.on_release),
    Phase("quickstart", "The quickstart", quickstart),
    Phase("compare", "Culvert and ocserv side by side", compare),
    Phase("e2e-sanitized", "End to end, sanitizer build", end_to_end.on_sanitized),
    Phase("pci", "Network cards, in an emulated machine", end_to_end.on_cards, full_only=True),
    Phase("clang", "clang build and unit tests", build_and_unit_tests(build.CLANG), full_only=True),
    Phase("tidy", "clang-tidy", tidy, full_only=True),
)
