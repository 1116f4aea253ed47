#!/usr/bin/python3
"""Runs clang-tidy over every source of some build trees, once each. Its arguments are those trees (ones for clang).

A line for each source, "[1/325] bench/main.cpp: clean" or "...: findings", and after the latter what was found."""

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
    tree_of: dict[str, Path] = {}
    for build in map(lambda word: Path(word).resolve(), sys.argv[1:]):
        for entry in json.loads((build / "compile_commands.json").read_text()):
            tree_of.setdefault(str((Path(entry["directory"]) / entry["file"]).resolve()), build)
    status = 0
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        done = pool.map(lambda source: tidy(tree_of[source], source), sorted(tree_of))
        for number, (source, code, output) in enumerate(done, 1):
            outcome = "clean" if code == 0 else "findings"
            print(f"[{number}/{len(tree_of)}] {Path(source).relative_to(ROOT)}: {outcome}", flush=True)
            if code != 0:
                print(output, flush=True)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
