"""The headend's configuration for a test, in the ASA's grammar."""

from dataclasses import dataclass, field
from pathlib import Path

from .lab import INSIDE, INSIDE6, OUTSIDE, OUTSIDE6, POOL6_FIRST, POOL_FIRST, POOL_LAST

USER, PASSWORD = "vpn", "secret"


def one_queue(interface: str, number: int) -> str:
    """AF_XDP: the fastest over veth, and the kernel leaves fragments alone; but a veth gives it one queue only."""
    return f"net_af_xdp{number},iface={interface}"


# Two workers on the two cores of a small machine: one shares its core with the control thread and backs off when idle.
TWO_WORKERS = "0-1"


def two_queues(interface: str, number: int) -> str:
    return f"net_af_packet{number},iface={interface},qpairs=2"


@dataclass
class HeadendConfig:
    state: Path                      # the state directory and the management socket live here
    certificate: Path | None = None  # None: the headend makes its own at first start
    workers: str = "1"
    device: object = one_queue
    outside_device: str = ""         # instead of what `device` makes
    inside_device: str = ""
    outside_address: str = OUTSIDE
    inside_address: str = INSIDE
    ipv6: bool = True                # outside and inside
    dataplane: list[str] = field(default_factory=list)
    policy: list[str] = field(default_factory=list)   # lines of the group policy's webvpn mode
    extra: list[str] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.state / "culvertd.sock"

    def text(self) -> str:
        lines = [
            "hostname test-headend",
            "dataplane",
            f" workers {self.workers}",
            " control-core 0",
            *(" " + line for line in self.dataplane),
            f"interface {self.outside_device or self.device('outside', 0)}",
            " nameif outside",
            f" ip address {self.outside_address} 255.255.255.0",
            *([f" ipv6 address {OUTSIDE6}/64"] if self.ipv6 else []),
            f"interface {self.inside_device or self.device('inside', 1)}",
            " nameif inside",
            f" ip address {self.inside_address} 255.255.255.0",
            *([f" ipv6 address {INSIDE6}/64", f"ipv6 local pool VPN6 {POOL6_FIRST}/64 254"] if self.ipv6 else []),
            f"ip local pool VPN {POOL_FIRST}-{POOL_LAST} mask 255.255.255.0",
            f"management socket {self.socket}",
            f"state-directory {self.state}",
        ]
        if self.certificate:
            lines.append(f"ssl trust-point {self.certificate}")
        lines += [
            "webvpn",
            " enable outside",
            " anyconnect enable",
            "group-policy LAB internal",
            "group-policy LAB attributes",
            " address-pools value VPN",
            *([" ipv6-address-pools value VPN6"] if self.ipv6 else []),
            " vpn-simultaneous-logins 100",
            " webvpn",
            *("  " + line for line in self.policy),
            "tunnel-group DefaultWEBVPNGroup general-attributes",
            " default-group-policy LAB",
            f"username {USER} password {PASSWORD}",
            *self.extra,
        ]
        return "\n".join(lines) + "\n"
