"""Garbage on the wires: every frame is dropped by name, and a connected client notices nothing."""

import random
import struct

import pytest

from harness import frames
from harness.bystander import bystander, named_drop
from harness.frames import ARP, IPV4, IPV6, Wire, ipv4, tcp
from harness.lab import CLIENT, INSIDE, OUTSIDE, SERVER

SEED = 20_26  # The same garbage on every run.


@pytest.fixture
def outside(stage, headend):
    wire = Wire(stage.lab.client, "wan", OUTSIDE)
    yield wire
    wire.close()


def tcp_packet(**settings) -> bytes:
    return ipv4(CLIENT, OUTSIDE, 6, tcp(CLIENT, OUTSIDE, 40000, 443, **settings))


# Name of the case: frames (type, payload) and the drop reasons of which one must count them.
WRONG = {
    "ethernet type nobody speaks": ([(0x88B5, b"x" * 60)], ["cv-l2-malformed"]),
    "ARP cut short": ([(ARP, b"\0\1\x08\0\6\4\0\1")], ["cv-arp-malformed"]),
    "ARP of another hardware": ([(ARP, struct.pack(">HHBBH", 6, IPV4, 8, 4, 1) + bytes(40))], ["cv-arp-malformed"]),
    "IP version 5": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"x" * 30, version_and_length=0x55))],
                     ["unsupported-ip-version", "invalid-ip-header"]),
    "IP header length 4 words": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"x" * 30, version_and_length=0x44))],
                                 ["invalid-ip-header"]),
    "IP header longer than the packet": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"", version_and_length=0x4F))],
                                         ["invalid-ip-header", "invalid-ip-length"]),
    "IP checksum wrong": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"x" * 30, good_checksum=False))], ["invalid-ip-header"]),
    "IP total length too large": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"x" * 30, total=1400))], ["invalid-ip-length"]),
    "IP total length too small": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"x" * 30, total=10))], ["invalid-ip-length"]),
    "protocol that nobody serves": ([(IPV4, ipv4(CLIENT, OUTSIDE, 253, b"x" * 30))], ["cv-protocol-not-served"]),
    "UDP that nobody serves": ([(IPV4, ipv4(CLIENT, OUTSIDE, 17, struct.pack(">HHHH", 9, 9, 8, 0)))],
                               ["cv-protocol-not-served", "cv-dtls-short"]),
    "packet to nobody": ([(IPV4, ipv4(CLIENT, "203.0.113.9", 1, b"x" * 30))], ["cv-not-forwarded", "no-route"]),
    "ICMP cut short": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"\x08"))], ["cv-icmp-malformed"]),
    "ICMP checksum wrong": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"\x08\0\x12\x34" + bytes(20)))], ["cv-icmp-malformed"]),
    "TCP cut short": ([(IPV4, ipv4(CLIENT, OUTSIDE, 6, b"\x9c\x40\x01\xbb"))], ["invalid-tcp-hdr-length"]),
    "TCP data offset too small": ([(IPV4, tcp_packet(offset=3))], ["invalid-tcp-hdr-length"]),
    "TCP data offset past the end": ([(IPV4, tcp_packet(offset=15))], ["invalid-tcp-hdr-length"]),
    "TCP checksum wrong": ([(IPV4, tcp_packet(good_checksum=False))], ["bad-tcp-cksum"]),
    "TCP with SYN and FIN": ([(IPV4, tcp_packet(flags=0x03))], ["bad-tcp-flags"]),
    "TCP without a flag": ([(IPV4, tcp_packet(flags=0x00))], ["bad-tcp-flags", "tcp-not-syn"]),
    "TCP option of length 0": ([(IPV4, tcp_packet(options=b"\x02\x00\x05\xb4"))], ["tcp-bad-option-list"]),
    "TCP option past the end": ([(IPV4, tcp_packet(options=b"\x08\x0a\0\0"))], ["tcp-bad-option-list"]),
    "TCP data of no connection": ([(IPV4, tcp_packet(flags=0x18, ack=77, data=b"hello"))], ["tcp-not-syn"]),
    "SYN to a closed port": ([(IPV4, ipv4(CLIENT, OUTSIDE, 6, tcp(CLIENT, OUTSIDE, 40000, 81)))],
                             ["cv-tcp-no-listener"]),
    "overlapping fragments": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"a" * 64, flags_and_offset=0x2000)),
                               (IPV4, ipv4(CLIENT, OUTSIDE, 1, b"b" * 64, flags_and_offset=0x2004)),
                               (IPV4, ipv4(CLIENT, OUTSIDE, 1, b"c" * 64, flags_and_offset=0x0002))],
                              ["fragment-reassembly-failed"]),
    "fragment past 65535": ([(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"a" * 64, flags_and_offset=0x1FFF))],
                            ["fragment-reassembly-failed", "invalid-ip-length"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_frame_is_dropped_by_name(stage, outside, case):
    """One wrong thing at a time has the one name that fits."""
    wrong, names = WRONG[case]
    with bystander(stage), named_drop(stage, *names):
        for kind, payload in wrong:
            outside.send(kind, payload)


def test_frame_for_another_station_is_dropped_by_name(stage, outside):
    """A unicast frame to a MAC address that is not the port's."""
    with bystander(stage), named_drop(stage, "l2_acl"):
        outside.send(IPV4, ipv4(CLIENT, OUTSIDE, 1, b"x" * 30), target=b"\x02\0\0\0\0\x99")


def test_random_frames_on_both_ports(stage, headend, outside):
    """5000 frames of random bytes, and 5000 good ones with a few bytes changed or their end cut off, on either port."""
    chance = random.Random(SEED)
    inside = Wire(stage.lab.server, "lan", INSIDE)
    echo = b"\x08\0" + struct.pack(">H", frames.checksum(b"\x08\0\0\0" + bytes(36))) + bytes(36)
    good = [tcp_packet(), tcp_packet(flags=0x10, ack=5, data=b"x" * 100),
            tcp_packet(options=b"\x02\x04\x05\xb4\x01\x03\x03\x07"), ipv4(CLIENT, OUTSIDE, 1, echo),
            ipv4(SERVER, "10.10.10.1", 17, struct.pack(">HHHH", 53, 53, 40, 0) + bytes(32)),
            ipv4(CLIENT, OUTSIDE, 1, b"f" * 80, flags_and_offset=0x2000)]
    before = sum(headend.show.drops().values())
    with bystander(stage):
        for wire in (outside, inside):
            for _ in range(2500):
                wire.send(chance.choice((IPV4, ARP, IPV6, chance.randrange(65536))),
                          chance.randbytes(chance.randrange(0, 1500)))
                mutant = bytearray(chance.choice(good))
                for _ in range(chance.randrange(1, 6)):
                    mutant[chance.randrange(len(mutant))] = chance.randrange(256)
                wire.send(IPV4, bytes(mutant[:chance.randrange(1, len(mutant) + 1)]))
    inside.close()
    assert sum(headend.show.drops().values()) > before
