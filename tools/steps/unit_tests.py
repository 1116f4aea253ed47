"""The unit tests of a tree, run by meson; every GoogleTest case counts."""

import os
import subprocess

from .build import Tree
from .console import Progress, tail
from .results import Results, from_junit


def run(tree: Tree, progress: Progress) -> Results:
    progress.show("unit tests")
    report = tree.path / "meson-logs" / "testlog.junit.xml"
    report.unlink(missing_ok=True)
    environment = os.environ | {
        "ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    }
    # Time limits are for the build machine's good days: this one may be slow, and a hang is still found.
    done = subprocess.run(["meson", "test", "-C", tree.path, "--no-rebuild", "--print-errorlogs",
                           "--timeout-multiplier", "10"], env=environment, capture_output=True, text=True)
    results = Results()
    if report.exists():
        results = from_junit(report, tree.folder)
    if not report.exists() or (done.returncode != 0 and not results.failures):
        # For example a test program that crashed before it could write its report.
        results.fail(f"{tree.folder} meson test", tail(done.stdout + done.stderr, 60))
    return results
