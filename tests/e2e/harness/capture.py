"""Captures as files: the classic pcap format with Ethernet frames and microseconds."""

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
