"""The lab of the tests: its own prefix, so that a lab which somebody keeps running is not in the way."""

import subprocess
from pathlib import Path

from .namespace import Namespace
from .paths import LAB

CLIENT = "198.51.100.2"
OUTSIDE = "198.51.100.1"
INSIDE = "10.48.66.1"
SERVER = "10.48.66.200"
POOL = "10.10.10.0/24"
POOL_FIRST, POOL_LAST = "10.10.10.1", "10.10.10.254"


class Lab:
    def __init__(self, prefix: str = "culvert-test-"):
        self.prefix = prefix
        self.client = Namespace(prefix + "client")
        self.headend = Namespace(prefix + "headend")
        self.server = Namespace(prefix + "server")

    def up(self) -> None:
        self._run("down")  # What an interrupted run left is not to be trusted.
        self._run("up")

    def exists(self) -> bool:
        """Whether any of its hosts is there."""
        return any(Path("/run/netns", self.prefix + host).exists() for host in ("client", "headend", "server"))

    def down(self) -> None:
        self._run("down")

    def forget_clients(self) -> None:
        """Removes what a client that was killed could not: its rules. Its tunnel interface went with it."""
        rules = self.client.run("ip", "rule", "show").stdout
        for line in rules.splitlines():
            priority = int(line.split(":")[0])
            if 1000 <= priority < 2000:
                self.client.run("ip", "rule", "del", "priority", priority)
                self.client.run("ip", "route", "flush", "table", priority, check=False)

    def _run(self, command: str) -> None:
        done = subprocess.run([LAB, "--prefix", self.prefix, command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
