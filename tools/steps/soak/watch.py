"""What is looked at every few seconds."""

import threading
import time
from typing import Callable

from harness.headend import Headend
from harness.memory import resident_kib


def buffers_in_use(resources: dict) -> int:
    """Of all pools."""
    return sum(pool["size"] - pool["available"] for pool in resources["pools"])


def sample(headend: Headend, start: float) -> dict:
    resources = headend.show.resources()
    return {"second": round(time.monotonic() - start, 1), "rss_kib": resident_kib(headend.process.pid),
            "sessions": len(headend.show.sessions()), "buffers": buffers_in_use(resources),
            "tcp_connections": resources["tcp_connections"], "addresses": resources["addresses_in_use"],
            "drops": drops(headend)}


def drops(headend: Headend) -> dict[str, int]:
    """Those that are not 0."""
    return {reason: count for reason, count in headend.show.drops().items() if count}


class Watch(threading.Thread):
    """Samples until it is told to stop, or cannot."""

    def __init__(self, headend: Headend, interval: float, more: Callable[[], dict]):
        """`more`: what else belongs to a sample."""
        super().__init__(daemon=True)
        self._headend, self._interval, self._more = headend, interval, more
        self._enough = threading.Event()
        self._start = time.monotonic()
        self.samples: list[dict] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                self.samples.append(sample(self._headend, self._start) | self._more())
                self._enough.wait(self._interval)
        except BaseException as error:  # The soak asks for it, and ends.
            self.error = error

    def stop(self) -> None:
        self._enough.set()
        self.join()
