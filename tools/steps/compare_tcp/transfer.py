"""One bulk transfer to the kernel's receiver, timed where it arrives."""

import contextlib
import os
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from .station import KERNEL, OURS, PORT, RECEIVER, SENDER, Station

SAMPLE = 0.25  # seconds between points of the goodput's curve
CHUNK = 1 << 18
CONGESTION = "cubic"


@dataclass
class Transfer:
    received: int = 0
    seconds: float = 0.0
    curve: list[float] = field(default_factory=list)  # Mbit/s in each SAMPLE
    kernel: dict = field(default_factory=dict)        # TCP_INFO of a sender that is the kernel

    @property
    def mbit_s(self) -> float:
        return self.received * 8 / self.seconds / 1e6


def run_ahead() -> None:
    """This thread ahead of whatever else the machine does, as the lines and the endpoint are. Where that is not allowed
    it has to be quiet."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


class KernelSender:
    """Sends to whoever connects for as long as somebody reads."""

    def __init__(self, namespace, address: str):
        with namespace.entered():
            self._listener = socket.socket(socket.AF_INET)
        # By the socket's own option: in a namespace the kernel refuses some of its algorithms as the default.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, CONGESTION.encode())
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, PORT))
        self._listener.listen(1)
        self._listener.settimeout(60)
        self.info: dict = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        run_ahead()
        block = bytes(CHUNK)
        connection = None
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            self._connection = connection
            while True:
                connection.send(block)

    def snapshot(self) -> None:
        """While the connection lives."""
        with contextlib.suppress(OSError, AttributeError):
            self.info = tcp_info(self._connection)

    def close(self) -> None:
        self._listener.close()
        self._thread.join(10)
        with contextlib.suppress(OSError, AttributeError):
            self._connection.close()


def tcp_info(connection: socket.socket) -> dict:
    """Of struct tcp_info (linux/tcp.h) what tells how a sender got on."""
    raw = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    words = struct.unpack_from("<24I", raw, 8)
    info = {"mss": words[2], "cwnd": words[18], "ssthresh": words[17], "rtt_us": words[15], "reordering": words[20],
            "retransmits": words[23]}
    if len(raw) >= 224:
        segs_out, segs_in = struct.unpack_from("<2I", raw, 136)
        info |= {"segments_out": segs_out, "segments_in": segs_in}
        dsack, seen = struct.unpack_from("<2I", raw, 216)
        info |= {"dsack_dups": dsack, "reord_seen": seen}
    return info


class Receiver(threading.Thread):
    def __init__(self, station: Station, side: str, seconds: float, sender: KernelSender | None,
                 start: threading.Barrier):
        super().__init__(daemon=True)
        self._station, self._side, self._seconds, self._sender, self._start = station, side, seconds, sender, start
        self.result = Transfer()
        self.error: BaseException | None = None

    def run(self) -> None:
        run_ahead()
        try:
            self._receive()
        except BaseException as error:
            self.error = error

    def _receive(self) -> None:
        with self._station.receiver.entered():
            connection = socket.socket(socket.AF_INET)
        connection.bind((RECEIVER[self._side], 0))
        connection.settimeout(60)
        self._start.wait(30)
        connection.connect((SENDER[self._side], PORT))
        # From here on the clock runs: a SYN that was lost is nobody's merit.
        start = time.monotonic()
        end = start + self._seconds
        buffer = bytearray(CHUNK)
        result, sample_end, sampled = self.result, start + SAMPLE, 0
        while (now := time.monotonic()) < end:
            while now >= sample_end:
                result.curve.append(round((result.received - sampled) * 8 / SAMPLE / 1e6, 2))
                sampled, sample_end = result.received, sample_end + SAMPLE
            connection.settimeout(max(0.001, min(end, sample_end) - now))
            try:
                size = connection.recv_into(buffer)
            except TimeoutError:
                continue
            assert size, "the sender ended the transfer"
            result.received += size
        result.seconds = time.monotonic() - start
        if self._sender:
            self._sender.snapshot()
            result.kernel = self._sender.info
        # What is on its way would be of no use to the next transfer.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def run_both(station: Station, seconds: float, kernel_twice: bool, first: str) -> dict[str, Transfer]:
    """At the same time, since what else the machine does would else meet one of them alone. `first` is ahead by the
    little that it takes to wake the other: in one bottleneck that is worth something."""
    sides = (first, *({OURS, KERNEL} - {first}))
    senders, receivers = {}, {}
    start = threading.Barrier(len(sides))
    try:
        for side in sides:
            if side == KERNEL or kernel_twice:
                senders[side] = KernelSender(getattr(station, side), SENDER[side])
        for side in sides:
            receivers[side] = Receiver(station, side, seconds, senders.get(side), start)
        # Who comes last to the barrier runs on at once.
        for side in reversed(sides):
            receivers[side].start()
            time.sleep(0.02)
        for receiver in receivers.values():
            receiver.join(seconds + 120)
            if receiver.error:
                raise receiver.error
    finally:
        for sender in senders.values():
            sender.close()
    return {side: receiver.result for side, receiver in receivers.items()}
