"""tools/replay-demo after the installation: its parts one after another, each with its steps."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from steps import console
from steps.build import RELEASE, ninja, set_up
from steps.console import step
from steps.endings import told

from . import own_capture, plain, tunnelled
from .frames_of import frames_of

# Name, module: each module has STEPS (title, key, function of a folder and captures), as_text() and succeeded().
PARTS = (("plain", plain), ("tunnelled", tunnelled))


def show(captures: list[Path], folder: Path) -> dict:
    result = {"captures": [str(capture) for capture in captures]}
    for name, part in PARTS:
        result[name] = {}
        for title, key, run in part.STEPS:
            with step(f"Replay, {name}: {title}"):
                result[name][key] = run(folder, captures)
    return result


def main() -> int:
    as_json = "--json" in sys.argv[1:]
    captures = [Path(word) for word in sys.argv[1:] if word != "--json"]
    if as_json:
        console.out = sys.stderr
    folder = Path(tempfile.mkdtemp(prefix="culvert-replay."))
    try:
        with told("replay-demo"):
            with step("Build") as progress:
                set_up(RELEASE)
                ninja(RELEASE, progress, "tools/culvert-replay", "control/culvertd", "tools/culvertctl")
            captures = captures or [own_capture.make(folder / "demo.pcap")]
            if not any(frames_of(capture) for capture in captures):
                raise RuntimeError("none of the captures has a whole Ethernet frame that could be played")
            result = show(captures, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        print(json.dumps(result, indent=2))
    else:
        for name, part in PARTS:
            print(part.as_text(result[name]))
    return 0 if all(part.succeeded(result[name]) for name, part in PARTS) else 1


if __name__ == "__main__":
    sys.exit(main())
