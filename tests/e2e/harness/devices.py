"""The kinds of DPDK devices that a kernel can talk to, directly or over a bridge, and how each is joined to the lab."""

import json
from dataclasses import dataclass
from pathlib import Path

from .bridge import Bridge
from .lab import INSIDE, INSIDE6, POOL, POOL6, Lab
from .machine import PREFIX
from .namespace import Namespace
from .poll import until

# Of memif and vhost-user: a path must fit a socket address, and pytest's folders hardly do.
_SOCKET = f"/run/{PREFIX}device{{number}}.sock"


@dataclass(frozen=True)
class Device:
    """`line` is the configuration's, with {interface} (of the lab's cable) and {number}; `bridge` the foreign end's
    device, if a process stands between; `tap`: the kernel's end is an interface that the device makes."""
    line: str
    bridge: str = ""
    tap: bool = False
    queues: str = ""  # what to append for two queues

    def configured(self, interface: str, number: int) -> str:
        return self.line.format(interface=interface, number=number)

    def with_two_queues(self, interface: str, number: int) -> str:
        return self.configured(interface, number) + self.queues

    def before_headend(self, lab: Lab, folder: Path) -> Bridge | None:
        if not self.bridge:
            return None
        for number in (0, 1):  # A process that was killed leaves its socket behind, and the next could not bind it.
            Path(_SOCKET.format(number=number)).unlink(missing_ok=True)
        return Bridge(lab, folder, tuple(self.bridge.format(number=n) for n in (0, 1)))

    def after_headend(self, lab: Lab) -> None:
        if self.tap:
            adopt_taps(lab)


DEVICES = {
    "net_af_packet": Device("net_af_packet{number},iface={interface}", queues=",qpairs=2"),
    "net_af_xdp": Device("net_af_xdp{number},iface={interface}"),
    "net_pcap": Device("net_pcap{number},iface={interface}"),
    "net_tap": Device("net_tap{number},iface=tap{number}", tap=True),
    "net_memif": Device(f"net_memif{{number}},role=client,socket={_SOCKET}",
                        bridge=f"net_memif{{number}},role=server,socket={_SOCKET}"),
    "net_virtio_user": Device(f"net_virtio_user{{number}},path={_SOCKET}",
                              bridge=f"net_vhost{{number}},iface={_SOCKET}"),
}


def adopt_taps(lab: Lab) -> None:
    adopt_tap(lab, "tap0", lab.client, "wan")
    adopt_tap(lab, "tap1", lab.server, "lan")
    lab.server.run("ip", "route", "add", POOL, "via", INSIDE)
    lab.server.run("ip", "-6", "route", "add", POOL6, "via", INSIDE6)


def adopt_tap(lab: Lab, tap: str, host: Namespace, name: str) -> None:
    """Gives a tap interface to the host at its far end, under the name and with the addresses of the cable that it
    replaces."""
    until(lambda: tap in lab.headend.run("ip", "-brief", "link").stdout, f"{tap} appears")
    cable, = json.loads(host.run("ip", "-j", "address", "show", "dev", name).stdout)
    host.run("ip", "link", "del", name)
    lab.headend.run("ip", "link", "set", tap, "netns", host.name, "name", name)
    for address in cable["addr_info"]:
        if address["scope"] == "global":
            nodad = ("nodad",) if address["family"] == "inet6" else ()
            host.run("ip", "address", "add", f"{address['local']}/{address['prefixlen']}", "dev", name, *nodad)
    host.run("ip", "link", "set", name, "up")
