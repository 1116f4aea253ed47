"""Packets from inside that are larger than the tunnel: what is dropped, said to the sender, logged and counted."""

import os
import re
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from harness.capture import comments, read_capture
from harness.datagrams import prober
from harness.lab import POOL_FIRST, SERVER
from harness.ping import ping
from harness.poll import until
from harness.process import Process

LARGE = 1418        # what a client's DTLS tunnel would take
ICMP_OFF = ["icmp too-big withhold"]
IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0  # linux/in.h


@pytest.fixture
def settings():
    return []


@pytest.fixture
def client(stage, settings):
    """By TLS alone, which takes 1347 bytes here."""
    stage.start_headend(extra=settings)
    client = stage.connect(dtls=False)
    assert client.header("X-CSTP-MTU") == "1347"
    yield client
    # The server's kernel remembers what it was told of this address.
    stage.lab.server.run("ip", "route", "flush", "cache")


def send_large(stage, client, count: int = 1) -> None:
    """UDP with DF, whatever the server's kernel knows of the path."""
    with prober(stage.lab.server, client.address) as sender:
        for _ in range(count):
            sender.sendto(bytes(LARGE - 28), (client.address, 9))
            time.sleep(0.02)
    until(lambda: stage.headend.show.drops().get("mp-svc-no-fragment") == count, "they are dropped by name")


def messages(stage, number: int) -> list[str]:
    return re.findall(rf"%ASA-6-{number}: (.*)", stage.headend.process.log())


def test_one_packet(stage, client):
    """The note's: one drop, one ICMP error that the server's kernel takes, two messages, and a capture of it."""
    stage.headend.show.text("capture large type asp-drop mp-svc-no-fragment")
    send_large(stage, client)
    check_capture(stage)
    assert "mtu 1347" in stage.lab.server.run("ip", "route", "get", client.address).stdout
    until(lambda: messages(stage, 602101), "it is logged")
    assert messages(stage, 722036) == [
        f"Group <LAB> User <vpn> IP <198.51.100.2> Transmitting large packet {LARGE} (threshold 1347)."]
    assert messages(stage, 602101) == [
        f"PMTU-D packet {LARGE} bytes greater than effective mtu 1347, "
        f"dest_addr={POOL_FIRST}, src_addr={SERVER}, prot=UDP"]
    # What fits goes through, with DF and without; what may be cut is.
    ping(stage.lab.server, client.address, size=1347 - 28, dont_fragment=True)
    ping(stage.lab.server, client.address, size=LARGE - 28)
    assert stage.headend.show.drops()["mp-svc-no-fragment"] == 1


def test_what_may_be_cut_is_cut_right(stage, client):
    """A datagram without DF, which the server's kernel has cut for its own link already: at the client's adapter,
    behind ports that put nothing together (af_xdp), are fragments of fragments that make up the datagram."""
    path = stage.folder / "fragments.pcap"
    lab = stage.lab
    data = os.urandom(3000)
    with lab.client.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((client.address, 0))
        receiver.settimeout(20)
        dump = Process(lab.client.command("tcpdump", "-U", "-i", client.interface, "-w", path, "udp"),
                       stage.folder / "tcpdump.log")
        try:
            until(lambda: "listening on" in dump.log(), "tcpdump listens")
            with lab.server.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
                sender.sendto(data, receiver.getsockname())
            assert receiver.recv(65536) == data  # put together by the client's kernel
            until(lambda: len(read_capture(path)) >= 5, lambda: f"five fragments: {len(read_capture(path))}")
        finally:
            dump.kill()
    fragments = sorted(read_capture(path), key=offset_of)
    assert len(fragments) == 5 and max(map(len, fragments)) <= 1347
    assert len({packet[4:6] for packet in fragments}) == 1, "one identification"
    body = b""
    for packet in fragments:
        assert offset_of(packet) == len(body)
        assert bool(packet[6] & 0x20) == (packet is not fragments[-1]), "more fragments"
        body += packet[20:]
    assert body[8:] == data
    assert stage.headend.show.drops()["mp-svc-no-fragment"] == 0


def offset_of(packet: bytes) -> int:
    """Of a fragment in its datagram, bytes."""
    return (int.from_bytes(packet[6:8], "big") & 0x1FFF) * 8


def check_capture(stage):
    """What tcpdump reads in the capture's file, which is nobody else's; and its reason."""
    show = stage.headend.show

    def captured() -> dict:
        return show.json("show capture large")

    until(lambda: captured()["packets"] == 1, "the dropped packet is captured")
    assert "Drop-reason: (mp-svc-no-fragment)" in show.text("show capture large")
    path = Path(captured()["files"][0])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    show.text("no capture large")
    assert show.json("show capture")["captures"] == []
    read = subprocess.run(["tcpdump", "-nvr", path], capture_output=True, text=True, timeout=20)
    assert f"flags [DF], proto UDP (17), length {LARGE}" in read.stdout, read
    assert re.search(rf"{re.escape(SERVER)}\.\d+ > {re.escape(POOL_FIRST)}\.9: UDP", read.stdout), read
    assert comments(path) == ["Drop-reason: (mp-svc-no-fragment) SVC Module unable to fragment packet"]


@pytest.mark.parametrize("settings", [ICMP_OFF])
def test_black_hole(stage, client):
    """Nobody tells the sender, whose packets are all dropped. The log is not drowned and says what it does not show."""
    send_large(stage, client, 50)
    assert "mtu" not in stage.lab.server.run("ip", "route", "get", client.address).stdout
    assert messages(stage, 602101) == []

    def accounted_for() -> int:
        unlogged = re.findall(r"> Of (\d+) more large packets nothing was logged", stage.headend.process.log())
        return len(messages(stage, 722036)) + sum(map(int, unlogged))

    until(lambda: accounted_for() == 50, lambda: f"all 50 are logged or counted, not {accounted_for()}")
    assert len(messages(stage, 722036)) <= 15


@pytest.mark.parametrize("settings,least,most", [
    ([], 1, 4), (["icmp unreachable rate-limit 100 burst-size 10"], 25, 50)], ids=["default", "raised"])
def test_rate_of_errors(stage, client, least, most):
    """One a second for the whole box unless configured, as on an ASA; those that were due and not sent are counted."""
    send_large(stage, client, 50)
    counted = stage.headend.show.json("show culvert icmp")
    assert least <= counted["sent"] <= most, counted
    assert counted["sent"] + counted["suppressed"] == 50, counted
