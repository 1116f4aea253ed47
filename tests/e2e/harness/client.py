"""Debian's openconnect, unmodified, in the client's namespace."""

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from .headend_config import PASSWORD, USER
from .lab import OUTSIDE, SERVER, Lab
from .paths import TUNNEL_SCRIPT
from .poll import until
from .process import Process
from .show import Management

# What GnuTLS is told so that it offers exactly one version and suite.
SUITES = {
    "TLS 1.3 AES-256-GCM": "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM",
    "TLS 1.3 AES-128-GCM": "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM",
    "TLS 1.2 ECDHE AES-128-GCM": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM",
    "TLS 1.3 ChaCha20-Poly1305": "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305",
    "TLS 1.2 ECDHE ChaCha20-Poly1305": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305",
    # openconnect's own default has %COMPAT, with which GnuTLS does not offer encrypt-then-MAC.
    "TLS 1.2 ECDHE AES-128-CBC SHA-1": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:-MAC-ALL:+SHA1:%COMPAT",
    "TLS 1.2 ECDHE AES-256-CBC SHA-384":
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC:-MAC-ALL:+SHA384:%COMPAT",
    "TLS 1.2 ECDHE AES-128-CBC SHA-256":
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:-MAC-ALL:+SHA256:%COMPAT",
    "TLS 1.2 ECDHE AES-128-CBC SHA-1, encrypt-then-MAC":
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:-MAC-ALL:+SHA1",
    "TLS 1.2 ECDHE AES-256-CBC SHA-384, encrypt-then-MAC":
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC:-MAC-ALL:+SHA384",
    "TLS 1.2 ECDHE AES-256-GCM": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM",
}


# A clock that runs faster, of Debian's package faketime.
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@dataclass
class Records:
    """Records that the client sent and received in a tunnel."""
    sent: int
    received: int

    def __add__(self, other: "Records") -> "Records":
        return Records(self.sent + other.sent, self.received + other.received)


class Client:
    def __init__(self, lab: Lab, show: Management, pin: str, folder: Path, number: int = 0, suite: str = "",
                 user: str = USER, passwords: tuple[str, ...] = (PASSWORD,), cookie: str = "",
                 path: str = "/", options: tuple[str, ...] = (), dtls: bool = False, trace: bool = False,
                 hurry: int = 1, outside: str = OUTSIDE):
        """`trace`: it logs every packet, so that records can be counted from a reconnect on. `hurry`: how many times
        faster its clock runs, for timers that are counted in minutes."""
        self.show = show
        self.interface = f"tun{number}"
        self._lab = lab
        self._number = number
        self._trace = trace
        words = ["openconnect", "--protocol", "anyconnect", "--servercert", pin, "--timestamp", "-v",
                 "--script", TUNNEL_SCRIPT, "--interface", self.interface, *options]
        words += [] if dtls else ["--no-dtls"]
        words += ["-v"] if trace else []
        words += ["--gnutls-priority", SUITES[suite]] if suite else []
        if cookie:
            words += ["--cookie", cookie]
        elif passwords:
            words += ["--user", user, "--passwd-on-stdin"]
        env = os.environ | ({"CULVERT_OWN_TABLE_ONLY": "1"} if number else {})
        if hurry != 1:
            env |= {"LD_PRELOAD": FAKETIME, "FAKETIME": f"+0 x{hurry}", "FAKETIME_ONLY_CMDS": "openconnect"}
        stdin = "" if cookie else "".join(password + "\n" for password in passwords)
        host = f"[{outside}]" if ":" in outside else outside
        command = lab.client.command(*words, f"https://{host}{path}")
        log = folder / f"openconnect{number}.log"
        log.unlink(missing_ok=True)  # of a client before this one that had its number
        self.process = Process(command, log, stdin, env)

    def wait_connected(self, timeout: float = 30.0) -> "Client":
        self.process.wait_for_line("Configured as", timeout)
        # openconnect says so before its script has run, whose last step is the route. The log may also end with an
        # earlier client's words, so the address is read anew each time.
        def routed() -> bool:
            by_source = ("from", self.address) if self._number else ()
            answer = self._lab.client.run("ip", "route", "get", SERVER, *by_source, check=False).stdout
            return f"dev {self.interface} " in answer

        until(routed, lambda: f"the route into {self.interface}:\n{self.process.tail()}")
        return self

    def wait_dtls(self, timeout: float = 30.0) -> "Client":
        """Until data goes by DTLS."""
        self.process.wait_for_line("Established DTLS connection", timeout)
        return self

    @property
    def address(self) -> str:
        """The inner address of the last connection."""
        return re.findall(r"Configured as ([0-9.]+)", self.process.log())[-1]

    @property
    def address6(self) -> str:
        """The inner IPv6 address of the last connection; empty if there was none."""
        last = re.findall(r"Configured as (.*), with SSL", self.process.log())[-1]
        found = re.search(r"([0-9a-f:]*:[0-9a-f:]*)/\d+", last)
        return found.group(1) if found else ""

    @property
    def ciphersuite(self) -> str:
        return re.findall(r"with ciphersuite (\S+)", self.process.log())[-1]

    def header(self, name: str) -> str:
        """A header of the last reply to CONNECT."""
        return re.findall(rf"\] {re.escape(name)}: (.*)", self.process.log())[-1].strip()

    def records(self) -> Records:
        """TLS records, counted by the client: data packets from its statistics (those that went by DTLS are among
        them), the others from its log. With `trace`, those of the present connection, and of TLS alone; else all, so
        there may have been one connection only."""
        if self._trace:
            log = self.process.log().rpartition("CSTP connected")[2]
            sent, received = (log.count(f"{verb} uncompressed data packet") for verb in ("Sending", "Received"))
        else:
            start = self.process.log_size()
            self.process.signal(signal.SIGUSR1)
            line = self.process.wait_for_line("RX: ", start=start)
            received, sent = map(int, re.search(r"RX: (\d+) packets .*TX: (\d+) packets", line).groups())
            log = self.process.log()
            assert log.count("CSTP connected") == 1, "start the client with trace=True: this test makes it reconnect"
        # openconnect answers a DPD request without saying so.
        requests = log.count("Got CSTP DPD request")
        # A KeyUpdate each way. (By the other method a rekey is a new connection.)
        updates = log.count("CSTP rekey due") if self.header("X-CSTP-Rekey-Method") == "ssl" else 0
        sent += log.count("Send CSTP DPD") + log.count("Send CSTP Keepalive") + requests + updates
        received += requests + log.count("Got CSTP DPD response") + log.count("Got CSTP Keepalive") + updates
        return Records(sent, received)

    def dtls_records(self) -> Records:
        """Records of the present DTLS tunnel, counted by the client, which needs `trace` for it.

        Where the client's Finished is the last message (both resumptions), its first probe of the MTU may be there
        before the headend knows that the handshake is over, and is sent again: so those that were answered count.
        """
        log = self.process.log().rpartition("Established DTLS connection")[2]
        probes, requests = log.count("Received MTU DPD probe"), log.count("Got DTLS DPD request")
        sent = sum(log.count(what) for what in ("Sent DTLS packet", "Send DTLS DPD", "Send DTLS Keepalive"))
        received = sum(log.count(what) for what in ("Received DTLS packet", "Received MTU DPD probe",
                                                    "Received unexpected packet"))
        return Records(sent + probes + requests, received)

    def check_handover(self, lossless: bool = True) -> None:
        """The heart of the matter, asserted for every tunnel in every test: since CONNECT OpenSSL saw not one byte, and
        the worker opened and sealed exactly the records that the client sent and received.

        Of a client with DTLS the two channels are compared one by one if it traces, and the sum of their data
        otherwise. `lossless`: no datagram was lost on its way. Else DTLS cannot be compared, and TLS only with a trace.
        """

        def agree() -> bool:
            tls, dtls = self.show.tunnel(self.address, "SSL"), self.show.tunnel(self.address, "DTLS")
            if tls is None:
                return False
            mine, theirs = [], []
            if self._trace or not dtls or lossless:
                mine.append(self.records())
                theirs.append(Records(tls["rx_records"], tls["tx_records"]))
            if dtls and lossless and self._trace:
                mine.append(self.dtls_records())
                theirs.append(Records(dtls["rx_records"], dtls["tx_records"]))
            elif dtls and lossless:
                theirs[0] += Records(dtls["rx_packets"], dtls["tx_packets"])
            self._last_look = f"client {mine}, worker {theirs}: {tls} {dtls}"
            return mine == theirs

        self._last_look = "no such tunnel"
        until(agree, lambda: f"client's and worker's record counters agree: {self._last_look}")
        tunnel = self.show.tunnel(self.address, "SSL")
        assert tunnel["openssl_bytes_after_connect"] == 0, tunnel

    def reconnect(self) -> None:
        """SIGUSR2: a new TCP and TLS connection, the same cookie. Counters of the tunnel start anew, so the client has
        to be one that traces."""
        start = self.process.log_size()
        self.process.signal(signal.SIGUSR2)
        self.process.wait_for_line("CSTP connected", start=start)

    def logout(self, lossless: bool = True) -> None:
        """SIGINT: BYE and logout. Before that the counters must agree."""
        self.check_handover(lossless)
        self.process.signal(signal.SIGINT)
        status = self.process.wait()
        assert status == 0, f"openconnect ended with {status}:\n{self.process.tail()}"

    def detach(self) -> None:
        """SIGHUP: closes TCP without a BYE; the cookie stays good."""
        self.process.signal(signal.SIGHUP)
        self.process.wait()

    def kill(self) -> None:
        self.process.kill()
