"""A path that lets no UDP through: neither end is told, as with a firewall somewhere on the way."""

import contextlib

from .lab import Lab

_TABLE = "blockedudp"


def block(lab: Lab, port: int = 443) -> None:
    # At the cable, behind the client's own network stack, which therefore believes that its datagrams are on their way.
    lab.client.run("nft", "-f", "-", input=f"""table netdev {_TABLE} {{
        chain out {{ type filter hook egress device wan priority 0; meta l4proto udp udp dport {port} counter drop; }}
        chain in {{ type filter hook ingress device wan priority 0; meta l4proto udp udp sport {port} counter drop; }}
    }}\n""")


def unblock(lab: Lab) -> None:
    lab.client.run("nft", "delete", "table", "netdev", _TABLE)


@contextlib.contextmanager
def blocked_udp(lab: Lab, port: int = 443):
    block(lab, port)
    try:
        yield
    finally:
        unblock(lab)


@contextlib.contextmanager
def misled_udp(lab: Lab, port: int = 443):
    """What the client sends to that port goes to one on which nobody listens. For who sends through a packet socket's
    ring, which a packet that is dropped at the cable would stop."""
    lab.client.run("nft", "-f", "-", input=f"""table netdev {_TABLE} {{
        chain out {{ type filter hook egress device wan priority 0;
            meta l4proto udp udp dport {port} udp dport set 9; }}
    }}\n""")
    try:
        yield
    finally:
        unblock(lab)
