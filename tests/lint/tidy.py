#!/usr/bin/python3
"""Runs clang-tidy over every source of a build tree, its argument (one for clang). Of a tree that is set up with
unity it reads several sources in one go, as the compiler does: their headers are read once then.

A line for each source, "[1/325] bench/main.cpp: clean" or "...: findings", and after the latter what was found.

What was clean is not read again until something in it changes: a note in the build tree, named by a hash of all that
clang-tidy would see (the sources with their headers, comments and flags; the checks; clang-tidy itself)."""

import functools
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT

NOTES = "clang-tidy-clean"  # folder in a build tree


def preprocessed(entry: dict) -> bytes:
    """The unit with its comments, for they may tell clang-tidy something; empty if it does not compile."""
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


def sources_of(entry: dict) -> list[Path]:
    """What a unit of the compiler's is made of: one source, or those that a unity file of meson's includes."""
    unit = Path(entry["directory"]) / entry["file"]
    if not re.search(r"-unity\d+\.cpp$", unit.name):
        return [unit.resolve()]
    names = re.findall(r'^#include *["<](.+\.cpp)[">]', unit.read_text(), re.M)
    return [(unit.parent / name).resolve() for name in names]


@functools.cache
def options_for(folder: Path) -> tuple[str, ...]:
    """What the files .clang-tidy from the tree's root down to there say; clang-tidy would look from the unity file
    upwards. But for the root's they may only have more checks, or fewer."""
    words = [f"--config-file={ROOT / '.clang-tidy'}"]
    for above in reversed(folder.relative_to(ROOT).parents[:-1] + (folder.relative_to(ROOT),)):
        more = ROOT / above / ".clang-tidy"
        if more.exists():
            words.append("--checks=" + re.search(r'^Checks: "(.+)"$', more.read_text(), re.M)[1])
    return tuple(words)


def tidy(build: Path, entry: dict, sources: list[Path], settings: str) -> str:
    """What clang-tidy finds; nothing if all is well."""
    options = options_for(sources[0].parent)
    note = note_of(build, entry, "\0".join((*options, settings)).encode())
    if note and note.exists():
        return ""
    unit = str(Path(entry["directory"]) / entry["file"])
    done = subprocess.run(["clang-tidy", "--quiet", *options, "-p", str(build), unit], cwd=ROOT, capture_output=True,
                          text=True)
    if done.returncode != 0:
        return done.stdout or done.stderr
    if note:
        note.parent.mkdir(exist_ok=True)
        note.touch()
    return ""


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    settings = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True).stdout
    settings += (ROOT / ".clang-tidy").read_text()
    seen: set[Path] = set()
    units: list[tuple[dict, list[Path]]] = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if new := [source for source in sources_of(entry) if source not in seen]:
            seen.update(new)
            units.append((entry, new))
    number, status = 0, 0
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for (_, sources), output in zip(units, pool.map(lambda unit: tidy(build, *unit, settings), units)):
            guilty = {source for source in sources if f"/{source.relative_to(ROOT)}:" in output}
            if output and not guilty:
                guilty = {sources[0]}  # it is in a header
            for source in sorted(sources, key=lambda source: source in guilty):
                number += 1
                outcome = "findings" if source in guilty else "clean"
                print(f"[{number}/{len(seen)}] {source.relative_to(ROOT)}: {outcome}", flush=True)
            if output:
                print(output, flush=True)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
