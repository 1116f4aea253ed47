#!/usr/bin/python3
"""Runs clang-tidy over every source of a build tree. Its argument is that tree (one that clang built)."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT


def tidy(build: Path, source: str) -> tuple[str, int, str]:
    done = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), source], cwd=ROOT, capture_output=True, text=True)
    return source, done.returncode, done.stdout


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    commands = json.loads((build / "compile_commands.json").read_text())
    sources = sorted({str((Path(entry["directory"]) / entry["file"]).resolve()) for entry in commands})
    status = 0
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for source, code, output in pool.map(lambda source: tidy(build, source), sources):
            if code != 0:
                print(f"{Path(source).relative_to(ROOT)}:\n{output}")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
