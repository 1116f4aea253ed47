"""Losing packets on purpose, on the client's cable to the headend, segment by segment."""

import contextlib
import re

from .lab import Lab

# A TCP is told of a segment that a firewall drops on its way out, and sends it again at once: nothing is lost. So what
# an outgoing rule drops is sent on by the loopback interface instead, where it disappears without a word.
LOST = 77  # mark, routing table and rule priority


@contextlib.contextmanager
def silent_losses(lab: Lab):
    """Inside the block, what a chain of type route marks with LOST disappears."""
    # The kernel's TCP passes up to 64 KB at a time through the output hook, unless a packet may hold one segment only.
    lab.client.run("ip", "link", "set", "wan", "gso_max_segs", 1)
    lab.client.run("ip", "route", "replace", "default", "dev", "lo", "table", LOST)
    lab.client.run("ip", "rule", "add", "fwmark", LOST, "lookup", LOST, "priority", LOST)
    try:
        yield
    finally:
        lab.client.run("ip", "rule", "del", "priority", LOST)
        lab.client.run("ip", "route", "flush", "table", LOST)
        lab.client.run("ip", "link", "set", "wan", "gso_max_segs", 65535)


@contextlib.contextmanager
def trouble(lab: Lab, port: int, incoming: str = "", outgoing: str = ""):
    """nftables verdicts for TCP from and to `port` of the headend, for example "numgen random mod 100 == 0 drop"."""
    chains = "table ip trouble {\n"
    if incoming:
        chains += f'chain i {{ type filter hook input priority 0; iifname "wan" tcp sport {port} {incoming}; }}\n'
    if outgoing:
        lose = outgoing.replace("drop", f"meta mark set {LOST}")
        chains += f'chain o {{ type route hook output priority 0; oifname "wan" tcp dport {port} {lose}; }}\n'
    with silent_losses(lab):
        lab.client.run("nft", "-f", "-", input=chains + "}\n")
        try:
            yield
        finally:
            lab.client.run("nft", "delete", "table", "ip", "trouble")


def packets_hit(lab: Lab, table: str = "trouble") -> int:
    """How many packets a verdict with "counter" in it has met so far."""
    rules = lab.client.run("nft", "list", "table", "ip", table).stdout
    return sum(map(int, re.findall(r"counter packets (\d+)", rules)))
