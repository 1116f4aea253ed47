"""The fuzz targets: built by clang with libFuzzer and the sanitizers, each run for a short time from its seeds."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .build import SANITIZED, ROOT, ninja, set_up
from .console import Progress, tail
from .results import Results

SHORT, LONG = 10, 120  # seconds a target


def run(progress: Progress, full: bool) -> Results:
    results = Results()
    set_up(SANITIZED)
    ninja(SANITIZED, progress, "fuzz")
    results.count(f"{SANITIZED.folder} builds", True, "")
    folder = SANITIZED.path / "tests" / "fuzz"
    seeds = SANITIZED.path / "seeds"
    subprocess.run([sys.executable, ROOT / "tests" / "fuzz" / "seeds.py", seeds], check=True)
    targets = sorted(path for path in folder.iterdir() if path.is_file() and os.access(path, os.X_OK))
    if not targets:
        results.fail("fuzz targets", f"there is none in {folder}")
    seconds = LONG if full else SHORT
    progress.show(f"{len(targets)} targets of {seconds} s")
    with ThreadPoolExecutor(os.cpu_count() or 1) as cores:
        runs = cores.map(lambda target: fuzz(target, seeds / target.name, seconds), targets)
        for target, (lived, said) in zip(targets, runs):
            results.count(f"fuzz {target.name}", lived, said)
    return results


def fuzz(target: Path, seeds: Path, seconds: int) -> tuple[bool, str]:
    """Whether the target lived, and what it said if not. Inputs found on the way are thrown away, crashes are kept."""
    crashes = SANITIZED.path / "crashes" / target.name
    crashes.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        done = subprocess.run([target, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                               "-print_final_stats=1", f"-artifact_prefix={crashes}/", corpus,
                               *([seeds] if seeds.exists() else [])],
                              capture_output=True, text=True, errors="replace")
    return done.returncode == 0, tail(done.stderr, 40)
