"""One run: DTLS is blocked in the path, the inside server sends, and a minute goes by."""

import contextlib
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness.blocked_udp import blocked_udp
from harness.certificate import RSA, make_certificate, pin_of
from harness.culvert_client import CulvertClient
from harness.datagrams import arriving
from harness.headend import Headend
from harness.lab import Lab
from harness.poll import until
from harness.wiretap import Packet, Wiretap

from .inside import SHORT, InsideServer, NewConnections, OldConnection
from .note import FIXES, NoteConfig
from .timeline import Timeline, follow_client, follow_headend, tell_packets

NO_FRAGMENT = "mp-svc-no-fragment"
IP_HEADER, ICMP_HEADER = 20, 8
ICMP_TOKEN = 1.1   # seconds until the box's rate limit lets another ICMP error out
SETTLE = 1.0       # seconds after which nothing more is expected of a connection that works
INTERVAL = 1.0     # seconds between looks at counters


@dataclass
class Settings:
    fix: str = "none"
    icmp: str = "allowed"
    minute: float = 60.0
    behave: str = "anyconnect"
    cause: str = "path"
    period: float = 1.0    # seconds between new connections
    ping: bool = True      # the note's one packet first


@dataclass
class Counters:
    drops: int = 0
    icmp_sent: int = 0
    icmp_suppressed: int = 0

    def __sub__(self, other: "Counters") -> "Counters":
        return Counters(self.drops - other.drops, self.icmp_sent - other.icmp_sent,
                        self.icmp_suppressed - other.icmp_suppressed)


@dataclass
class Experiment:
    lab: Lab
    folder: Path
    settings: Settings
    timeline: Timeline = field(default_factory=Timeline)

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.headend: Headend | None = None
        self.client: CulvertClient | None = None
        self._parts: list = []  # what has a stop(), in the order in which it was started
        self._seen = Counters()

    def run(self, keep: bool = False) -> dict:
        """Headend, client, traffic, and the minute; `keep` leaves the headend running. The result as JSON has it."""
        self.start_headend()
        with blocked_udp(self.lab) if self.settings.cause == "path" else contextlib.nullcontext():
            self.start_client()
            result = self.measure()
            result["client"] = self.client.log_out()
        self.stop_traffic()
        if not keep:
            self.headend.finish()
        return result

    # --- the stage

    def start_headend(self) -> None:
        certificate = make_certificate(self.folder, RSA)
        self.pin = pin_of(certificate)
        config = NoteConfig(self.folder / "state", certificate, self.settings.fix, self.settings.icmp,
                            self.settings.cause)
        self.headend = Headend(self.lab, config, self.folder)
        self.headend.wait_ready()

    def start_client(self) -> None:
        settings = self.settings
        self._keep(follow_headend(self.timeline, self.headend.process.log_path))
        if settings.cause == "port":
            for line in self.headend.show.text("show asp table socket").splitlines():
                self.timeline.add("headend", f"show asp table socket: {line}")
        self.client = CulvertClient(
            self.lab, self.pin, self.folder, minute=settings.minute, behave=settings.behave,
            options=("--authgroup", FIXES[settings.fix].alias, "--tls", "1.2"))
        self._keep(follow_client(self.timeline, self.client.events_path))
        self.connected = self.client.wait_event("connected")
        self.address = self.connected["address"]
        # The client has its answer a moment before the workers have its tunnel.
        until(lambda: self.headend.show.carrier(self.address), "the headend has a tunnel to the client")
        self._tap = self._keep(Wiretap(self.lab.server, "lan", self._is_of_interest))
        self._forget_path()

    def _is_of_interest(self, packet: Packet) -> bool:
        to_client = packet.target == self.address and packet.size > self.connected["tls_mtu"]
        return to_client or packet.syn_mss is not None or packet.frag_needed_mtu is not None

    def _keep(self, part):
        self._parts.append(part)
        return part

    def stop_traffic(self) -> None:
        for part in reversed(self._parts):
            part.stop()
        self._parts.clear()

    def clear(self) -> None:
        """Whatever state it is in: nothing stays behind."""
        for part in (self.client, self.headend):
            if part:
                part.kill()
        self.stop_traffic()
        if self.lab.exists():
            self.lab.forget_clients()

    # --- what is measured

    def measure(self) -> dict:
        settings, connected = self.settings, self.connected
        result: dict = {"cause": settings.cause, "fix": settings.fix, "icmp": settings.icmp, "behave": settings.behave,
                        "minute_s": settings.minute, "started": connected["time"],
                        "announced": {"tls": connected["tls_mtu"], "dtls": connected["dtls_mtu"]},
                        "adapter_mtu": [connected["adapter_mtu"]]}
        if settings.ping:
            result["ping"] = self._ping()
        if connected["tls_mtu"] > connected["dtls_mtu"] > 0:
            result["udp"] = self._large_udp()
        before, started = self.counters(), time.time()
        server = self._keep(InsideServer(self.lab))
        old = self._keep(OldConnection(self.lab, server, self.timeline))
        new = self._keep(NewConnections(self.lab, server, self.timeline, settings.period))
        reconnected = self._minute(started)
        result["old_connection"] = self._fate(old, new, server, reconnected)
        self._watch(always=True)
        tell_packets(self.timeline, self._tap.packets())
        result |= self._traffic(old, new, reconnected, self.counters() - before, started)
        result["adapter_mtu"] += [each["mtu"] for each in self.client.events("adapter")[1:]]
        result["reconnects"] = len(self.client.events("connected")) - 1
        result["syslog"] = {number: len(re.findall(rf"%ASA-\d-{number}: ", self.headend.process.log()))
                            for number in ("722036", "602101", "722032", "722034", "716058", "716059")}
        return result

    def _ping(self) -> dict:
        """One echo request as large as the adapter, with DF."""
        size = self.connected["adapter_mtu"]
        before = self.counters()
        self.timeline.add("server", f"pings the client with one packet of {size} bytes, DF set")
        said = self.lab.server.run("ping", "-n", "-c", 1, "-W", 1, "-M", "do", "-s", size - IP_HEADER - ICMP_HEADER,
                                   self.address, check=False)
        answered = " 0% packet loss" in said.stdout
        self.timeline.add("server", "the ping is answered" if answered else "ping ends without an answer")
        self._watch(always=True)
        used = self.counters() - before
        found = {"size": size, "answered": answered, "drops": used.drops, "icmp_sent": used.icmp_sent,
                 "icmp_suppressed": used.icmp_suppressed, "icmp_mtus": self._icmp_mtus(0),
                 "route_mtu": self._route_mtu()}
        # So that the server's TCP finds out for itself.
        self._forget_path()
        if used.drops:
            time.sleep(ICMP_TOKEN)
        return found

    def _large_udp(self) -> dict:
        """The note's caveat: what the tunnel takes may be more than AnyConnect's adapter does."""
        size, count = self.connected["tls_mtu"], 5
        came = arriving(self.lab.server, self.lab.client, self.address, size, count, patience=0.5)
        self.timeline.add("server", f"sends {count} UDP packets of {size} bytes, as large as the TLS tunnel takes")
        self.timeline.add("client", f"gets {came} of them")
        return {"size": size, "sent": count, "received": came}

    def _minute(self, started: float) -> float | None:
        """Waits for the reconnect, or until it would have come; when it was."""
        deadline = self.connected["time"] + self.settings.minute + SETTLE
        while not (again := self.client.events("connected")[1:]) and time.time() < deadline:
            self._watch()
            time.sleep(min(INTERVAL, self.settings.minute / 20))
        self._watch(always=True)
        return again[0]["time"] if again else None

    def _fate(self, old: OldConnection, new: NewConnections, server: InsideServer, reconnected: float | None) -> dict:
        """Alive if anything came after the reconnect (in the last second, where there was none); dead if its sender has
        tried again since then, and nothing came."""
        since = reconnected or time.time() - SETTLE
        sent = server.retransmissions()
        patience = max(3 * SETTLE, server.retransmission_timeout() + SETTLE)

        def known() -> bool:
            self._watch()
            return old.bytes_between(since) > 0 or server.retransmissions() > sent

        until(lambda: known() or time.time() > since + patience, "the old connection's fate", 2 * patience)
        # Meanwhile whoever comes anew has had time, too.
        until(lambda: new.good_after(since) >= 2 or time.time() > since + 4 * SETTLE, "new connections", 60)
        time.sleep(SETTLE / 4)
        alive = old.bytes_between(since) > 0
        self.timeline.add("client", "the connection that was open from the beginning is "
                          + ("alive" if alive else "dead: its sender tries in vain"))
        return {"alive": alive, "bytes_before": old.bytes_between(0, since), "bytes_after": old.bytes_between(since),
                "first_bytes_s": old.seconds_to(SHORT)}

    def _traffic(self, old: OldConnection, new: NewConnections, reconnected: float | None, used: Counters,
                 started: float) -> dict:
        packets = [packet for packet in self._tap.packets() if packet.time >= started]
        syns = [packet for packet in packets if packet.syn_mss is not None and packet.source == self.address]
        before = [packet.syn_mss for packet in syns if not reconnected or packet.time < reconnected]
        after = [packet.syn_mss for packet in syns if reconnected and packet.time >= reconnected]
        large = [packet for packet in packets if packet.target == self.address and packet.dont_fragment
                 and packet.size > self.connected["tls_mtu"]]
        return {"syn_mss": {"before": before[0] if before else None, "after": after[-1] if after else None},
                "oversized": len(large), "drops": used.drops,
                "icmp_errors": {"sent": used.icmp_sent, "suppressed": used.icmp_suppressed,
                                "mtus_at_server": self._icmp_mtus(started)},
                "route_mtu": self._route_mtu(),
                "new_connections": {"tried": len(new.tries), "failed": sum(not good for _, _, good in new.tries),
                                    "seconds_without": round(new.seconds_without(), 2),
                                    "after_reconnect": new.good_after(reconnected) if reconnected else None}}

    # --- single looks

    def counters(self) -> Counters:
        """All of one moment: two commands that had nothing in between."""
        drops = None
        while drops != (drops := self.headend.show.drops().get(NO_FRAGMENT, 0)):
            icmp = self.headend.show.json("show culvert icmp")
        return Counters(drops, icmp["sent"], icmp["suppressed"])

    def _watch(self, always: bool = False) -> None:
        """Puts the counters into the timeline when drops have doubled since the last time, or changed at all."""
        now = self.counters()
        if now.drops > (self._seen.drops if always else 2 * self._seen.drops):
            self.timeline.add("headend", f"show asp drop: {NO_FRAGMENT} {now.drops}; ICMP sent {now.icmp_sent}, "
                              f"suppressed {now.icmp_suppressed}")
            self._seen = now

    def _icmp_mtus(self, since: float) -> list[int]:
        return [packet.frag_needed_mtu for packet in self._tap.packets()
                if packet.frag_needed_mtu is not None and packet.time >= since]

    def _route_mtu(self) -> int | None:
        """What the server's kernel has learned of the path to the client."""
        said = self.lab.server.run("ip", "route", "get", self.address, check=False).stdout
        found = re.search(r"\bmtu (\d+)", said)
        self.timeline.add("server", f"ip route get {self.address}: " +
                          (f"mtu {found.group(1)}" if found else "no mtu learned"))
        return int(found.group(1)) if found else None

    def _forget_path(self) -> None:
        self.lab.server.run("ip", "route", "flush", "cache")
