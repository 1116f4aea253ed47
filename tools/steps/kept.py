"""What a quickstart left running: remembered by pid and start time, so that nobody else's process is hit."""

import contextlib
import json
import os
import signal
import time
from pathlib import Path


def _started(pid: int) -> str:
    """The kernel's start time of a process, which tells it from a later one with the same pid; "" if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return ""


def remember(folder: Path, pids: list[int]) -> None:
    """In the order in which they are to be stopped."""
    (folder / "processes.json").write_text(json.dumps([[pid, _started(pid)] for pid in pids]))


def stop(folder: Path) -> bool:
    """Ends what was remembered, politely at first. True if something still ran."""
    record = folder / "processes.json"
    if not record.exists():
        return False
    running = [(pid, started) for pid, started in json.loads(record.read_text()) if _started(pid) == started]
    for pid, started in running:
        _end(pid, started)
    record.unlink()
    return bool(running)


def _end(pid: int, started: str) -> None:
    for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + patience
        with contextlib.suppress(ProcessLookupError):
            if _started(pid) == started:
                os.kill(pid, number)
        while _started(pid) == started and time.monotonic() < deadline:
            time.sleep(0.05)
