"""The end-to-end tests, run by pytest on one build tree or the other."""

import os
import re
import subprocess
import sys
from pathlib import Path

from .build import RELEASE, ROOT, SANITIZED, Tree, bring_up_to_date
from .console import Progress, tail
from .results import Results, from_junit

# On the sanitizer build the files that throw the most unusual input; --full runs them all.
SANITIZED_FILES = ("test_reconnect.py", "test_garbage_cstp.py", "test_garbage_ports.py", "test_garbage_setup.py")

# Most tests wait most of their time, for timers of the protocols. Each process has a lab of its own.
PROCESSES = 3

# How pytest reports a test, alone and as pytest-xdist.
_ONE_PROCESS = re.compile(r"(?P<test>\S+::.*) (?P<outcome>PASSED|FAILED|ERROR) +\[ *(?P<percent>\d+)%\]")
_OF_SEVERAL = re.compile(r"\[gw\d+\] \[ *(?P<percent>\d+)%\] (?P<outcome>PASSED|FAILED|ERROR) (?P<test>\S+::.*\S)")

MOST_AGAIN = 5  # failed tests that get a second try; more is no accident
FOLDER = ROOT / "tests" / "e2e"


def run(tree: Tree, progress: Progress, *patterns: str, folder: Path = FOLDER, name: str = "end-to-end",
        processes: int = PROCESSES, full: bool = True) -> Results:
    bring_up_to_date(tree, progress)
    files = sorted(path for pattern in patterns or ("test_*.py",) for path in folder.glob(pattern))
    results, failed = run_once(tree, progress, name, folder, *files, processes=processes, full=full)
    if failed and len(failed) <= MOST_AGAIN:
        # Programs of four hosts share a machine that may be busy: what fails twice is broken. What fails once is named.
        again, _ = run_once(tree, progress, f"{name}-again", folder, *(folder / test for test in failed))
        if not again.failures:
            print(f"\npassed only at the second try: {', '.join(failed)}", flush=True)
            results = Results(results.passed + len(results.failures))
    return results


def run_once(tree: Tree, progress: Progress, name: str, folder: Path, *tests: object, processes: int = 1,
             full: bool = True) -> tuple[Results, list[str]]:
    """Runs pytest in one folder of tests; also returns the ids of the tests that failed."""
    report, log_path = tree.path / f"{name}.xml", tree.path / f"{name}.log"
    report.unlink(missing_ok=True)
    words = [sys.executable, "-m", "pytest", "-v", "--color=no", "--tb=short", "-p", "no:cacheprovider",
             f"--rootdir={folder}", f"--junitxml={report}", *map(str, tests)]
    if not full:
        words += ["-m", "not long"]
    if processes > 1:
        words += ["-n", str(processes)]
    failed: list[str] = []
    with open(log_path, "w") as log, subprocess.Popen(
            words, cwd=folder, env=os.environ | {"CULVERT_BUILD": tree.folder}, text=True,
            errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            log.write(line)
            log.flush()
            if found := _ONE_PROCESS.match(line) or _OF_SEVERAL.match(line):
                if found["outcome"] != "PASSED" and found["test"] not in failed:
                    failed.append(found["test"])
                progress.show(f"{found['percent']} % ({len(failed)} failed)")
    results = Results()
    if report.exists():
        results = from_junit(report, f"{name} ({tree.folder})")
    if not report.exists() or (process.returncode != 0 and not results.failures):
        results.fail(f"{name} ({tree.folder})", tail(log_path.read_text(), 40))
    return results, failed


def on_release(progress: Progress, full: bool) -> Results:
    return run(RELEASE, progress, full=full)


def on_sanitized(progress: Progress, full: bool) -> Results:
    return run(SANITIZED, progress, *(() if full else SANITIZED_FILES), full=full)


def on_cards(progress: Progress, full: bool) -> Results:
    """With network cards, in an emulated machine."""
    done = subprocess.run([ROOT / "tools" / "install-dependencies", "pci"], capture_output=True, text=True)
    if done.returncode != 0:
        results = Results()
        results.fail("pci", tail(done.stdout + done.stderr))
        return results
    return run(RELEASE, progress, folder=ROOT / "tests" / "pci", name="pci", processes=1)
