"""culvert-load in the client's namespace: a crowd on the outside cable, with the kernel's client out of its way."""

from pathlib import Path

from .headend import sanitizer_environment
from .lab import INSIDE, OUTSIDE, SERVER, Lab
from .outcome import Outcome, outcome
from .paths import BUILD
from .process import Process

LOAD = BUILD / "tools" / "culvert-load"
# AF_XDP takes all that comes by the cable, so the kernel's own client is deaf meanwhile.
DEVICE = "net_af_xdp0,iface=wan"
SOURCES = "198.51.100.10-198.51.100.250"
# For crowds larger than the lab's own pool.
POOL = "10.20.0.0/18"
POOL_RANGE, POOL_MASK = "10.20.0.1-10.20.63.254", "255.255.192.0"
ROOM = 16_000  # addresses in it, and a few


def crowd_settings(sessions: int, user: str, password: str) -> dict:
    """Of HeadendConfig: room for a crowd of one user. `password` as an ASA stores it."""
    return {"dataplane": ["memory 1024" if sessions > 2000 else "memory 512", f"sessions {sessions}"],
            "extra": [f"username {user} password {password}", f"ip local pool CROWD {POOL_RANGE} mask {POOL_MASK}",
                      "group-policy LAB attributes", f" vpn-simultaneous-logins {ROOM}", " address-pools value CROWD"]}


def route_to_pool(lab: Lab) -> None:
    lab.server.run("ip", "route", "replace", POOL, "via", INSIDE)


def start(lab: Lab, folder: Path, user: str, password: str, *words: object, name: str = "load") -> Process:
    secret = folder / f"{name}.password"
    secret.write_text(password + "\n")
    log = folder / f"{name}.log"
    log.unlink(missing_ok=True)  # an earlier crowd's
    command = lab.client.command(LOAD, f"https://{OUTSIDE}", "--port", DEVICE, "--sources", SOURCES, "--user", user,
                                 "--passwd-file", secret, "--no-huge", "--json", *words)
    return Process(command, log, env=sanitizer_environment())


def run(lab: Lab, folder: Path, user: str, password: str, *words: object, timeout: float = 120) -> Outcome:
    """A crowd to its end, with data to the server inside."""
    process = start(lab, folder, user, password, "--target", SERVER, *words)
    try:
        return outcome(process, timeout)
    finally:
        process.kill()
