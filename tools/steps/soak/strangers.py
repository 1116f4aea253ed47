"""Those who are no clients: they knock and go, say half a handshake or garbage, and some hold the line for as long as
they may."""

import os
import random
import socket
import ssl
import struct
import threading
import time

from harness import by_hand, frames
from harness.frames import IPV4, Wire
from harness.lab import CLIENT, OUTSIDE, Lab

from . import doings as did
from .doings import Doings

PAUSE = (0.2, 2.0)        # seconds between two strangers
HOLD = (0.0, 45.0)        # seconds that one of them stays; the headend gives a handshake 30
NOBODY = range(101, 121)  # hosts of the outside network that do not exist
PORT = 443


class Strangers(threading.Thread):
    def __init__(self, lab: Lab, doings: Doings):
        super().__init__(daemon=True)
        self._lab, self._doings = lab, doings
        self._random = random.Random()
        self._enough = threading.Event()
        self._wire = Wire(lab.client, "wan", OUTSIDE)
        self._held: list[tuple[float, socket.socket]] = []  # until when, what
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        kinds = (self._knock, self._forge, self._call, self._garbage, self._half_handshake, self._bad_request,
                 self._wrong_password, self._broken_record, self._broken_frame, self._garbage_by_udp)
        try:
            while not self._enough.wait(self._random.uniform(*PAUSE)):
                try:
                    self._random.choice(kinds)()
                except (OSError, AssertionError, IndexError):
                    # The headend hung up, or the network let nothing through: who does wrong must expect it.
                    pass
                self._let_go(time.monotonic())
            self._let_go(float("inf"))
        except BaseException as error:  # The soak asks for it, and ends.
            self.error = error
        finally:
            self._wire.close()

    def leave(self) -> None:
        self._enough.set()
        self.join()

    def _knock(self) -> None:
        """A SYN of somebody who does not exist, or whose kernel does not know of it."""
        source = self._random.choice([CLIENT, *(f"198.51.100.{last}" for last in NOBODY)])
        port, number = self._random.randrange(1024, 32768), self._random.getrandbits(32)
        for _ in range(self._random.randint(1, 5)):
            self._send(source, port, flags=0x02, seq=number)
        self._doings.count(did.KNOCKS)

    def _forge(self) -> None:
        source = f"198.51.100.{self._random.choice(NOBODY)}"
        for flags in (0x10, 0x04, 0x11, 0x18):  # ACK, RST, FIN, PSH
            self._send(source, self._random.randrange(1024, 65536), flags=flags, seq=self._random.getrandbits(32),
                       ack=self._random.getrandbits(32), data=b"forged" if flags == 0x18 else b"")
        self._doings.count(did.FORGED)

    def _send(self, source: str, port: int, **settings) -> None:
        self._wire.send(IPV4, frames.ipv4(source, OUTSIDE, 6, frames.tcp(source, OUTSIDE, port, PORT, **settings)))

    def _call(self) -> None:
        self._doings.count(did.CALLS)
        self._end(by_hand.open_tcp(self._lab))

    def _garbage(self) -> None:
        self._doings.count(did.GARBAGE)
        connection = by_hand.open_tcp(self._lab)
        # Some of it looks like a record for a while.
        start = self._random.choice((b"", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\x17\x03\x03\xff\xff"))
        connection.sendall(start + os.urandom(self._random.randint(1, 3000)))
        self._end(connection)

    def _half_handshake(self) -> None:
        """A ClientHello or a part of it, and perhaps garbage after it."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = by_hand.context().wrap_bio(incoming, outgoing, server_hostname=OUTSIDE)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = outgoing.read()
        self._doings.count(did.HALF_HANDSHAKES)
        connection = by_hand.open_tcp(self._lab)
        connection.sendall(hello[:self._random.choice((1, 5, 60, len(hello)))])
        if self._random.random() < 0.3:
            connection.sendall(os.urandom(400))
        self._end(connection)

    def _bad_request(self) -> None:
        self._doings.count(did.BAD_REQUESTS)
        connection = by_hand.open_tls(self._lab)
        said = self._random.choice((b"", b"\0" * 300, b"GET\r\n\r\n", by_hand.connect_request("00" * 32),
                                    b"POST / HTTP/1.1\r\nContent-Length: 500\r\n\r\n<config"))
        connection.sendall(said)
        self._end(connection)

    def _wrong_password(self) -> None:
        self._doings.count(did.WRONG_PASSWORDS)
        with by_hand.open_tls(self._lab) as connection:
            by_hand.log_in(connection, password="wrong")

    def _broken_frame(self) -> None:
        self._doings.count(did.BROKEN_FRAMES)
        tls = self._tunnel()
        tls.sendall(self._random.choice((
            by_hand.frame(by_hand.DATA, b"no packet", magic=b"STF\x02"), by_hand.frame(by_hand.DATA, b"x", length=9),
            by_hand.frame(0x77), by_hand.frame(0x08, b"compressed"), by_hand.frame(by_hand.DATA, b"\x45" + bytes(30)))))
        self._end(tls)

    def _broken_record(self) -> None:
        self._doings.count(did.BROKEN_RECORDS)
        tls = self._tunnel()
        # Below TLS, where Python's sockets do not reach: a record of the right shape whose tag is wrong.
        bare = socket.socket(fileno=os.dup(tls.fileno()))
        body = os.urandom(100)
        bare.sendall(b"\x17\x03\x03" + struct.pack(">H", len(body)) + body)
        bare.close()
        self._end(tls)

    def _tunnel(self) -> ssl.SSLSocket:
        tls = by_hand.open_tls(self._lab)
        by_hand.connect(tls, by_hand.log_in(tls))
        return tls

    def _garbage_by_udp(self) -> None:
        with self._lab.client.entered():
            outgoing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with outgoing:
            for start in (b"", b"\x17\xfe\xfd\0\1", b"\x16\xfe\xff\0\0"):
                outgoing.sendto(start + os.urandom(self._random.randint(1, 200)), (OUTSIDE, PORT))
        self._doings.count(did.GARBAGE_UDP)

    def _end(self, connection: socket.socket) -> None:
        """Some close it, some abort it, some stay."""
        if self._random.random() < 0.4:
            self._held.append((time.monotonic() + self._random.uniform(*HOLD), connection))
            return
        if self._random.random() < 0.4:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def _let_go(self, now: float) -> None:
        for until, connection in self._held:
            if until <= now:
                connection.close()
        self._held = [each for each in self._held if each[0] > now]
