"""tools/soak after the installation."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from harness.paths import BUILD

from steps.build import SANITIZED, BuildError, ninja, set_up
from steps.console import step
from steps.endings import told, turn
from steps.interrupts import interruptible, undisturbed

from .soak import HeadendEnded, Soak
from .verdict import as_text, good

MOST_CLIENTS = 30  # and the sessions of those that went without a word, of 254 addresses


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", add_help=False)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--json")
    parser.add_argument("--build")
    arguments = parser.parse_args()
    if not 0 < arguments.minutes <= 100_000:
        parser.error("--minutes is more than 0")
    if not 1 <= arguments.clients <= MOST_CLIENTS:
        parser.error(f"--clients is 1 to {MOST_CLIENTS}")
    if arguments.json and not Path(arguments.json).resolve().parent.is_dir():
        parser.error(f"there is no folder {Path(arguments.json).resolve().parent} for --json")
    return arguments


def work(soak: Soak, arguments: argparse.Namespace) -> dict:
    if not arguments.build:
        with step("Build") as progress:
            set_up(SANITIZED)
            ninja(SANITIZED, progress, "control/culvertd", "tools/culvertctl")
    result = soak.run()
    result["settings"]["build"] = BUILD.name
    result["settings"]["date"] = time.strftime("%Y-%m-%d %H:%M")
    return result


def main() -> int:
    arguments = parse_arguments()
    interruptible()
    lock = turn("soak", wait=False)  # its lab has but one name
    folder = Path(tempfile.mkdtemp(prefix="culvert-soak."))
    soak = Soak(arguments.minutes, arguments.clients, folder)
    result, keep = {}, True
    try:
        with told("soak", failed=2, logs=soak.log_tail):
            try:
                result = work(soak, arguments)
                keep = not good(result)
            except (BuildError, KeyboardInterrupt):
                keep = False
                raise
            except HeadendEnded as error:
                print(f"\nsoak: {error}", file=sys.stderr)
                return 1
    finally:  # whatever it is: nothing may be left running
        undisturbed()
        soak.clear()
        lock.close()
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(soak.so_far() | result, indent=1) + "\n")
        if keep:
            print(f"The logs are in {folder}.", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(as_text(result))
    return 0 if good(result) else 1


if __name__ == "__main__":
    sys.exit(main())
