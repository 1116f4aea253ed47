"""Keys are renewed while data flows, by either method and in each version, and nobody who uses the tunnel notices."""

import pytest

from harness.client import SUITES
from harness.lab import SERVER
from harness.ping import SteadyPing, ping
from harness.poll import until
from harness.traffic import Traffic

HURRY = 20  # The shortest time is a minute: with the client's clock, three seconds.


def announce(method: str) -> list[str]:
    return ["anyconnect ssl rekey time 1", f"anyconnect ssl rekey method {method}"]


@pytest.mark.parametrize("suite", [name for name in SUITES if "1.3" in name])
def test_key_update(stage, suite):
    """TLS 1.3, method ssl: the client's KeyUpdates are answered in mid-stream. Not one echo is lost, no byte of the
    transfers is wrong, and the record counters agree to the last."""
    headend = stage.start_headend(policy=announce("ssl"))
    client = stage.connect(suite=suite, hurry=HURRY)
    assert (client.header("X-CSTP-Rekey-Time"), client.header("X-CSTP-Rekey-Method")) == ("60", "ssl")
    steady = SteadyPing(stage.lab.client, SERVER, stage.folder / "ping.log")
    traffic = Traffic(stage.lab, client)
    until(lambda: headend.show.tunnel(client.address)["key_updates"] >= 4, "four key updates", timeout=60)
    traffic.stop()
    assert steady.stop() > 50
    assert len(headend.show.tunnels()) == 1
    client.check_handover()


@pytest.mark.parametrize("suite, method", [("TLS 1.3 AES-256-GCM", "new-tunnel"), ("TLS 1.2 ECDHE AES-256-GCM", "ssl")])
def test_new_tunnel(stage, suite, method):
    """A new connection with the old cookie takes the tunnel's place; TLS 1.2 has no other way, so there it is announced
    whatever is configured. Transfers inside go on, and the address stays."""
    headend = stage.start_headend(policy=announce(method))
    client = stage.connect(suite=suite, hurry=HURRY, trace=True)
    assert (client.header("X-CSTP-Rekey-Time"), client.header("X-CSTP-Rekey-Method")) == ("60", "new-tunnel")
    address = client.address
    traffic = Traffic(stage.lab, client)
    until(lambda: client.process.log().count("CSTP connected") >= 4, "three new tunnels", timeout=90)
    traffic.stop()
    assert client.address == address
    session, = headend.show.sessions()
    assert session["assigned_ip"] == address
    ping(stage.lab.server, address)
