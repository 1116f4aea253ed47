"""A server on the inside that sends, and clients of it in the client's namespace."""

import contextlib
import socket
import struct
import threading
import time

from harness.lab import SERVER, Lab

from .timeline import Timeline

SHORT = 20_000     # bytes that a short connection asks for: several full segments
PORTION = 8_192    # bytes that a long one is sent at a time
PAUSE = 0.1        # seconds between two portions
# Where they are in struct tcp_info (linux/tcp.h).
_RTO, _TOTAL_RETRANS, _TCP_INFO_SIZE = 8, 100, 104


class InsideServer(threading.Thread):
    """Sends what a connection asks for in its first byte: "s" a short answer, "l" data without end."""

    def __init__(self, lab: Lab):
        super().__init__(daemon=True)
        with lab.server.entered():
            self._listener = socket.create_server((SERVER, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._long: list[socket.socket] = []
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # What was not acknowledged when a connection ends is not to be sent again, into the next experiment.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            wanted = connection.recv(1)
            if wanted == b"s":
                with connection:
                    connection.sendall(bytes(SHORT))
                    connection.recv(1)  # until the client has closed
            elif wanted == b"l":
                self._long.append(connection)
                while True:
                    connection.sendall(bytes(PORTION))
                    time.sleep(PAUSE)

    def retransmissions(self) -> int:
        """Of the long connection, as its kernel counts them."""
        return self._info(_TOTAL_RETRANS)

    def retransmission_timeout(self) -> float:
        """In seconds, as it was set last."""
        return self._info(_RTO) / 1e6

    def _info(self, offset: int) -> int:
        info = self._long[-1].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
        return struct.unpack_from("I", info, offset)[0]

    def stop(self) -> None:
        for connection in (self._listener, *self._long):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that sends
            connection.close()


class OldConnection(threading.Thread):
    """One TCP connection that is opened once and receives for as long as anything comes."""

    def __init__(self, lab: Lab, server: InsideServer, timeline: Timeline):
        super().__init__(daemon=True)
        self._timeline = timeline
        self.began = time.time()
        self.received: list[tuple[float, int]] = []  # when, and how many bytes until then
        with lab.client.entered():
            self._socket = socket.create_connection((SERVER, server.port), timeout=10)
        self._socket.sendall(b"l")
        self._socket.settimeout(None)
        timeline.add("client", f"opens a TCP connection to {SERVER}, which the inside server sends on")
        self.start()

    def run(self) -> None:
        total = 0
        with contextlib.suppress(OSError):
            while data := self._socket.recv(1 << 16):
                if not total:
                    self._timeline.add("client", "data comes on that connection")
                total += len(data)
                self.received.append((time.time(), total))

    def bytes_between(self, start: float, end: float = float("inf")) -> int:
        last, before = 0, 0
        for when, total in list(self.received):
            if when < start:
                before = total
            if when <= end:
                last = total
        return max(0, last - before)

    def seconds_to(self, size: int) -> float | None:
        """From its beginning until so many bytes had come."""
        return next((when - self.began for when, total in list(self.received) if total >= size), None)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class NewConnections(threading.Thread):
    """A client that opens a new connection every `period` seconds, and gives each a second."""

    PATIENCE = 1.0  # seconds

    def __init__(self, lab: Lab, server: InsideServer, timeline: Timeline, period: float):
        super().__init__(daemon=True)
        self._lab, self._server, self._timeline, self._period = lab, server, timeline, period
        self._stopped = threading.Event()
        self.tries: list[tuple[float, float, bool]] = []  # beginning, end, whether all came
        self.start()

    def run(self) -> None:
        last = None
        while not self._stopped.is_set():
            began = time.time()
            good = self._one()
            self.tries.append((began, time.time(), good))
            if good != last:
                self._timeline.add("client", "a connection that is opened anew " +
                                   (f"brings its {SHORT} bytes" if good else "brings nothing"), time.time())
            last = good
            self._stopped.wait(max(0.0, began + self._period - time.time()))

    def _one(self) -> bool:
        deadline = time.time() + self.PATIENCE
        received = 0
        try:
            with self._lab.client.entered():
                connection = socket.create_connection((SERVER, self._server.port), timeout=self.PATIENCE)
            with connection:
                connection.sendall(b"s")
                while received < SHORT and (left := deadline - time.time()) > 0:
                    connection.settimeout(left)
                    data = connection.recv(1 << 16)
                    if not data:
                        break
                    received += len(data)
        except OSError:
            return False
        return received == SHORT

    def seconds_without(self) -> float:
        """From the beginning of each try that failed to that of the next."""
        tries = list(self.tries)
        ends = [began for began, _, _ in tries[1:]] + [tries[-1][1]] if tries else []
        return sum(end - began for (began, _, good), end in zip(tries, ends) if not good)

    def good_after(self, when: float) -> int:
        return sum(good for began, _, good in list(self.tries) if began >= when)

    def stop(self) -> None:
        self._stopped.set()
        self.join(5)
