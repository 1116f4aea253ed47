"""What the headend says about itself: culvertctl's --json output, and the only place that knows its field names.

The fields relied upon:
  show vpn-sessiondb anyconnect   sessions: [username, index, assigned_ip, public_ip, bytes_tx, bytes_rx, home_worker,
                                  tunnels: [worker, mtu, ciphersuite, version, records_opened, records_sealed,
                                            openssl_bytes_after_connect]]
                                  a session without a tunnel waits for its client to come back; the tunnel's counts
                                  start at the hand-over to the worker
  show culvert workers            workers: [worker, packets_in, packets_out, handed_over, connections, sessions]
  show culvert buffers            pools: [pool, size, in_use]: packet pools, rings between threads ("ring ..."), and
                                  address pools ("address pool ..."): whatever a session may take and must give back
  show asp drop                   frame: [keyword, count], flow: [keyword, count]
"""

import json
import subprocess
from pathlib import Path

from .paths import CULVERTCTL


class Management:
    def __init__(self, socket: Path):
        self.socket = socket

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess:
        return subprocess.run([CULVERTCTL, "--socket", self.socket, *options, command], capture_output=True, text=True,
                              timeout=20)

    def answers(self) -> bool:
        return self.socket.exists() and self.run("show version").returncode == 0

    def text(self, command: str) -> str:
        done = self.run(command)
        assert done.returncode == 0, f"culvertctl '{command}' gave {done.returncode}: {done.stderr or done.stdout}"
        return done.stdout

    def json(self, command: str):
        done = self.run(command, "--json")
        said = done.stderr or done.stdout
        assert done.returncode == 0, f"culvertctl --json '{command}' gave {done.returncode}: {said}"
        return json.loads(done.stdout)

    def sessions(self) -> list[dict]:
        return self.json("show vpn-sessiondb anyconnect")["sessions"]

    def tunnels(self) -> list[dict]:
        """The tunnels of all sessions, each with its session's address and home."""
        return [tunnel | {"assigned_ip": session["assigned_ip"], "home": session["home_worker"]}
                for session in self.sessions() for tunnel in session["tunnels"]]

    def tunnel(self, assigned_ip: str) -> dict | None:
        return next((tunnel for tunnel in self.tunnels() if tunnel["assigned_ip"] == assigned_ip), None)

    def workers(self) -> list[dict]:
        return self.json("show culvert workers")["workers"]

    def resources(self) -> dict[str, int]:
        """How much is in use of everything that a session may take and must give back."""
        in_use = {row["pool"]: row["in_use"] for row in self.json("show culvert buffers")["pools"]}
        for kind in ("ring", "address pool"):
            assert any(kind in name for name in in_use), f"no {kind} among {', '.join(in_use)}"
        return in_use

    def drops(self) -> dict[str, int]:
        by_kind = self.json("show asp drop")
        return {row["keyword"]: row["count"] for kind in ("frame", "flow") for row in by_kind[kind]}
