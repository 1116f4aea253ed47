"""culvert-load in the client's namespace: a crowd on the outside cable, with the kernel's client out of its way."""

from pathlib import Path

from .crowd_room import POOL, room_for_one_user
from .headend import sanitizer_environment
from .lab import INSIDE, OUTSIDE, SERVER, Lab
from .outcome import Outcome, outcome
from .paths import BUILD
from .process import Process

LOAD = BUILD / "tools" / "culvert-load"
# AF_XDP takes all that comes by the cable, so the kernel's own client is deaf meanwhile.
DEVICE = "net_af_xdp0,iface=wan"
SEEN_BY_FILTERS = "net_af_packet0,iface=wan"  # slower; what it sends passes the kernel's hooks at the cable
SOURCES = "198.51.100.10-198.51.100.250"


def crowd_settings(sessions: int, user: str, password: str) -> dict:
    """Of HeadendConfig: room for a crowd of one user. `password` as an ASA stores it."""
    return {"dataplane": ["memory 1024" if sessions > 2000 else "memory 512", f"sessions {sessions}"],
            "extra": room_for_one_user(user, password)}


def route_to_pool(lab: Lab) -> None:
    lab.server.run("ip", "route", "replace", POOL, "via", INSIDE)


def start(lab: Lab, folder: Path, user: str, password: str, *words: object, name: str = "load",
          device: str = DEVICE) -> Process:
    secret = folder / f"{name}.password"
    secret.write_text(password + "\n")
    log = folder / f"{name}.log"
    log.unlink(missing_ok=True)  # an earlier crowd's
    command = lab.client.command(LOAD, f"https://{OUTSIDE}", "--port", device, "--sources", SOURCES, "--user", user,
                                 "--passwd-file", secret, "--no-huge", "--json", *words)
    return Process(command, log, env=sanitizer_environment())


def run(lab: Lab, folder: Path, user: str, password: str, *words: object, timeout: float = 120) -> Outcome:
    """A crowd to its end, with data to the server inside."""
    process = start(lab, folder, user, password, "--target", SERVER, *words)
    try:
        return outcome(process, timeout)
    finally:
        process.kill()
