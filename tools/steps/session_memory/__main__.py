"""tools/session-memory after the installation: two headends, one crowd, three readings."""

import argparse
import signal
import sys
from pathlib import Path

from harness.certificate import make_certificate, pin_of
from harness.crowd_room import ROOM, room_for_one_user
from harness.headend import Headend
from harness.headend_config import HeadendConfig
from harness.lab import OUTSIDE, Lab
from harness.memory import resident_kib
from harness.paths import BUILD
from harness.poll import until
from harness.process import Process

from steps.console import step
from steps.endings import ends
from steps.measurement import carry_out
from steps.stored_password import stored

LAB_PREFIX = "culvert-memory-"
USER, PASSWORD = "crowd", "crowd-secret"
SESSIONS_A_CROWD = 5_000  # two descriptors each; many systems give a process 20,000
SECONDS_A_SESSION = 0.05
MEMORY_MB = 1024


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="session-memory", add_help=False)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not 1 <= arguments.sessions <= ROOM:
        parser.error(f"--sessions is 1 to {ROOM}")
    return arguments


class Measurement:
    def __init__(self, sessions: int, folder: Path):
        self._sessions = sessions
        self._folder = folder
        self._lab = Lab(LAB_PREFIX)
        self._headend: Headend | None = None
        self._crowds: list[Process] = []

    def run(self) -> dict:
        self._lab.up()
        certificate = make_certificate(self._folder)
        with step("culvertd without room for sessions"):
            self._start(1, certificate)
            bare = resident_kib(self._headend.process.pid)
            self._headend.finish()
        with step(f"culvertd with room for {self._sessions}"):
            self._start(self._sessions, certificate)
            idle = resident_kib(self._headend.process.pid)
        with step(f"{self._sessions} sessions") as progress:
            self._gather(pin_of(certificate), progress)
            full = resident_kib(self._headend.process.pid)
            tunnels = self._headend.show.json("show culvert buffers")
            drops = {reason: count for reason, count in self._headend.show.drops().items() if count}
        assert tunnels["tcp_connections"] == tunnels["addresses_in_use"] == self._sessions, tunnels
        for crowd in self._crowds:
            crowd.signal(signal.SIGINT)
            crowd.wait()
        self._headend.finish()
        self._headend = None
        return {"sessions": self._sessions, "bare_kib": bare, "idle_kib": idle, "full_kib": full,
                "kib_per_session": round((full - idle) / self._sessions, 2),
                "kib_per_session_with_tables": round((full - bare) / self._sessions, 2), "drops": drops}

    def _start(self, room: int, certificate: Path) -> None:
        folder = self._folder / str(room)
        folder.mkdir(exist_ok=True)
        config = HeadendConfig(
            state=folder / "state", certificate=certificate, ipv6=False,
            dataplane=[f"memory {MEMORY_MB}", f"sessions {room}", "huge-pages never"],
            # Nobody asks whether they are alive while they are counted.
            policy=["anyconnect dpd-interval gateway none", "anyconnect ssl keepalive none"],
            extra=[*room_for_one_user(USER, stored(PASSWORD)), " vpn-idle-timeout none"])
        self._headend = Headend(self._lab, config, folder)
        self._headend.wait_ready(60)

    def _gather(self, pin: str, progress) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD + "\n")
        for first in range(0, self._sessions, SESSIONS_A_CROWD):
            size = min(SESSIONS_A_CROWD, self._sessions - first)
            words = (BUILD / "tools" / "session-crowd", "--servercert", pin, "--user", USER, "--passwd-file", password,
                     "--sessions", size, f"https://{OUTSIDE}")
            self._crowds.append(Process(self._lab.client.command(*words), self._folder / f"crowd{first}.log"))

        def all_up() -> bool:
            logs = [crowd.log() for crowd in self._crowds]
            for crowd, log in zip(self._crowds, logs):
                assert crowd.running(), f"a crowd ended:\n{crowd.tail()}"
            progress.show(f"about {sum(500 * log.count(' sessions') for log in logs)}")
            return all("up\n" in log for log in logs)

        until(all_up, lambda: "all sessions are up:\n" + "\n".join(crowd.tail(3) for crowd in self._crowds),
              60 + SECONDS_A_SESSION * self._sessions)

    def clear(self) -> None:
        for crowd in self._crowds:
            crowd.kill()
        if self._headend:
            self._headend.kill()
        self._lab.down()

    def logs(self) -> str:
        return ends(sorted(self._folder.glob("**/*.log")), 10)


def as_text(result: dict) -> str:
    def row(words: str, kib: int) -> str:
        return f"  {words:<52}{kib / 1024:>9.1f} MiB"

    return "\n".join([
        row("culvertd without room for sessions", result["bare_kib"]),
        row(f"with room for {result['sessions']}, idle", result["idle_kib"]),
        row(f"with {result['sessions']} sessions, TLS and DTLS each", result["full_kib"]), "",
        f"  {'a session, less idle':<52}{result['kib_per_session']:>9.2f} KiB",
        f"  {'the same with its share of the tables':<52}{result['kib_per_session_with_tables']:>9.2f} KiB"])


def main() -> int:
    arguments = parse_arguments()
    return carry_out("session-memory", lambda folder: Measurement(arguments.sessions, folder), as_text,
                     as_json=arguments.json, programs=("control/culvertd", "tools/culvertctl", "tools/session-crowd"))


if __name__ == "__main__":
    sys.exit(main())
