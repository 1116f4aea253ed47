"""What the quickstart measured, and how it looks."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from harness.client import Client
from harness.headend import Headend
from harness.lab import SERVER, Lab
from harness.poll import until
from harness.process import Process

SECONDS = 4


@dataclass
class Report:
    values: dict


def measure(lab: Lab, headend: Headend, client: Client) -> Report:
    folder = headend.config.state.parent
    up = throughput(lab, folder, "up")
    down = throughput(lab, folder, "down", "--reverse")
    session, = headend.show.sessions()
    tunnel = session["tunnels"][0]
    round_trip = lab.client.run("ping", "-n", "-q", "-c", "10", "-i", "0.05", SERVER).stdout
    return Report({
        "client": client_version(lab),
        "address": client.address,
        "suite": tunnel["ciphersuite"],
        "tls": tunnel["version"],
        "mtu_tls": int(client.header("X-CSTP-MTU")),
        "mtu_tunnel": interface_mtu(lab, client),
        "round_trip_ms": float(re.search(r"= [0-9.]+/([0-9.]+)/", round_trip).group(1)),
        "up_gbit_s": up,
        "down_gbit_s": down,
        "sessions": headend.show.sessions(),
        "packets_rx": session["packets_rx"],
        "packets_tx": session["packets_tx"],
        "drops": headend.show.drops(),
    })


def throughput(lab: Lab, folder: Path, name: str, *options: str) -> float:
    """Gbit/s of one TCP connection through the tunnel, as its receiver counts."""
    server = Process(lab.server.command("iperf3", "--server", "--one-off", "--bind", SERVER),
                     folder / f"iperf3-{name}.log")
    try:
        until(lambda: ":5201" in lab.server.run("ss", "-tlnH").stdout, "iperf3 listens")
        done = lab.client.run("iperf3", "--client", SERVER, "--time", SECONDS, "--json", *options, timeout=60)
        return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e9
    finally:
        server.kill()


def client_version(lab: Lab) -> str:
    return lab.client.run("openconnect", "--version").stdout.splitlines()[0]


def interface_mtu(lab: Lab, client: Client) -> int:
    return json.loads(lab.client.run("ip", "-j", "link", "show", client.interface).stdout)[0]["mtu"]


def as_text(report: Report) -> str:
    v = report.values
    drops = ", ".join(f"{name} {count}" for name, count in sorted(v["drops"].items()) if count) or "none"
    sessions = "; ".join(f"{s['username']} at {s['assigned_ip']} from {s['public_ip']}" for s in v["sessions"])
    return f"""
  Client      {v['client']}, inside address {v['address']}
  Suite       {v['tls']} {v['suite']}
  MTU         {v['mtu_tls']} announced for TLS; the client's tunnel has {v['mtu_tunnel']}
  Round trip  {v['round_trip_ms']:.2f} ms
  Throughput  {v['up_gbit_s']:.2f} Gbit/s up, {v['down_gbit_s']:.2f} Gbit/s down (one TCP connection through the tunnel)
  Sessions    {len(v['sessions'])}: {sessions}
  Packets     {v['packets_rx']} up, {v['packets_tx']} down
  Drops       {drops}"""
