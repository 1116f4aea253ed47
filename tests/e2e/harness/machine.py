"""The machine that the test processes share: each has its own lab, and a test that needs the whole machine is alone."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

# pytest-xdist's name for this process ("gw0"), or "" when there is but one.
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")
# Of namespaces and sockets, so that neither another process's nor a lab that somebody keeps running is in the way.
PREFIX = f"culvert-test-{PROCESS}-" if PROCESS else "culvert-test-"


@contextlib.contextmanager
def use(alone: bool) -> Iterator[None]:
    """Waits until no test that wants to be alone runs; if `alone`, until no other test runs at all."""
    with open("/run/culvert-test.turn", "w") as turn, open("/run/culvert-test.lock", "w") as lock:
        # Who waits to be alone holds the turn, so that no stream of other tests keeps it waiting.
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield
