"""build/tests/tools/crowd_peer: tools/crowd on a port of the client's namespace, told line by line what to do.

What this file expects of it:

    crowd_peer --device DEVICE --headend ADDRESS --from ADDRESS,... [--gateway ADDRESS] [--members N] [--strangers N]
               [--port N] [--ca FILE] [--group PATH] [--dpd S] [--no-tls13] [--no-dtls]
               [--tls12-ciphers LIST] [--tls13-suites LIST] [--dtls-ciphers LIST]

It reads lines:
    log_in FIRST COUNT USER PASSWORD      so many members from FIRST on; likewise
    reconnect|leave|cut|vanish|part|roam_port|roam_address|update_keys FIRST COUNT
    send FIRST COUNT tls|dtls EACH SIZE SERVER
        UDP datagrams to SERVER's echo port, EACH of every member, SIZE bytes of IP
    call; say STRANGER BYTES; hang_up|reset|forsake STRANGER 1
    report; quit
and prints JSON objects, one a line: {"event": "ready"}; what happens to members ({"event": "established", "member": 3,
"why": ..., "us": since it was told to, ...}); {"event": "done", "verb": ..., "members": how many could};
{"event": "sent"}; {"event": "report", ...}. Every byte of what comes back is compared with what was sent.
"""

import contextlib
import json
import socket
import threading
from pathlib import Path

from .headend import sanitizer_environment
from .lab import OUTSIDE, Lab
from .namespace import Namespace
from .paths import CROWD_PEER
from .poll import until
from .process import Process

ECHO_PORT = 7777
_RCVBUFFORCE = 33  # asm-generic/socket.h; Python has no name for it
SOURCES = ",".join(f"198.51.100.{n}" for n in range(16, 20))
SOURCES6 = ",".join(f"2001:db8:100::{n:x}" for n in range(16, 20))


class CrowdPeer:
    def __init__(self, lab: Lab, folder: Path, *options, members: int = 1, headend: str = OUTSIDE,
                 sources: str = SOURCES, device: str = "net_af_packet0,iface=wan", host: Namespace | None = None):
        assert CROWD_PEER.exists(), f"{CROWD_PEER} is not built"
        self._process = Process(
            (host or lab.client).command(CROWD_PEER, "--device", device, "--headend", headend, "--from", sources,
                                         "--members", members, *options),
            folder / "crowd_peer.log", env=sanitizer_environment(), keep_talking=True)
        self._process.wait_for_line('"ready"', 30)

    def events(self, kind: str) -> list[dict]:
        found = []
        for line in self._process.log().splitlines(keepends=True):
            if line.startswith("{") and line.endswith("}\n"):
                event = json.loads(line)
                if event["event"] == kind:
                    found.append(event)
        return found

    def tell(self, *words) -> None:
        self._process.say(" ".join(str(word) for word in words))

    def wait(self, kind: str, count: int = 1, timeout: float = 10.0) -> list[dict]:
        return until(lambda: self.events(kind) if len(self.events(kind)) >= count else None,
                     lambda: f"{count} × {kind}:\n{self._process.tail(8)}", timeout)

    def report(self) -> dict:
        before = len(self.events("report"))
        self.tell("report")
        return self.wait("report", before + 1)[-1]

    def log_in(self, count: int = 1, user: str = "vpn", password: str = "secret", timeout: float = 20.0) -> None:
        before = len(self.events("established"))
        self.tell("log_in", 0, count, user, password)
        self.wait("established", before + count, timeout)

    def exchange(self, channel: str, count: int, each: int, size: int, server: str, back: str = "",
                 timeout: float = 10.0) -> dict:
        """Sends and waits until every datagram is back, whole: by the channel `back`, which is the headend's choice.
        The last report."""
        back = back or channel
        before = self.report()["members"]
        sent = len(self.events("sent"))
        self.tell("send", 0, count, channel, each, size, server)
        assert self.wait("sent", sent + 1, timeout)[-1]["unsendable"] == 0

        def all_back() -> dict | None:
            now = self.report()
            right = [new[back]["right"] - old[back]["right"] for old, new in zip(before, now["members"])]
            return now if right[:count] == [each] * count else None

        def missing() -> str:
            now = self.report()
            return f"{each} echoes for each of {count}:\n{[m[back] for m in now['members'][:3]]}, {now['drops']}"

        report = until(all_back, missing, timeout)
        assert not any(member[back]["wrong"] for member in report["members"])
        return report

    def finish(self) -> dict:
        """The last report."""
        report = self.report()
        self.tell("quit")
        status = self._process.wait(20)
        assert status == 0, f"crowd_peer ended with {status}:\n{self._process.tail(40)}"
        return report

    def kill(self) -> None:
        self._process.kill()

    @property
    def log(self) -> str:
        return self._process.log()


@contextlib.contextmanager
def echo_server(host: Namespace, address: str):
    """Sends every UDP datagram back."""
    with host.entered():
        server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 64 << 20)
        server.bind((address, ECHO_PORT))

    def serve() -> None:
        while True:
            data, source = server.recvfrom(65536)
            if source[0] == address and not data:
                return
            server.sendto(data, source)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with host.entered(), socket.socket(server.family, socket.SOCK_DGRAM) as last:
            last.bind((address, 0))
            last.sendto(b"", (address, ECHO_PORT))
        thread.join(10)
        server.close()
