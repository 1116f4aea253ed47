"""tools/crowd against culvertd: members log in, move packets over TLS and DTLS, and go in every way that there is."""

import pytest

from harness.crowd_peer import SOURCES6, CrowdPeer, echo_server
from harness.lab import OUTSIDE6, SERVER, SERVER6
from harness.poll import until


@pytest.fixture
def crowd(stage, tmp_path):
    started = []

    def start(*options, **settings) -> CrowdPeer:
        started.append(CrowdPeer(stage.lab, tmp_path, *options, **settings))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def echoes(lab):
    with echo_server(lab.server, SERVER):
        yield


def sessions(stage) -> int:
    return len(stage.headend.show.sessions())


def test_tls_members_move_packets(stage, crowd, echoes):
    """20 members with a log-in each; packets of several sizes come back whole over TLS 1.3."""
    stage.start_headend()
    peer = crowd("--no-dtls", members=20)
    peer.log_in(20)
    for size in (64, 576, 1300):
        report = peer.exchange("tls", 20, 50, size, SERVER)
    assert len({member["v4"] for member in report["members"]}) == 20
    assert report["members"][0]["tls_suite"].startswith("TLS_")
    assert not report["drops"], report
