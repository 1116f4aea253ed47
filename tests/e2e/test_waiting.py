"""More connections than places in set-up: those that are silent take none, those that have said hello wait for one, and
nobody is reset who could have been served."""

import socket
import ssl
from contextlib import ExitStack, closing

import pytest

from harness import by_hand
from harness.poll import until

SESSIONS = 100
PLACES_OF_ONE = 64     # SetupLimits::half_set_up_per_source
ROOM = SESSIONS + 256  # TCP slots beyond the sessions


@pytest.fixture
def headend(stage):
    return stage.start_headend(dataplane=[f"sessions {SESSIONS}"])


def counters(headend) -> dict[str, int]:
    return headend.show.json("show culvert setup")


def hello() -> bytes:
    """A ClientHello, after which nothing comes."""
    outgoing = ssl.MemoryBIO()
    tls = by_hand.context().wrap_bio(ssl.MemoryBIO(), outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def connect(stage, kept: ExitStack) -> socket.socket:
    return kept.enter_context(closing(by_hand.open_tcp(stage.lab, timeout=10.0)))


def test_silent_connections_keep_nobody_out(stage, headend):
    """As many as there is room for and more, from the client's own address; it gets in at once all the same."""
    with ExitStack() as kept:
        for _ in range(ROOM + 40):
            connect(stage, kept)
        until(lambda: counters(headend)["opened"] >= ROOM + 40, "all of them are known", 10)
        count = counters(headend)
        assert count["silent"] == ROOM and count["turned_away"] == 40 and count["in_setup"] == 0, count
        client = stage.connect()
        assert counters(headend)["waited"] == 0
        client.logout()
    until(lambda: counters(headend)["silent"] == 0, "none is left", 10)
    rings = {ring["name"]: ring["entries"] for ring in headend.show.resources()["rings"]}
    assert rings["waiting for set-up"] == 0, rings


def test_who_has_no_place_waits_for_it(stage, headend):
    """An address that uses all its places is not reset for one more: it is answered when one of the others goes."""
    word = hello()
    with ExitStack() as kept:
        inside = [connect(stage, kept) for _ in range(PLACES_OF_ONE)]
        for connection in inside:
            connection.sendall(word)
        for connection in inside:
            assert connection.recv(1) == b"\x16"
        late = connect(stage, kept)
        late.sendall(word)
        until(lambda: counters(headend)["waiting"] == 1, lambda: f"it waits: {counters(headend)}", 10)
        late.settimeout(1.0)
        with pytest.raises(TimeoutError):
            late.recv(1)
        inside[0].close()
        late.settimeout(10.0)
        assert late.recv(1) == b"\x16"
        count = counters(headend)
        assert count["waiting"] == 0 and count["turned_away"] == 0 and count["in_setup"] == PLACES_OF_ONE, count
    until(lambda: counters(headend)["in_setup"] == 0, "all have gone", 10)
