"""culvert-replay: one process that sends, one that receives, and a net_memif wire between them."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from . import odd_captures as captures
from .headend import sanitizer_environment
from .outcome import Outcome, outcome
from .paths import BUILD
from .poll import until
from .process import Process

REPLAY = BUILD / "tools" / "culvert-replay"
# Each end of a wire polls on a core of its own, if there are two.
CORES = sorted(os.sched_getaffinity(0))
SENDER, RECEIVER = CORES[-1], CORES[0]


def run(*words: object, timeout: float = 60) -> Outcome:
    """One process to its end."""
    done = subprocess.run([str(word) for word in (REPLAY, "--json", "--no-huge", *words)], capture_output=True,
                          text=True, timeout=timeout, env=sanitizer_environment())
    return Outcome(done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}, done.stderr)


def looped(*words: object, timeout: float = 60) -> Outcome:
    """One process that sends to itself."""
    return run("-p", "net_ring0", "-r", "net_ring0", "--no-progress", *words, timeout=timeout)


class Wire:
    """A sender, the memif server, waits for a receiver, the client, and stays until that has gone: a memif port whose
    peer goes while it is polled may crash, which is the driver's fault."""

    def __init__(self, folder: Path, buffers: int = 2048):
        self._folder = folder
        self._buffers = buffers  # bytes of each
        # A socket's path is short, and pytest's folders are not.
        self._short = tempfile.TemporaryDirectory(prefix="cr-")
        self.socket = Path(self._short.name) / "wire.sock"

    def device(self, role: str) -> str:
        # Without the last word the socket would be an abstract one, which nobody sees appear.
        return f"net_memif0,role={role},socket={self.socket},bsize={self._buffers},socket-abstract=no"

    def carry(self, sent: list[object], received: list[object], timeout: float = 60) -> tuple[Outcome, Outcome]:
        """Sends with the one words and receives with the others; the receiver must end by itself."""
        sender = self.start("sender", "-p", self.device("server"), "--linger", 20, "--cores", SENDER,
                            "--main-core", RECEIVER, *sent)
        try:
            until(lambda: self.socket.exists() or not sender.running(), "the sender listens", 20)
            assert sender.running(), f"the sender ended:\n{sender.tail()}"
            receiver = self.start("receiver", "-r", self.device("client"), "--cores", RECEIVER,
                                  "--main-core", SENDER, *received)
            try:
                there = outcome(receiver, timeout)
            finally:
                receiver.kill()
            return outcome(sender, timeout), there
        finally:
            sender.kill()

    def start(self, name: str, *words: object) -> Process:
        log = self._folder / f"{name}.log"
        log.unlink(missing_ok=True)  # an earlier wire's
        return Process([str(word) for word in (REPLAY, "--json", "--no-huge", "--no-progress", *words)], log,
                       env=sanitizer_environment())


def replayed(folder: Path, sent: list[object], packets: int, *received: object,
             buffers: int = 2048) -> list[captures.Packet]:
    """Packets that arrive over a wire when `sent` is played."""
    out = folder / "received.pcapng"
    here, there = Wire(folder, buffers).carry(sent, ["--count", packets, "--seconds", "30", "--write", out, *received])
    assert here.status == 0, here.said
    assert there.status == 0, f"{there.said}\n{there.report}"
    return captures.read(out)
