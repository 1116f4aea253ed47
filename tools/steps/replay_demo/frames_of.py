"""Frames of any capture that can be played, read without libpcap and without what is being shown."""

import struct
from pathlib import Path
from typing import Iterator

ETHERNET = 1  # LINKTYPE_ETHERNET
LARGEST = 65000  # what the demonstration gives as MTU


def frames_of(path: Path) -> list[bytes]:
    """Those that are whole, and neither too large nor too small to be sent; none of a link that is not Ethernet."""
    data = path.read_bytes()
    found = _pcapng(data) if data[:4] == b"\n\r\r\n" else _pcap(data)
    return [frame for frame, wire in found if len(frame) == wire and 14 <= wire <= LARGEST]


def _pcap(data: bytes) -> Iterator[tuple[bytes, int]]:
    order = "<" if data[:1] in (b"\xd4", b"\x4d") else ">"
    at = 24
    if len(data) < at or struct.unpack_from(order + "H", data, 20 if order == "<" else 22)[0] != ETHERNET:
        return
    while at + 16 <= len(data):
        size, wire = struct.unpack_from(order + "II", data, at + 8)
        yield data[at + 16:at + 16 + size], wire
        at += 16 + size


def _pcapng(data: bytes) -> Iterator[tuple[bytes, int]]:
    at, order = 0, "<"
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\n\r\r\n":
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        kind, length = struct.unpack_from(order + "II", data, at)
        if at + length > len(data):  # cut off
            return
        if kind == 1 and struct.unpack_from(order + "H", data, at + 8)[0] != ETHERNET:  # interface description
            return
        if kind == 6:  # enhanced packet
            size, wire = struct.unpack_from(order + "II", data, at + 20)
            yield data[at + 28:at + 28 + size], wire
        elif kind == 3:  # simple packet
            wire, = struct.unpack_from(order + "I", data, at + 8)
            yield data[at + 12:at + 12 + min(wire, length - 16)], wire
        at += max(length, 12)
