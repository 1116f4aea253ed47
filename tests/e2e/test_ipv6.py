"""IPv6 outside and inside: beside IPv4, in place of it, and where it has rules of its own."""

import json
import re
import socket

import pytest

from harness.headend_config import TWO_WORKERS, two_queues
from harness.lab import CLIENT6, INSIDE6, OUTSIDE, OUTSIDE6, SERVER, SERVER6
from harness.ping import ping
from harness.poll import until
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20


@pytest.mark.parametrize("outside", [OUTSIDE, OUTSIDE6])
def test_both_families_inside(stage, headend, outside):
    """Whatever family the tunnel runs over, it carries both: pings both ways, each size up to the MTU, bulk data."""
    client = stage.connect(outside=outside)
    assert client.address6, client.process.tail()
    session, = headend.show.json("show vpn-sessiondb anyconnect")["sessions"]
    assert session["assigned_ipv6"] == client.address6 and session["assigned_ip"] == client.address
    assert (session["public_ip"] == CLIENT6) == (outside == OUTSIDE6)
    for near, far in (SERVER, client.address), (SERVER6, client.address6):
        ping(stage.lab.client, near)
        ping(stage.lab.server, far)
    for size in (1, 1000, 1232, 1299):  # with 48 bytes of headers, up to the 1347 that the tunnel takes
        ping(stage.lab.client, SERVER6, size=size)
        ping(stage.lab.server, client.address6, size=size)
    ping(stage.lab.client, INSIDE6)
    send_and_compare(stage.lab.client, stage.lab.server, SERVER6, 32 * MEGABYTE, client.address6)
    send_and_compare(stage.lab.server, stage.lab.client, client.address6, 32 * MEGABYTE)
    assert "722051" in headend.process.log() and f"IPv6 address <{client.address6}>" in headend.process.log()


def test_box_answers_on_both_interfaces(stage, headend):
    """Echoes to the box's own addresses, the link-local one too, and large ones in fragments."""
    ping(stage.lab.client, OUTSIDE6)
    ping(stage.lab.server, INSIDE6)
    ping(stage.lab.client, OUTSIDE6, size=1452)
    # Two fragments come in; the reply is larger than the link, and nobody on the way may cut it.
    before = headend.show.drops().get("cv-exceeds-mtu", 0)
    stage.lab.client.run("ping", "-n", "-c", "1", "-W", "1", "-s", "2000", OUTSIDE6, check=False)
    until(lambda: headend.show.drops().get("cv-exceeds-mtu", 0) > before, "the reassembled echo is accounted for")
    link_local = link_local_of(headend, "outside")
    ping(stage.lab.client, f"{link_local}%wan")
    neighbours = headend.show.json("show ipv6 neighbor")["neighbours"]
    assert neighbours is not None


def link_local_of(headend, nameif: str) -> str:
    for interface in headend.show.json("show interface")["interfaces"]:
        if interface["nameif"] == nameif:
            return next(a.split("/")[0] for a in interface["ipv6"] if a.startswith("fe80"))
    raise AssertionError(f"no interface {nameif}")


def test_neighbours_are_confirmed_and_forgotten(stage, headend):
    """The kernel's view of us and ours of it; a neighbour that has gone is found out."""
    ping(stage.lab.server, INSIDE6)
    mac = next(i["mac"] for i in headend.show.json("show interface")["interfaces"] if i["nameif"] == "inside")
    kernel = stage.lab.server.run("ip", "-6", "neigh", "show", INSIDE6).stdout
    assert mac.replace(".", "") in kernel.replace(":", ""), kernel

    def ours():
        rows = headend.show.json("show ipv6 neighbor")["neighbours"]
        return next((row for row in rows if row["address"] == SERVER6), None)

    until(lambda: ours() and ours()["mac"], "the server is a neighbour")
    # With a wrong address in the kernel's table the two lose each other until the kernel asks anew.
    stage.lab.server.run("ip", "-6", "neigh", "flush", "dev", "lan")
    ping(stage.lab.server, INSIDE6)
    # A packet to a host that is not there waits in vain, and is dropped by name.
    client = stage.connect()
    before = headend.show.drops().get("no-adjacency", 0)
    stage.lab.client.run("ping", "-n", "-c", "1", "-W", "1", "fd00:48:66::dead", check=False)
    until(lambda: headend.show.drops().get("no-adjacency", 0) > before, "the packet for nobody is dropped")
    assert client.process.running()


def test_too_big_is_told(stage, headend):
    """A packet that is larger than the tunnel is never cut: its sender learns the size from Packet Too Big."""
    client = stage.connect()
    mtu = int(client.header("X-CSTP-MTU"))
    words = ["ping", "-n", "-c", "2", "-i", "0.3", "-W", "1", "-M", "do", "-s", "1400"]
    done = stage.lab.server.run(*words, client.address6, check=False)
    said = (done.stdout + done.stderr).lower().replace(" ", "").replace(":", "=")
    assert "toobig" in said or f"mtu={mtu}" in said, said
    route = stage.lab.server.run("ip", "-6", "route", "get", client.address6).stdout
    assert f"mtu {mtu}" in route, route
    assert headend.show.drops().get("mp-svc-no-fragment", 0) >= 1
    # Knowing it, the kernel cuts larger packets itself.
    ping(stage.lab.server, client.address6, size=3000)
    stage.lab.server.run("ip", "-6", "route", "flush", "cache")


def test_anti_spoof(stage, headend):
    """A source that is not the session's own does not come through, whichever family."""
    client = stage.connect()
    stage.lab.client.run("ip", "-6", "address", "add", "fd00:10:10::77/128", "dev", client.interface, "nodad")
    before = headend.show.drops().get("svc-selector-failure", 0)
    done = stage.lab.client.run("ping", "-n", "-c", "3", "-i", "0.1", "-W", "1", "-I", "fd00:10:10::77", SERVER6,
                                check=False)
    assert done.returncode != 0
    until(lambda: headend.show.drops().get("svc-selector-failure", 0) >= before + 3, "three drops by name")


@pytest.mark.parametrize("service", ["there", "gone"])
def test_clear_packets_for_clients_are_refused_outside(stage, headend, service):
    """svc-spoof-detect for IPv6: nobody outside reaches a client past the inside network's policy. Nor those clients
    that are still there when outside is not served any more."""
    client = stage.connect()
    if service == "gone":
        headend.show.text("configure webvpn ; no enable outside")
    stage.lab.client.run("ip", "-6", "route", "add", "fd00:10:10::/96", "via", OUTSIDE6, "dev", "wan")
    try:
        before = headend.show.drops().get("svc-spoof-detect", 0)
        stage.lab.client.run("ping", "-n", "-c", "2", "-i", "0.1", "-W", "1", "-I", CLIENT6, client.address6[:-1] + "9",
                             check=False)
        until(lambda: headend.show.drops().get("svc-spoof-detect", 0) > before, "the drop by name")
    finally:
        stage.lab.client.run("ip", "-6", "route", "del", "fd00:10:10::/96")


@pytest.mark.parametrize("outside", [OUTSIDE, OUTSIDE6])
def test_pings_outside_in_a_clients_name_do_not_come_to_it(stage, headend, outside):
    """The answer would go into the client's tunnel, with what whoever is outside has written."""
    client = stage.connect()
    name = client.address6 if ":" in outside else client.address
    before = headend.show.drops().get("svc-spoof-detect", 0)
    done = stage.lab.client.run("ping", "-n", "-c", "3", "-i", "0.1", "-W", "1", "-I", name, outside, check=False)
    assert done.returncode != 0, done.stdout
    until(lambda: headend.show.drops().get("svc-spoof-detect", 0) >= before + 3, "three drops by name")
    ping(stage.lab.client, outside)  # in its own name it may


def test_same_address_after_reconnect(stage, headend):
    """SIGUSR2: both addresses stay, over a new connection from the same client."""
    client = stage.connect(outside=OUTSIDE6, trace=True)
    before = client.address, client.address6
    client.reconnect()
    ping(stage.lab.client, SERVER6)
    ping(stage.lab.client, SERVER)
    assert (client.address, client.address6) == before


def test_withheld_below_1280(stage):
    """RFC 8200 wants 1280 bytes: a tunnel that has fewer carries no IPv6, and the log says why."""
    headend = stage.start_headend(policy=["anyconnect mtu 1200"])
    client = stage.connect()
    assert client.address6 == ""
    assert "722041" in headend.process.log() and "1200" in headend.process.log()
    ping(stage.lab.client, SERVER)


def test_client_that_wants_none(stage, headend):
    """--disable-ipv6: the client says so, and gets IPv4 alone."""
    client = stage.connect(options=("--disable-ipv6",))
    assert client.address6 == ""
    session, = headend.show.json("show vpn-sessiondb anyconnect")["sessions"]
    assert session["assigned_ipv6"] == ""


def test_two_workers(stage):
    """Two workers, clients over both families: each session's two addresses have one home, all get through."""
    headend = stage.start_headend(workers=TWO_WORKERS, device=two_queues)
    clients = [stage.connect(number, outside=(OUTSIDE, OUTSIDE6)[number % 2]) for number in range(4)]
    for client in clients:
        ping(stage.lab.server, client.address)
        ping(stage.lab.server, client.address6)
        ping(stage.lab.client, SERVER6, source=client.address6)
    assert {session["home_worker"] for session in headend.show.json("show vpn-sessiondb anyconnect")["sessions"]}
    send_and_compare(stage.lab.client, stage.lab.server, SERVER6, 8 * MEGABYTE, clients[1].address6)
    send_and_compare(stage.lab.server, stage.lab.client, clients[2].address6, 8 * MEGABYTE)


def test_show_commands(stage, headend):
    """What the box says of its IPv6."""
    ping(stage.lab.client, OUTSIDE6)
    assert re.search(rf"^SSL .*LISTEN .*{OUTSIDE6}", headend.show.text("show asp table socket"), re.M)
    assert OUTSIDE6 in headend.show.text("show interface outside")
    assert "fd00:48:66::/64" in headend.show.text("show ipv6 route")
    with stage.lab.client.entered():
        connection = socket.create_connection((OUTSIDE6, 443), timeout=10)
    connection.close()
    assert json.dumps(headend.show.json("show ipv6 neighbor"))
