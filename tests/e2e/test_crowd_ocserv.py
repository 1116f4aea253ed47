"""tools/crowd against ocserv: a headend that none of our code is in, so that what both of ours agree on is right."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from harness.crowd_peer import CrowdPeer, echo_server
from harness.lab import SERVER
from harness.paths import ROOT
from harness.poll import until

sys.path.insert(0, str(ROOT / "tools"))

from steps.compare.headends import Ocserv  # noqa: E402

pytestmark = pytest.mark.skipif(shutil.which("ocserv") is None, reason="ocserv is not installed")


@pytest.fixture
def ocserv(lab):
    # Its processes run as a user of their own, who sees nothing of pytest's folders.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        headend = Ocserv(lab, Path(folder))
        try:
            headend.wait_ready()
            with echo_server(lab.server, SERVER):
                yield headend
                headend.stop()
        finally:
            headend.kill()


@pytest.fixture
def crowd(ocserv, lab, tmp_path):
    started = []

    def start(*options, **settings) -> CrowdPeer:
        started.append(CrowdPeer(lab, tmp_path, *options, **settings))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.mark.parametrize("options", [(), ("--no-tls13",)], ids=["TLS 1.3", "TLS 1.2"])
def test_both_channels(crowd, options):
    tls = crowd("--no-dtls", *options, members=4)
    tls.log_in(4)
    tls.exchange("tls", 4, 50, 1200, SERVER)
    tls.tell("leave", 0, 4)
    tls.finish()
    peer = crowd(*options, members=8)
    peer.log_in(8)
    peer.wait("dtls_up", 8)
    for size in (64, 1200):
        peer.exchange("dtls", 8, 20, size, SERVER)
    report = peer.report()
    assert len({member["v4"] for member in report["members"]}) == 8
    peer.tell("leave", 0, 8)
    peer.wait("closed", 8)
    peer.finish()


def test_reconnect_and_roaming(crowd):
    peer = crowd(members=4)
    peer.log_in(4)
    peer.wait("dtls_up", 4)
    peer.tell("cut", 0, 4)
    peer.wait("closed", 4)
    peer.tell("reconnect", 0, 4)
    peer.wait("established", 8)
    peer.wait("dtls_up", 8)
    peer.exchange("dtls", 4, 20, 900, SERVER)
    peer.tell("roam_address", 0, 4)
    peer.wait("established", 12)
    peer.wait("dtls_up", 12)
    assert peer.exchange("dtls", 4, 20, 900, SERVER)["reconnects"] == 8
    peer.finish()


def test_key_updates(crowd):
    """GnuTLS takes ours."""
    peer = crowd("--no-dtls", members=2)
    peer.log_in(2)
    for _ in range(5):
        peer.tell("update_keys", 0, 2)
        peer.exchange("tls", 2, 20, 500, SERVER)
    peer.finish()


def test_wrong_password(crowd):
    peer = crowd()
    peer.tell("log_in", 0, 1, "vpn", "wrong")
    refused, = peer.wait("refused")
    assert refused["why"] == "log-in refused", refused
    until(lambda: peer.report()["in_setup"] == 0, "the member is idle")
    peer.finish()
