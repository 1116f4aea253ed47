"""A tunnel over TCP whose path is slower than what comes for it: the connections inside hear of it early, and what they
did not fill does not wait behind what they did."""

import time
from concurrent.futures import ThreadPoolExecutor

from harness.lab import SERVER
from harness.ping import PingBeside
from harness.router import FAR, ROUTES, behind_a_router
from harness.transfer import send_and_compare
from harness.trouble import packets_hit, trouble

MEGABYTE = 1 << 20
FLOWS = 4
SIZE = 5 * MEGABYTE  # on each
KBIT = 20_000
# How long a connection's send queue of half a megabyte would take by such a path.
HALF_A_MEGABYTE_MS = (MEGABYTE / 2) * 8 / KBIT


def middle(times: list[float]) -> float:
    return times[len(times) // 2]


def shown(times: list[float], seconds: float) -> str:
    return (f"ping ms: median {middle(times)}, 90 % {times[len(times) * 9 // 10]}, longest {times[-1]}, {len(times)}; "
            f"{FLOWS * SIZE * 8 / seconds / 1e6:.1f} Mbit/s")


def download_beside_pings(stage, client, size: int) -> tuple[list[float], float]:
    """The pings' round trips in milliseconds while `size` bytes go down the tunnel on each of four connections, and the
    seconds that these took."""
    pings = PingBeside(stage.lab.client, SERVER, stage.folder / f"ping{time.monotonic_ns()}.log", source=client.address)
    try:
        start = time.monotonic()
        with ThreadPoolExecutor(FLOWS) as pool:
            flows = [pool.submit(send_and_compare, stage.lab.server, stage.lab.client, client.address, size)
                     for _ in range(FLOWS)]
        seconds = time.monotonic() - start
        for flow in flows:
            flow.result()
        return pings.stop(), seconds
    finally:
        pings.kill()


def test_a_slow_path(stage):
    """Behind a link of 20 Mbit/s four downloads and pings share a tunnel. Half of the pings come back in less than a
    fifth of the time that half a megabyte before them would take, nine of ten in half of it, as many bytes as the link
    takes come through, and all of them right."""
    headend = stage.start_headend(extra=ROUTES)
    with behind_a_router(stage.lab) as router:
        client = stage.connect()
        router.slow_down(KBIT, queue_ms=20)
        times, seconds = download_beside_pings(stage, client, SIZE)
        print(shown(times, seconds), headend.show.tunnels())
        assert middle(times) < HALF_A_MEGABYTE_MS / 5, times
        assert times[len(times) * 9 // 10] < HALF_A_MEGABYTE_MS / 2, times
        assert FLOWS * SIZE * 8 / seconds > 0.6 * KBIT * 1000
        assert headend.show.drops()["mp-svc-flow-control"] > 0
        tunnel = headend.show.tunnel(client.address)
        assert tunnel["tx_dropped"] > 0 and tunnel["tx_marked"] == 0, tunnel
        client.logout()


def test_who_listens_to_marks_loses_nothing(stage):
    """The same with connections inside that know ECN: they are told so, and need not send again."""
    headend = stage.start_headend(extra=ROUTES)
    with behind_a_router(stage.lab) as router:
        client = stage.connect()
        router.slow_down(KBIT, queue_ms=20)
        for host in (stage.lab.server, stage.lab.client):
            host.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_ecn")
        try:
            times, seconds = download_beside_pings(stage, client, SIZE)
        finally:
            for host in (stage.lab.server, stage.lab.client):
                host.run("sh", "-c", "echo 2 > /proc/sys/net/ipv4/tcp_ecn")
        tunnel = headend.show.tunnel(client.address)
        print(shown(times, seconds), tunnel)
        assert tunnel["tx_marked"] > 0, tunnel
        assert tunnel["tx_dropped"] < tunnel["tx_marked"], tunnel
        assert middle(times) < HALF_A_MEGABYTE_MS / 5, times
        client.logout()


def test_a_path_that_loses_what_is_too_much(stage, headend):
    """2.5 MB/s pass, and what is more is lost instead of waiting: the outer connection has to repair all of it. A
    ping may wait for that, but not for half a megabyte."""
    client = stage.connect()
    drop = "limit rate over 2500 kbytes/second burst 60 kbytes counter drop"
    with trouble(stage.lab, 443, incoming=drop):
        times, seconds = download_beside_pings(stage, client, SIZE)
        assert packets_hit(stage.lab) > 0
    print(shown(times, seconds))
    assert middle(times) < HALF_A_MEGABYTE_MS, times
