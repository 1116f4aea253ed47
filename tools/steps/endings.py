"""How a command ends whose work does not come to its end: with a sentence and an exit status, whatever it was."""

import fcntl
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterable

from .build import BuildError
from .console import tail
from .interrupts import interruptible


@contextmanager
def told(command: str, failed: int = 1, logs: Callable[[], str] = str):
    """Leaves with `failed`, or with 130 if it was interrupted, by whatever asks a command to end. `logs` gives what is
    to be read below the sentence."""
    interruptible()
    try:
        yield
    except BuildError as error:
        print(f"\n{command}: {error}", file=sys.stderr)
        sys.exit(failed)
    except KeyboardInterrupt:
        print(f"\n{command}: interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        print(f"\n{command} failed: {error or type(error).__name__}", file=sys.stderr)
        if below := logs():
            print(below, file=sys.stderr)
        sys.exit(failed)


def ends(logs: Iterable[Path], lines: int) -> str:
    return "\n".join(f"--- the end of {path.name}:\n{tail(path.read_text(errors='replace'), lines)}" for path in logs)


def turn(command: str, wait: bool):
    """The lock of the only one on this machine, released when it is closed. Another one is waited for, or ends this
    one with status 2."""
    lock = open(f"/run/culvert-{command}.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"{command}: another one runs on this machine{', and is waited for' if wait else ''}", file=sys.stderr)
        if not wait:
            sys.exit(2)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock
