"""The end-to-end tests, run by pytest on one build tree or the other."""

import os
import re
import subprocess
import sys

from .build import RELEASE, ROOT, SANITIZED, Tree
from .console import Progress, tail
from .results import Results, from_junit

# On the sanitizer build the files that throw the most unusual input; --full runs them all.
SANITIZED_FILES = ("test_connect.py", "test_login.py", "test_reconnect.py", "test_garbage_cstp.py",
                   "test_garbage_ports.py", "test_garbage_setup.py")


def run(tree: Tree, progress: Progress, *patterns: str) -> Results:
    folder = ROOT / "tests" / "e2e"
    files = sorted(path for pattern in patterns or ("test_*.py",) for path in folder.glob(pattern))
    report, log_path = tree.path / "end-to-end.xml", tree.path / "end-to-end.log"
    report.unlink(missing_ok=True)
    words = [sys.executable, "-m", "pytest", "-v", "--color=no", "--tb=short", "-p", "no:cacheprovider",
             f"--junitxml={report}", *files]
    seen = failed = 0
    with open(log_path, "w") as log, subprocess.Popen(
            words, cwd=folder, env=os.environ | {"CULVERT_BUILD": tree.folder}, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            log.write(line)
            log.flush()
            if found := re.search(r" (PASSED|FAILED|ERROR) +\[ *(\d+)%\]", line):
                seen += 1
                failed += found.group(1) != "PASSED"
                progress.show(f"{found.group(2)} % ({failed} failed)")
    results = Results()
    if report.exists():
        results = from_junit(report, f"end-to-end ({tree.folder})")
    if not report.exists() or (process.returncode != 0 and not results.failures):
        results.fail(f"end-to-end ({tree.folder})", tail(log_path.read_text(), 40))
    return results


def on_release(progress: Progress, full: bool) -> Results:
    return run(RELEASE, progress)


def on_sanitized(progress: Progress, full: bool) -> Results:
    return run(SANITIZED, progress, *(() if full else SANITIZED_FILES))
