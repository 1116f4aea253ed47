"""The lab of the tests, under their own prefix."""

import subprocess
from pathlib import Path

from .machine import PREFIX
from .namespace import Namespace
from .paths import LAB

CLIENT = "198.51.100.2"
CLIENT6, OUTSIDE6 = "2001:db8:100::2", "2001:db8:100::1"
INSIDE6, SERVER6 = "fd00:48:66::1", "fd00:48:66::200"
POOL6_FIRST = "fd00:10:10::1"
OUTSIDE = "198.51.100.1"
INSIDE = "10.48.66.1"
SERVER = "10.48.66.200"
POOL, POOL6 = "10.10.10.0/24", "fd00:10:10::/64"
POOL_FIRST, POOL_LAST = "10.10.10.1", "10.10.10.254"


class Lab:
    def __init__(self, prefix: str = PREFIX):
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
        """Removes what a client that was killed could not: its rules. Its tunnel interface went with it. The server
        forgets the path MTUs that it was told of: the next client will have the same address."""
        for family in ("-4", "-6"):
            self.server.run("ip", family, "route", "flush", "cache")
        for family in ("-4", "-6"):
            for line in self.client.run("ip", family, "rule", "show").stdout.splitlines():
                priority = int(line.split(":")[0])
                if 1000 <= priority < 2000:
                    self.client.run("ip", family, "rule", "del", "priority", priority)
                    self.client.run("ip", family, "route", "flush", "table", priority, check=False)

    def _run(self, command: str) -> None:
        # In a session of its own it is taken down even where the terminal goes away, which ends all of ours.
        done = subprocess.run([LAB, "--prefix", self.prefix, command], capture_output=True, text=True,
                              start_new_session=command == "down")
        assert done.returncode == 0, done.stderr
