"""Captures as files: the classic pcap format with Ethernet frames and microseconds; and the comments of pcapng."""

import struct
from pathlib import Path

_MAGIC, _ETHERNET = 0xA1B2C3D4, 1


def write_capture(path: Path, frames: list[bytes]) -> None:
    data = struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, 65535, _ETHERNET)
    for number, frame in enumerate(frames):
        data += struct.pack("<IIII", 0, number, len(frame), len(frame)) + frame
    path.write_bytes(data)


def read_capture(path: Path) -> list[bytes]:
    """The whole frames that are in the file so far; it may still grow."""
    data = path.read_bytes() if path.exists() else b""
    frames, at = [], 24
    while at + 16 <= len(data):
        size, = struct.unpack_from("<I", data, at + 8)
        if at + 16 + size > len(data):
            break
        frames.append(data[at + 16:at + 16 + size])
        at += 16 + size
    return frames


def comments(path: Path) -> list[str]:
    """The comments on the packets of a pcapng file (little-endian), one each."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:  # Enhanced Packet Block
            size, = struct.unpack_from("<I", data, at + 20)
            option = at + 28 + (size + 3) // 4 * 4
            code, size = struct.unpack_from("<HH", data, option)
            assert code == 1, "the first option is the comment"
            found.append(data[option + 4:option + 4 + size].decode())
        at += length
    return found
