"""What a tap shows of super-segments: frames larger than any wire takes. A card that is told to cut them has to do it
on a real wire; the emulated one leaves it to the kernel at the other end of the tap, where they can be seen."""

import contextlib
import signal
from pathlib import Path

from harness.lab import OUTSIDE, Lab
from harness.process import Process


class SuperSegments:
    def __init__(self):
        self.seen = 0


@contextlib.contextmanager
def super_segments(lab: Lab, folder: Path):
    """Counts, during the block, the TCP segments beyond the MTU that the headend sent to the client's cable."""
    log = folder / "super-segments.log"
    log.unlink(missing_ok=True)
    watch = Process(lab.client.command("tcpdump", "-nl", "-i", "wan", f"src host {OUTSIDE} and tcp and ip[2:2] > 1500"),
                    log)
    result = SuperSegments()
    try:
        watch.wait_for_line("listening on")
        yield result
        watch.signal(signal.SIGINT)
        watch.wait()
        result.seen = sum(" IP " in line for line in watch.log().splitlines())
    finally:
        watch.kill()
