"""culvert-client: log-in, data by each channel, and the ways in which it ends; the kernel's sockets and OpenSSL's
records at the far end of ours."""

import subprocess

import pytest

from harness.blocked_udp import blocked_udp
from harness.certificate import pin_of
from harness.culvert_client import CulvertClient
from harness.lab import CLIENT, OUTSIDE, OUTSIDE6, SERVER, SERVER6
from harness.paths import CULVERT_CLIENT
from harness.ping import ping
from harness.poll import until
from harness.scripted_headend import ScriptedHeadend
from harness.transfer import send_and_compare
from harness.trouble import trouble

MEGABYTE = 1 << 20


@pytest.fixture
def connect(stage):
    clients = []

    def start(**settings) -> CulvertClient:
        client = CulvertClient(stage.lab, settings.pop("pin", stage.pin), stage.folder, **settings)
        clients.append(client)
        client.wait_event("connected")
        return client

    yield start
    for client in clients:
        client.kill()


@pytest.mark.parametrize("options, outside", [
    (("--dtls", "psk", "--tls", "1.3"), OUTSIDE), (("--dtls", "resumption", "--tls", "1.2"), OUTSIDE6),
    (("--dtls", "none", "--no-xmlpost"), OUTSIDE)], ids=["psk", "resumption-ipv6", "no-dtls-forms"])
def test_data(stage, headend, connect, options, outside):
    """Both ways, by the channel that is there. With DTLS the adapter keeps its MTU: nobody reconnects."""
    client = connect(options=options, outside=outside, minute=0.7)
    dtls = "none" not in options
    if dtls:
        client.wait_event("dtls", state="up")
        until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS")
    until(lambda: headend.show.carrier(client.address), "the headend has a tunnel to the client")
    mtu = client.events("connected")[0]["dtls_mtu" if dtls else "tls_mtu"]
    for size in (56, mtu - 28):
        ping(stage.lab.client, SERVER, size=size, dont_fragment=True)
        ping(stage.lab.server, client.address, size=size, dont_fragment=True)
        ping(stage.lab.client, SERVER6, size=max(56, size - 20), dont_fragment=True)
        ping(stage.lab.server, client.address6, size=max(56, size - 20), dont_fragment=True)
    for sender, receiver, address in ((stage.lab.client, stage.lab.server, SERVER),
                                      (stage.lab.server, stage.lab.client, client.address)):
        send_and_compare(sender, receiver, address, 2 * MEGABYTE)
    summary = client.log_out()
    assert summary["reconnects"] == 0 and summary["bad_records"] == 0, summary
    assert summary["received"]["dtls" if dtls else "tls"]["packets"] > 1000
    assert bool(summary["connections"][0]["dtls"]) == dtls
    until(lambda: not headend.show.sessions(), "the session is gone")


def test_comes_back_with_its_cookie(stage, headend, connect):
    """The connection is cut: the same session and address on a new one, without a log-in; and again when asked."""
    client = connect(options=("--dtls", "none"))
    address = client.address
    with trouble(stage.lab, 443, outgoing="reject with tcp reset"):
        stage.lab.client.run("ping", "-c", "1", "-W", "1", SERVER, check=False)
        client.wait_event("reconnecting", reason="lost")
    client.wait_event("connected", 2)
    ping(stage.lab.client, SERVER)
    client.process.signal(12)  # SIGUSR2
    client.wait_event("connected", 3, 30)
    ping(stage.lab.server, address)
    session, = headend.show.sessions()
    assert session["assigned_ip"] == address
    summary = client.log_out()
    assert [each["reason"] for each in summary["connections"]] == ["first", "lost", "asked"], summary
    assert len(client.events("logged-in")) == 1


@pytest.fixture
def distant_headend(stage):
    """The way to the headend is the default route, over which a tunnel's halves of everything win."""
    client = stage.lab.client
    client.run("ip", "route", "del", "198.51.100.0/24", "dev", "wan")
    client.run("ip", "route", "add", "default", "via", OUTSIDE, "dev", "wan", "onlink")
    yield
    client.run("ip", "route", "del", "default", "dev", "wan", check=False)
    client.run("ip", "route", "add", "198.51.100.0/24", "dev", "wan", "proto", "kernel", "scope", "link", "src", CLIENT)


@pytest.mark.parametrize("dtls", ["none", "psk"])
def test_comes_back_past_its_own_tunnel(stage, headend, distant_headend, connect, dtls):
    """Adapter and routes outlive the connection, and take everything but what is bound to a device."""
    halves = ("--route", "0.0.0.0/1", "--route", "128.0.0.0/1")
    client = connect(options=("--dtls", dtls, *halves))
    ping(stage.lab.client, SERVER)
    client.process.signal(12)  # SIGUSR2
    client.wait_event("connected", 2)
    ping(stage.lab.client, SERVER)
    reasons = ["first", "asked"]
    if dtls == "none":
        with trouble(stage.lab, 443, outgoing="reject with tcp reset"):
            stage.lab.client.run("ping", "-c", "1", "-W", "1", SERVER, check=False)
            client.wait_event("reconnecting", reason="lost")
        client.wait_event("connected", 3)
        reasons.append("lost")
    else:
        client.wait_event("dtls", 2, state="up")
    ping(stage.lab.server, client.address)
    summary = client.log_out()
    assert [each["reason"] for each in summary["connections"]] == reasons, summary


def test_dtls_dies(stage, connect):
    """The client falls back to TLS, and a minute later its adapter gets the MTU that goes with it."""
    headend = stage.start_headend(policy=["anyconnect dpd-interval gateway 5"])
    client = connect(options=("--force-dpd", "1"), minute=1)
    client.wait_event("dtls", state="up")
    until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS")
    with blocked_udp(stage.lab):
        client.wait_event("dtls", state="lost")
        client.wait_event("connected", 2)
        assert client.events("adapter")[-1]["mtu"] == 1347
        ping(stage.lab.client, SERVER)
        ping(stage.lab.server, client.address, size=1347 - 28, dont_fragment=True)
    # It comes back to DTLS when it can, and leaves its adapter as it is.
    client.wait_event("dtls", 2, state="up")
    summary = client.log_out()
    assert [each["reason"] for each in summary["connections"]] == ["first", "new-mtu"], summary
    assert [each["adapter_mtu"] for each in summary["connections"]] == [1418, 1347], summary


def test_dtls_is_ended_by_a_frame(lab, certificate, tmp_path):
    """The client goes on by TLS, and tries DTLS again, each time that it happens."""
    headend = ScriptedHeadend(lab.client, certificate)
    client = CulvertClient(lab, pin_of(certificate), tmp_path, options=("--dtls", "psk"), outside=headend.authority)
    try:
        for times in (1, 2):
            headend.say_by_dtls(b"\x05")
            client.wait_event("dtls", times, state="lost", why="the headend closed it")
        assert client.log_out()["reconnects"] == 0
    finally:
        client.kill()
        headend.close()


def test_detaches(stage, headend, connect):
    """SIGHUP leaves the session for whoever has the cookie."""
    client = connect()
    client.process.signal(1)
    assert client.process.wait() == 0
    until(lambda: headend.show.tunnels() == [], "the tunnels are gone")
    assert len(headend.show.sessions()) == 1


def test_ended_by_the_headend(stage, headend, connect):
    client = connect()
    headend.show.text("vpn-sessiondb logoff all noconfirm")
    assert client.process.wait() == 3, client.process.tail()


def refused(stage, *options: str, password: str = "secret") -> subprocess.CompletedProcess:
    words = stage.lab.client.command("timeout", 20, CULVERT_CLIENT, "--user", "vpn", "--passwd-on-stdin",
                                     *options, f"https://{OUTSIDE}")
    return subprocess.run(words, input=password + "\n", capture_output=True, text=True, timeout=30)


def test_refusals(stage, headend):
    """One sentence each, and a status that tells them apart; the password is in none of them."""
    wrong = refused(stage, "--servercert", stage.pin, password="wrong-one")
    assert wrong.returncode == 3 and "the log-in was refused: Login failed" in wrong.stderr, wrong
    assert "wrong-one" not in wrong.stderr + wrong.stdout
    other = refused(stage, "--servercert", "pin-sha256:AAAA")
    assert other.returncode == 1 and f"its pin is {stage.pin}" in other.stderr, other
    unknown = refused(stage)
    assert unknown.returncode == 1 and f"say --servercert {stage.pin}" in unknown.stderr, unknown
    assert not headend.show.sessions()
