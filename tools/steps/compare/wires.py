"""Each host of the lab receives in its own time.

On a veth pair the kernel receives a packet in the name of whoever sent it: a headend would pay for the TCP of the hosts
around it, and they for what it receives. With threaded NAPI (Linux 5.12) every interface has a kernel thread that
receives, and the two of the headend's can be counted as its own, whichever headend it is. GRO comes with it, as on
any server."""

import time
from pathlib import Path

from harness.lab import Lab

INTERFACES = (("client", "wan"), ("headend", "outside"), ("headend", "inside"), ("server", "lan"))


def receive_in_own_threads(lab: Lab) -> list[int]:
    """The thread ids of the headend's receivers. Fails where the kernel has no such threads."""
    mine = []
    for host, interface in INTERFACES:
        before = receivers()
        namespace = getattr(lab, host)
        namespace.run("ethtool", "-K", interface, "gro", "on")
        namespace.run("sh", "-c", f"echo 1 > /sys/class/net/{interface}/threaded")
        new = wait_for_new(before)
        assert new, f"{interface} of the {host} has no receiving thread: this needs Linux 5.12 or newer"
        if host == "headend":
            mine += new
    return mine


def receivers() -> set[int]:
    """Of all the machine's interfaces: kernel threads by the name of napi/INTERFACE-NUMBER."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "comm").read_text().startswith("napi/"):
                    found.add(int(entry.name))
            except OSError:
                pass  # It ended between the two looks.
    return found


def wait_for_new(before: set[int]) -> list[int]:
    """A new thread gets its name a moment after it is made."""
    for _ in range(50):
        if new := receivers() - before:
            return sorted(new)
        time.sleep(0.02)
    return []
