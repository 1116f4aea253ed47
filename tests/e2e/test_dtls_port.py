"""The DTLS port: what clients are told is what is listened on, whatever was entered first, and when it changes at run
time. And bug CSCuh61321 of ASA 9.x, on purpose."""

import socket

import pytest

from harness.culvert_client import CulvertClient
from harness.dtls import connect_by_dtls
from harness.headend_config import TWO_WORKERS, one_queue, two_queues
from harness.lab import OUTSIDE, SERVER
from harness.ping import ping


def sockets(headend) -> dict[str, tuple[int, str]]:
    """Of the IPv4 address: port and handle by protocol."""
    rows = headend.show.json("show asp table socket")["sockets"]
    return {row["protocol"]: (row["local_port"], row["socket"]) for row in rows if row["local_address"] == OUTSIDE}


def ports(headend) -> tuple[int, int]:
    return sockets(headend)["SSL"][0], sockets(headend)["DTLS"][0]


def accepts(lab, port: int) -> bool:
    with lab.client.entered(), socket.socket() as connection:
        connection.settimeout(5)
        return connection.connect_ex((OUTSIDE, port)) == 0


@pytest.mark.parametrize("workers,device", [("1", one_queue), (TWO_WORKERS, two_queues)],
                         ids=["one-worker", "two-workers"])
def test_announced_is_listened_on(stage, workers, device):
    """`dtls port` behind `enable outside`, the order of the note; then two changes under a living tunnel."""
    headend = stage.start_headend(extra=["webvpn", " dtls port 444"], workers=workers, device=device)
    assert ports(headend) == (443, 444)
    first = connect_by_dtls(stage, headend)
    assert first.header("X-DTLS-Port") == "444"
    before = sockets(headend)
    headend.show.text("configure webvpn ; dtls port 445")
    after = sockets(headend)
    assert ports(headend) == (443, 445)
    assert after["SSL"] == before["SSL"] and after["DTLS"][1] != before["DTLS"][1]
    second = connect_by_dtls(stage, headend, 1)
    assert second.header("X-DTLS-Port") == "445"
    # Who is there already stays where it is.
    ping(stage.lab.client, SERVER)
    assert headend.show.carrier(first.address) == "DTLS"
    headend.show.text("configure webvpn ; port 8443")
    assert ports(headend) == (8443, 445)
    assert accepts(stage.lab, 8443) and not accepts(stage.lab, 443)
    ping(stage.lab.client, SERVER)
    running = headend.show.text("show running-config")
    assert " port 8443\n" in running and " enable outside\n dtls port 445\n" in running


def test_the_bug_on_purpose(stage):
    headend = stage.start_headend(extra=["compatibility CSCuh61321", "webvpn", " dtls port 444"])
    assert ports(headend) == (443, 443)
    # What it does to clients, with a short minute: DTLS never comes up, and they come back for a smaller MTU.
    client = CulvertClient(stage.lab, stage.pin, stage.folder, minute=1)
    try:
        client.wait_event("connected", 2)
        assert "Reconfigure reason code 16:\nNew MTU configuration.\n" in client.dart()
        assert client.log_out()["reconnects"] == 1
    finally:
        client.kill()
    # The workaround: disable the interface, set the port, enable it.
    headend.show.text("configure webvpn ; no enable outside ; dtls port 444 ; enable outside")
    assert ports(headend) == (443, 444)
    client = connect_by_dtls(stage, headend)
    assert client.header("X-DTLS-Port") == "444"
    # And a box that does not have the bug.
    headend.show.text("configure webvpn ; dtls port 446")
    assert ports(headend) == (443, 444)
    headend.show.text("configure no compatibility CSCuh61321")
    assert ports(headend) == (443, 446)
    assert headend.show.text("show asp table socket").split()[2] == "State"
    headend.show.text("configure compatibility asa-8.4")
    assert headend.show.text("show asp table socket").splitlines()[0].split()[-1] == "State"
