"""The TCP endpoint over IPv6 against the Linux kernel: what differs from IPv4 is addresses, checksums and sizes."""

import socket
import struct

import pytest

from harness.lab import OUTSIDE6
from harness.tcp_peer import PORT, TcpPeer
from test_tcp_endpoint import CHUNK, MEGABYTE, echo_pattern, receive_pattern, run_at_once, send_pattern


@pytest.fixture
def peer(lab, tmp_path):
    started = []

    def start(mode: str, *options: str) -> TcpPeer:
        started.append(TcpPeer(lab, tmp_path, mode, *options, address=f"{OUTSIDE6}/64"))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def dial(lab, port: int = PORT) -> socket.socket:
    with lab.client.entered():
        connection = socket.socket(socket.AF_INET6)
    connection.settimeout(60)
    connection.connect((OUTSIDE6, port))
    return connection


@pytest.mark.parametrize("size", [0, 1, 1219, 1220, 1221, 1368, 1428, 1440, 65535, 65537, 4 * MEGABYTE])
def test_echo(lab, peer, size):
    """Sizes around what fits a segment, and enough to fill windows."""
    endpoint = peer("echo")
    with dial(lab) as connection:
        echo_pattern(connection, size)
    assert endpoint.wait_closed()[0]["bytes_in"] == size
    endpoint.finish()


def test_bulk_to_the_endpoint(lab, peer):
    endpoint = peer("discard")
    with dial(lab) as connection:
        send_pattern(connection, 32 * MEGABYTE)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    closed, = endpoint.wait_closed()
    assert closed["bytes_in"] == 32 * MEGABYTE and closed["mismatch_at"] == -1, closed
    endpoint.finish()


def test_bulk_from_the_endpoint(lab, peer):
    endpoint = peer("source", "--bytes", str(32 * MEGABYTE))
    with dial(lab) as connection:
        receive_pattern(connection, 32 * MEGABYTE)
    endpoint.wait_closed()
    endpoint.finish()


def test_segments_fit_the_link(lab, peer):
    """On an MTU of 1280, the least that IPv6 allows, the MSS is 1220 both ways."""
    endpoint = peer("echo", "--mtu", "1280")
    with dial(lab) as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= 1220
        echo_pattern(connection, MEGABYTE)
    endpoint.wait_closed()
    endpoint.finish()


def test_resets(lab, peer):
    """From the kernel, and for a port that nobody listens on."""
    endpoint = peer("source", "--bytes", str(64 * MEGABYTE))
    with pytest.raises(ConnectionRefusedError):
        dial(lab, PORT + 1)
    connection = dial(lab)
    connection.recv(CHUNK)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    assert endpoint.wait_closed()[0]["reason"] == "peer_reset"
    endpoint.finish()


def test_fifty_connections_at_once(lab, peer):
    def echo_once() -> None:
        with dial(lab) as connection:
            echo_pattern(connection, 100_000)

    endpoint = peer("echo")
    assert not (errors := run_at_once(echo_once, 50)), errors
    endpoint.wait_closed(50)
    endpoint.finish()
