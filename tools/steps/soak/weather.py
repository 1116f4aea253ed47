"""The network outside: packets are lost at random, both ways, now more and now fewer; some clients fall silent for
good; and the address from which new connections come changes."""

import contextlib
import random
import threading

from harness.lab import CLIENT, OUTSIDE, Lab
from harness.trouble import LOST, packets_hit, silent_losses

from . import doings as did
from .doings import Doings

LOSSES = (0.0, 0.0, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0)  # per cent
LASTS = (4.0, 15.0)                                # seconds
OUTAGE, OUTAGE_LASTS = 0.12, (0.5, 3.0)            # how often of all weathers; seconds
# Of new connections: the client's end of the cable has them all.
ADDRESSES = (CLIENT, *(f"198.51.100.{last}" for last in range(21, 27)))
# Longer than the headend asks after a silent client and lets its connection linger.
SILENT_SECONDS = 120


class Weather(threading.Thread):
    def __init__(self, lab: Lab, doings: Doings):
        super().__init__(daemon=True)
        self._lab, self._doings = lab, doings
        self._random = random.Random()
        self._stack = contextlib.ExitStack()
        self._enough = threading.Event()
        self._roaming = threading.Lock()
        self.loss = 0.0  # per cent, at this moment
        self.error: BaseException | None = None

    def begin(self) -> None:
        for address in ADDRESSES[1:]:
            self._lab.client.run("ip", "address", "add", f"{address}/24", "dev", "wan")
        self._stack.enter_context(silent_losses(self._lab))
        self._nft(f"""table ip graves {{
            set ends {{ type ipv4_addr . inet_proto . inet_service; flags timeout; timeout {SILENT_SECONDS}s; }}
            chain i {{ type filter hook input priority 0;
                       iifname "wan" ip saddr {OUTSIDE} ip daddr . meta l4proto . th dport @ends drop; }}
            chain o {{ type route hook output priority 0;
                       oifname "wan" ip daddr {OUTSIDE} ip saddr . meta l4proto . th sport @ends \\
                       meta mark set {LOST}; }}
        }}\n""")
        self._set(0.0)
        self.start()

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                if self._random.random() < OUTAGE:
                    self._doings.count(did.OUTAGES)
                    self._set(100.0)
                    self._enough.wait(self._random.uniform(*OUTAGE_LASTS))
                self._set(self._random.choice(LOSSES))
                self._enough.wait(self._random.uniform(*LASTS))
        except BaseException as error:  # The soak asks for it, and ends.
            self.error = error

    def clear_up(self) -> None:
        """From now on nothing is lost but what goes to the silent clients."""
        self._enough.set()
        if self.is_alive():
            self.join()
        self._set(0.0)

    def end(self) -> None:
        """The lab is as it was."""
        self._enough.set()
        if self.is_alive():
            self.join()
        self._stack.close()

    def silence(self, pid: int) -> None:
        """Nothing more is heard from this process's connections to the headend, nor by them."""
        ends = [f"{address} . {protocol} . {port}" for protocol, kind in (("tcp", "-Htnp"), ("udp", "-Hunp"))
                for address, port in self._ends(kind, pid)]
        if ends:
            self._nft("add element ip graves ends { " + ", ".join(ends) + " }\n")

    def roam(self) -> None:
        """New connections come from another address."""
        with self._roaming:
            self._lab.client.run("ip", "route", "replace", f"{OUTSIDE}/32", "dev", "wan",
                                 "src", self._random.choice(ADDRESSES))

    def _ends(self, kind: str, pid: int) -> list[tuple[str, str]]:
        """Address and port of its connections; another client may have the same port at another address."""
        lines = self._lab.client.run("ss", kind, "dst", OUTSIDE).stdout.splitlines()
        # State, queues, own address, foreign address, process.
        return [fields[3].rpartition(":")[::2] for fields in map(str.split, lines)
                if len(fields) > 5 and f"pid={pid}," in fields[5]]

    def _set(self, loss: float) -> None:
        if self.loss:
            self._doings.count(did.LOST, packets_hit(self._lab, "weather"))
        lot = f"numgen random mod 10000 < {round(loss * 100)} counter" if loss < 100 else "counter"
        rules = f"""chain i {{ type filter hook input priority 0;
                       iifname "wan" ip saddr {OUTSIDE} meta l4proto {{ tcp, udp }} {lot} drop; }}
            chain o {{ type route hook output priority 0;
                       oifname "wan" ip daddr {OUTSIDE} meta l4proto {{ tcp, udp }} {lot} meta mark set {LOST}; }}
        """ if loss else ""
        # All at once: there is no moment between two weathers.
        self._nft(f"table ip weather\ndelete table ip weather\ntable ip weather {{ {rules} }}\n")
        self.loss = loss

    def _nft(self, commands: str) -> None:
        self._lab.client.run("nft", "-f", "-", input=commands)
