"""What client, headend and inside server saw, in the order in which it happened."""

import json
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from harness.lab import SERVER
from harness.wiretap import Packet

INTERVAL = 0.02  # seconds between looks at a file
PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP"}


@dataclass(frozen=True, order=True)
class Entry:
    time: float  # seconds since 1970
    who: str     # client, headend, server or path
    text: str


class Timeline:
    def __init__(self):
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, who: str, text: str, when: float | None = None) -> None:
        with self._lock:
            self._entries.append(Entry(time.time() if when is None else when, who, text))

    def entries(self) -> list[Entry]:
        with self._lock:
            return sorted(self._entries, key=lambda entry: entry.time)


class Follower(threading.Thread):
    """Calls `take` with each line that a file gets, until stop()."""

    def __init__(self, path: Path, take: Callable[[str, float], None]):
        super().__init__(daemon=True)
        self._path, self._take = path, take
        self._stopped = threading.Event()
        self.start()

    def run(self) -> None:
        at, last = 0, False
        while not last:
            last = self._stopped.wait(INTERVAL)  # One more look after stop().
            if not self._path.exists():
                continue
            with open(self._path, "rb") as file:
                file.seek(at)
                data = file.read()
            whole = data[:data.rfind(b"\n") + 1]
            at += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                self._take(line, time.time())

    def stop(self) -> None:
        self._stopped.set()
        self.join(5)


def follow_headend(timeline: Timeline, log: Path) -> Follower:
    """Its messages. What it says at its start has no number, and is not part of the story."""

    def take(line: str, when: float) -> None:
        if re.search(r"%ASA-\d-\d+: ", line):
            timeline.add("headend", line[line.index("%ASA"):], when)

    return Follower(log, take)


def follow_client(timeline: Timeline, events: Path) -> Follower:
    def take(line: str, _: float) -> None:
        event = json.loads(line)
        if text := client_words(event):
            timeline.add("client", text, event["time"])

    return Follower(events, take)


def client_words(event: dict) -> str:
    """An event of culvert-client as a line for people; "" for what is not worth one."""
    match event["event"]:
        case "dart":
            return f"{event['source']}: " + event["description"].replace("\n", " ")
        case "connected":
            dtls = f"X-DTLS-MTU {event['dtls_mtu']}" if event["dtls_mtu"] else "no DTLS"
            return f"tunnel by {event['tls']}: X-CSTP-MTU {event['tls_mtu']}, {dtls}, address {event['address']}"
        case "adapter":
            return f"adapter {event['interface']} has MTU {event['mtu']}" + (
                f" instead of {event['before']}" if event["before"] else "")
        case "dtls":
            port = f" port {event['port']}" if "port" in event else ""
            return f"DTLS: {event['state']}{port}" + (f" ({event['why']})" if "why" in event else "")
        case "larger-than-adapter":
            return f"dropped a packet of {event['size']} bytes, larger than the adapter's MTU of {event['mtu']}"
        case "lost" | "try-failed" | "end":
            return f"{event['event']}: {event['why']}"
    return ""


def tell_packets(timeline: Timeline, packets: list[Packet]) -> None:
    """What passed on the server's cable: each ICMP error, the first SYN of each MSS, the first packet of each size."""
    seen: set = set()
    for packet in packets:
        if packet.frag_needed_mtu is not None:
            text = f"ICMP from {packet.source}: fragmentation needed, next-hop MTU {packet.frag_needed_mtu}"
        elif packet.syn_mss is not None:
            text = f"SYN from {packet.source} with MSS {packet.syn_mss}"
            if text in seen:
                continue
            seen.add(text)
        elif packet.source == SERVER and (packet.protocol, packet.size) not in seen:
            seen.add((packet.protocol, packet.size))
            protocol = PROTOCOLS.get(packet.protocol, packet.protocol)
            text = f"sends {protocol} in a packet of {packet.size} bytes" + (", DF set" if packet.dont_fragment else "")
        else:
            continue
        timeline.add("server", text, packet.time)
