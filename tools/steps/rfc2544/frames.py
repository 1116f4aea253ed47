"""The captures that are played: IPv4 packets of one size, or of a mix, that leave room for the tester's marks."""

import struct
from pathlib import Path

from harness.frames import checksum
from harness.odd_captures import Packet, frame, pcap

FRAME_CHECK, ETHERNET, IPV4, UDP = 4, 14, 20, 8
MARK = 24  # culvert-replay puts it behind what the file has
SIZES = (64, 128, 256, 512, 1024, 1280, 1518)  # RFC 2544 §9.1, with the frame check sequence
# Seven small, four middle, one large, in an order that spreads them: 40, 576 and 1500 bytes of IP, 7:4:1.
MIX = (64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64)
MIX_NAME = "IMIX"
FLOWS = 64
EXPERIMENTAL = 253  # RFC 3692: a protocol number for experiments


def captured(size: int, flow: int, source: tuple[int, int], destination: tuple[int, int]) -> bytes:
    """A frame without its last 24 bytes. Its IP header counts them: with the mark behind it, it is whole, and routers
    that look at it pass all of it on. In frames of 64 bytes a mark leaves no room for a UDP header."""
    packet = size - FRAME_CHECK - ETHERNET
    room = packet - IPV4 - MARK
    addresses = bytes((*(198, 18), *source)), bytes((*(198, 19), *destination))
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, packet, 0, 0, 64, 17 if room >= UDP else EXPERIMENTAL, 0, *addresses)
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    data = bytes(room)
    if room >= UDP:
        data = struct.pack(">HHHH", 10_000 + flow, 7, packet - IPV4, 0) + bytes(room - UDP)
    return frame(0x800, header + data)


def make(folder: Path, size: int | str, back: bool = False) -> Path:
    """`back`: sources and destinations change places."""
    sizes = MIX if size == MIX_NAME else (size,)
    packets = []
    for number in range(FLOWS * len(sizes)):
        flow = number // len(sizes) % FLOWS
        here, there = (0, 2 + flow), (0, 2)
        one = captured(sizes[number % len(sizes)], flow, *((there, here) if back else (here, there)))
        packets.append(Packet(number * 1000, one))
    return pcap(folder / f"{size}{'-back' if back else ''}.pcap", packets)
