"""Attacks on a living connection of the TCP endpoint from off its path and on it: forged resets, SYNs, data and ICMP
errors. The connection is the Linux kernel's, in the middle of a transfer of which every byte is compared."""

import random
import socket
import struct
import threading
import time

import pytest

from harness.frames import IPV4, Wire, checksum, ipv4, tcp
from harness.lab import CLIENT, OUTSIDE
from harness.streams import MEGABYTE, read_pattern, send_pattern_until, sending
from harness.tcp_peer import PORT, TcpPeer

RST, SYN, ACK, PSH = 0x04, 0x02, 0x10, 0x08
SIZE = 128 * MEGABYTE  # at least


class Victim:
    """A transfer there and back, in a thread, that is not over before the attack is."""

    def __init__(self, lab):
        with lab.client.entered():
            self._connection = socket.create_connection((OUTSIDE, PORT))
        self._connection.settimeout(120)
        self.port = self._connection.getsockname()[1]
        self._error: Exception | None = None
        self._attack_over = threading.Event()
        self.echoed = 0  # bytes
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with sending(self._connection, send_pattern_until, SIZE, self._attack_over):
                self.echoed = read_pattern(self._connection)
        except (AssertionError, OSError) as error:
            self._error = error

    def busy(self) -> bool:
        return self._thread.is_alive()

    def finish(self) -> None:
        self._attack_over.set()
        self._thread.join(120)
        assert not self.busy() and self._error is None, self._error
        self._connection.close()


@pytest.fixture
def scene(lab, tmp_path):
    """An echoing endpoint, a connection that works, and the attacker's wire."""
    endpoint = TcpPeer(lab, tmp_path, "echo")
    wire = Wire(lab.client, "wan", OUTSIDE)
    victim = Victim(lab)
    yield endpoint, victim, wire
    wire.close()
    endpoint.kill()


def survive(endpoint: TcpPeer, victim: Victim) -> dict[str, int]:
    """The transfer was whole, and ended in order. Returns the drops."""
    victim.finish()
    closed, = endpoint.wait_closed()
    assert victim.echoed >= SIZE
    assert (closed["reason"], closed["bytes_in"], closed["mismatch_at"]) == ("finished", victim.echoed, -1), closed
    endpoint.finish()
    return endpoint.drops()


def forge(victim: Victim, **settings) -> bytes:
    return ipv4(CLIENT, OUTSIDE, 6, tcp(CLIENT, OUTSIDE, victim.port, PORT, **settings))


def test_forged_resets_and_syns(scene):
    """A sweep over the sequence numbers, a window's width apart, as RFC 5961 §1.2 describes it: one in the window is
    challenged, none ends the connection (§3.2 and §4.2)."""
    endpoint, victim, wire = scene
    for seq in range(0, 1 << 32, 1 << 18):
        wire.send(IPV4, forge(victim, flags=RST, seq=seq))
        wire.send(IPV4, forge(victim, flags=SYN, seq=seq))
    assert victim.busy(), "the attack ended the transfer"
    drops = survive(endpoint, victim)
    assert drops.get("tcp-seq-past-win", 0) > 100, drops


def test_forged_data(scene):
    """Data with numbers at random: what is outside the window, or acknowledges what was never sent, changes nothing
    (RFC 5961 §5.2). Whoever guesses both, once in 2^31 tries or so, is out of this test's sight."""
    endpoint, victim, wire = scene
    chance = random.Random(5961)
    for _ in range(20_000):
        wire.send(IPV4, forge(victim, flags=ACK | PSH, seq=chance.randrange(1 << 32), ack=chance.randrange(1 << 32),
                              data=b"injected"))
    assert victim.busy(), "the attack ended the transfer"
    drops = survive(endpoint, victim)
    assert drops.get("tcp-seq-past-win", 0) + drops.get("tcp-paws-fail", 0) > 100, drops


def quoted(lab) -> bytes:
    """The first 28 bytes of a segment with data that the endpoint has just sent: what a router would quote."""
    with lab.client.entered():
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
    tap.bind(("wan", IPV4))
    tap.settimeout(10)
    with tap:
        while True:
            packet = tap.recv(2048)[14:]
            if packet[9] == 6 and struct.unpack(">H", packet[20:22])[0] == PORT and len(packet) > 500:
                return packet[:28]


def icmp(kind: int, code: int, quote: bytes, word: int = 0) -> bytes:
    body = struct.pack(">BBHI", kind, code, 0, word) + quote
    return ipv4(CLIENT, OUTSIDE, 1, body[:2] + struct.pack(">H", checksum(body)) + body[4:])


def test_icmp_errors_end_nothing_and_slow_nothing(lab, scene):
    """RFC 5927 §5.2: with the right quotation, net, host, protocol and port unreachable are soft; source quench is
    ignored (RFC 6633 §3)."""
    endpoint, victim, wire = scene
    for _ in range(20):
        quote = quoted(lab)
        for code in range(16):
            if code != 4:
                wire.send(IPV4, icmp(3, code, quote))
        wire.send(IPV4, icmp(4, 0, quote))      # source quench
        wire.send(IPV4, icmp(11, 0, quote))     # time exceeded
        wire.send(IPV4, icmp(12, 0, quote))     # parameter problem
    drops = survive(endpoint, victim)
    assert drops.get("cv-icmp-ignored", 0) > 50, drops


def answers(lab, wire: Wire, count: int, forged) -> int:
    """How many resets an attacker gets for `count` segments of no connection, each behind one in the victim's name."""
    source = "198.51.100.66"
    with lab.client.entered():
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
    tap.bind(("wan", IPV4))
    tap.setblocking(False)
    with tap:
        # The attack has to fit one second of the endpoint's, as the limit does.
        for i in range(count):
            wire.send(IPV4, forged(i))
            wire.send(IPV4, ipv4(source, OUTSIDE, 6, tcp(source, OUTSIDE, 1000 + i, PORT, flags=ACK, ack=7)))
        time.sleep(0.5)  # not for something to happen: for whatever comes late to be counted
        got = 0
        while True:
            try:
                packet = tap.recv(2048)[14:]
            except BlockingIOError:
                return got
            got += packet[9] == 6 and packet[16:20] == socket.inet_aton(source) and bool(packet[33] & RST)


def test_resets_tell_nothing_of_others(lab, tmp_path):
    """CVE-2016-5696 in the form that a limit on resets could have: an attacker sends, in somebody's name, segments that
    a living connection does not answer with resets and a dead one does, and counts what is left for himself. He gets
    all of his fifty in either case."""
    endpoint = TcpPeer(lab, tmp_path, "echo")
    wire = Wire(lab.client, "wan", OUTSIDE)
    lab.client.run("ip", "address", "add", "198.51.100.66/32", "dev", "wan")  # It answers ARP.
    try:
        counts = []
        with lab.client.entered():
            living = socket.create_connection((OUTSIDE, PORT))
        for port in (living.getsockname()[1], 9):
            def forged(i: int, port: int = port) -> bytes:
                segment = tcp(CLIENT, OUTSIDE, port, PORT, flags=ACK, seq=i * 70_000, ack=7)
                return ipv4(CLIENT, OUTSIDE, 6, segment)

            answers(lab, wire, 1, forged)  # The first is for ARP.
            counts.append(answers(lab, wire, 50, forged))
        assert counts == [50, 50], counts
        living.close()
        endpoint.wait_closed()
        endpoint.finish()
    finally:
        lab.client.run("ip", "address", "del", "198.51.100.66/32", "dev", "wan")
        wire.close()
        endpoint.kill()
