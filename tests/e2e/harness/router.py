"""A router between the client and the headend, with a link on the way that is narrower than either of them knows."""

import contextlib
import subprocess

from .lab import CLIENT, CLIENT6, OUTSIDE, OUTSIDE6, Lab
from .namespace import Namespace

FAR, FAR6 = "203.0.113.2", "2001:db8:113::2"  # of the host behind it
_NEAR, _NEAR6 = "203.0.113.1", "2001:db8:113::1"
# What the headend's configuration needs.
ROUTES = [f"route outside 203.0.113.0 255.255.255.0 {CLIENT}", f"ipv6 route outside 2001:db8:113::/64 {CLIENT6}"]

# In a namespace of its own, or in that of whoever reads it: hence a shell in there.
_QUIET = """
    echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
    echo 0 > /proc/sys/net/ipv6/conf/all/accept_ra
    echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
    echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode
    ip link set lo up
"""


class Router:
    def __init__(self, namespace: Namespace):
        self._namespace = namespace

    def narrow(self, mtu: int) -> None:
        """From this moment nothing larger passes, in either direction; senders are told."""
        for family, target, interface in (("-4", OUTSIDE, "wan"), ("-4", FAR, "near"), ("-6", OUTSIDE6, "wan"),
                                          ("-6", FAR6, "near")):
            self._namespace.run("ip", family, "route", "replace", target, "dev", interface, "mtu", "lock", mtu)

    def slow_down(self, kbit: int, queue_ms: int) -> None:
        """From this moment so much passes towards the far host, and what has to wait for longer is lost."""
        self._namespace.run("tc", "qdisc", "replace", "dev", "near", "root", "tbf", "rate", f"{kbit}kbit",
                            "burst", "6k", "latency", f"{queue_ms}ms")

    def fall_silent(self) -> None:
        """Senders are no longer told, as behind a firewall that lets no ICMP through."""
        self._namespace.run("nft", "-f", "-", input="""table inet silent {
            chain o {
                type filter hook output priority 0;
                icmp type destination-unreachable drop;
                icmpv6 type packet-too-big drop;
            }
        }\n""")


@contextlib.contextmanager
def behind_a_router(lab: Lab):
    """During the block the lab's client is another host, and the client a router between that and the headend. What is
    started there has to end in the block."""
    router, far = lab.client, Namespace(lab.prefix + "far")
    _ip("netns", "del", far.name, check=False)  # What an interrupted run left is not to be trusted.
    _ip("netns", "add", far.name)
    for family in ("-4", "-6"):
        lab.server.run("ip", family, "route", "flush", "cache")  # What it learned of clients in other tests.
    try:
        far.run("sh", "-c", _QUIET)
        _ip("-n", router.name, "link", "add", "near", "type", "veth", "peer", "name", "wan", "netns", far.name)
        for host, interface, addresses in ((router, "near", (_NEAR, _NEAR6)), (far, "wan", (FAR, FAR6))):
            # So that each packet is as large as it would be on a wire.
            host.run("ethtool", "-K", interface, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
            host.run("ip", "address", "add", f"{addresses[0]}/24", "dev", interface)
            host.run("ip", "address", "add", f"{addresses[1]}/64", "dev", interface, "nodad")
            host.run("ip", "link", "set", interface, "up")
        far.run("ip", "route", "add", "default", "via", _NEAR)
        far.run("ip", "-6", "route", "add", "default", "via", _NEAR6)
        _forward(router, True)
        lab.client = far
        yield Router(router)
    finally:
        lab.client = router
        _forward(router, False)
        router.run("nft", "delete", "table", "inet", "silent", check=False)
        for family, target in (("-4", OUTSIDE), ("-6", OUTSIDE6)):
            router.run("ip", family, "route", "del", target, check=False)
        router.run("ip", "link", "del", "near", check=False)
        _ip("netns", "del", far.name)


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


def _forward(router: Namespace, yes: bool) -> None:
    router.run("sh", "-c", "for key in ipv4/ip_forward ipv6/conf/all/forwarding; do "
                           f"echo {int(yes)} > /proc/sys/net/$key; done")
