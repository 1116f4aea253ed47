"""Captures through live tunnels: half of the sessions over TLS, half over DTLS, both ways at once, each packet looked
for at the other end."""

from pathlib import Path

from harness import tunnel_replay
from harness.certificate import make_certificate
from harness.headend import Headend
from harness.headend_config import HeadendConfig
from harness.odd_captures import Packet, pcap
from steps.stored_password import stored

from .frames_of import frames_of

SESSIONS = 100
GENTLE = 2_000  # packets a second: headend, sessions and far end may share two cores
LEAST = 5_000   # packets, so that a short capture is played again and again
USER, PASSWORD = "demo", "demo-secret"


def through(folder: Path, captures: list[Path]) -> dict:
    """In a lab of its own, with culvertd's ports on virtual cables."""
    there = sum(len(frames_of(capture)) for capture in captures)
    whole = pcap(folder / "whole.pcap",
                 [Packet(n * 1000, each) for capture in captures for n, each in enumerate(frames_of(capture))])
    room = tunnel_replay.room_for(SESSIONS, USER, stored(PASSWORD))
    with tunnel_replay.two_sided_lab() as lab:
        config = HeadendConfig(state=folder / "state", certificate=make_certificate(folder), **room)
        headend = Headend(lab, config, folder)
        try:
            headend.wait_ready()
            done = tunnel_replay.run(
                lab, folder, USER, PASSWORD, whole, "--sessions", SESSIONS, "--both", "--direction", "both", "--pps",
                GENTLE, "--loops", max(1, -(-LEAST // max(there, 1))), "--on-fault", "skip", "--cli",
                headend.config.socket, timeout=600)
            if not done.report:
                raise RuntimeError(done.said.strip())
            headend.finish()
        finally:
            headend.kill()
    return done.report


STEPS = ((f"{SESSIONS} sessions, both ways", "sessions", through),)


def as_text(result: dict) -> str:
    report = result["sessions"]
    unfit = {name: n for name, n in report["left_out"].items() if n}
    lines = [f"  {report['sessions_ready']} sessions logged in within {report['set_up_seconds']:.1f} s, "
             f"{report['conversations']} conversations dealt to them"]
    for row in report["by_cipher"]:
        latency = row["latency_ns"] or {}
        lines.append(f"  {row['direction']:4} {row['channel']:4} {row['cipher']}: {row['sent']} packets, "
                     f"{row['intact'] + row['clamped']} arrived intact, {row['lost']} lost"
                     + (f", {row['changed']} CHANGED" if row["changed"] else "")
                     + (f"; median latency {latency['50'] / 1000:.0f} µs" if latency else ""))
    if unfit:
        lines.append(f"  left out, since no tunnel carries them: {unfit}")
    if report["headend_drops"]:
        lines.append(f"  dropped by the headend: {report['headend_drops']}")
    return "\n".join(lines)


def succeeded(result: dict) -> bool:
    """Nothing was changed, and what was lost is what the headend says it dropped: a capture may hold what no router
    takes."""
    report = result["sessions"]
    lost = sum(row["lost"] for row in report["total"])
    return (report["complete"] and not any(row["changed"] for row in report["total"])
            and lost <= sum(report["headend_drops"].values()))
