"""culvert-client in the client's namespace: started, watched by its events, and asked to leave politely."""

import json
import signal
from pathlib import Path

from .headend_config import PASSWORD, USER
from .lab import OUTSIDE, Lab
from .paths import CULVERT_CLIENT
from .poll import until
from .process import Process


class CulvertClient:
    def __init__(self, lab: Lab, pin: str, folder: Path, *, minute: float = 60.0, behave: str = "anyconnect",
                 options: tuple[str, ...] = (), user: str = USER, password: str = PASSWORD, path: str = "/",
                 outside: str = OUTSIDE, interface: str = "tun0"):
        self.events_path, self.dart_path = folder / "culvert-client.events", folder / "culvert-client.dart"
        for old in (self.events_path, self.dart_path, folder / "culvert-client.log"):
            old.unlink(missing_ok=True)
        words = [CULVERT_CLIENT, "--servercert", pin, "--user", user, "--passwd-on-stdin", "--minute", minute,
                 "--behave", behave, "--interface", interface, "--events", self.events_path,
                 "--dart", self.dart_path, "--json", *options]
        host = f"[{outside}]" if outside.count(":") > 1 else outside
        self.process = Process(lab.client.command(*words, f"https://{host}{path}"), folder / "culvert-client.log",
                               password + "\n")

    def events(self, kind: str = "") -> list[dict]:
        """What it wrote so far, all or of one kind."""
        if not self.events_path.exists():
            return []
        lines = self.events_path.read_text().splitlines(keepends=True)
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in found if not kind or event["event"] == kind]

    def wait_event(self, kind: str, count: int = 1, timeout: float = 30.0, **details) -> dict:
        """The `count`-th event of this kind that has these details."""

        def find() -> dict | None:
            found = [event for event in self.events(kind) if details.items() <= event.items()]
            if len(found) >= count:
                return found[count - 1]
            assert self.process.running(), f"culvert-client ended:\n{self.process.tail()}"
            return None

        return until(find, lambda: f"{count} {kind} of culvert-client; {self.events()}\n{self.process.tail()}", timeout)

    @property
    def address(self) -> str:
        return self.events("connected")[-1]["address"]

    @property
    def address6(self) -> str:
        return self.events("connected")[-1]["address6"]

    def dart(self) -> str:
        return self.dart_path.read_text() if self.dart_path.exists() else ""

    def statistics(self) -> dict:
        """Its counters at this moment."""
        before = len(self.events("statistics"))
        self.process.signal(signal.SIGUSR1)
        return self.wait_event("statistics", before + 1)

    def log_out(self) -> dict:
        """SIGINT; its summary."""
        self.process.signal(signal.SIGINT)
        status = self.process.wait()
        assert status == 0, f"culvert-client ended with {status}:\n{self.process.tail()}"
        return self.summary()

    def summary(self) -> dict:
        log = self.process.log()
        return json.loads(log[log.index("{"):])

    def kill(self) -> None:
        self.process.kill()
