"""Raw Ethernet frames into a port of the headend, right and wrong ones."""

import contextlib
import socket
import struct

from .namespace import Namespace

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source: str, target: str, protocol: int, payload: bytes, *, version_and_length: int = 0x45,
         total: int | None = None, flags_and_offset: int = 0, ttl: int = 64, identification: int = 1,
         good_checksum: bool = True) -> bytes:
    total = 20 + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH4s4s", version_and_length, 0, total, identification, flags_and_offset, ttl, protocol,
                       0, socket.inet_aton(source), socket.inet_aton(target))
    sum_ = checksum(head) if good_checksum else 0x1234
    return head[:10] + struct.pack(">H", sum_) + head[12:] + payload


def tcp(source: str, target: str, source_port: int, target_port: int, *, flags: int = 0x02, seq: int = 1, ack: int = 0,
        options: bytes = b"", data: bytes = b"", offset: int | None = None, good_checksum: bool = True) -> bytes:
    words = 5 + (len(options) + 3) // 4
    options += b"\0" * (-len(options) % 4)
    offset = words if offset is None else offset
    head = struct.pack(">HHIIBBHHH", source_port, target_port, seq, ack, offset << 4, flags, 65535, 0, 0)
    head += options + data
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack(">BBH", 0, 6, len(head))
    sum_ = checksum(pseudo + head) if good_checksum else 0x1234
    return head[:16] + struct.pack(">H", sum_) + head[18:]


def ethernet(target: bytes, source: bytes, kind: int, payload: bytes) -> bytes:
    return target + source + struct.pack(">H", kind) + payload


def arp_request(sender_mac: bytes, sender: str, target: str) -> bytes:
    """RFC 826."""
    return struct.pack(">HHBBH6s4s6s4s", 1, IPV4, 6, 4, 1, sender_mac, socket.inet_aton(sender), bytes(6),
                       socket.inet_aton(target))


def echo_request(source: str, target: str, data: bytes) -> bytes:
    body = struct.pack(">BBHHH", 8, 0, 0, 77, 1) + data
    return ipv4(source, target, 1, body[:2] + struct.pack(">H", checksum(body)) + body[4:])


class Wire:
    """The kernel's end of one of the headend's cables."""

    def __init__(self, host: Namespace, interface: str, headend_address: str):
        self._host, self._interface = host, interface
        host.run("ping", "-c", "1", "-W", "5", headend_address)  # So that the neighbour is known.
        neighbour = host.run("ip", "neighbour", "show", headend_address, "dev", interface).stdout.split()
        self.headend_mac = bytes.fromhex(neighbour[neighbour.index("lladdr") + 1].replace(":", ""))
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((interface, 0))
        self.mac = self._socket.getsockname()[4]

    def send(self, kind: int, payload: bytes, *, target: bytes | None = None) -> None:
        self.send_raw((target or self.headend_mac) + self.mac + struct.pack(">H", kind) + payload)

    def send_raw(self, frame: bytes) -> None:
        # The kernel itself refuses frames without a whole Ethernet header; what is left to refuse is ours.
        with contextlib.suppress(OSError):
            self._socket.send(frame)

    def close(self) -> None:
        self._socket.close()
