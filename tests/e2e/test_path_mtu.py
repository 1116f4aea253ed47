"""Paths outside that are narrower than both ends know: no black hole in either direction, by TLS or DTLS, whether
routers say so or not."""

import re

import pytest

from harness.headend_config import TWO_WORKERS, one_queue, two_queues
from harness.lab import OUTSIDE, OUTSIDE6, SERVER, SERVER6
from harness.ping import ping
from harness.poll import until
from harness.router import ROUTES, behind_a_router
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20
# Around an inner packet in DTLS 1.2 with AES-GCM: UDP, record header, nonce, type, tag.
DTLS_OVERHEAD = 8 + 13 + 8 + 1 + 16
LARGEST = {OUTSIDE: 1400 - 20 - DTLS_OVERHEAD, OUTSIDE6: 1400 - 40 - DTLS_OVERHEAD}


def connect_by_dtls(stage, headend, **settings):
    # Looking for the largest packet that comes through takes a client some seconds where nobody tells it.
    client = stage.start_client(dtls=True, **settings).wait_connected(60).wait_dtls()
    # openconnect 9.01 gives up its search without a record sent when its own kernel says that the path is narrow.
    ping(stage.lab.client, SERVER)
    until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS")
    return client


def bulk_both_ways(stage, client, size: int = 16 * MEGABYTE) -> None:
    send_and_compare(stage.lab.server, stage.lab.client, client.address, size)
    send_and_compare(stage.lab.client, stage.lab.server, SERVER, size)


def largest_echo(stage, client) -> int:
    """The MTU that the inside learns when it sends the client a packet that is too large."""
    words = ("ping", "-n", "-c", "3", "-i", "1.1", "-W", "2", "-M", "do", "-s", "1390", client.address)
    done = stage.lab.server.run(*words, check=False)
    said = done.stdout + done.stderr
    found = re.search(r"mtu ?= ?(\d+)", said)  # of the headend, or of the server's own memory
    assert found, said
    return int(found.group(1))


@pytest.mark.parametrize("outside", [OUTSIDE, OUTSIDE6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("mtu", [1400, 1492])
def test_tls(stage, mtu, outside):
    headend = stage.start_headend(extra=ROUTES)
    with behind_a_router(stage.lab) as router:
        router.narrow(mtu)
        client = stage.connect(outside=outside)
        bulk_both_ways(stage, client)
        # Each word of a router about a segment that is on its way was heeded at once, without a timeout.
        until(lambda: headend.show.tunnel(client.address, "SSL")["path_mtu"] == mtu,
              lambda: f"{headend.show.tunnels()}")
        for near, far in ((SERVER, client.address), (SERVER6, client.address6)):
            ping(stage.lab.client, near, size=1299)
            ping(stage.lab.server, far, size=1299, dont_fragment=True)
        client.logout()


@pytest.mark.parametrize("outside", [OUTSIDE, OUTSIDE6], ids=["ipv4", "ipv6"])
def test_tls_where_no_router_says_a_word(stage, outside):
    headend = stage.start_headend(extra=ROUTES)
    with behind_a_router(stage.lab) as router:
        router.narrow(1400)
        router.fall_silent()
        # What Culvert does by itself Linux does only when asked.
        stage.lab.client.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_mtu_probing")
        client = stage.connect(outside=outside)
        bulk_both_ways(stage, client, 4 * MEGABYTE)
        found = 1064 if outside == OUTSIDE else 1280
        until(lambda: headend.show.tunnel(client.address, "SSL")["path_mtu"] == found,
              lambda: f"{headend.show.tunnels()}")
        client.logout()


@pytest.mark.parametrize("outside", [OUTSIDE, OUTSIDE6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("mtu", [1400, 1492])
def test_dtls(stage, mtu, outside):
    headend = stage.start_headend(extra=ROUTES)
    with behind_a_router(stage.lab) as router:
        router.narrow(mtu)
        client = connect_by_dtls(stage, headend, outside=outside)
        bulk_both_ways(stage, client)
        assert headend.show.carrier(client.address) == "DTLS"
        announced = int(client.header("X-DTLS-MTU"))
        fits = min(announced, mtu - (20 if outside == OUTSIDE else 40) - DTLS_OVERHEAD)
        limit = headend.show.tunnel(client.address, "DTLS")["mtu"]
        assert limit == fits, headend.show.tunnels()
        ping(stage.lab.server, client.address, size=limit - 28, dont_fragment=True)
        # Without DF it is cut on the way down.
        cut = ("ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "-M", "dont", "-s", "1390", client.address)
        assert " 0% packet loss" in stage.lab.server.run(*cut).stdout
        if limit < announced:
            assert largest_echo(stage, client) == limit
        client.logout(lossless=False)


def test_dtls_where_no_router_says_a_word(stage):
    """The client's probes that come through are all that there is to know."""
    headend = stage.start_headend(extra=ROUTES)
    with behind_a_router(stage.lab) as router:
        router.narrow(1400)
        router.fall_silent()
        client = connect_by_dtls(stage, headend)
        bulk_both_ways(stage, client)
        limit = headend.show.tunnel(client.address, "DTLS")["mtu"]
        # The client halves, and may stop a little below.
        assert LARGEST[OUTSIDE] - 64 <= limit <= LARGEST[OUTSIDE], limit
        ping(stage.lab.server, client.address, size=limit - 28, dont_fragment=True)
        client.logout(lossless=False)


@pytest.mark.parametrize("outside", [OUTSIDE, OUTSIDE6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("workers,device", [("1", one_queue), (TWO_WORKERS, two_queues)],
                         ids=["one-worker", "two-workers"])
def test_path_that_becomes_narrow(stage, workers, device, outside):
    """The client has measured the path when it was wide: only routers can tell. With two workers it need not be the
    flow's owner whom they tell."""
    headend = stage.start_headend(extra=ROUTES, workers=workers, device=device)
    with behind_a_router(stage.lab) as router:
        client = connect_by_dtls(stage, headend, outside=outside)
        ping(stage.lab.server, client.address, size=1300, dont_fragment=True)
        wide = headend.show.tunnel(client.address, "DTLS")
        router.narrow(1400)
        send_and_compare(stage.lab.server, stage.lab.client, client.address, 16 * MEGABYTE)
        narrow = headend.show.tunnel(client.address, "DTLS")
        assert wide["mtu"] > narrow["mtu"] == LARGEST[outside], (wide, narrow)
        assert narrow["path_mtu"] == 1400 and narrow["carries"], narrow
        assert f"packets of up to {LARGEST[outside]} bytes fit the path" in headend.process.log()
        client.logout(lossless=False)


def test_path_that_is_too_narrow_for_datagrams(stage):
    """IPv6 inside needs 1280 bytes: packets go by TLS, which does not mind."""
    headend = stage.start_headend(extra=ROUTES)
    with behind_a_router(stage.lab) as router:
        client = connect_by_dtls(stage, headend)
        router.narrow(1300)
        ping(stage.lab.server, client.address, size=56)
        stage.lab.server.run("ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-s", "1380", client.address, check=False)
        until(lambda: headend.show.carrier(client.address) == "SSL",
              lambda: f"packets go by TLS: {headend.show.tunnels()}")
        stage.lab.server.run("ping", "-n", "-c", "1", "-W", "1", "-s", "1300", client.address, check=False)
        # Now the client's kernel has been told, too.
        ping(stage.lab.server, client.address, size=1300, dont_fragment=True)
        ping(stage.lab.server, client.address6, size=1232)
        send_and_compare(stage.lab.server, stage.lab.client, client.address, 4 * MEGABYTE)
        client.logout(lossless=False)


def test_a_report_finds_the_flow_on_either_worker(stage):
    """A router's messages all land on one worker, by the hash of its address; clients' tunnels are on both."""
    headend = stage.start_headend(extra=ROUTES, workers=TWO_WORKERS, device=two_queues)
    lab = stage.lab
    with behind_a_router(lab) as router:
        clients = []
        while len({headend.show.tunnel(client.address, "DTLS")["worker"] for client in clients}) < 2:
            assert len(clients) < 16, headend.show.tunnels()
            client = stage.start_client(len(clients), dtls=True).wait_connected(60).wait_dtls()
            ping(lab.client, SERVER, source=client.address)
            until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS")
            clients.append(client)
        router.narrow(1400)
        for client in clients:
            lab.server.run("ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-M", "dont", "-s", "1390", client.address,
                           check=False)
            until(lambda: headend.show.tunnel(client.address, "DTLS")["path_mtu"] == 1400,
                  lambda: f"{headend.show.tunnels()}")
            client.logout(lossless=False)
