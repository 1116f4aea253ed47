"""What TCP SYNs announce where they arrive."""

import contextlib
import socket
import struct

from .namespace import Namespace
from .wiretap import mss_of

_ALL_PROTOCOLS, _OUTGOING = 3, 4  # linux/if_ether.h, linux/if_packet.h


class SynWatch:
    """The MSS in the SYNs and SYN-ACKs that come in by an interface."""

    def __init__(self, host: Namespace, interface: str):
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
        self._socket.bind((interface, _ALL_PROTOCOLS))
        self._socket.settimeout(10)

    def mss(self, port: int) -> int:
        """Of the next one from or to that port. 0: it has no such option."""
        while True:
            packet, (_, _, kind, *_) = self._socket.recvfrom(65536)
            if kind == _OUTGOING:
                continue
            header = 40 if packet[0] >> 4 == 6 else (packet[0] & 15) * 4
            if packet[6 if header == 40 else 9] != socket.IPPROTO_TCP:
                continue
            tcp = packet[header:]
            if port in struct.unpack_from(">HH", tcp) and tcp[13] & 2:
                return mss_of(tcp[20:(tcp[12] >> 4) * 4])

    def close(self) -> None:
        self._socket.close()


def announced(opener: Namespace, opener_interface: str, listener: Namespace, listener_interface: str, address: str,
              mss: int = 0, source: str = "") -> tuple[int, int]:
    """A connection from `opener` to `address` of `listener`: what its SYN says where it arrives, and its SYN-ACK.
    `mss`: what both ends themselves would announce, if it is less than what their interfaces allow."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.ExitStack() as stack:
        with listener.entered():
            accepting = stack.enter_context(socket.socket(family))
        with opener.entered():
            opening = stack.enter_context(socket.socket(family))
        if mss:
            for end in (accepting, opening):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
        accepting.bind((address, 0))
        accepting.listen()
        opening.settimeout(10)
        if source:
            opening.bind((source, 0))
        port = accepting.getsockname()[1]
        watches = [SynWatch(listener, listener_interface), SynWatch(opener, opener_interface)]
        for watch in watches:
            stack.callback(watch.close)
        opening.connect((address, port))
        return watches[0].mss(port), watches[1].mss(port)
