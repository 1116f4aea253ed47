"""Talking to whoever watches: one line a step, with its time; details go to log files."""

import sys
import time
from contextlib import contextmanager

out = sys.stdout  # Somebody who prints JSON there sets it to standard error.


class Progress:
    """The rest of a step's line. On a terminal it is rewritten in place; in a file only its end is written."""

    def __init__(self, title: str):
        self.title = title
        self.outcome = ""            # a few words that the step's end shows
        self.below: list[str] = []   # what is printed below the step's line when it has ended
        self._width = 0

    def show(self, text: str) -> None:
        if out.isatty():
            self._write(f"{self.title} ... {text}")

    def end(self, text: str) -> None:
        if out.isatty():
            self._write(f"{self.title} ... {text}")
            print(file=out, flush=True)
        else:
            print(f"{self.title} ... {text}", file=out, flush=True)

    def _write(self, line: str) -> None:
        line = line[:110]
        print("\r" + line.ljust(self._width), end="", file=out, flush=True)
        self._width = len(line)


@contextmanager
def step(title: str):
    """Prints the title while the block runs and how long it took, or that it failed, at its end."""
    progress = Progress(title)
    progress.show("")
    start = time.monotonic()
    try:
        yield progress
    except BaseException:
        progress.end(f"failed after {time.monotonic() - start:.1f} s")
        raise
    words = f"{progress.outcome}, " if progress.outcome else ""
    progress.end(f"{words}{time.monotonic() - start:.1f} s")
    for text in progress.below:
        print(text, file=out, flush=True)


def tail(text: str, lines: int = 30) -> str:
    return "\n".join(text.rstrip().splitlines()[-lines:])
