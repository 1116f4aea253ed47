"""Captures as they are: compared, at a rate with marks, and as fast as it goes."""

from pathlib import Path

from harness import odd_captures
from harness.outcome import Outcome
from harness.replay import Wire

from .frames_of import frames_of

GENTLE = 50_000   # packets a second: slow enough for a disk and a busy machine
TRACKED = 100_000
SECONDS = 3
COMMON = ["--mtu", "65000", "--on-fault", "skip"]


def _buffers(captures: list[Path]) -> int:
    """Of net_memif, which sends frames right that fit one; most fit the usual 2048 bytes."""
    largest = max((len(frame) for capture in captures for frame in frames_of(capture)), default=0)
    return 2048 if largest <= 2000 else 65535


def carry(folder: Path, captures: list[Path], sent: list[object], received: list[object]) -> tuple[Outcome, Outcome]:
    wire = Wire(folder, _buffers(captures))
    sender, receiver = wire.carry([*captures, *COMMON, *sent], [*received, "--mtu", "65000"], timeout=600)
    for outcome in (sender, receiver):
        if outcome.status == 3:
            raise RuntimeError(outcome.said.strip())
    return sender, receiver


def compared(folder: Path, captures: list[Path]) -> dict:
    expected = [frame for capture in captures for frame in frames_of(capture)]
    out = folder / "received.pcapng"
    sender, receiver = carry(folder, captures, ["--pps", GENTLE],
                             ["--count", len(expected), "--seconds", 10 + len(expected) // 10_000, "--write", out])
    arrived = odd_captures.frames(odd_captures.read(out))
    report = sender.report["sent"][0]
    return {"packets": report["packets"], "bytes": report["bytes"], "left_out": report["left_out"],
            "arrived": len(arrived), "identical": arrived == expected, "complete": receiver.status == 0}


def tracked(folder: Path, captures: list[Path]) -> dict:
    sender, receiver = carry(folder, captures, ["--track", "--pps", TRACKED, "--loops", 0, "--seconds", SECONDS],
                             ["--track", "--idle", "1.5", "--seconds", 60])
    sent, got = sender.report["sent"][0], receiver.report["received"][0]
    return {"asked_packets_per_second": TRACKED, "packets_per_second": sent["packets_per_second"],
            "sent": sent["packets"], "lost": sent["packets"] - got["packets"], "reordered": got["reordered"],
            "duplicates": got["duplicates"], "latency_ns": got["latency_ns"]}


def at_top_speed(folder: Path, captures: list[Path]) -> dict:
    sender, receiver = carry(folder, captures, ["--top-speed", "--loops", 0, "--seconds", SECONDS],
                             ["--idle", "1.5", "--seconds", 60])
    sent, got = sender.report["sent"][0], receiver.report["received"][0]
    return {"sent": sent["packets"], "lost": sent["packets"] - got["packets"],
            **{name: sent[name] for name in ("packets_per_second", "layer1_bits_per_second", "layer2_bits_per_second")}}


STEPS = (("byte for byte", "compared", compared), ("at a rate, tracked", "tracked", tracked),
         ("as fast as it goes", "top_speed", at_top_speed))


def as_text(result: dict) -> str:
    same, rate, fast = result["compared"], result["tracked"], result["top_speed"]
    latency = rate["latency_ns"] or {}
    faults = {name: n for name, n in same["left_out"].items() if n}
    return "\n".join([
        f"  {same['packets']} packets, {same['bytes']} bytes: {same['arrived']} arrived, "
        + ("each byte for byte and in order" if same["identical"] else "NOT THE SAME"),
        *([f"  left out: {faults}"] if faults else []),
        f"  {rate['asked_packets_per_second']} packets/s asked, {rate['packets_per_second']:.0f} sent: "
        f"{rate['lost']} of {rate['sent']} lost, {rate['reordered']} out of order",
        "  latency: " + ", ".join(f"{name} % {latency[name] / 1000:.1f} µs" for name in ("50", "99", "99.9", "99.999")
                                  if name in latency),
        f"  as fast as it goes: {fast['packets_per_second'] / 1e6:.2f} million packets/s, "
        f"{fast['layer1_bits_per_second'] / 1e9:.1f} Gbit/s on layer 1, {fast['lost']} of {fast['sent']} lost"])


def succeeded(result: dict) -> bool:
    return result["compared"]["identical"] and result["compared"]["complete"] and result["tracked"]["reordered"] == 0
