"""What a headend costs that has nothing to do, and what it adds to the way of a packet that comes all the same.

Both are shares and differences, not times: of a core's time, and between two pings side by side. The machine may be
busy with other things, so the best of some tries counts."""

import statistics
import time
from pathlib import Path

import pytest

from harness.headend_config import TWO_WORKERS, one_queue, two_queues
from harness.lab import OUTSIDE, SERVER
from harness.ping import ping, round_trips

pytestmark = pytest.mark.alone
TRIES = 5


def packet_socket(interface: str, number: int) -> str:
    return f"net_af_packet{number},iface={interface}"


def cpu_seconds(process) -> float:
    """What all threads of a process have used since they started."""
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def best(tries, good) -> list:
    """Tries until one is good; all that were measured."""
    seen = []
    for _ in range(TRIES):
        seen.append(tries())
        if good(seen[-1]):
            break
    return seen


@pytest.mark.parametrize("device, workers, limit", [(one_queue, "1", 0.03), (packet_socket, "1", 0.03),
                                                    (two_queues, TWO_WORKERS, 0.10)],
                         ids=["af_xdp", "af_packet", "two-workers"])
def test_an_idle_headend_needs_a_few_per_cent_of_a_core(stage, device, workers, limit):
    """With a client connected by both channels. The whole process: workers, control, and DPDK's own threads."""
    headend = stage.start_headend(device=device, workers=workers)
    stage.connect(dtls=True).wait_dtls()
    ping(stage.lab.client, SERVER)

    def share() -> float:
        before, start = cpu_seconds(headend.process), time.monotonic()
        time.sleep(2)
        return (cpu_seconds(headend.process) - before) / (time.monotonic() - start)

    shares = best(share, lambda value: value < limit)
    assert shares[-1] < limit, f"of a core: {shares}"


@pytest.mark.parametrize("dtls", [False, True], ids=["tls", "dtls"])
def test_a_ping_takes_hardly_longer_through_the_tunnel(stage, headend, dtls):
    """Less than a millisecond above one to the headend itself, in the median; a packet finds the worker asleep each
    time."""
    client = stage.connect(dtls=dtls)
    if dtls:
        client.wait_dtls()
    lab = stage.lab

    def added() -> float:
        direct = statistics.median(round_trips(lab.client, OUTSIDE, 50))
        return statistics.median(round_trips(lab.client, SERVER, 50)) - direct

    differences = best(added, lambda value: value < 1.0)
    assert differences[-1] < 1.0, f"milliseconds more: {differences}"
