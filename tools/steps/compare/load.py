"""The load: iperf3 through the tunnel, and what it cost the headend."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.lab import SERVER, Lab
from harness.poll import until
from harness.process import Process

from .accounting import machine_softirq_seconds

# UDP payload of one packet: with its headers it fits the inner MTU.
PAYLOAD = 1200

DIRECTIONS = ("up", "down")
LOADS = ("rate", "full")  # an offered rate of UDP; as much as one TCP connection takes


@dataclass
class Measurement:
    mbit_s: float              # that arrived
    lost_percent: float        # of the offered rate; 0 for TCP
    gigabytes: float           # of payload that arrived; 1 GB = 10^9 bytes
    cpu_s: float               # of the whole headend
    user_s: float
    kernel_s: float
    receive_s: float           # part of the kernel's: receiving from the wires
    busy_s: float | None       # Culvert's workers, passes of the loop that found work
    machine_softirq_s: float   # of all hosts of the lab together

    def as_dict(self) -> dict:
        per_gigabyte = {f"{name}_per_gb": value / self.gigabytes
                        for name in ("cpu_s", "user_s", "kernel_s", "receive_s", "busy_s", "machine_softirq_s")
                        if (value := getattr(self, name)) is not None}
        return asdict(self) | per_gigabyte


def measure(lab: Lab, headend, account, direction: str, load: str, rate_mbit: int, seconds: int,
            folder: Path) -> Measurement:
    words = ["iperf3", "--client", SERVER, "--time", seconds, "--json"]
    words += ["--udp", "--bitrate", f"{rate_mbit}M", "--length", PAYLOAD] if load == "rate" else []
    words += ["--reverse"] if direction == "down" else []
    server = Process(lab.server.command("iperf3", "--server", "--one-off", "--bind", SERVER), folder / "iperf3.log")
    try:
        until(lambda: ":5201" in lab.server.run("ss", "-tlnH").stdout, "iperf3 listens")
        softirq, busy, before = machine_softirq_seconds(), headend.busy_seconds(), account.read()
        done = lab.client.run(*words, timeout=seconds + 60)
        used = account.read() - before
        softirq = machine_softirq_seconds() - softirq
        busy = None if busy is None else headend.busy_seconds() - busy
    finally:
        server.kill()
    end = json.loads(done.stdout)["end"]
    if load == "rate":
        total = end["sum"]
        arrived = (total["packets"] - total["lost_packets"]) * PAYLOAD
        lost, elapsed = total["lost_percent"], total["seconds"]
    else:
        arrived, lost, elapsed = end["sum_received"]["bytes"], 0.0, end["sum_received"]["seconds"]
    assert arrived > 0, f"nothing arrived: {done.stdout[-500:]}"
    return Measurement(arrived * 8 / elapsed / 1e6, lost, arrived / 1e9, used.total, used.user, used.kernel,
                       used.receive, busy, softirq)
