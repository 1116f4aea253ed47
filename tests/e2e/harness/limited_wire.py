"""A device under test that carries so many packets a second and drops the rest: a veth pair whose one end has a filter
that counts (nftables, at the egress)."""

import contextlib
import subprocess

from .machine import PREFIX
from .namespace import Namespace


@contextlib.contextmanager
def limited_wire(packets_per_second: int, burst: int):
    """Gives the namespace; packets go from net_af_packet on `left` to net_af_packet on `right`, and back without a
    limit. `burst` packets may come at once, for a sender that was held up."""
    host = Namespace(f"{PREFIX}limited")
    _netns("del", host, check=False)  # What an interrupted run left is not to be trusted.
    _netns("add", host)
    try:
        host.run("ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
        for interface in ("left", "right"):
            # Nothing of the kernel's own is to meet the tester.
            host.run("sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{interface}/disable_ipv6")
            host.run("ip", "link", "set", interface, "up")
        host.run("nft", "-f", "-", input=f"""table netdev narrow {{
            chain leaving {{
                type filter hook egress device "left" priority 0; policy accept;
                limit rate over {packets_per_second}/second burst {burst} packets drop
            }}
        }}\n""")
        yield host
    finally:
        _netns("del", host)


def _netns(word: str, host: Namespace, check: bool = True) -> None:
    subprocess.run(["ip", "netns", word, host.name], check=check, capture_output=True)
