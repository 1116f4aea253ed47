"""tools/bench-replay after the installation."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from steps import console
from steps.build import RELEASE, ninja, set_up
from steps.console import step
from steps.endings import told

from . import parts


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-replay", add_help=False)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=tuple(parts.ALL), default=tuple(parts.ALL))
    parser.add_argument("--build")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.runs < 1 or arguments.seconds < 1:
        parser.error("--runs and --seconds are 1 or more")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    if arguments.json:
        console.out = sys.stderr
    if "testpmd" in arguments.only and not shutil.which("dpdk-testpmd"):
        print("bench-replay: there is no dpdk-testpmd: apt-get install dpdk-dev", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="culvert-bench-replay."))
    result = {}
    try:
        with told("bench-replay"):
            if not arguments.build:
                with step("Build") as progress:
                    set_up(RELEASE)
                    ninja(RELEASE, progress, "tools/culvert-replay")
            for name in arguments.only:
                with step(f"Measure {name}") as progress:
                    result[name] = parts.ALL[name](folder, arguments.runs, arguments.seconds, progress)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result, indent=2) if arguments.json else parts.as_text(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
