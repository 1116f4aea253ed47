"""Log-ins that Debian's freeradius verifies, and what it hears of the sessions."""

import hashlib
import re
import signal
import socket

import pytest

from harness import by_hand
from harness.lab import CLIENT, INSIDE, INSIDE6, OUTSIDE, SERVER, SERVER6
from harness.ping import ping
from harness.poll import until
from harness.radius_server import ADDRESS, KEY, RadiusServer

FRAMED = "10.99.0.7"  # outside every pool
FRAMED6 = "fd00:99::7"
SILENT = "127.0.0.9"  # nobody answers there

USERS = f"""
ann Cleartext-Password := "annspassword"
  Framed-IP-Address = {FRAMED},
  Framed-IPv6-Address = {FRAMED6},
  Class = "OU=SALES;",
  Session-Timeout = 5000,
  Idle-Timeout = 700

bob Cleartext-Password := "bobspassword"

eve Cleartext-Password := "evespassword", Auth-Type := Reject
  Reply-Message = "Not on a Sunday"

otp Cleartext-Password := "123456"
"""


def group(*hosts: str, fallback: str = "", settings: tuple[str, ...] = ()) -> list[str]:
    """A configuration whose log-ins go to RADIUS servers, asked in this order."""
    lines = ["aaa-server LAB protocol radius", *(f" {line}" for line in settings)]
    for host in hosts:
        lines += [f"aaa-server LAB (mgmt) host {host}", f" key {KEY}", " timeout 2", " retry-interval 1"]
    return lines + ["tunnel-group DefaultWEBVPNGroup general-attributes",
                    f" authentication-server-group LAB {fallback}".rstrip(),
                    " accounting-server-group LAB"]


SALES = ["group-policy SALES internal", "group-policy SALES attributes", " address-pools value VPN",
         " vpn-simultaneous-logins 100"]


@pytest.fixture
def radius(stage):
    server = RadiusServer(stage.lab, stage.folder, USERS)
    yield server
    server.kill()


def test_a_server_group_that_comes_and_goes(stage, radius):
    """By `configure`, while the headend runs."""
    headend = stage.start_headend()
    stage.connect().logout()
    headend.show.text("configure " + " ; ".join(line.strip() for line in group(ADDRESS)))
    stage.connect(user="bob", passwords=("bobspassword",)).logout()
    assert f"server = {ADDRESS} : user = bob" in headend.show.text("show logging")
    headend.show.text("configure tunnel-group DefaultWEBVPNGroup general-attributes ; no authentication-server-group ; "
                      "no accounting-server-group ; no aaa-server LAB protocol radius")
    stage.connect()
    assert "aaa-server" not in headend.show.text("show running-config")


def test_the_server_decides_about_address_policy_and_times(stage, radius):
    """Framed-IP-Address, Framed-IPv6-Address, Class, Session-Timeout, Idle-Timeout; and what the server is told about
    the client."""
    headend = stage.start_headend(extra=group(ADDRESS) + SALES)
    stage.lab.server.run("ip", "route", "replace", f"{FRAMED}/32", "via", INSIDE)
    stage.lab.server.run("ip", "route", "replace", f"{FRAMED6}/128", "via", INSIDE6)
    client = stage.connect(user="ann", passwords=("annspassword",))
    assert (client.address, client.address6) == (FRAMED, FRAMED6)
    for near, far in (SERVER, FRAMED), (SERVER6, FRAMED6):
        ping(stage.lab.client, near)
        ping(stage.lab.server, far)
    assert client.header("X-CSTP-Session-Timeout") == "5000"
    assert client.header("X-CSTP-Idle-Timeout") == "700"
    log = headend.show.text("show logging")
    assert f"113004: AAA user authentication Successful : server = {ADDRESS} : user = ann" in log, log
    assert "AAA group policy for user ann is being set to SALES" in log
    assert "Group <SALES> User <ann>" in log
    question, = radius.asked()
    assert question["Calling-Station-Id"] == CLIENT and question["Called-Station-Id"] == OUTSIDE
    assert question["NAS-Identifier"] == "test-headend" and question["NAS-IP-Address"] == ADDRESS
    assert KEY not in headend.show.text("show running-config")


def test_a_taken_address_is_refused_and_logged(stage, radius):
    """The server assigns one address twice: the second session gets none, and the first keeps it."""
    headend = stage.start_headend(extra=group(ADDRESS) + SALES)
    stage.lab.server.run("ip", "route", "replace", f"{FRAMED}/32", "via", "10.48.66.1")
    first = stage.connect(user="ann", passwords=("annspassword",))
    with by_hand.open_tls(stage.lab) as tls:
        cookie = by_hand.log_in(tls, "ann", "annspassword")
        status, _ = by_hand.connect(tls, cookie)
        assert status == 503
    assert f"The address {FRAMED} that the server assigned is taken" in headend.show.text("show logging")
    ping(stage.lab.client, SERVER)
    assert first.address == FRAMED


def test_a_rejection_says_the_servers_reason(stage, radius):
    """Reply-Message reaches the user; the log has the rejection without the name."""
    headend = stage.start_headend(extra=group(ADDRESS))
    with by_hand.open_tls(stage.lab) as tls:
        by_hand.post(tls, by_hand.init_body())
        status, _, body = by_hand.post(tls, by_hand.reply_body("eve", "evespassword"))
        assert status == 200 and "Not on a Sunday" in body
        status, _, body = by_hand.post(tls, by_hand.reply_body("bob", "wrong"))
        assert status == 200 and "Wrong user name or password" in body
    log = headend.show.text("show logging")
    assert f"113005: AAA user authentication Rejected : reason = Invalid password : server = {ADDRESS}" in log, log
    assert "= eve" not in log and "= bob" not in log
    assert headend.show.sessions() == []


def test_a_challenge_is_one_more_form(stage, radius):
    """Access-Challenge, as one-time codes need it: its message is the form's, and its State goes back with the code."""
    headend = stage.start_headend(extra=group(ADDRESS))
    client = stage.connect(user="otp", passwords=("anything", "123456"))
    assert "Enter the code of your token" in client.process.log()
    first, second = radius.asked()
    assert "State" not in first and second["State"] == "0x00ff42"
    assert f"113010: AAA challenge received for user otp from server {ADDRESS}" in headend.show.text("show logging")
    ping(stage.lab.client, SERVER)


def test_a_server_that_signs_is_held_to_it(stage):
    """Answers with a Message-Authenticator pass where it is required."""
    radius = RadiusServer(stage.lab, stage.folder, USERS, signs=True)
    try:
        lines = group(ADDRESS)
        lines.insert(lines.index(" timeout 2"), " message-authenticator-required")
        stage.start_headend(extra=lines)
        stage.connect(user="bob", passwords=("bobspassword",))
        ping(stage.lab.client, SERVER)
    finally:
        radius.kill()


def test_a_server_that_does_not_sign_is_not_believed_where_that_is_required(stage, radius):
    """`message-authenticator-required`: the answer is ignored, the log says why, nobody gets in."""
    lines = group(ADDRESS)
    lines.insert(lines.index(" timeout 2"), " message-authenticator-required")
    headend = stage.start_headend(extra=lines)
    with by_hand.open_tls(stage.lab) as tls:
        by_hand.post(tls, by_hand.init_body())
        status, _, body = by_hand.post(tls, by_hand.reply_body("bob", "bobspassword"))
    assert status == 200 and "authentication server does not answer" in body
    log = headend.show.text("show logging")
    assert f"an answer from {ADDRESS} is ignored: it is without a Message-Authenticator" in log, log


def test_accounting_tells_the_life_of_a_session(stage, radius):
    """Start, Interim-Update at the reconnect, Stop, with the counts that the headend shows itself."""
    headend = stage.start_headend(extra=group(ADDRESS, settings=("interim-accounting-update",)))
    client = stage.connect(user="bob", passwords=("bobspassword",), trace=True)
    ping(stage.lab.client, SERVER, size=1000)
    client.check_handover()
    client.reconnect()
    client.check_handover()
    ping(stage.lab.client, SERVER, size=1000)
    until(lambda: len(radius.accounts()) == 2, lambda: f"Start and Interim: {radius.accounts()}")
    session, = headend.show.sessions()
    client.logout()
    until(lambda: len(radius.accounts()) == 3, lambda: f"a Stop: {radius.accounts()}")
    start, interim, stop = radius.accounts()
    kinds = [record["Acct-Status-Type"] for record in (start, interim, stop)]
    assert kinds == ["Start", "Interim-Update", "Stop"]
    assert len({record["Acct-Session-Id"] for record in (start, interim, stop)}) == 1
    for record in (start, interim, stop):
        assert record["User-Name"] == "bob" and record["Acct-Authentic"] == "RADIUS"
        assert record["Framed-IP-Address"] == client.address and record["Calling-Station-Id"] == CLIENT
    assert int(interim["Acct-Input-Octets"]) > 3000
    assert int(stop["Acct-Input-Packets"]) >= int(session["packets_rx"]) >= 6
    assert int(stop["Acct-Output-Packets"]) >= int(session["packets_tx"]) >= 6
    assert int(session["bytes_rx"]) <= int(stop["Acct-Input-Octets"]) < int(session["bytes_rx"]) + 1000
    assert int(session["bytes_tx"]) <= int(stop["Acct-Output-Octets"]) < int(session["bytes_tx"]) + 1000
    assert stop["Acct-Terminate-Cause"] == "User-Request"


def test_the_last_stop_is_sent_when_the_headend_ends(stage, radius):
    """SIGTERM ends sessions, and the server hears of it."""
    headend = stage.start_headend(extra=group(ADDRESS))
    client = stage.connect(user="bob", passwords=("bobspassword",))
    client.check_handover()
    headend.finish()
    until(lambda: [r["Acct-Status-Type"] for r in radius.accounts()] == ["Start", "Stop"], "the Stop")
    stage.headend = None
    client.kill()
    stage.clients.clear()


def test_the_next_server_answers_for_a_dead_one(stage, radius):
    """The first server is silent: after its time the second is asked; after some more of that the first is dead."""
    headend = stage.start_headend(extra=group(SILENT, ADDRESS, settings=("max-failed-attempts 1",)))
    with stage.lab.headend.entered():
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with silent:
        silent.bind((SILENT, 1812))
        stage.connect(user="bob", passwords=("bobspassword",))
        silent.setblocking(False)
        assert len(silent.recv(4096)) > 20
        log = headend.show.text("show logging")
        assert f"113014: AAA authentication server not accessible : server = {SILENT}" in log, log
        assert f"113022: AAA Marking RADIUS server {SILENT} in aaa-server group LAB as FAILED" in log, log
        ping(stage.lab.client, SERVER)


def accept(question: bytes) -> bytes:
    """An Access-Accept without attributes (RFC 2865 §3)."""
    head = bytes((2, question[1], 0, 20))
    return head + hashlib.md5(head + question[4:20] + KEY.encode()).digest()


# A goodbye in TLS and a FIN, or the FIN alone.
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_who_leaves_before_the_answer_is_not_logged_in(stage, how):
    """Ctrl-C while a push to a telephone is not answered: the question ends with the client, the answer that comes all
    the same makes no session, and the next try is one like any other."""
    lines = group(SILENT)
    lines[lines.index(" timeout 2")] = " timeout 100"
    headend = stage.start_headend(extra=lines)
    with stage.lab.headend.entered():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server:
        server.bind((SILENT, 1812))
        server.settimeout(15.0)
        client = stage.start_client(user="bob", passwords=("bobspassword",))
        question, asker = server.recvfrom(4096)
        assert headend.show.json("show culvert setup")["in_setup"] == 1
        client.process.signal(how)
        client.process.wait()
        until(lambda: headend.show.json("show culvert setup")["in_setup"] == 0, "its place is free", 5)
        server.sendto(accept(question), asker)
        again = stage.start_client(user="bob", passwords=("bobspassword",))
        while True:  # The first question may have been repeated before it ended.
            other, other_asker = server.recvfrom(4096)
            if other[4:20] != question[4:20]:
                break
        assert headend.show.sessions() == []
        server.sendto(accept(other), other_asker)
        again.wait_connected()
        assert len(headend.show.sessions()) == 1
        ping(stage.lab.client, SERVER)


def test_local_answers_when_no_server_does(stage):
    """`authentication-server-group LAB LOCAL`: the configuration's own users get in while the servers are dead."""
    headend = stage.start_headend(extra=group(SILENT, fallback="LOCAL"))
    stage.connect()
    log = headend.show.text("show logging")
    assert "113014" in log and "113012" in log, log
    ping(stage.lab.client, SERVER)


def test_without_servers_and_without_local_the_form_says_so(stage):
    """A clear error, no session; a local user's right password does not help."""
    headend = stage.start_headend(extra=group(SILENT))
    with by_hand.open_tls(stage.lab) as tls:
        by_hand.post(tls, by_hand.init_body())
        status, _, body = by_hand.post(tls, by_hand.reply_body("vpn", "secret"))
    assert status == 200 and re.search("authentication server does not answer", body), body
    assert headend.show.sessions() == []
