"""culvert-replay --tunnel, in a lab whose client has both cables: those of the headend's outside and of its inside."""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

from .crowd_room import room_for_one_user
from .headend import sanitizer_environment
from .lab import INSIDE, INSIDE6, OUTSIDE, SERVER, SERVER6, Lab
from .machine import PREFIX
from .odd_captures import Packet, frame, ipv4, ipv6, pcap, udp
from .outcome import Outcome, outcome
from .process import Process
from .replay import REPLAY

# AF_XDP takes all that comes by a cable, so that the kernel behind it has no say.
OUTSIDE_DEVICE, INSIDE_DEVICE = "net_af_xdp0,iface=wan", "net_af_xdp1,iface=lan"
SOURCES = "198.51.100.10-198.51.100.250"
SIZES = (46, 46, 46, 46, 46, 46, 46, 576, 576, 576, 576, 1300)  # of IP packets: 7:4:1, as an IMIX is


@contextlib.contextmanager
def two_sided_lab() -> Iterator[Lab]:
    """One process is to see both ends of the tunnels, and a process is in one namespace."""
    lab = Lab(f"{PREFIX}two-sided-")
    lab.up()
    try:
        lab.server.run("ip", "link", "set", "lan", "netns", lab.client.name)
        # Nothing of the kernel's own (router solicitations, multicast reports) may count among a headend's drops.
        lab.client.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        lab.client.run("ip", "link", "set", "lan", "up")
        yield lab
    finally:
        lab.down()


def room_for(sessions: int, user: str, password: str) -> dict:
    """Of HeadendConfig: room for so many sessions of one user. `password` as an ASA stores it."""
    return {"dataplane": ["memory 512", f"sessions {sessions + 16}"],
            "extra": room_for_one_user(user, password, sessions)}


def dialogue(path: Path, conversations: int, exchanges: int, v6: int = 0, sizes: tuple = SIZES) -> Path:
    """A capture in which hosts ask and a server answers, in many sizes; every `v6`th conversation is one of IPv6."""
    chance = random.Random(116881)
    asker, answerer = b"\x0a\x01\x02\x03", b"\xc0\x00\x02\x4d"
    packets = []
    for exchange in range(exchanges):
        for number in range(conversations):
            six = v6 != 0 and number % v6 == 0
            for asks in (True, False):
                # Each is larger than the headers are, and no two are alike.
                size = max(chance.choice(sizes), 66 if six else 46) - (48 if six else 28)
                ports = (10_000 + number, 443) if asks else (443, 10_000 + number)
                datagram = udp(exchange.to_bytes(4, "big") + chance.randbytes(size - 4), *ports)
                if six:
                    made = frame(0x86dd, _with_udp_checksum(ipv6(datagram, 17) if asks else _answer6(datagram)))
                else:
                    ends = {"source": asker if asks else answerer, "destination": answerer if asks else asker}
                    made = frame(0x800, ipv4(datagram, **ends))
                packets.append(Packet(10**18 + len(packets) * 100_000, made))
    return pcap(path, packets)


def _answer6(datagram: bytes) -> bytes:
    packet = ipv6(datagram, 17)
    return packet[:8] + packet[24:40] + packet[8:24] + packet[40:]


def _with_udp_checksum(packet: bytes) -> bytes:
    """IPv6 wants one (RFC 8200 §8.1)."""
    pseudo = packet[8:40] + len(packet[40:]).to_bytes(4, "big") + b"\0\0\0\x11" + packet[40:]
    pseudo += bytes(len(pseudo) % 2)
    total = sum(int.from_bytes(pseudo[at:at + 2], "big") for at in range(0, len(pseudo), 2))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return packet[:46] + ((~total & 0xffff) or 0xffff).to_bytes(2, "big") + packet[48:]


def start(lab: Lab, folder: Path, user: str, password: str, *words: object, v6: bool = True) -> Process:
    secret = folder / "replay.password"
    secret.write_text(password + "\n")
    log = folder / "tunnel-replay.log"
    log.unlink(missing_ok=True)  # an earlier run's
    second = (f",{SERVER6}", f",{INSIDE6}") if v6 else ("", "")
    return Process(lab.client.command(
        REPLAY, "--json", "--no-huge", "--no-progress", "--tunnel", OUTSIDE, "--port", OUTSIDE_DEVICE, "--inside",
        INSIDE_DEVICE, "--inside-address", SERVER + second[0], "--inside-gateway", INSIDE + second[1],
        "--source-address", SOURCES, "--user", user, "--password-file", secret, *words), log,
        env=sanitizer_environment())


def run(lab: Lab, folder: Path, user: str, password: str, *words: object, v6: bool = True,
        timeout: float = 90) -> Outcome:
    process = start(lab, folder, user, password, *words, v6=v6)
    try:
        return outcome(process, timeout)
    finally:
        process.kill()
