#!/usr/bin/python3
"""Runs clang-tidy over every source of some build trees, once each. Its arguments are those trees (ones for clang).

A line for each source, "[1/325] bench/main.cpp: clean" or "...: findings", and after the latter what was found.

What was clean is not read again until something in it changes: a note in the build tree, named by a hash of all that
clang-tidy would see (the source with its headers, comments and flags; the checks; clang-tidy itself)."""

import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT

NOTES = "clang-tidy-clean"  # folder in a build tree


def preprocessed(entry: dict) -> bytes:
    """The translation unit with its comments, for they may tell clang-tidy something; empty if it does not compile."""
    words = shlex.split(entry["command"])
    if Path(words[0]).name == "ccache":
        del words[0]
    for flag, values in (("-o", 1), ("-MF", 1), ("-MQ", 1), ("-MD", 0), ("-c", 0)):
        if flag in words:
            at = words.index(flag)
            del words[at:at + 1 + values]
    done = subprocess.run([*words, "-E", "-CC", "-P"], cwd=entry["directory"], capture_output=True)
    return done.stdout if done.returncode == 0 else b""


def note_of(build: Path, entry: dict, checks: bytes) -> Path | None:
    text = preprocessed(entry)
    if not text:
        return None  # clang-tidy will say why
    flags = " ".join(entry["command"].split()).encode()
    return build / NOTES / hashlib.sha256(b"\0".join((checks, flags, text))).hexdigest()


def tidy(build: Path, source: str, entry: dict, checks: bytes) -> tuple[str, int, str]:
    note = note_of(build, entry, checks)
    if note and note.exists():
        return source, 0, ""
    done = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), source], cwd=ROOT, capture_output=True, text=True)
    if note and done.returncode == 0:
        note.parent.mkdir(exist_ok=True)
        note.touch()
    return source, done.returncode, done.stdout


def main() -> int:
    checks = b"".join((ROOT / folder / ".clang-tidy").read_bytes() for folder in (".", "tests"))
    checks += subprocess.run(["clang-tidy", "--version"], capture_output=True).stdout
    work: dict[str, tuple[Path, dict]] = {}
    for build in map(lambda word: Path(word).resolve(), sys.argv[1:]):
        for entry in json.loads((build / "compile_commands.json").read_text()):
            work.setdefault(str((Path(entry["directory"]) / entry["file"]).resolve()), (build, entry))
    status = 0
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        done = pool.map(lambda source: tidy(work[source][0], source, work[source][1], checks), sorted(work))
        for number, (source, code, output) in enumerate(done, 1):
            outcome = "clean" if code == 0 else "findings"
            print(f"[{number}/{len(work)}] {Path(source).relative_to(ROOT)}: {outcome}", flush=True)
            if code != 0:
                print(output, flush=True)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
