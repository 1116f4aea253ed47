"""What passes on a cable, as packets that were looked into: for SYNs, ICMP errors, and packets that are too large."""

import ipaddress
import socket
import struct
import threading
import time
from dataclasses import dataclass

from .namespace import Namespace

_ETH_P_ALL = 3
_TCP, _SYN, _ACK, _MSS_OPTION = 6, 0x02, 0x10, 2
_FRAGMENTATION_NEEDED = (3, 4)  # ICMP type and code, RFC 1191


@dataclass(frozen=True)
class Packet:
    """An IPv4 packet. Times are seconds since 1970."""
    time: float
    source: str
    target: str
    size: int
    protocol: int
    dont_fragment: bool
    offset: int                     # of a fragment
    more: bool                      # fragments to come
    syn_mss: int | None = None      # of a SYN without ACK
    frag_needed_mtu: int | None = None


def parse(frame: bytes, when: float) -> Packet | None:
    if len(frame) < 34 or frame[12:14] != b"\x08\x00":
        return None
    ip = frame[14:]
    header = (ip[0] & 15) * 4
    size, flags = struct.unpack_from(">H2xH", ip, 2)
    protocol, body = ip[9], ip[header:size]
    mss = mtu = None
    offset = (flags & 0x1FFF) * 8
    if protocol == _TCP and not offset and len(body) >= 20 and body[13] & (_SYN | _ACK) == _SYN:
        mss = mss_of(body[20:(body[12] >> 4) * 4])
    if protocol == 1 and len(body) >= 8 and tuple(body[:2]) == _FRAGMENTATION_NEEDED:
        mtu, = struct.unpack_from(">H", body, 6)
    return Packet(when, str(ipaddress.IPv4Address(ip[12:16])), str(ipaddress.IPv4Address(ip[16:20])), size, protocol,
                  bool(flags & 0x4000), offset, bool(flags & 0x2000), mss, mtu)


def mss_of(options: bytes) -> int:
    """0 without the option."""
    at = 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            at += 1
            continue
        if at + 1 >= len(options) or options[at + 1] < 2:
            break
        if options[at] == _MSS_OPTION:
            return struct.unpack_from(">H", options, at + 2)[0]
        at += options[at + 1]
    return 0


class Wiretap(threading.Thread):
    """Keeps the packets for which `wanted` is true, from now until stop()."""

    def __init__(self, host: Namespace, interface: str, wanted):
        super().__init__(daemon=True)
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        self._socket.bind((interface, _ETH_P_ALL))
        self._socket.settimeout(0.1)
        self._wanted = wanted
        self._stopped = threading.Event()
        self._packets: list[Packet] = []
        self.start()

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                frame = self._socket.recv(65536)
            except TimeoutError:
                continue
            packet = parse(frame, time.time())
            if packet and self._wanted(packet):
                self._packets.append(packet)
        self._socket.close()

    def packets(self) -> list[Packet]:
        return list(self._packets)

    def stop(self) -> None:
        self._stopped.set()
        self.join(5)
