"""build/tests/dataplane/tcp_peer: the TCP endpoint alone on a port, with the kernel as its peer.

What this file expects of it:

    tcp_peer --device DEVICE --address ADDRESS/BITS --port PORT --mode MODE [options]

        DEVICE  as in the configuration, for example net_af_xdp0,iface=outside; the tool answers ARP, neighbour
                solicitations and echo requests
        MODE    echo        everything that comes goes back; FIN when the peer's FIN was reached and all is sent
                discard     reads and compares with the pattern; FIN when the peer's FIN was reached
                source      sends --bytes of the pattern, then FIN; reads and compares what comes meanwhile and after
                reset       resets the connection (RST) as soon as a byte comes
                hold        as discard, but reads nothing before SIGUSR1: its window closes
        --bytes N                     for source
        --mtu N                       interface MTU (default 1500)
        --receive-buffer N            bytes (default as EndpointConfig)
        --send-buffer N
        --tcpmss N                    the largest MSS (default as EndpointConfig; 0: what the MTU allows)
        --congestion cubic|newreno
        --no-pacing
        --keepalive IDLE,INTERVAL,PROBES   milliseconds, milliseconds, count
        --time-wait MS                (default 100, so that a leak shows at once)
        --offload                     leave segmentation to the driver, if it offers that
        --connect ADDRESS             instead of listening, opens connections to ADDRESS and --port
        --connections N               how many (default 1)
        --from ADDRESS,...            that they come from, taking turns (default: the port's own)
        --syn-retries N               before an attempt is given up (default as EndpointConfig)

    The pattern: byte i of a stream is b[i mod 65521], b[j] = (j * j + 7 * (j >> 8)) & 255.

    It prints JSON objects, one a line, flushed:
        {"event": "ready"}
        {"event": "opened", "peer": "198.51.100.2:40000", "local": "198.51.100.1:7000"}
        {"event": "closed", "reason": "finished|peer_reset|local_abort|timed_out|handshake_failed",
         "bytes_in": N, "bytes_out": N,
         "mismatch_at": -1 or the position of the first byte in that differs from the pattern}
        {"event": "failed", "reason": "refused|timed_out"}    with --connect, instead of the two before
        {"event": "exit", "connections": N, "buffers_held": N, "pool_size": N, "pool_available": N, "retransmits": N,
         "fast_retransmits": N, "timeouts": N, "tail_probes": N, "undone": N, "dsacks_in": N, "out_of_order": N,
         "duplicate_acks": N, "segments_out": N}
    The last one after SIGTERM (when TIME-WAIT has passed, at most 2 s later); then it ends with status 0.
    pool_size is what the port left of the pool when it started, and pool_available what is free at the end, with the
    endpoint gone and everything sent: whatever is missing was lost by the endpoint. (af_xdp does not give back what is
    in its rings when it stops, so that the count is made before.)
"""

import json
import signal
from pathlib import Path

from .headend import sanitizer_environment
from .lab import OUTSIDE, Lab
from .paths import TCP_PEER
from .poll import until
from .process import Process

PORT = 7000
PERIOD = 65521
_BLOCK = bytes((j * j + 7 * (j >> 8)) & 255 for j in range(PERIOD))
_DOUBLE = _BLOCK * 18  # More than a megabyte, so that any slice up to that size is one copy.


def pattern(start: int, size: int) -> bytes:
    """`size` (<= 1 MiB) bytes of the pattern from position `start`."""
    first = start % PERIOD
    return _DOUBLE[first:first + size]


class TcpPeer:
    def __init__(self, lab: Lab, folder: Path, mode: str, *options: str, device: str = "net_af_xdp0,iface=outside",
                 address: str = OUTSIDE, port: int = PORT):
        assert TCP_PEER.exists(), f"{TCP_PEER} is not built"
        prefix = 64 if ":" in address else 24
        self._process = Process(
            lab.headend.command(TCP_PEER, "--device", device, "--address", f"{address}/{prefix}", "--port", port,
                                "--mode", mode, *options),
            folder / "tcp_peer.log", env=sanitizer_environment())
        self._process.wait_for_line('"ready"', 30)

    def events(self, kind: str) -> list[dict]:
        found = []
        for line in self._process.log().splitlines():
            if line.startswith("{") and line.endswith("}"):
                event = json.loads(line)
                if event["event"] == kind:
                    found.append(event)
        return found

    def wait_closed(self, count: int = 1, timeout: float = 30.0) -> list[dict]:
        return until(lambda: self.events("closed") if len(self.events("closed")) >= count else None,
                     lambda: f"{count} connections closed:\n{self._process.tail()}", timeout)

    def start_reading(self) -> None:
        self._process.signal(signal.SIGUSR1)

    def finish(self) -> dict:
        """SIGTERM; nothing may be left in the endpoint. Returns the counters."""
        self._process.signal(signal.SIGTERM)
        status = self._process.wait(20)
        assert status == 0, f"tcp_peer ended with {status}:\n{self._process.tail(40)}"
        last, = self.events("exit")
        assert last["connections"] == 0 and last["buffers_held"] == 0, last
        assert last["pool_available"] == last["pool_size"], last
        return last

    def drops(self) -> dict[str, int]:
        """Why packets went; after finish()."""
        return {line.split()[1]: int(line.split()[2]) for line in self._process.log().splitlines()
                if line.startswith("drop ")}

    def kill(self) -> None:
        self._process.kill()
