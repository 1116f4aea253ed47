"""Whatever asks a tool to end, it takes with it what it started."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from harness.paths import BUILD, ROOT
from harness.poll import until

TOOLS = ROOT / "tools"
MARK = "CULVERT_STARTED_BY"
# The tool's words, and the prefix of its lab.
TOOL_LABS = {
    "soak": (("--minutes", "5", "--clients", "2", "--build", BUILD), "culvert-soak-"),
    "scenario": (("dtls-blocked", "--minute", "60", "--build", BUILD), "culvert-scenario-"),
    "compare-ocserv": (("--channel", "tls", "--build", BUILD), "culvert-compare-"),
}
WITHOUT_OCSERV = pytest.mark.skipif(shutil.which("ocserv") is None, reason="ocserv is not installed")
SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Started:
    """A command whose processes are known by a mark in their environment, whoever their parent has become."""

    def __init__(self, words: list[object], log: Path, terminal: int | None = None):
        """`terminal`: in place of the log."""
        self._mark = f"{MARK}={uuid.uuid4()}"
        self.log = log
        name, value = self._mark.split("=")
        with open(log, "ab") as file:
            out = file if terminal is None else terminal
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, start_new_session=True, env=os.environ | {name: value})

    def running(self, program: str = "") -> dict[int, str]:
        """Pid and name of all of it, or of one program."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                marked = self._mark.encode() in (process / "environ").read_bytes().split(b"\0")
                name = (process / "comm").read_text().strip()
            except OSError:
                continue  # It has just ended.
            if marked and program in ("", name):
                found[int(process.name)] = name
        return found

    def ask(self, number: signal.Signals) -> int:
        """The exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def kill(self) -> None:
        for pid in self.running():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(*words: object, terminal: int | None = None) -> Started:
        started.append(Started([*words], tmp_path / f"{len(started)}.log", terminal))
        return started[-1]

    yield begin
    for each in started:
        each.kill()


@pytest.mark.alone  # The tools' labs have but one name each.
@pytest.mark.parametrize("number", SIGNALS, ids=[number.name for number in SIGNALS])
@pytest.mark.parametrize("tool", ["soak", "scenario", pytest.param("compare-ocserv", marks=WITHOUT_OCSERV)])
def test_ended_while_its_headend_starts(start, tool, number):
    words, prefix = TOOL_LABS[tool]
    command = start(TOOLS / tool, *words)

    def headend() -> dict[int, str]:
        assert command.process.poll() is None, command.log.read_text()
        return command.running("culvertd")

    until(headend, lambda: f"culvertd starts:\n{command.log.read_text()}", 120)
    status = command.ask(number)
    said = command.log.read_text()
    assert status == 130 and "interrupted" in said, said
    # A killed process is there for a moment longer.
    until(lambda: not command.running(), lambda: f"nothing is left: {command.running()}\n{said}", 5)
    assert not list(Path("/run/netns").glob(f"{prefix}*")), said


# What a tool does, without one.
PRETENDED = """
import subprocess, sys, time
from steps.endings import told
from steps.interrupts import undisturbed
child = None
try:
    with told("pretended"):
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        print("begun", flush=True)
        time.sleep(600)
finally:
    undisturbed()
    print("clears up", flush=True)
    time.sleep(float(sys.argv[1]))
    child.kill()
    child.wait()
    print("has cleared up", flush=True)
"""


@pytest.fixture
def own_modules(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{TOOLS}:{ROOT / 'tests/e2e'}")


@pytest.fixture
def pretend(start, own_modules):
    def begin(*before: str, seconds: float = 0) -> Started:
        command = start(*before, sys.executable, "-c", PRETENDED, seconds)
        until(lambda: "begun" in command.log.read_text(), lambda: f"it begins:\n{command.log.read_text()}", 30)
        return command

    return begin


@pytest.mark.parametrize("number", (signal.SIGINT, *SIGNALS))
def test_interrupts_are_the_same(pretend, number):
    command = pretend()
    assert command.ask(number) == 130
    assert command.log.read_text().split("\n")[-4:] == ["pretended: interrupted", "clears up", "has cleared up", ""]
    assert not command.running()


def test_clears_up_undisturbed(pretend):
    """A second signal, and a third, come in the middle of it."""
    command = pretend(seconds=1)
    command.process.send_signal(signal.SIGTERM)
    until(lambda: "clears up" in command.log.read_text(), "it clears up")
    command.process.send_signal(signal.SIGHUP)
    assert command.ask(signal.SIGTERM) == 130
    assert "has cleared up" in command.log.read_text() and not command.running()


def test_nohup_keeps_it_running(pretend):
    command = pretend("nohup")
    command.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert command.process.poll() is None and "interrupted" not in command.log.read_text()
    assert command.ask(signal.SIGTERM) == 130 and not command.running()


def test_terminal_that_goes_away(start, own_modules):
    """Nothing can be said any more, and everything is taken down."""
    near, far = os.openpty()
    owns_terminal = "import fcntl, termios\nfcntl.ioctl(2, termios.TIOCSCTTY, 0)\n"
    command = start(sys.executable, "-c", owns_terminal + PRETENDED, 0, terminal=far)
    os.close(far)
    said = b""
    while b"begun" not in said:
        said += os.read(near, 1000)
    os.close(near)  # The kernel sends SIGHUP.
    assert command.process.wait(30) == 130
    assert not command.running()
