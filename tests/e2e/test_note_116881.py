"""Cisco's note 116881 from end to end: DTLS is blocked in the path, the client has the DTLS MTU on its adapter, and
comes back after a minute, here a short one, with that of TLS. And what each remedy makes of it."""

import json
import re
import subprocess
import sys

import pytest

from harness.blocked_udp import blocked_udp
from harness.certificate import RSA, make_certificate, pin_of
from harness.client import Client
from harness.culvert_client import CulvertClient
from harness.datagrams import arriving
from harness.headend import Headend
from harness.lab import SERVER
from harness.paths import BUILD, ROOT
from harness.poll import until
from harness.transfer import send_and_compare

sys.path.insert(0, str(ROOT / "tools"))

from steps.scenario.experiment import Experiment, Settings  # noqa: E402
from steps.scenario.note import NoteConfig  # noqa: E402

MINUTE, PERIOD = 2.5, 0.25  # seconds
MEGABYTE = 1 << 20


@pytest.fixture
def play(lab, tmp_path):
    """Runs one experiment and returns it with its result."""
    experiments = []

    def run(fix: str, icmp: str, **settings) -> tuple[Experiment, dict]:
        settings = {"minute": MINUTE, "period": PERIOD, "ping": False} | settings
        experiments.append(Experiment(lab, tmp_path, Settings(fix, icmp, **settings)))
        return experiments[-1], experiments[-1].run()

    yield run
    for experiment in experiments:
        experiment.clear()


def test_the_note(play):
    """ICMP is allowed: one drop, one error that the server's kernel takes, the two messages; data comes at once, and
    keeps coming when the adapter gets its new MTU."""
    experiment, result = play("none", "allowed", ping=True)
    assert result["announced"] == {"tls": 1347, "dtls": 1418}
    assert result["ping"] == {"size": 1418, "answered": False, "drops": 1, "icmp_sent": 1, "icmp_suppressed": 0,
                              "icmp_mtus": [1347], "route_mtu": 1347}
    log = experiment.headend.process.log()
    assert ("%ASA-6-722036: Group <ac_users_group> User <vpn> IP <198.51.100.2> "
            "Transmitting large packet 1418 (threshold 1347).") in log
    assert ("%ASA-6-602101: PMTU-D packet 1418 bytes greater than effective mtu 1347, "
            "dest_addr=10.10.10.1, src_addr=10.48.66.200, prot=ICMP") in log
    # TCP finds out for itself, from a SYN whose MSS is that of the adapter.
    assert result["syn_mss"] == {"before": 1378, "after": 1307}
    icmp = result["icmp_errors"]
    assert 0 < result["drops"] == result["oversized"] == icmp["sent"] + icmp["suppressed"], result
    assert set(icmp["mtus_at_server"]) == {1347} and result["route_mtu"] == 1347
    old = result["old_connection"]
    assert old["alive"] and old["first_bytes_s"] < MINUTE, result
    assert result["reconnects"] == 1 and result["adapter_mtu"] == [1418, 1347]
    connections = result["client"]["connections"]
    assert [each["reason"] for each in connections] == ["first", "new-mtu"]
    assert {each["tls"] for each in connections} == {"TLSv1.2 AES256-SHA256"}
    assert result["client"]["bad_records"] == 0
    check_dart(experiment.client.dart())
    who = {entry.who for entry in experiment.timeline.entries()}
    assert who == {"client", "headend", "server"}


def check_dart(text: str) -> None:
    """The note's four entries, in its form and order."""
    entries = re.findall(r"\*{42}\n\nDate        : \d\d/\d\d/\d{4}\nTime        : \d\d:\d\d:\d\d\n"
                         r"Type        : (\w+)\nSource      : (\w+)\n\nDescription : ((?:.+\n)+)\n", text)
    assert entries[-4:] == [
        ("Warning", "acvpnagent", "Reconfigure reason code 16:\nNew MTU configuration.\n"),
        ("Information", "acvpnagent", "The entire VPN connection is being reconfigured.\n"),
        ("Information", "acvpnui", "Message type information sent to the user:\nReconnecting to 198.51.100.1...\n"),
        ("Warning", "acvpnagent",
         "A new MTU needs to be applied to the VPN network interface. Disabling and re-enabling the Virtual Adapter. "
         "Applications utilizing the private network may need to be restarted.\n")], text


def test_the_command():
    """As a user runs it, at its shortest."""
    done = subprocess.run([ROOT / "tools" / "scenario", "dtls-blocked", "--fix", "mtu", "--minute", "1", "--json",
                           "--build", BUILD], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["announced"] == {"tls": 1300, "dtls": 1300} and result["ping"]["answered"], result
    assert {each["who"] for each in result["timeline"]} == {"client", "headend", "server"}


def test_black_hole(play):
    """ICMP is blocked: nothing comes until the reconnect; then whoever connects anew is served, and the connection that
    was there stays dead, since its server keeps the MSS that it was told."""
    _, result = play("none", "blocked")
    old, new = result["old_connection"], result["new_connections"]
    assert old["first_bytes_s"] is None and not old["alive"] and old["bytes_after"] == 0, result
    assert new["seconds_without"] > MINUTE * 0.7 and new["after_reconnect"] >= 2, result
    assert result["drops"] == result["oversized"] > 5
    assert result["icmp_errors"] == {"sent": 0, "suppressed": 0, "mtus_at_server": []}
    assert result["route_mtu"] is None and result["syslog"]["602101"] == 0
    assert result["syn_mss"] == {"before": 1378, "after": 1307}
    assert result["reconnects"] == 1 and result["adapter_mtu"] == [1418, 1347]


# Announced, the adapter's MTUs, the MSS of the SYN at the server.
REMEDIES = {
    "mtu": ((1300, 1300), [1300], 1260),
    "df-bit-ignore": ((1347, 1418), [1418, 1347], 1378),
    "tcpmss": ((1427, 1418), [1418, 1427], 1378),
    "tls-only": ((1347, 0), [1347], 1307),
    "smart": ((1347, 1418), [1418, 1347], 1307),
}


@pytest.mark.parametrize("icmp", ["blocked", "allowed"])
@pytest.mark.parametrize("fix", REMEDIES)
def test_remedy(play, fix, icmp):
    """Also with ICMP blocked, where nothing else helps: nothing is dropped, and data comes from the beginning to the
    end."""
    announced, adapter, mss = REMEDIES[fix]
    _, result = play(fix, icmp)
    assert (result["announced"]["tls"], result["announced"]["dtls"]) == announced
    assert result["adapter_mtu"] == adapter and result["reconnects"] == len(adapter) - 1
    assert result["syn_mss"]["before"] == mss
    assert result["drops"] == 0, result
    assert result["old_connection"]["alive"] and result["old_connection"]["first_bytes_s"] < MINUTE, result
    # The caveat of tcpmss: UDP as large as the tunnel does not get past the adapter.
    assert result["client"]["lost"]["larger_than_adapter"] == (5 if fix == "tcpmss" else 0), result
    # A new connection may meet the moment in which there is no tunnel.
    assert result["new_connections"]["failed"] <= 1, result


@pytest.fixture
def headend(lab, tmp_path):
    """With the note's configuration and a remedy: start(fix)."""
    started = []

    def start(fix: str = "none", **settings) -> Headend:
        certificate = make_certificate(tmp_path, RSA)
        headend = Headend(lab, NoteConfig(tmp_path / "state", certificate, fix, **settings), tmp_path)
        headend.certificate_pin = pin_of(certificate)
        started.append(headend)
        return headend.wait_ready()

    yield start
    for each in started:
        each.kill()
    lab.forget_clients()


def test_udp_larger_than_the_adapter(lab, headend, tmp_path):
    """The note's caveat under tcpmss 1460: the tunnel takes 1427 bytes, AnyConnect's adapter 1418. openconnect has one
    MTU, the larger, and loses nothing: as culvert-client plays it, and in person."""
    at = headend("tcpmss")
    with blocked_udp(lab):
        for behave, adapter, received in (("anyconnect", 1418, 0), ("openconnect", 1427, 5)):
            client = CulvertClient(lab, at.certificate_pin, tmp_path, behave=behave,
                                   options=("--authgroup", "users", "--tls", "1.2"))
            connected = client.wait_event("connected")
            assert (connected["tls_mtu"], connected["dtls_mtu"], connected["adapter_mtu"]) == (1427, 1418, adapter)
            until(lambda: at.show.carrier(client.address) == "SSL", "the headend has a tunnel to the client")
            assert arriving(lab.server, lab.client, client.address, 1427, 5, patience=0.5) == received
            assert arriving(lab.server, lab.client, client.address, 1418, 5) == 5
            lost = client.log_out()["lost"]
            assert (lost["larger_than_adapter"], lost["largest"]) == ((0, 0) if received else (5, 1427))
        client = Client(lab, at.show, at.certificate_pin, tmp_path, dtls=True, hurry=10,
                        options=("--authgroup", "users"))
        try:
            client.wait_connected()
            assert arriving(lab.server, lab.client, client.address, 1427, 5) == 5
        finally:
            client.kill()
    assert at.show.drops().get("mp-svc-no-fragment", 0) == 0
    at.finish()


def test_the_other_cause(play):
    """Nothing is blocked, but the port that the headend announces is not the one that it listens on: the same minute,
    the same reconnect."""
    experiment, result = play("none", "allowed", cause="port", minute=1.5)
    said = [entry.text for entry in experiment.timeline.entries()]
    assert any(re.match(r"show asp table socket: DTLS .* 198.51.100.1:443 ", text) for text in said), said
    assert "DTLS: trying port 444" in said and not any("DTLS: up" in text for text in said)
    assert result["reconnects"] == 1 and result["adapter_mtu"] == [1418, 1347]


def test_openconnect(lab, headend, tmp_path):
    """The real one, in the same place: it puts the larger MTU on its adapter and never reconnects for it. Where ICMP is
    allowed the sender learns what fits, and data arrives."""
    at = headend()
    with blocked_udp(lab):
        # Its clock runs faster: it waits twelve seconds for DTLS before its adapter comes up.
        client = Client(lab, at.show, at.certificate_pin, tmp_path, dtls=True, hurry=10,
                        options=("--authgroup", "users"))
        try:
            client.wait_connected()
            assert (client.header("X-CSTP-MTU"), client.header("X-DTLS-MTU")) == ("1347", "1418")
            assert " mtu 1418 " in lab.client.run("ip", "link", "show", "dev", client.interface).stdout
            send_and_compare(lab.server, lab.client, client.address, 2 * MEGABYTE)
            assert at.show.drops()["mp-svc-no-fragment"] > 0
            assert "mtu 1347" in lab.server.run("ip", "route", "get", client.address).stdout
            send_and_compare(lab.client, lab.server, SERVER, MEGABYTE)
        finally:
            client.kill()
    at.finish()
