"""culvertd in the emulated machine, with the same handles as harness.headend's: started, watched, asked, ended."""

import subprocess
from pathlib import Path

from harness.headend_config import HeadendConfig
from harness.paths import CULVERTCTL, CULVERTD
from harness.poll import until
from harness.show import Management

from .machine import Machine

STATE = Path("/run/culvert")  # in the machine
_START = 60.0


class GuestManagement(Management):
    """culvertctl runs in the machine, where the management socket is."""

    def __init__(self, machine: Machine, socket: Path):
        super().__init__(socket)
        self._machine = machine

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess:
        return self._machine.run(f"{CULVERTCTL} --socket {self.socket} {' '.join(options)} '{command}'")

    def answers(self) -> bool:
        return self.run("show version").returncode == 0


class GuestHeadend:
    def __init__(self, machine: Machine, config: HeadendConfig):
        self.machine, self.config = machine, config
        self.show = GuestManagement(machine, config.socket)
        self.log_path = machine.folder / "culvertd.log"
        config_path = machine.folder / "culvertd.conf"
        config_path.write_text(config.text())
        machine.output(f"mkdir -p {config.state}")
        machine.output(f"{CULVERTD} --config {config_path} >{self.log_path} 2>&1 &\npid=$!")

    def wait_ready(self) -> "GuestHeadend":
        until(lambda: not self.running() or "ready: " in self.log(), lambda: f"culvertd is ready:\n{self.log()}",
              _START)
        assert self.running(), f"culvertd ended at start:\n{self.log()}"
        return self

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def running(self) -> bool:
        return self.machine.run("grep -q 'State:.[^Z]' /proc/$pid/status").returncode == 0

    def described(self, nameif: str) -> str:
        """The one line that tells at start what was found of a port."""
        line, = [line for line in self.log().splitlines() if f" {nameif}: 0000:" in line]
        return line

    def interface(self, nameif: str) -> dict:
        return next(each for each in self.show.json("show interface")["interfaces"] if each["nameif"] == nameif)

    def finish(self) -> None:
        """SIGTERM must end it with status 0."""
        assert self.running(), f"culvertd ended in the middle of the test:\n{self.log()[-4000:]}"
        self.machine.output("kill -TERM $pid")
        until(lambda: not self.running(), lambda: f"culvertd ends:\n{self.log()[-4000:]}", 30)
        status = self.machine.run("wait $pid").returncode
        assert status == 0, f"culvertd ended with {status}:\n{self.log()[-4000:]}"


def start_failure(machine: Machine, config: HeadendConfig) -> str:
    """Starts culvertd, which must end by itself with an error; returns the sentence that it said."""
    config_path = machine.folder / "culvertd.conf"
    config_path.write_text(config.text())
    machine.output(f"mkdir -p {config.state}")
    done = machine.run(f"{CULVERTD} --config {config_path}")
    assert 0 < done.returncode < 99, (done.returncode, done.stdout)
    sentences = [line for line in done.stdout.splitlines() if line.startswith("culvertd: ")]
    assert len(sentences) == 1, f"one sentence that starts with 'culvertd: ', please:\n{done.stdout}"
    return sentences[0]
