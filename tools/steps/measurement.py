"""A command that measures, from its build to its table: whatever becomes of it, it leaves nothing running."""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Callable, Protocol

from . import console
from .build import RELEASE, ninja, set_up
from .console import step
from .endings import told
from .interrupts import interruptible, undisturbed


class Measurement(Protocol):
    def run(self) -> dict: ...

    def clear(self) -> None:
        """Ends whatever it started."""

    def logs(self) -> str:
        """What is to be read if it failed."""


def carry_out(command: str, make: Callable[[Path], Measurement], as_text: Callable[[dict], str], *, as_json: bool,
              programs: tuple[str, ...], complete: Callable[[dict], bool] = lambda result: True) -> int:
    """`make` gets a folder that goes at the end. Builds `programs` first. Prints the result, as JSON or as text, and
    nothing else there; returns the exit status, 1 if a result is not complete."""
    if as_json:
        console.out = sys.stderr
    interruptible()
    folder = Path(tempfile.mkdtemp(prefix=f"culvert-{command}."))
    folder.chmod(0o755)  # ocserv's unprivileged processes must be able to enter
    measurement = make(folder)
    try:
        with told(command, logs=measurement.logs):
            if programs:
                with step("Build") as progress:
                    set_up(RELEASE)
                    ninja(RELEASE, progress, *programs)
            result = measurement.run()
    finally:
        undisturbed()
        measurement.clear()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result, indent=2) if as_json else as_text(result))
    return 0 if complete(result) else 1
