"""What the soak itself does, counted: every drop of the headend has to be the consequence of one of these."""

import threading
from collections import Counter

LAB = "labs made, whose kernels announce their groups (MLD)"
LOGINS = "log-ins"
DTLS_LOGINS = "log-ins with DTLS"
LOGOUTS = "log-outs"
DETACHED = "clients that closed their connection and kept the cookie"
KILLED = "clients killed; their kernel closed the connection"
SILENCED = "clients killed without a packet to tell of it"
RECONNECTS = "reconnects (SIGUSR2)"
ROAMS = "reconnects from another address"
REKEYS = "new tunnels for new keys"
OWN = "reconnects of a client's own accord"
TRANSFERS_UP = "transfers to the server, right to the last bit"
TRANSFERS_DOWN = "transfers to a client, right to the last bit"
BROKEN_OFF = "transfers broken off by the end of their client"
LOST = "packets lost outside"
OUTAGES = "outages of some seconds"
KNOCKS = "SYNs whose sender never answers"
FORGED = "segments of connections that do not exist"
CALLS = "TCP connections that say nothing"
GARBAGE = "TCP connections with garbage"
HALF_HANDSHAKES = "TLS handshakes left half done"
BAD_REQUESTS = "requests that are none, in TLS"
WRONG_PASSWORDS = "wrong passwords"
BROKEN_RECORDS = "tunnels into which a broken record went"
BROKEN_FRAMES = "tunnels into which a broken frame went"
GARBAGE_UDP = "datagrams of garbage"

# In the order in which they are shown. A soak of some length must have done them all, lest it show nothing.
ALL = (LAB, LOGINS, DTLS_LOGINS, LOGOUTS, DETACHED, KILLED, SILENCED, RECONNECTS, ROAMS, REKEYS, OWN,
       TRANSFERS_UP, TRANSFERS_DOWN, BROKEN_OFF, LOST, OUTAGES, KNOCKS, FORGED, CALLS, GARBAGE,
       HALF_HANDSHAKES, BAD_REQUESTS, WRONG_PASSWORDS, BROKEN_RECORDS, BROKEN_FRAMES, GARBAGE_UDP)
# The only one that the soak does not do itself.
BY_CHANCE = (OWN,)


class Doings:
    """Counted by many threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._faults: list[str] = []
        self.bytes = 0

    def count(self, doing: str, times: int = 1) -> None:
        with self._lock:
            self._counts[doing] += times

    def transferred(self, doing: str, size: int) -> None:
        with self._lock:
            self._counts[doing] += 1
            self.bytes += size

    def fault(self, sentence: str) -> None:
        """What no client of a sound headend would have seen."""
        with self._lock:
            self._faults.append(sentence)

    @property
    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    @property
    def faults(self) -> list[str]:
        with self._lock:
            return list(self._faults)
