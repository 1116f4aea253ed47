"""DTLS beside TLS: the real client in all three forms, data both ways, UDP that dies and comes back, many at once."""

import contextlib
import json

import pytest

from harness.headend_config import TWO_WORKERS, one_queue, two_queues
from harness.lab import SERVER
from harness.ping import SteadyPing, ping
from harness.poll import until
from harness.process import Process
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20

# What openconnect is told, and the header by which the headend answers. Names of the legacy DTLS keep a list from being
# empty.
FORMS = {
    "psk": ((), "X-DTLS-CipherSuite: PSK-NEGOTIATE"),
    "dtls12": (("--dtls-ciphers", "AES128-SHA", "--dtls12-ciphers", "ECDHE-RSA-AES256-GCM-SHA384"),
               "X-DTLS12-CipherSuite: ECDHE-RSA-AES256-GCM-SHA384"),
    "oc-dtls12": (("--dtls-ciphers", "OC-DTLS1_2-AES128-GCM", "--dtls12-ciphers", "AES128-SHA"),
                  "X-DTLS-CipherSuite: OC-DTLS1_2-AES128-GCM"),
}


def dtls_tunnel(headend, client) -> dict | None:
    return next((tunnel for tunnel in headend.show.tunnels()
                 if tunnel["assigned_ip"] == client.address and tunnel["protocol"] == "DTLS"), None)


def carried_by(headend, client) -> str:
    """The protocol of the tunnel that carries packets to the client at this moment."""
    return next((tunnel["protocol"] for tunnel in headend.show.tunnels()
                 if tunnel["assigned_ip"] == client.address and tunnel["carries"]), "")


def connect_by_dtls(stage, headend, number: int = 0, **settings):
    client = stage.connect(number, dtls=True, **settings).wait_dtls()
    until(lambda: carried_by(headend, client) == "DTLS", "packets go by DTLS")
    return client


def leave(client) -> None:
    """A client whose packets went by two channels: its own counters do not tell them apart."""
    client.process.signal(2)
    assert client.process.wait() == 0, client.process.tail()


@contextlib.contextmanager
def no_udp(lab):
    """Nothing gets through by UDP in either direction."""
    lab.client.run("nft", "-f", "-", input="""table ip noudp {
        chain i { type filter hook input priority 0; iifname "wan" udp sport 443 drop; }
        chain p { type filter hook prerouting priority 0; iifname "wan" udp sport 443 drop; }
        chain e { type filter hook postrouting priority 0; oifname "wan" udp dport 443 drop; }
    }\n""")
    try:
        yield
    finally:
        lab.client.run("nft", "delete", "table", "ip", "noudp")


@pytest.mark.parametrize("form", FORMS)
def test_connects_and_pings_in_every_form(stage, form):
    headend = stage.start_headend()
    options, header = FORMS[form]
    client = connect_by_dtls(stage, headend, options=options)
    assert header in client.process.log()
    before = dtls_tunnel(headend, client)
    ping(stage.lab.client, SERVER, count=10)
    ping(stage.lab.server, client.address, count=10)
    ping(stage.lab.server, client.address, size=int(client.header("X-DTLS-MTU")) - 28, dont_fragment=True)
    after = dtls_tunnel(headend, client)
    assert after["rx_packets"] - before["rx_packets"] >= 20, (before, after)
    assert after["tx_packets"] - before["tx_packets"] >= 20, (before, after)
    session, = headend.show.sessions()
    tunnel = next(tunnel for tunnel in session["tunnels"] if tunnel["name"] == "DTLS-Tunnel")
    assert tunnel["version"] == "DTLSv1.2", session
    assert "DTLS-Tunnel: (1)AES-GCM-" in headend.show.text("show vpn-sessiondb anyconnect")
    leave(client)
    until(lambda: not headend.show.sessions() and not headend.show.tunnels(), "nothing is left")


def test_bulk_both_ways_through_dtls(stage, headend):
    client = connect_by_dtls(stage, headend)
    before = dtls_tunnel(headend, client)
    send_and_compare(stage.lab.client, stage.lab.server, SERVER, 64 * MEGABYTE)
    send_and_compare(stage.lab.server, stage.lab.client, client.address, 64 * MEGABYTE)
    after = dtls_tunnel(headend, client)
    packets = 64 * MEGABYTE // 1418
    assert after["rx_packets"] - before["rx_packets"] > packets * 0.9, (before, after)
    assert after["tx_packets"] - before["tx_packets"] > packets * 0.9, (before, after)
    leave(client)


def test_iperf3_both_ways_through_dtls(stage, headend):
    client = connect_by_dtls(stage, headend)
    lab = stage.lab
    for direction in ((), ("--reverse",)):
        server = Process(lab.server.command("iperf3", "-s", "-1", "--forceflush", "-B", SERVER),
                         stage.folder / f"iperf3{len(direction)}.log")
        server.wait_for_line("Server listening")
        done = lab.client.run("iperf3", "-c", SERVER, "-t", "3", "--json", "--connect-timeout", "5000", *direction,
                              check=False)
        server.wait()
        result = json.loads(done.stdout)
        assert result["end"]["sum_received"]["bytes"] > MEGABYTE, done.stdout
    assert dtls_tunnel(headend, client)["carries"]
    leave(client)


def test_udp_dies_and_comes_back_in_mid_transfer(stage):
    """Traffic goes on over TLS within the time that DPD allows, and returns to DTLS by itself; an inner TCP connection
    lives through both."""
    headend = stage.start_headend(policy=["anyconnect dpd-interval gateway 5", "anyconnect dpd-interval client 5"])
    client = connect_by_dtls(stage, headend)
    lab = stage.lab
    steady = SteadyPing(lab.client, SERVER, stage.folder / "ping.log")
    try:
        with no_udp(lab):
            until(lambda: carried_by(headend, client) == "SSL", "packets go by TLS", 30)
            ping(lab.server, client.address, count=5)
            send_and_compare(lab.client, lab.server, SERVER, 4 * MEGABYTE)
        # The client tries again a minute after its last try.
        until(lambda: carried_by(headend, client) == "DTLS", "packets go by DTLS again", 90)
        before = dtls_tunnel(headend, client)
        send_and_compare(lab.client, lab.server, SERVER, 4 * MEGABYTE)
        assert dtls_tunnel(headend, client)["rx_packets"] > before["rx_packets"] + 1000
    finally:
        steady.kill()
    assert headend.show.text("show logging").count("UDP SVC connection established") >= 2
    leave(client)


def test_reconnect_brings_a_new_dtls_tunnel(stage, headend):
    client = connect_by_dtls(stage, headend)
    for _ in range(3):
        start = client.process.log_size()
        client.reconnect()
        client.process.wait_for_line("Established DTLS connection", start=start)
        until(lambda: carried_by(headend, client) == "DTLS", "packets go by DTLS")
        ping(stage.lab.client, SERVER)
        ping(stage.lab.server, client.address)
        assert len(headend.show.tunnels()) == 2  # one of each kind: nothing of the old ones
    leave(client)


def test_hello_verify_before_every_handshake(stage):
    headend = stage.start_headend(extra=["webvpn", " dtls hello-verify always"])
    for form, (options, _) in FORMS.items():
        client = connect_by_dtls(stage, headend, options=options)
        ping(stage.lab.client, SERVER)
        leave(client)
        until(lambda: not headend.show.sessions(), f"the session is gone ({form})")


def test_policy_without_dtls(stage):
    headend = stage.start_headend(policy=["anyconnect ssl dtls none"])
    client = stage.connect(dtls=True)
    assert "X-DTLS-" not in client.process.log()
    ping(stage.lab.client, SERVER)
    assert carried_by(headend, client) == "SSL"
    leave(client)


@pytest.mark.parametrize("workers,device", [("1", one_queue), (TWO_WORKERS, two_queues)],
                         ids=["one-worker", "two-workers"])
def test_fifty_clients_mixed_leave_nothing_behind(stage, workers, device):
    headend = stage.start_headend(workers=workers, device=device)
    lab = stage.lab
    ping(lab.client, "198.51.100.1")  # So that neighbours are known before the count.
    ping(lab.server, "10.48.66.1")
    at_start = headend.show.resources()
    clients = [stage.start_client(number, dtls=number % 2 == 0) for number in range(50)]
    for client in clients:
        client.wait_connected(120)
    for client in clients[::2]:
        client.wait_dtls(60)
        until(lambda: carried_by(headend, client) == "DTLS", "packets go by DTLS")
    for client in clients:
        ping(lab.client, SERVER, count=2, source=client.address)
        ping(lab.server, client.address, count=2)
    assert sum(tunnel["protocol"] == "DTLS" for tunnel in headend.show.tunnels()) == 25
    for client in clients:
        leave(client)
    until(lambda: not headend.show.sessions(), "all sessions are gone")
    until(lambda: headend.show.resources() == at_start,
          lambda: f"everything was given back:\nat start {at_start}\nnow      {headend.show.resources()}", 90)
