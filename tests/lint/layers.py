#!/usr/bin/python3
"""Checks that includes point down only: crypto <- dataplane <- control <- tools, bench, tests.

Prints each include that does not; exit status 1 if there is one."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAY_INCLUDE = {
    "crypto": {"crypto"},
    "dataplane": {"crypto", "dataplane"},
    "control": {"crypto", "dataplane", "control"},
    "tools": {"crypto", "dataplane", "control", "tools"},
    "bench": {"crypto", "dataplane", "control", "bench"},
    "tests": {"crypto", "dataplane", "control", "tools", "tests"},
}
# Foreign headers that a layer must not know.
FORBIDDEN = {
    "crypto": re.compile(r"^(rte_|event2?/|spdlog/|openssl/ssl)"),
    "dataplane": re.compile(r"^(openssl/|event2/|spdlog/|boost/|expat|CLI/)"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def wrong_includes(path: Path):
    layer = path.relative_to(ROOT).parts[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        own, name = found.group(1) == '"', found.group(2)
        first = name.split("/")[0]
        if own and not (ROOT / name).exists():
            yield number, f'"{name}" is not a file: includes of our own are relative to the top folder'
        elif own and first not in MAY_INCLUDE[layer]:
            yield number, f"{layer} must not include {name}"
        elif not own and layer in FORBIDDEN and FORBIDDEN[layer].match(name):
            yield number, f"{layer} must not include <{name}>"


def main() -> int:
    wrong = 0
    for layer in MAY_INCLUDE:
        for path in sorted((ROOT / layer).rglob("*")):
            if path.suffix in (".hpp", ".cpp"):
                for number, sentence in wrong_includes(path):
                    print(f"{path.relative_to(ROOT)}:{number}: {sentence}")
                    wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
