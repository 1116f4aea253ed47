"""The TCP endpoint's active open against the Linux kernel: the kernel listens, the endpoint connects."""

import contextlib
import socket
import threading

import pytest

from harness.lab import CLIENT, CLIENT6, OUTSIDE, OUTSIDE6
from harness.poll import until
from harness.streams import MEGABYTE, receive_pattern, send_pattern
from harness.tcp_peer import PORT, TcpPeer

both_families = pytest.mark.parametrize("client,outside", [(CLIENT, OUTSIDE), (CLIENT6, OUTSIDE6)],
                                        ids=["IPv4", "IPv6"])


@pytest.fixture
def peer(lab, tmp_path):
    """Starts a tcp_peer that connects to the client's host."""
    started = []

    def start(mode: str, *options: str, client: str = CLIENT, outside: str = OUTSIDE, port: int = PORT) -> TcpPeer:
        started.append(TcpPeer(lab, tmp_path, mode, "--connect", client, *options, address=outside, port=port))
        return started[-1]

    yield start
    for each in started:
        each.kill()


class Listener:
    """A kernel's listening socket that serves every connection with `job` in a thread of its own."""

    def __init__(self, lab, job, address: str = CLIENT, port: int = PORT):
        self._job, self._threads, self.errors, self.sources = job, [], [], []
        with lab.client.entered():
            self._socket = socket.create_server((address, port), backlog=1000,
                                                family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, source = self._socket.accept()
                self.sources.append(source[:2])
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(60)
        try:
            with connection:
                self._job(connection)
        except (AssertionError, OSError) as error:
            self.errors.append(repr(error))

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        for thread in self._threads:
            thread.join(60)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        assert not self.errors, self.errors


def both_ways(size: int):
    """A job that sends and expects `size` bytes at once."""

    def job(connection: socket.socket) -> None:
        sender = threading.Thread(target=send_pattern, args=(connection, size), daemon=True)
        sender.start()
        receive_pattern(connection, size)
        sender.join(60)

    return job


@both_families
def test_bulk_both_ways(lab, peer, client, outside):
    """16 MB each way at once, every byte compared; the endpoint's FIN first."""
    with Listener(lab, both_ways(16 * MEGABYTE), client):
        endpoint = peer("source", "--bytes", str(16 * MEGABYTE), client=client, outside=outside)
        closed, = endpoint.wait_closed()
    assert closed["bytes_in"] == 16 * MEGABYTE and closed["mismatch_at"] == -1, closed
    assert closed["reason"] == "finished"
    endpoint.finish()


@pytest.mark.parametrize("setting", ["tcp_timestamps", "tcp_sack", "tcp_window_scaling"])
def test_listener_without_an_option(lab, peer, setting):
    """What the SYN-ACK does not answer is not used (RFC 7323 §2.2 and §3.2, RFC 2018 §2)."""
    lab.client.run("sysctl", "-qw", f"net.ipv4.{setting}=0")
    try:
        with Listener(lab, both_ways(MEGABYTE)):
            endpoint = peer("source", "--bytes", str(MEGABYTE))
            assert endpoint.wait_closed()[0]["mismatch_at"] == -1
        endpoint.finish()
    finally:
        lab.client.run("sysctl", "-qw", f"net.ipv4.{setting}=1")


def test_half_close_by_the_kernel(lab, peer):
    """The listener closes its side at once; the endpoint sends all that it has."""

    def job(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_WR)
        receive_pattern(connection, 4 * MEGABYTE)

    with Listener(lab, job):
        endpoint = peer("source", "--bytes", str(4 * MEGABYTE))
        assert endpoint.wait_closed()[0]["reason"] == "finished"
    endpoint.finish()


def test_half_close_by_the_endpoint(lab, peer):
    """The endpoint closes its side after 1000 bytes and takes all that the listener still sends."""

    def job(connection: socket.socket) -> None:
        receive_pattern(connection, 1000)
        send_pattern(connection, 4 * MEGABYTE)

    with Listener(lab, job):
        endpoint = peer("source", "--bytes", "1000")
        closed, = endpoint.wait_closed()
    assert closed["bytes_in"] == 4 * MEGABYTE and closed["mismatch_at"] == -1, closed
    endpoint.finish()


@both_families
def test_closed_port_refuses(lab, peer, client, outside):
    """The kernel's RST is taken as what it is, at once."""
    endpoint = peer("discard", client=client, outside=outside)
    failed, = until(lambda: endpoint.events("failed"), "the attempt fails", 10)
    assert failed["reason"] == "refused"
    endpoint.finish()


def test_nobody_answers(lab, peer):
    """A host behind a filter that says nothing: the SYN is repeated, then given up."""
    lab.client.run("nft", "-f", "-", input=f"table inet quiet {{ chain i {{ type filter hook input priority 0; "
                                           f"tcp dport {PORT} counter drop; }}; }}")
    try:
        endpoint = peer("discard", "--syn-retries", "2")
        failed, = until(lambda: endpoint.events("failed"), "the attempt fails", 20)
        assert failed["reason"] == "timed_out"
        assert "counter packets 3 " in lab.client.run("nft", "list", "table", "inet", "quiet").stdout
        endpoint.finish()
    finally:
        lab.client.run("nft", "delete", "table", "inet", "quiet")


def test_a_lost_syn_comes_again(lab, peer):
    """The first SYN is lost; the connection opens with the second."""
    syn = f"tcp dport {PORT} tcp flags syn"
    lab.client.run("nft", "-f", "-", input=f"table inet quiet {{ chain i {{ type filter hook input priority 0; "
                                           f"{syn} limit rate over 1/hour burst 1 packets accept; {syn} drop; }}; }}")
    try:
        with Listener(lab, both_ways(100_000)):
            endpoint = peer("source", "--bytes", "100000")
            assert endpoint.wait_closed()[0]["reason"] == "finished"
        endpoint.finish()
    finally:
        lab.client.run("nft", "delete", "table", "inet", "quiet")


def test_many_connections_from_many_addresses(lab, peer):
    """400 connections from four addresses, which the port itself does not have: each is right, and the addresses take
    turns. The ports are all different, and no two addresses use them in the same order (RFC 6056)."""
    sources = [f"203.0.113.{n}" for n in range(1, 5)]
    lab.client.run("ip", "route", "add", "203.0.113.0/24", "via", OUTSIDE)
    try:
        with Listener(lab, both_ways(10_000)) as listener:
            endpoint = peer("source", "--bytes", "10000", "--connections", "400", "--from", ",".join(sources))
            closed = endpoint.wait_closed(400, 60)
        assert {(each["bytes_in"], each["mismatch_at"]) for each in closed} == {(10_000, -1)}
        ports = {source: [port for host, port in listener.sources if host == source] for source in sources}
        assert all(len(set(each)) == 100 for each in ports.values()), ports
        assert len({min(each) for each in ports.values()}) == 4
        endpoint.finish()
    finally:
        lab.client.run("ip", "route", "del", "203.0.113.0/24")
