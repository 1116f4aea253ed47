"""Data through a tunnel for as long as a test wants."""

import threading

from .lab import SERVER
from .transfer import send_and_compare

MEGABYTE = 1 << 20


class Traffic(threading.Thread):
    """Transfers both ways, one after the other, until stopped; stop() fails if a byte of them was wrong."""

    def __init__(self, lab, client):
        super().__init__(daemon=True)
        self._lab, self._client, self._enough = lab, client, threading.Event()
        self._error: BaseException | None = None
        self.rounds = 0
        self.start()

    def run(self):
        try:
            while not self._enough.is_set():
                send_and_compare(self._lab.client, self._lab.server, SERVER, 2 * MEGABYTE)
                send_and_compare(self._lab.server, self._lab.client, self._client.address, 2 * MEGABYTE)
                self.rounds += 1
        except (AssertionError, OSError) as error:
            self._error = error

    def stop(self) -> None:
        self._enough.set()
        self.join(120)
        assert self._error is None, self._error
        assert self.rounds > 0
