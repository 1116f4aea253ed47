"""What the headend says about itself: culvertctl's --json output, and the only place that knows its field names.

The fields relied upon:
  show vpn-sessiondb anyconnect   sessions: [username, index, assigned_ip, public_ip, bytes_tx, bytes_rx, packets_tx,
                                  packets_rx, tunnels: [version, ciphersuite]]
  show culvert tunnels            tunnels: [protocol, assigned_ip, carries, worker, home, mtu, path_mtu, rx_records,
                                  tx_records, rx_packets, tx_packets, key_updates,
                                  openssl_bytes_after_connect]: those that were handed over; counts start there
  show culvert setup              the counters of connection set-up, and who waits or is in it at this moment
  show culvert tcp                the counters of tcp::EndpointCounters by their names, summed over workers
  show culvert workers            workers: [worker, busy_seconds, rx_packets, tx_packets, handed_over,
                                  records_opened, records_sealed, tunnels]
  show culvert buffers            pools: [name, size, available], rings: [name, entries], addresses_in_use,
                                  tcp_connections, tcp_buffers: all that a session may take and must give back
  show asp drop                   drops: [keyword, type, count]
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
        return self.json("show culvert tunnels")["tunnels"]

    def tunnel(self, assigned_ip: str, protocol: str = "SSL") -> dict | None:
        return next((tunnel for tunnel in self.tunnels()
                     if (tunnel["assigned_ip"], tunnel["protocol"]) == (assigned_ip, protocol)), None)

    def carrier(self, assigned_ip: str) -> str:
        """The protocol of the tunnel that carries packets to the client at this moment."""
        return next((tunnel["protocol"] for tunnel in self.tunnels()
                     if tunnel["assigned_ip"] == assigned_ip and tunnel["carries"]), "")

    def workers(self) -> list[dict]:
        return self.json("show culvert workers")["workers"]

    def resources(self) -> dict:
        """Everything that a session may take and must give back, as one comparable value."""
        buffers = self.json("show culvert buffers")
        assert buffers["pools"] and buffers["rings"], buffers
        return buffers

    def drops(self) -> dict[str, int]:
        return {row["keyword"]: row["count"] for row in self.json("show asp drop")["drops"]}
