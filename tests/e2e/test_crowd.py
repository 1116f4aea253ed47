"""tools/crowd against culvertd: members log in, move packets over TLS and DTLS, and go in every way that there is."""

import pytest

from harness.crowd_peer import SOURCES6, CrowdPeer, echo_server
from harness.lab import INSIDE, INSIDE6, OUTSIDE6, SERVER, SERVER6
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


def start(stage, **settings) -> None:
    """A headend that knows the server's MAC address: the packets that would wait for it are more than may."""
    stage.start_headend(**settings)
    for inside in (INSIDE, INSIDE6):
        ping = ("ping", "-c1", "-W1", inside)
        until(lambda ping=ping: stage.lab.server.run(*ping, check=False).returncode == 0, f"{inside} answers", 10)


def sessions_become(stage, count: int) -> None:
    until(lambda: len(stage.headend.show.sessions()) == count,
          lambda: f"{count} sessions, there are {len(stage.headend.show.sessions())}", 15)


def test_tls_members_move_packets(stage, crowd, echoes):
    """20 members with a log-in each; packets of several sizes come back whole over TLS 1.3, and none is dropped."""
    start(stage)
    peer = crowd("--no-dtls", members=20)
    peer.log_in(20)
    for size in (64, 576, 1300):
        report = peer.exchange("tls", 20, 50, size, SERVER)
    assert len({member["v4"] for member in report["members"]}) == 20
    assert report["members"][0]["tls_suite"].startswith("TLS_")
    # A reply may be sent again while its acknowledgement is on the way; nothing else is amiss.
    assert set(report["drops"]) <= {"tcp-acked"}, report["drops"]
    peer.tell("leave", 0, 20)
    sessions_become(stage, 0)
    until(lambda: peer.report()["connections"] == 0, "the connections are closed", 10)
    peer.finish()


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
                                   "ECDHE-ECDSA-AES256-SHA384"])
def test_tls12(stage, crowd, echoes, suite):
    start(stage, extra=["ssl cipher tlsv1.2 low"] if suite.endswith("SHA384") else [])
    peer = crowd("--no-dtls", "--no-tls13", "--tls12-ciphers", suite, members=3)
    peer.log_in(3)
    report = peer.exchange("tls", 3, 100, 1000, SERVER)
    assert report["members"][0]["tls_suite"] == suite
    peer.finish()


def test_dtls_members_move_packets(stage, crowd, echoes):
    """DTLS with a pre-shared key, as openconnect does it. What goes up by TLS comes down by DTLS, too."""
    start(stage)
    peer = crowd(members=20)
    peer.log_in(20)
    peer.wait("dtls_up", 20)
    for size in (64, 1300):
        report = peer.exchange("dtls", 20, 50, size, SERVER)
    assert all(member["dtls_up"] and "PSK" in member["dtls_suite"] for member in report["members"])
    assert not report["drops"], report
    peer.exchange("tls", 20, 50, 1300, SERVER, back="dtls")
    peer.tell("leave", 0, 20)
    sessions_become(stage, 0)
    peer.finish()


def test_dtls_by_resumption(stage, crowd, echoes):
    """AnyConnect's form: the master secret travels in CONNECT."""
    start(stage)
    peer = crowd("--dtls-ciphers", "ECDHE-RSA-AES256-GCM-SHA384", members=2)
    peer.log_in(2)
    peer.wait("dtls_up", 2)
    report = peer.exchange("dtls", 2, 50, 900, SERVER)
    assert report["members"][0]["dtls_suite"] == "ECDHE-RSA-AES256-GCM-SHA384"
    peer.finish()


def test_ipv6_outside_and_inside(stage, lab, crowd):
    start(stage)
    peer = crowd(members=4, headend=OUTSIDE6, sources=SOURCES6)
    peer.log_in(4)
    peer.wait("dtls_up", 4)
    with echo_server(lab.server, SERVER6):
        peer.exchange("tls", 4, 50, 1000, SERVER6, back="dtls")
        peer.exchange("dtls", 4, 50, 1000, SERVER6)
    peer.finish()


def test_key_updates(stage, crowd, echoes):
    """Each member changes its TLS 1.3 keys ten times while packets go both ways."""
    start(stage)
    peer = crowd("--no-dtls", members=3)
    peer.log_in(3)
    for _ in range(10):
        peer.tell("update_keys", 0, 3)
        peer.exchange("tls", 3, 20, 500, SERVER)
    assert peer.report()["key_updates"] >= 30
    peer.finish()


def test_keys_that_the_headend_wears_out(stage, crowd, echoes):
    """The headend asks for the next key in mid-stream."""
    start(stage)
    stage.headend.show.text("debug key-limit 4096")
    peer = crowd("--no-dtls", members=2)
    peer.log_in(2)
    peer.exchange("tls", 2, 400, 1200, SERVER)
    assert peer.report()["key_updates"] >= 2
    peer.finish()


def test_cut_and_reconnect(stage, crowd, echoes):
    """All at once with their cookies: the same sessions and addresses, DTLS too."""
    start(stage)
    peer = crowd(members=20)
    peer.log_in(20)
    peer.wait("dtls_up", 20)
    before = [member["v4"] for member in peer.report()["members"]]
    peer.tell("cut", 0, 20)
    peer.wait("closed", 20)
    peer.tell("reconnect", 0, 20)
    peer.wait("established", 40)
    peer.wait("dtls_up", 40)
    report = peer.exchange("dtls", 20, 20, 700, SERVER)
    peer.exchange("tls", 20, 20, 700, SERVER, back="dtls")
    assert [member["v4"] for member in report["members"]] == before
    assert report["reconnects"] == 20 and len(stage.headend.show.sessions()) == 20
    peer.finish()


def test_roaming(stage, crowd, echoes):
    """To another UDP port, as behind a NAT; and to another address, where TLS and DTLS come back by the cookie."""
    start(stage)
    peer = crowd(members=4)
    peer.log_in(4)
    peer.wait("dtls_up", 4)
    for _ in range(3):
        peer.tell("roam_port", 0, 4)
        peer.exchange("dtls", 4, 20, 700, SERVER)
    assert [done["members"] for done in peer.events("done") if done["verb"] == "roam_port"] == [4, 4, 4]
    peer.tell("roam_address", 0, 4)
    peer.wait("established", 8)
    peer.wait("dtls_up", 8)
    peer.exchange("dtls", 4, 20, 700, SERVER)
    peer.exchange("tls", 4, 20, 700, SERVER, back="dtls")
    assert len(stage.headend.show.sessions()) == 4
    peer.finish()


def test_silent_death(stage, crowd, echoes):
    """Members that vanish say nothing more, whatever the headend asks; DPD finds them."""
    start(stage, policy=["anyconnect dpd-interval gateway 5"])
    peer = crowd(members=4)
    peer.log_in(4)
    peer.wait("dtls_up", 4)
    peer.exchange("dtls", 4, 5, 700, SERVER)
    peer.tell("vanish", 0, 2)
    peer.wait("closed", 2)
    silenced = until(lambda: peer.report()["silenced"], "the headend asks for those who are gone", 20)
    assert silenced > 0
    # Their slots serve anew.
    peer.tell("log_in", 0, 2, "vpn", "secret")
    peer.wait("established", 6)
    assert len(stage.headend.show.sessions()) == 6
    peer.finish()


def test_refusals(stage, crowd):
    """A wrong password, and a cookie of a session that there is no more."""
    start(stage)
    peer = crowd(members=2)
    peer.tell("log_in", 0, 1, "vpn", "wrong")
    refused, = peer.wait("refused")
    assert refused["why"] == "log-in refused", refused
    peer.log_in(2)
    stage.headend.show.text("vpn-sessiondb logoff all noconfirm")
    peer.wait("closed", 2)
    peer.tell("reconnect", 0, 2)
    assert [each["why"] for each in peer.wait("refused", 3)[1:]] == ["cookie refused"] * 2
    peer.finish()


def test_strangers(stage, crowd):
    """Bare connections: what they say is no TLS, and the headend hangs up."""
    start(stage)
    peer = crowd("--strangers", 3)
    peer.log_in()
    for number in range(3):
        peer.tell("call")
        peer.wait("called", number + 1)
    peer.wait("stranger_open", 3)
    peer.tell("say", 0, 500)
    peer.wait("stranger_closed")
    peer.tell("reset", 1, 1)
    peer.tell("forsake", 2, 1)
    peer.tell("call")
    peer.wait("stranger_open", 4)
    peer.finish()
