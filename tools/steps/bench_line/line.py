"""culvertd between the generator's two wires: a row for each cipher, size and direction."""

import json
import tempfile
from pathlib import Path

from harness.certificate import RSA, make_certificate
from harness.headend import Headend
from harness.headend_config import PASSWORD, USER, HeadendConfig
from harness.lab import INSIDE, OUTSIDE, SERVER
from harness.outcome import report_in
from harness.poll import until
from harness.process import Process
from steps.rfc2544.rows import Plan, Row, SearchFailed, tunnel_command

# Of two cores the headend's worker has one, and everything else the other.
WORKER, GENERATOR = 1, 0
SESSIONS = 64
SOURCES = "198.51.100.16-198.51.100.79"
# With the usual limit of 1380 bytes for a segment, a TLS tunnel's MTU has no room for the largest frames.
WHOLE_SEGMENTS = "sysopt connection tcpmss 0"
PATIENCE_S = 3600  # for one search


class _Here:
    """In place of a lab: wires of shared memory need no network namespaces."""

    def __init__(self):
        self.headend = self

    @staticmethod
    def command(*words: object) -> list[str]:
        return [str(word) for word in words]


class Wires:
    """Between two processes: the generator makes the sockets."""

    def __init__(self, folder: Path):
        self._sockets = [folder / f"{number}.sock" for number in range(2)]

    def device(self, number: int, role: str) -> str:
        return f"net_memif{number},role={role},socket={self._sockets[number]},socket-abstract=no"

    def there(self) -> bool:
        return all(socket.exists() for socket in self._sockets)


def row(folder: Path, cipher: str, size: int | str, direction: str, words: list[str],
        searches: int = 1) -> Row:
    """SearchFailed if headend or generator do not do what they should."""
    # A socket's path is short, and folders need not be.
    with tempfile.TemporaryDirectory(prefix="cl-") as name:
        short = Path(name)
        wires = Wires(short)
        # The key that it makes itself is ECDSA's, and suites of TLS 1.2 are named after RSA's mostly.
        config = HeadendConfig(state=short / "state", certificate=make_certificate(short, RSA), workers=str(WORKER),
                               outside_device=wires.device(0, "client"), inside_device=wires.device(1, "client"),
                               ipv6=False, extra=[WHOLE_SEGMENTS])
        password = short / "password"
        password.write_text(PASSWORD + "\n")
        plan = Plan(wires.device(0, "server"), wires.device(1, "server"), words=(
            "--tunnel", OUTSIDE, "--sessions", str(SESSIONS), "--user", USER, "--password-file", str(password),
            "--source-address", SOURCES, "--inside-address", SERVER, "--inside-gateway", INSIDE, "--headend",
            str(config.socket), "--cores", str(GENERATOR), "--main-core", str(GENERATOR), "--no-huge",
            "--no-progress", "--link-wait", "30", "--linger", "60", *words))
        log = folder / "generator.log"
        log.unlink(missing_ok=True)  # an earlier row's
        generator = Process(tunnel_command(plan, folder, cipher, size, direction), log)
        try:
            until(lambda: wires.there() or not generator.running(), "the generator listens", 30)
            return Row(cipher, size, direction,
                       _search(generator, Headend(_Here(), config, folder), PATIENCE_S * searches))
        except AssertionError as error:  # of until() and of those two
            raise SearchFailed(str(error)) from error
        finally:
            generator.kill()


def _search(generator: Process, headend: Headend, patience_s: float) -> dict:
    try:
        headend.wait_ready()
        until(lambda: _report(generator) or not generator.running(), "the search ends", patience_s)
        found = _report(generator)
        if not found:
            raise SearchFailed(generator.tail(3))
        # It goes first: a wire whose other end goes while it is polled may crash who polls it.
        headend.finish()
        return found
    finally:
        headend.kill()


def _report(generator: Process) -> dict:
    try:
        return report_in(generator.log())[0]
    except json.JSONDecodeError:
        return {}  # not yet all of it
