"""Small captures of the tests' own making, and captures read back: pcap and pcapng by their own words, with nothing of
what is tested."""

import struct
from dataclasses import dataclass
from pathlib import Path

from .frames import checksum

ETHERNET, RAW_IP = 1, 101
MACS = bytes.fromhex("020000000002" "020000000001")


@dataclass(frozen=True)
class Packet:
    time_ns: int
    frame: bytes
    wire_size: int = 0  # 0: the frame is whole


def pcap(path: Path, packets: list[Packet], *, nanoseconds: bool = True, link: int = ETHERNET) -> Path:
    unit = 1 if nanoseconds else 1000
    out = [struct.pack("<IHHQII", 0xa1b23c4d if nanoseconds else 0xa1b2c3d4, 2, 4, 0, 262144, link)]
    for packet in packets:
        seconds, rest = divmod(packet.time_ns, 10**9)
        wire = packet.wire_size or len(packet.frame)
        out.append(struct.pack("<IIII", seconds, rest // unit, len(packet.frame), wire))
        out.append(packet.frame)
    path.write_bytes(b"".join(out))
    return path


@dataclass(frozen=True)
class Interface:
    digits: int = 6  # of its times behind the second
    link: int = ETHERNET
    snap_length: int = 262144


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


def pcapng(path: Path, interfaces: list[Interface], packets: list[tuple[int, Packet]]) -> Path:
    """`packets` come with the number of their interface."""
    out = [_block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))]
    for each in interfaces:
        out.append(_block(1, struct.pack("<HHI", each.link, 0, each.snap_length) +
                          struct.pack("<HHB3x", 9, 1, each.digits) + bytes(4)))
    for number, packet in packets:
        ticks = packet.time_ns // 10 ** (9 - interfaces[number].digits)
        out.append(_block(6, struct.pack("<IIIII", number, ticks >> 32, ticks & 0xffffffff, len(packet.frame),
                                         packet.wire_size or len(packet.frame)) + packet.frame))
    path.write_bytes(b"".join(out))
    return path


def read(path: Path) -> list[Packet]:
    """What culvert-replay --write wrote, in either format."""
    data = path.read_bytes()
    return _read_pcapng(data) if data[:4] == b"\n\r\r\n" else _read_pcap(data)


def _read_pcap(data: bytes) -> list[Packet]:
    assert struct.unpack_from("<I", data)[0] == 0xa1b23c4d, "times in nanoseconds"
    packets, at = [], 24
    while at < len(data):
        seconds, rest, size, wire = struct.unpack_from("<IIII", data, at)
        packets.append(Packet(seconds * 10**9 + rest, data[at + 16:at + 16 + size], wire))
        at += 16 + size
    return packets


def _read_pcapng(data: bytes) -> list[Packet]:
    packets, at = [], 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            _, high, low, size, wire = struct.unpack_from("<IIIII", data, at + 8)
            packets.append(Packet(high << 32 | low, data[at + 28:at + 28 + size], wire))
        at += length
    return packets


def frames(packets: list[Packet]) -> list[bytes]:
    return [packet.frame for packet in packets]


# --- Odd frames ---


def ipv4(payload: bytes, *, protocol: int = 17, source: bytes = b"\x0a\x01\x02\x03",
         destination: bytes = b"\xc0\x00\x02\x4d", fragment: int = 0) -> bytes:
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0, source, destination)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def udp(payload: bytes, from_port: int = 1000, to_port: int = 2000) -> bytes:
    return struct.pack(">HHHH", from_port, to_port, 8 + len(payload), 0) + payload


def ipv6(payload: bytes, next_header: int) -> bytes:
    network = bytes.fromhex("20010db8") + bytes(11)
    return (struct.pack(">IHBB", 6 << 28, len(payload), next_header, 64) + network + b"\x01" + network + b"\x02" +
            payload)


def frame(kind: int, payload: bytes, *tags: int) -> bytes:
    return MACS + b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags) + struct.pack(">H", kind) + payload


def odd_frames() -> list[bytes]:
    whole = udp(bytes(range(256)) * 8)
    options, part = bytes.fromhex("2c00010400000000"), bytes.fromhex("1100000100000007")
    return [
        frame(0x800, ipv4(udp(b"plain"))),
        frame(0x800, ipv4(udp(b"tagged")), 5),
        frame(0x800, ipv4(udp(b"twice")), 5, 6),
        frame(0x86dd, ipv6(options + part + udp(b"behind extension headers"), 0)),
        frame(0x800, ipv4(whole[:1480], fragment=0x2000)),
        frame(0x800, ipv4(whole[1480:], fragment=185)),
        frame(0x806, bytes.fromhex("0001080006040001") + bytes(20)),
        frame(0x88cc, b"\x02\x07\x04\x02\x00\x00\x00\x00\x01"),
        frame(0x800, ipv4(udp(bytes(1472)))),  # as large as can be
    ]
