#!/usr/bin/python3
"""Checks what keeps files readable: at most 400 lines of at most 120 characters, one pragma once per header, no words
that promise work for later, and no `volatile`, which is never what a thread needs.

Prints each finding; exit status 1 if there is one."""

import re
import sys

from sources import ROOT, all_sources

MAX_LINES = 400
MAX_COLUMNS = 120
# Spelled in two halves, so that this file may pass its own check.
LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
VOLATILE = re.compile(r"\bvola" + r"tile\b")


def findings(path):
    lines = path.read_text().splitlines()
    if len(lines) > MAX_LINES:
        yield 1, f"{len(lines)} lines; a file has one idea and at most {MAX_LINES}"
    if path.suffix == ".hpp" and sum(line == "#pragma once" for line in lines) != 1:
        yield 1, "a header has `#pragma once`, once"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, f"{len(line)} characters; a line has at most {MAX_COLUMNS}"
        if LATER.search(line):
            yield number, "a note for later belongs into an issue"
        if path.suffix in (".hpp", ".cpp") and VOLATILE.search(line):
            yield number, "use std::atomic"


def main() -> int:
    found = [f"{path.relative_to(ROOT)}:{number}: {sentence}" for path in all_sources()
             for number, sentence in findings(path)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
