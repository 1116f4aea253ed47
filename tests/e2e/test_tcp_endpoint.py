"""The TCP endpoint alone, against the Linux kernel: every byte intact, whatever happens to the segments.

The endpoint runs in tests/dataplane/tcp_peer; what that has to offer is written in harness/tcp_peer.py.
"""

import contextlib
import random
import re
import socket
import struct

import pytest

from harness.lab import OUTSIDE, OUTSIDE6
from harness.poll import until
from harness.streams import CHUNK, MEGABYTE, echo_pattern, receive_pattern, run_at_once, send_pattern
from harness.tcp_peer import PORT, TcpPeer, pattern
from harness.trouble import packets_hit, trouble

both_families = pytest.mark.parametrize("outside", [OUTSIDE, OUTSIDE6], ids=["IPv4", "IPv6"])


@pytest.fixture
def peer(lab, tmp_path):
    """Starts tcp_peer; at the end it must hold nothing."""
    started = []

    def start(mode: str, *options: str, outside: str = OUTSIDE) -> TcpPeer:
        started.append(TcpPeer(lab, tmp_path, mode, *options, address=outside))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def dial(lab, outside: str = OUTSIDE, port: int = PORT, *, receive_buffer: int = 0,
         timeout: float = 60.0) -> socket.socket:
    with lab.client.entered():
        connection = socket.socket(socket.AF_INET6 if ":" in outside else socket.AF_INET)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(timeout)
    connection.connect((outside, port))
    return connection


def segments_in(lab) -> int:
    """How many segments the kernel has got on its (only) connection to the endpoint."""
    found = re.search(r"segs_in:(\d+)", lab.client.run("ss", "-tinH", "dst", OUTSIDE).stdout)
    return int(found.group(1)) if found else 0


def test_echo(lab, peer):
    """4 MB there and back on one connection, and both sides close in order."""
    endpoint = peer("echo")
    with dial(lab) as connection:
        echo_pattern(connection, 4 * MEGABYTE)
    assert endpoint.wait_closed()[0]["reason"] == "finished"
    assert endpoint.finish()["retransmits"] == 0


@pytest.mark.parametrize("size", [0, 1, 535, 536, 1379, 1380, 1381, 1448, 1460, 65535, 65536, 65537])
def test_echo_of_awkward_sizes(lab, peer, size):
    """Sizes around the MSS and around 64 KB; nothing at all is a size, too."""
    echo_alone(lab, peer, OUTSIDE, size)


@pytest.mark.parametrize("size", [0, 1, 1219, 1220, 1221, 1368, 1428, 1440, 65535, 65537, 4 * MEGABYTE])
def test_echo_of_awkward_sizes_over_ipv6(lab, peer, size):
    """The same around the MSS values of IPv6, and enough to fill windows."""
    echo_alone(lab, peer, OUTSIDE6, size)


def echo_alone(lab, peer, outside: str, size: int) -> None:
    endpoint = peer("echo", outside=outside)
    with dial(lab, outside) as connection:
        echo_pattern(connection, size)
    assert endpoint.wait_closed()[0]["bytes_in"] == size
    endpoint.finish()


def test_one_byte_at_a_time(lab, peer):
    """1000 single bytes, each sent when the one before has come back: no wait for a full segment on either side."""
    endpoint = peer("echo")
    with dial(lab) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(1000):
            connection.sendall(pattern(position, 1))
            assert connection.recv(1) == pattern(position, 1)
    endpoint.wait_closed()
    endpoint.finish()


@both_families
def test_bulk_to_the_endpoint(lab, peer, outside):
    """64 MB in; compared by the endpoint's side byte for byte."""
    endpoint = peer("discard", outside=outside)
    with dial(lab, outside) as connection:
        send_pattern(connection, 64 * MEGABYTE)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    closed, = endpoint.wait_closed()
    assert closed["bytes_in"] == 64 * MEGABYTE and closed["mismatch_at"] == -1, closed
    endpoint.finish()


@both_families
def test_bulk_from_the_endpoint(lab, peer, outside):
    """64 MB out, compared here byte for byte."""
    endpoint = peer("source", "--bytes", str(64 * MEGABYTE), outside=outside)
    with dial(lab, outside) as connection:
        receive_pattern(connection, 64 * MEGABYTE)
    endpoint.wait_closed()
    endpoint.finish()


def test_segments_fit_the_link(lab, peer):
    """On an MTU of 1280, the least that IPv6 allows, the MSS is 1220 both ways."""
    endpoint = peer("echo", "--mtu", "1280", outside=OUTSIDE6)
    with dial(lab, OUTSIDE6) as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= 1220
        echo_pattern(connection, MEGABYTE)
    endpoint.wait_closed()
    endpoint.finish()


@pytest.mark.parametrize("setting", ["tcp_timestamps", "tcp_sack", "tcp_window_scaling", "all three"])
def test_bulk_without_options(lab, peer, setting):
    """A peer that does not know timestamps, SACK or window scaling (RFC 7323, RFC 2018) is served all the same."""
    names = ["tcp_timestamps", "tcp_sack", "tcp_window_scaling"] if setting == "all three" else [setting]
    lab.client.run("sysctl", "-qw", *(f"net.ipv4.{name}=0" for name in names))
    try:
        endpoint = peer("echo")
        with dial(lab) as connection:
            echo_pattern(connection, 4 * MEGABYTE)
        endpoint.wait_closed()
        endpoint.finish()
    finally:
        lab.client.run("sysctl", "-qw", *(f"net.ipv4.{name}=1" for name in names))


def test_half_close_by_the_kernel(lab, peer):
    """The kernel's FIN comes first; the endpoint still sends all that it has (RFC 9293 §3.6)."""
    endpoint = peer("source", "--bytes", str(8 * MEGABYTE))
    with dial(lab) as connection:
        connection.shutdown(socket.SHUT_WR)
        receive_pattern(connection, 8 * MEGABYTE)
    assert endpoint.wait_closed()[0]["reason"] == "finished"
    endpoint.finish()


def test_half_close_by_the_endpoint(lab, peer):
    """The endpoint's FIN comes first; it still takes and acknowledges what the kernel sends."""
    endpoint = peer("source", "--bytes", "1000")
    with dial(lab) as connection:
        receive_pattern(connection, 1000)
        send_pattern(connection, 8 * MEGABYTE)
    closed, = endpoint.wait_closed()
    assert closed["bytes_in"] == 8 * MEGABYTE and closed["mismatch_at"] == -1 and closed["reason"] == "finished", closed
    endpoint.finish()


@both_families
def test_reset_by_the_kernel(lab, peer, outside):
    """A RST in the middle of a transfer ends the connection at once and frees everything."""
    endpoint = peer("source", "--bytes", str(64 * MEGABYTE), outside=outside)
    connection = dial(lab, outside)
    connection.recv(CHUNK)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    assert endpoint.wait_closed()[0]["reason"] == "peer_reset"
    endpoint.finish()


def test_reset_by_the_endpoint(lab, peer):
    """The endpoint's RST is one that the kernel accepts."""
    endpoint = peer("reset")
    with dial(lab) as connection:
        connection.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert endpoint.wait_closed()[0]["reason"] == "local_abort"
    endpoint.finish()


@both_families
def test_closed_port_refuses(lab, peer, outside):
    """A SYN to a port that nobody listens on is answered with a RST."""
    endpoint = peer("echo", outside=outside)
    with pytest.raises(ConnectionRefusedError):
        dial(lab, outside, PORT + 1)
    endpoint.finish()


def test_zero_window_of_the_endpoint(lab, peer):
    """An upper layer that does not read closes the window; when it reads again, all comes (RFC 9293 §3.8.6.2)."""
    endpoint = peer("hold", "--receive-buffer", "65536")
    with dial(lab) as connection:
        connection.setblocking(False)
        sent = 0

        def fill() -> bool:
            """True once the kernel takes no more and probes a closed window."""
            nonlocal sent
            with contextlib.suppress(BlockingIOError):
                while True:
                    sent += connection.send(pattern(sent, CHUNK))
            return "persist" in lab.client.run("ss", "-tonH", "dst", OUTSIDE).stdout

        until(fill, "the endpoint's window closes and the kernel probes it", 30)
        connection.settimeout(60)
        endpoint.start_reading()
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    closed, = endpoint.wait_closed()
    assert closed["bytes_in"] == sent and closed["mismatch_at"] == -1, closed
    endpoint.finish()


def test_zero_window_of_the_kernel(lab, peer):
    """A reader that stops closes the kernel's window. The update that would open it is lost: only the endpoint's own
    probe finds out (the persist timer, RFC 9293 §3.8.6.1)."""
    size = 4 * MEGABYTE
    endpoint = peer("source", "--bytes", str(size))
    with dial(lab, receive_buffer=16384) as connection:
        until(SteadySegments(lab), "the kernel's window closes and the transfer stops", 30)
        position = 0
        with trouble(lab, PORT, outgoing="drop"):  # The kernel's window updates are lost.
            while position < 8192:
                chunk = connection.recv(CHUNK)
                assert chunk == pattern(position, len(chunk))
                position += len(chunk)
        while chunk := connection.recv(CHUNK):
            assert chunk == pattern(position, len(chunk)), position
            position += len(chunk)
        assert position == size
    endpoint.wait_closed()
    endpoint.finish()


class SteadySegments:
    """True when no segment has come for twenty looks in a row."""

    def __init__(self, lab):
        self._lab, self._same, self.segments = lab, 0, -1

    def __call__(self) -> bool:
        now = segments_in(self._lab)
        self._same = self._same + 1 if now == self.segments else 0
        self.segments = now
        return self._same >= 20


@pytest.mark.parametrize("kernel,endpoint_buffer", [(2304, 0), (0, 4096), (2304, 4096)])
def test_tiny_windows(lab, peer, kernel, endpoint_buffer):
    """Windows of a segment or two, on either side or both: slow, and right (RFC 9293 §3.8.6.2)."""
    options = ["--receive-buffer", str(endpoint_buffer), "--send-buffer", "16384"] if endpoint_buffer else []
    endpoint = peer("echo", *options)
    with dial(lab, receive_buffer=kernel) as connection:
        echo_pattern(connection, 256 * 1024)
    endpoint.wait_closed()
    endpoint.finish()


def test_keepalive_of_a_living_peer(lab, peer):
    """Probes go out on an idle connection, the kernel answers them, and the connection stays (RFC 9293 §3.8.4)."""
    # Linux answers at most one such probe in half a second: three must take longer than that.
    endpoint = peer("echo", "--keepalive", "200,300,3")
    with dial(lab) as connection:
        connection.sendall(pattern(0, 10))
        assert connection.recv(10) == pattern(0, 10)
        before = segments_in(lab)
        until(lambda: segments_in(lab) >= before + 5, "five probes come on the idle connection")
        assert endpoint.events("closed") == []
        connection.sendall(pattern(10, 10))
        assert connection.recv(10) == pattern(10, 10)
    endpoint.wait_closed()
    endpoint.finish()


def test_keepalive_of_a_dead_peer(lab, peer):
    """Unanswered probes end the connection."""
    endpoint = peer("echo", "--keepalive", "200,100,3")
    with dial(lab) as connection:
        connection.sendall(b"x")
        connection.recv(1)
        with trouble(lab, PORT, incoming="drop", outgoing="drop"):
            assert endpoint.wait_closed()[0]["reason"] == "timed_out"
            endpoint.finish()


@pytest.mark.parametrize("direction", ["to the endpoint", "from the endpoint", "both"])
def test_one_percent_random_loss(lab, peer, direction):
    """1 % of the segments lost at random: 16 MB there and back, every byte compared, something really lost."""
    drop = "numgen random mod 100 == 0 counter drop"
    hooks = {"to the endpoint": ["outgoing"], "from the endpoint": ["incoming"], "both": ["incoming", "outgoing"]}
    endpoint = peer("echo")
    with trouble(lab, PORT, **{hook: drop for hook in hooks[direction]}):
        with dial(lab, timeout=120) as connection:
            echo_pattern(connection, 16 * MEGABYTE)
        endpoint.wait_closed()
        assert packets_hit(lab) > 10
    counters = endpoint.finish()
    if direction == "to the endpoint":
        assert counters["out_of_order"] > 0, counters
    else:
        assert counters["retransmits"] > 0, counters


def test_heavy_loss_at_both_ends_of_a_connection(lab, peer):
    """20 % lost, SYN and FIN among them: 20 short connections all come to their end, right."""
    drop = "numgen random mod 5 == 0 drop"
    endpoint = peer("echo")
    with trouble(lab, PORT, incoming=drop, outgoing=drop):
        errors = run_at_once(lambda: echo_once(lab, 20_000), 20)
    assert not errors, errors
    endpoint.wait_closed(20, 120)
    endpoint.finish()


@both_families
def test_hundred_connections_at_once(lab, peer, outside):
    """100 connections of different lengths at once; each gets its own bytes back."""
    chance = random.Random(7)
    sizes = [chance.randrange(300_000) for _ in range(100)]
    endpoint = peer("echo", outside=outside)
    errors = run_at_once(lambda: echo_once(lab, sizes.pop(), outside), 100)
    assert not errors, errors
    endpoint.wait_closed(100)
    endpoint.finish()


def echo_once(lab, size: int, outside: str = OUTSIDE) -> None:
    with dial(lab, outside, timeout=120) as connection:
        echo_pattern(connection, size)
