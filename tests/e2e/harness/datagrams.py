"""UDP with DF set, of any size, whatever the sender's kernel has learned of the path."""

import contextlib
import os
import socket

from .namespace import Namespace

_IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE = 10, 3      # linux/in.h
_IPV6_MTU_DISCOVER, _IPV6_PMTUDISC_PROBE = 23, 3  # linux/in6.h


def headers(address: str) -> int:
    """Bytes of IP and UDP in a packet to it."""
    return 48 if ":" in address else 28


def prober(host: Namespace, address: str) -> socket.socket:
    """A socket of the host for packets to `address`."""
    six = ":" in address
    with host.entered():
        sender = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    if six:
        sender.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _IPV6_PMTUDISC_PROBE)
    else:
        sender.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)
    return sender


def arriving(sender: Namespace, receiver: Namespace, address: str, size: int, count: int = 1,
             patience: float = 5.0) -> int:
    """How many of `count` packets of `size` bytes to the receiver's address come, unharmed, within so many seconds."""
    with receiver.entered():
        target = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    came = 0
    with target, prober(sender, address) as source:
        target.bind((address, 0))
        target.settimeout(patience)
        data = os.urandom(size - headers(address))
        for _ in range(count):
            source.sendto(data, target.getsockname()[:2])
        with contextlib.suppress(TimeoutError):
            while came < count:
                assert target.recv(65536) == data, "a packet arrived that was not sent"
                came += 1
    return came
