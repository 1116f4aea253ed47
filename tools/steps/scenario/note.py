"""The headend of Cisco's note 116881, and each remedy."""

from dataclasses import dataclass
from pathlib import Path

from harness.headend_config import PASSWORD, USER, one_queue
from harness.lab import INSIDE, OUTSIDE, POOL_FIRST, POOL_LAST

TLS_MTU, DTLS_MTU = 1347, 1418  # that it announces without a remedy


@dataclass(frozen=True)
class Fix:
    title: str                     # what an administrator would type
    policy: tuple[str, ...] = ()   # lines of the group policy's webvpn mode
    extra: tuple[str, ...] = ()    # global lines
    alias: str = "users"           # of the tunnel group that the client chooses


FIXES = {
    "none": Fix("none"),
    "mtu": Fix("anyconnect mtu 1300", policy=("anyconnect mtu 1300",)),
    "df-bit-ignore": Fix("anyconnect ssl df-bit-ignore enable", policy=("anyconnect ssl df-bit-ignore enable",)),
    "tcpmss": Fix("sysopt connection tcpmss 1460", extra=("sysopt connection tcpmss 1460",)),
    "tls-only": Fix("a group with anyconnect ssl dtls none", alias="tls-only"),
    "smart": Fix("anyconnect dtls-fallback smart", policy=("anyconnect dtls-fallback smart",)),
}
ICMP = ("allowed", "blocked")
# Why there is no DTLS: a path that lets no UDP through, or a port that is announced and not listened on.
CAUSES = ("path", "port")


@dataclass
class NoteConfig:
    """What harness.headend.Headend needs of a configuration."""
    state: Path
    certificate: Path
    fix: str = "none"
    icmp: str = "allowed"
    cause: str = "path"
    extra: tuple[str, ...] = ()

    @property
    def socket(self) -> Path:
        return self.state / "culvertd.sock"

    def text(self) -> str:
        fix = FIXES[self.fix]
        withheld = "icmp too-big withhold\n" if self.icmp == "blocked" else ""
        more = "".join(f"{line}\n" for line in (*fix.extra, *self.extra))
        # On an ASA 9.x with bug CSCuh61321 a port that is given after `enable` is announced, and that is all.
        bug, port = ("compatibility CSCuh61321\n", " dtls port 444\n") if self.cause == "port" else ("", "")
        policy = "".join(f"  {line}\n" for line in fix.policy)
        return f"""hostname asa
dataplane
 workers 1
 control-core 0
 memory 256
interface {one_queue('outside', 0)}
 nameif outside
 ip address {OUTSIDE} 255.255.255.0
interface {one_queue('inside', 1)}
 nameif inside
 security-level 100
 ip address {INSIDE} 255.255.255.0
ip local pool VPN {POOL_FIRST}-{POOL_LAST} mask 255.255.255.0
access-list INSIDE standard permit 10.48.66.0 255.255.255.0
management socket {self.socket}
state-directory {self.state}
ssl trust-point {self.certificate}
ssl cipher tlsv1.2 custom "AES256-SHA256:AES128-SHA256:DHE-RSA-AES256-SHA256"
{bug}{withheld}{more}webvpn
 enable outside
{port} anyconnect enable
 tunnel-group-list enable
group-policy DfltGrpPolicy attributes
 address-pools value VPN
 split-tunnel-policy tunnelspecified
 split-tunnel-network-list value INSIDE
group-policy ac_users_group internal
group-policy ac_users_group attributes
 webvpn
{policy}group-policy tls_only_group internal
group-policy tls_only_group attributes
 webvpn
  anyconnect ssl dtls none
tunnel-group USERS type remote-access
tunnel-group USERS general-attributes
 default-group-policy ac_users_group
tunnel-group USERS webvpn-attributes
 group-alias users enable
tunnel-group TLSONLY type remote-access
tunnel-group TLSONLY general-attributes
 default-group-policy tls_only_group
tunnel-group TLSONLY webvpn-attributes
 group-alias tls-only enable
username {USER} password {PASSWORD}
"""
