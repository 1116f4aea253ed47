"""build/tools/culvert-delay between the lab's client and server, as one wire with troubles."""

import contextlib
import json
import signal
from pathlib import Path

from .headend import sanitizer_environment
from .lab import Lab
from .paths import BUILD
from .process import Process

CULVERT_DELAY = BUILD / "tools" / "culvert-delay"
# Of the wire's ends: the client's is where packets set out on the way there.
NEAR, FAR = "192.0.2.1", "192.0.2.2"


class DelayLine:
    def __init__(self, lab: Lab, folder: Path, *options: str, wait: bool = True):
        self.process = Process(
            lab.headend.command(CULVERT_DELAY, "--line", "net_af_packet0,iface=outside,framecnt=4096",
                                "net_af_packet1,iface=inside,framecnt=4096", *options),
            folder / "delay.log", env=sanitizer_environment())
        if wait:
            self.process.wait_for_line('"ready"', 60)

    def counters(self) -> dict:
        """So far: {"there": {...}, "back": {...}}."""
        start = self.process.log_size()
        self.process.signal(signal.SIGUSR1)
        return json.loads(self.process.wait_for_line('"counters"', start=start))["lines"][0]

    def finish(self) -> dict:
        self.process.signal(signal.SIGTERM)
        line = self.process.wait_for_line('"exit"')
        assert self.process.wait() == 0
        return json.loads(line)["lines"][0]

    def kill(self) -> None:
        self.process.kill()


@contextlib.contextmanager
def wire_addresses(lab: Lab):
    """The client and the server as neighbours. They say nothing by IPv6, which would be packets that the line counts
    and draws lots for; switching it off would cost the lab its addresses for good."""
    ends = ((lab.client, "wan", NEAR), (lab.server, "lan", FAR))
    for host, interface, address in ends:
        host.run("nft", "-f", "-", input=f"""table ip6 wire {{
            chain mute {{ type filter hook output priority 0; oifname "{interface}" drop; }}
        }}""")
        host.run("ip", "address", "add", f"{address}/24", "dev", interface)
    try:
        yield
    finally:
        for host, interface, address in ends:
            host.run("ip", "address", "del", f"{address}/24", "dev", interface)
            host.run("nft", "delete", "table", "ip6", "wire")
