"""The two headends, each started in the headend's namespace of one lab. Whoever makes one has it while he waits for it,
and can end it then."""

import signal
import subprocess
from pathlib import Path

from harness.certificate import make_certificate, pin_of
from harness.headend import Headend
from harness.headend_config import PASSWORD, USER, HeadendConfig
from harness.lab import INSIDE, OUTSIDE, Lab
from harness.poll import until
from harness.process import Process

# Both announce the same, so that both carry the same packets. It fits every channel of either.
INNER_MTU = 1300


class Culvert:
    name = "culvert"

    def __init__(self, lab: Lab, folder: Path):
        certificate = make_certificate(folder)
        config = HeadendConfig(state=folder / "state", certificate=certificate, dataplane=["memory 256"],
                               policy=[f"anyconnect mtu {INNER_MTU}"])
        self.pin = pin_of(certificate)
        self._headend = Headend(lab, config, folder)  # last: what is interrupted behind it is nobody's

    def wait_ready(self) -> "Culvert":
        self._headend.wait_ready()
        return self

    def version(self) -> str:
        return self._headend.show.text("show version").splitlines()[0]

    def busy_seconds(self) -> float:
        """What its workers spent in passes of the loop that found work."""
        return sum(worker["busy_seconds"] for worker in self._headend.show.workers())

    def stop(self) -> None:
        self._headend.finish()

    def kill(self) -> None:
        self._headend.kill()


class Ocserv:
    """Debian's ocserv as its package configures it, but for what the lab needs and what makes the two alike: addresses,
    one user, the inner MTU, and TLS 1.2 and 1.3 with any suite, so that the client decides."""

    name = "ocserv"

    def __init__(self, lab: Lab, folder: Path, clients: int = 16, network: str = "10.10.10.0",
                 mask: str = "255.255.255.0", more: str = ""):
        """`more`: lines of its configuration."""
        self._lab = lab
        certificate = make_certificate(folder)
        self.pin = pin_of(certificate)
        passwords = folder / "ocpasswd"
        subprocess.run(["ocpasswd", "-c", passwords, USER], input=f"{PASSWORD}\n{PASSWORD}\n", text=True, check=True,
                       capture_output=True)
        config = folder / "ocserv.conf"
        config.write_text(self._config(folder, certificate, passwords, clients, network, mask) + more)
        self._own_the_wires()
        self._process = Process(lab.headend.command("ocserv", "--foreground", "--config", config),
                                folder / "ocserv.log")

    def wait_ready(self) -> "Ocserv":
        until(self._listens, lambda: f"ocserv listens:\n{self._process.tail()}")
        return self

    def version(self) -> str:
        done = subprocess.run(["ocserv", "--version"], capture_output=True, text=True)
        return (done.stdout + done.stderr).splitlines()[0].strip()

    def busy_seconds(self) -> None:
        return None  # It sleeps when it has nothing to do.

    def stop(self) -> None:
        self._process.signal(signal.SIGTERM)
        self._process.wait()
        self._leave_the_wires()

    def kill(self) -> None:
        self._process.kill()

    def tail(self) -> str:
        return self._process.tail(30)

    def _listens(self) -> bool:
        assert self._process.running(), f"ocserv ended at start:\n{self._process.tail(30)}"
        return ":443" in self._lab.headend.run("ss", "-tlnH").stdout

    def _own_the_wires(self) -> None:
        """The kernel carries ocserv's packets, so it gets the addresses that culvertd keeps to itself."""
        for interface, address in (("outside", OUTSIDE), ("inside", INSIDE)):
            self._lab.headend.run("ip", "address", "replace", f"{address}/24", "dev", interface)
        self._lab.headend.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def _leave_the_wires(self) -> None:
        for interface in ("outside", "inside"):
            self._lab.headend.run("ip", "address", "flush", "dev", interface)
        self._lab.headend.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")

    @staticmethod
    def _config(folder: Path, certificate: Path, passwords: Path, clients: int, network: str, mask: str) -> str:
        return f"""auth = "plain[passwd={passwords}]"
tcp-port = 443
udp-port = 443
run-as-user = ocserv
run-as-group = ocserv
socket-file = {folder}/ocserv-socket
isolate-workers = true
max-clients = {clients}
max-same-clients = {clients}
server-cert = {certificate}
server-key = {certificate}
tls-priorities = "NORMAL:%SERVER_PRECEDENCE:%COMPAT:-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1"
keepalive = 32400
dpd = 90
try-mtu-discovery = false
rekey-time = 172800
rekey-method = ssl
use-occtl = false
pid-file = {folder}/ocserv.pid
device = vpns
ipv4-network = {network}
ipv4-netmask = {mask}
ping-leases = false
route = 10.48.66.0/255.255.255.0
mtu = {INNER_MTU}
cisco-client-compat = true
dtls-legacy = true
"""


HEADENDS = (Culvert, Ocserv)
