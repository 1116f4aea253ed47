"""A key that has sealed as much as it may (here: far less, by `debug key-limit`) is replaced, each version in its way,
and the data goes on."""

import pytest

from harness.dtls import connect_by_dtls
from harness.poll import until
from harness.traffic import Traffic

LIMIT = "debug key-limit 100000"  # 1.6 MB of packets


def test_tls13_renews_it_by_key_update(stage):
    """The tunnel stays. The client's data packets and the worker's records differ by the KeyUpdates, and no more."""
    headend = stage.start_headend()
    client = stage.connect(suite="TLS 1.3 AES-128-GCM")
    client.check_handover()
    assert "no key seals more than 100000 blocks" in headend.show.text(LIMIT)
    traffic = Traffic(stage.lab, client)

    def updates() -> int:
        return headend.show.tunnel(client.address)["tx_records"] - client.records().received

    until(lambda: traffic.rounds >= 3, "three rounds of transfers", timeout=60)
    traffic.stop()
    headend.show.text("undebug key-limit")
    until(lambda: updates() >= 4, "four KeyUpdates of the worker's own")
    assert client.process.log().count("CSTP connected") == 1
    client.kill()  # its counters are checked above


def test_tls12_closes_and_the_client_comes_back(stage):
    headend = stage.start_headend()
    client = stage.connect(suite="TLS 1.2 ECDHE AES-128-GCM", trace=True)
    address = client.address
    headend.show.text(LIMIT)
    traffic = Traffic(stage.lab, client)
    until(lambda: client.process.log().count("CSTP connected") >= 4, "three new connections", timeout=90)
    headend.show.text("undebug all")
    traffic.stop()
    assert "SVC closing connection: Key limit reached." in headend.process.log()
    assert client.address == address
    session, = headend.show.sessions()
    assert session["assigned_ip"] == address


@pytest.mark.parametrize("ciphers", [(), ("--dtls-ciphers", "OC-DTLS1_2-AES128-GCM")])
def test_dtls_makes_the_client_come_back_too(stage, ciphers):
    """In either form. The key of TLS 1.3, which carries nothing, is not worn."""
    headend = stage.start_headend()
    client = connect_by_dtls(stage, headend, options=ciphers)
    address = client.address
    headend.show.text(LIMIT)
    traffic = Traffic(stage.lab, client)
    until(lambda: client.process.log().count("Established DTLS connection") >= 4, "three new DTLS tunnels", timeout=90)
    headend.show.text("undebug all")
    traffic.stop()
    assert "SVC closing connection: Key limit reached." in headend.process.log()
    until(lambda: headend.show.carrier(address) == "DTLS", "packets go by DTLS")
    session, = headend.show.sessions()
    assert session["assigned_ip"] == address
    client.kill()  # whose statistics cover all its tunnels, and a worker's only the last
