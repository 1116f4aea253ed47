"""Debian's rsyslog in the headend's namespace, on its loopback, with a configuration of its own."""

import signal
import socket
from pathlib import Path

from .lab import Lab
from .poll import until
from .process import Process

ADDRESS, UDP_PORT, TCP_PORT = "127.0.0.1", 5514, 6514

# One line a message: how it came, and what rsyslog made of its header.
_CONFIG = """
module(load="imudp")
module(load="imtcp")
template(name="fields" type="string" string="%inputname% %syslogfacility-text%.%syslogseverity-text% \
%hostname% %app-name% %msgid% |%rawmsg%\\n")
ruleset(name="keep") {{
  action(type="omfile" file="{folder}/messages" template="fields" asyncWriting="off" flushOnTXEnd="on")
}}
input(type="imudp" address="{address}" port="{udp}" ruleset="keep")
input(type="imtcp" address="{address}" port="{tcp}" ruleset="keep")
"""


class LogServer:
    def __init__(self, lab: Lab, folder: Path):
        self._lab = lab
        self._folder = folder / "rsyslog"
        self._folder.mkdir()
        (self._folder / "rsyslog.conf").write_text(
            _CONFIG.format(folder=self._folder, address=ADDRESS, udp=UDP_PORT, tcp=TCP_PORT))
        self._log = folder / "rsyslogd.log"
        self.start()

    def start(self) -> None:
        self.process = Process(self._lab.headend.command(
            "rsyslogd", "-n", "-f", self._folder / "rsyslog.conf", "-i", self._folder / "pid"), self._log)
        until(self._ready, lambda: f"rsyslogd listens:\n{self.process.tail(30)}")

    def _ready(self) -> bool:
        assert self.process.running(), f"rsyslogd ended at start:\n{self.process.tail(30)}"
        with self._lab.headend.entered():
            probe = socket.socket()
        with probe:
            return probe.connect_ex((ADDRESS, TCP_PORT)) == 0

    def messages(self) -> list[str]:
        """What came, oldest first: "imudp local4.info HOST APP MSGID |<166>..."."""
        path = self._folder / "messages"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def stall(self) -> None:
        self.process.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.signal(signal.SIGTERM)
        self.process.wait()

    def kill(self) -> None:
        self.process.kill()
