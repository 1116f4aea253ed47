#!/usr/bin/python3
"""Checks that clang-format has nothing to change. To let it change: clang-format -i FILE..."""

import subprocess
import sys

from sources import ROOT, cpp_sources


def main() -> int:
    files = [str(path.relative_to(ROOT)) for path in cpp_sources()]
    if not files:
        return 0
    done = subprocess.run(["clang-format", "--dry-run", "--Werror", *files], cwd=ROOT, capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "clang-format-violations" in line})
    print("\n".join(wrong) or done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
