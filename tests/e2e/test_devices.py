"""Every kind of DPDK device by its name, with a real client's packets moving through it."""

import contextlib
import os
import socket
import struct
from pathlib import Path

import pytest

from harness import huge_pages
from harness.capture import read_capture, write_capture
from harness.devices import DEVICES, adopt_tap
from harness.frames import ARP, IPV4, arp_request, checksum, echo_request, ethernet, ipv4, tcp
from harness.headend_config import TWO_WORKERS
from harness.lab import CLIENT, INSIDE, OUTSIDE, SERVER, Lab
from harness.machine import PREFIX
from harness.ping import ping
from harness.poll import until
from harness.tcp_peer import PORT, TcpPeer, pattern
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20


@pytest.fixture
def lab():
    """A lab of one's own: a tap interface takes a cable's place."""
    lab = Lab(f"{PREFIX}device-")
    lab.up()
    yield lab
    lab.down()


@pytest.fixture
def on_device(stage, lab, tmp_path):
    """Starts a headend on two devices of a kind, joined to the lab's hosts."""
    bridges = []

    def start(kind: str, **settings):
        device = DEVICES[kind]
        if bridge := device.before_headend(lab, tmp_path):
            bridges.append(bridge)
        settings.setdefault("device", device.configured)
        headend = stage.start_headend(**settings)
        device.after_headend(lab)
        return headend

    yield start
    stage.clear()
    for bridge in bridges:
        bridge.kill()


def described(headend, nameif: str) -> str:
    """The one line that tells at start what was found of a port."""
    line, = [line for line in headend.process.log().splitlines() if f" {nameif}: net_" in line]
    return line


@pytest.fixture(params=["ordinary pages", pytest.param("huge pages", marks=pytest.mark.alone)])
def pages(request):
    """Some drivers share memory with other processes, and do so in other ways where pages are huge."""
    with huge_pages.reserved(300) if request.param == "huge pages" else contextlib.nullcontext():
        yield request.param


@pytest.mark.parametrize("kind", DEVICES)
def test_client_works_through(stage, lab, on_device, kind, pages):
    """The box answers, a client connects, both sides ping each other, and 4 MB each way arrive bit for bit."""
    headend = on_device(kind)
    assert pages in headend.process.wait_for_line("ready: ")
    assert kind in described(headend, "outside") and kind in described(headend, "inside")
    ping(lab.client, OUTSIDE)
    ping(lab.server, INSIDE)
    client = stage.connect()
    ping(lab.client, SERVER)
    ping(lab.server, client.address)
    send_and_compare(lab.client, lab.server, SERVER, 4 * MEGABYTE)
    send_and_compare(lab.server, lab.client, client.address, 4 * MEGABYTE)
    for interface in headend.show.json("show interface")["interfaces"]:
        assert interface["hardware"] == kind
        assert interface["packets_in"] > 1000 and interface["packets_out"] > 1000, interface
    client.logout()
    headend.finish()
    stage.headend = None


@pytest.mark.parametrize("kind", ["net_af_packet", "net_tap"])
def test_two_queues(stage, lab, on_device, kind):
    """Two workers on a device that spreads flows as it likes: whoever owns a connection gets its segments."""
    headend = on_device(kind, workers=TWO_WORKERS, device=DEVICES[kind].with_two_queues)
    for nameif in ("outside", "inside"):
        assert "2 rx/2 tx queues" in described(headend, nameif) and "RSS no" in described(headend, nameif)
    clients = []
    while len(clients) < 2 or len({headend.show.tunnel(each.address)["worker"] for each in clients}) < 2:
        assert len(clients) < 16, "every client landed on one worker"
        clients.append(stage.connect(len(clients)))
    for client in clients[-2:]:
        ping(lab.client, SERVER, source=client.address)
        ping(lab.server, client.address)
        send_and_compare(lab.client, lab.server, SERVER, 4 * MEGABYTE, sender_address=client.address)
        send_and_compare(lab.server, lab.client, client.address, 4 * MEGABYTE)
    for client in clients:
        client.logout()
    headend.finish()
    stage.headend = None


def test_what_is_not_named_is_not_touched(stage, lab, on_device):
    """No PCI device is opened when none is named, and an interface that no port uses is left as it was."""
    lab.headend.run("ip", "link", "add", "spare", "type", "veth", "peer", "name", "spare-end")
    before = lab.headend.run("ip", "-d", "-j", "link", "show", "spare").stdout
    headend = on_device("net_af_xdp")
    assert lab.headend.run("ip", "-d", "-j", "link", "show", "spare").stdout == before
    process = Path("/proc", str(headend.process.pid))
    opened = [os.readlink(each) for each in (process / "fd").iterdir()]
    mapped = (process / "maps").read_text()
    for place in ("/dev/vfio", "/dev/uio", "/devices/pci", "/sys/bus/pci"):
        assert not any(place in name for name in opened) and place not in mapped, place
    packet_sockets = lab.headend.run("ss", "--packet", "--no-header").stdout
    assert "spare" not in packet_sockets
    headend.finish()
    stage.headend = None


CAPTURED_MAC = bytes.fromhex("020000000077")


def test_capture_in_and_capture_out(stage, lab, tmp_path):
    """net_pcap on files: ARP, echo and a SYN from one capture are answered in the other, checksums right."""
    source, answers = tmp_path / "in.pcap", tmp_path / "out.pcap"
    headend_mac = b"\x02pcap\0"  # The driver makes it up, 0 being its port's number.

    def frame(kind: int, payload: bytes, target: bytes) -> bytes:
        return ethernet(target, CAPTURED_MAC, kind, payload)

    write_capture(source, [
        frame(ARP, arp_request(CAPTURED_MAC, CLIENT, OUTSIDE), b"\xff" * 6),
        frame(IPV4, echo_request(CLIENT, OUTSIDE, b"through a file"), headend_mac),
        frame(IPV4, ipv4(CLIENT, OUTSIDE, 6, tcp(CLIENT, OUTSIDE, 40000, 443, seq=1000)), headend_mac),
        frame(IPV4, ipv4(CLIENT, OUTSIDE, 6, tcp(CLIENT, OUTSIDE, 40001, 81, seq=2000)), headend_mac),
    ])
    headend = stage.start_headend(outside_device=f"net_pcap0,rx_pcap={source},tx_pcap={answers}")

    def answered() -> dict | None:
        found = sort_answers(read_capture(answers))
        return found if {"arp", "echo", 443, 81} <= found.keys() else None

    found = until(answered, lambda: f"all answers in the capture; now {sort_answers(read_capture(answers)).keys()}")
    assert found["echo"].endswith(b"through a file")
    acknowledged, flags = struct.unpack(">8xIxB", found[443][:14])
    assert acknowledged == 1001 and flags == 0x12, "SYN and ACK from the port that is served"
    assert found[81][13] == 0x14, "RST and ACK from the one that is not"
    headend.finish()
    stage.headend = None


def sort_answers(captured: list[bytes]) -> dict:
    """Of the frames to the captured station: the ARP reply, the echo reply, and TCP segments by the headend's port."""
    found = {}
    for frame in captured:
        if frame[:6] != CAPTURED_MAC:
            continue
        payload = frame[14:]
        if frame[12:14] == struct.pack(">H", ARP):
            found["arp"] = payload
            continue
        assert checksum(payload[:20]) == 0, "the IP header's checksum is right"
        body = payload[20:struct.unpack(">H", payload[2:4])[0]]
        if payload[9] == 1:
            assert checksum(body) == 0, "the ICMP checksum is right"
            found["echo"] = body
        else:
            pseudo = payload[12:20] + struct.pack(">BBH", 0, 6, len(body))
            assert checksum(pseudo + body) == 0, "the TCP checksum is right"
            found[struct.unpack(">H", body[:2])[0]] = body
    return found


def test_ring_gives_back_what_was_sent(stage, lab):
    """net_ring is a loop: what leaves by it (announcements, requests for a neighbour) comes in again, and the headend
    takes its own frames for no other station's."""
    headend = stage.start_headend(inside_device="net_ring0")
    client = stage.connect()
    lab.client.run("ping", "-c", "3", "-i", "0.1", "-W", "1", SERVER, check=False)

    def looped() -> bool:
        inside = next(each for each in headend.show.json("show interface")["interfaces"] if each["nameif"] == "inside")
        return inside["packets_in"] > 2 and inside["packets_in"] == inside["packets_out"]

    until(looped, "what the ring was given came back")
    assert "ARP clash" not in headend.process.log()
    client.logout()
    headend.finish()
    stage.headend = None


@pytest.mark.parametrize("options", [(), ("--offload",)], ids=["whole segments", "segmented by the driver"])
def test_tap_segmentation(lab, tmp_path, options):
    """256 MB from the TCP endpoint to the kernel by a tap, bit for bit: each segment by itself, and super-segments that
    the driver cuts. (The headend leaves that to no tap: the driver's checksums are wrong where a buffer's length is
    odd. Those of this endpoint are even.)"""
    size = 256 * MEGABYTE
    peer = TcpPeer(lab, tmp_path, "source", "--bytes", str(size), *options, device="net_tap0,iface=tap0")
    try:
        adopt_tap(lab, "tap0", lab.client, "wan")
        lab.client.run("ip", "link", "set", "wan", "mtu", 1480)  # The driver reckons with the Ethernet header as well.
        with lab.client.entered():
            connection = socket.create_connection((OUTSIDE, PORT), timeout=60)
        with connection:
            position = 0
            while chunk := connection.recv(1 << 16):
                assert chunk == pattern(position, len(chunk)), f"wrong byte after position {position}"
                position += len(chunk)
        assert position == size
        peer.wait_closed()
        segments = peer.finish()["segments_out"]
        # A segment holds 1428 bytes at most.
        assert segments < size / 5000 if options else segments > size / 1429, segments
    finally:
        peer.kill()
