"""Debian's freeradius in the headend's namespace, on its loopback, with a configuration of its own."""

import re
import signal
from pathlib import Path

from .lab import Lab
from .poll import until
from .process import Process

ADDRESS, KEY = "127.0.0.1", "between-us"

_CONFIG = """
prefix = /usr
name = radius
logdir = {folder}
run_dir = {folder}
raddbdir = {folder}
libdir = /usr/lib/freeradius
pidfile = {folder}/radius.pid
max_request_time = 30
cleanup_delay = 5
hostname_lookups = no
security {{
  allow_core_dumps = no
  max_attributes = 200
  reject_delay = 0
  status_server = no
}}
thread pool {{
  start_servers = 1
  max_servers = 2
  min_spare_servers = 1
  max_spare_servers = 1
  max_requests_per_server = 0
}}
client headend {{
  ipaddr = {address}
  secret = {key}
  require_message_authenticator = yes
}}
modules {{
  files {{
    filename = {folder}/users
  }}
  pap {{
  }}
  always handled {{
    rcode = handled
  }}
  always ok {{
    rcode = ok
  }}
  detail {{
    filename = {folder}/detail
  }}
  detail asked {{
    filename = {folder}/asked
  }}
}}
server lab {{
  listen {{
    type = auth
    ipaddr = {address}
    port = 1812
  }}
  listen {{
    type = acct
    ipaddr = {address}
    port = 1813
  }}
  authorize {{
    asked
    if (&User-Name == "otp" && !&State) {{
      update reply {{
        &Reply-Message := "Enter the code of your token"
        &State := 0x00ff42
      }}
      update control {{
        &Response-Packet-Type := "Access-Challenge"
      }}
      handled
    }}
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
  }}
  post-auth {{
    {post_auth}
  }}
  accounting {{
    detail
  }}
}}
"""

_SIGN = "update reply {\n &Message-Authenticator := 0x00\n }"


class RadiusServer:
    """`users` is freeradius's own users file; `signs`: its answers have a Message-Authenticator, which this version
    leaves out unless it is told (Debian's is older than CVE-2024-3596)."""

    def __init__(self, lab: Lab, folder: Path, users: str, signs: bool = False):
        self._folder = folder / "freeradius"
        self._folder.mkdir()
        (self._folder / "radiusd.conf").write_text(_CONFIG.format(
            folder=self._folder, address=ADDRESS, key=KEY, post_auth=_SIGN if signs else "ok"))
        (self._folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
        (self._folder / "users").write_text(users)
        self.process = Process(lab.headend.command("freeradius", "-f", "-l", "stdout", "-d", self._folder),
                               folder / "freeradius.log")
        until(self._ready, lambda: f"freeradius is ready:\n{self.process.tail(30)}")

    def _ready(self) -> bool:
        assert self.process.running(), f"freeradius ended at start:\n{self.process.tail(30)}"
        return "Ready to process requests" in self.process.log()

    def asked(self) -> list[dict[str, str]]:
        """The Access-Requests that came, oldest first."""
        return _read_detail(self._folder / "asked")

    def accounts(self) -> list[dict[str, str]]:
        """The Accounting-Requests that came, oldest first."""
        return _read_detail(self._folder / "detail")

    def stop(self) -> None:
        self.process.signal(signal.SIGTERM)
        self.process.wait()

    def kill(self) -> None:
        self.process.kill()


def _read_detail(path: Path) -> list[dict[str, str]]:
    """freeradius writes a date, then one indented `Name = value` a line, then an empty line."""
    if not path.exists():
        return []
    records = []
    for block in path.read_text().split("\n\n"):
        pairs = re.findall(r"^\t(\S+) = (.*)$", block, re.M)
        if pairs:
            records.append({name: value.strip('"') for name, value in pairs})
    return records
