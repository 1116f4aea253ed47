"""Changes while the headend runs, by `configure` and by SIGHUP: all or nothing, at once, for new sessions and for those
that come back."""

import re
import signal
import subprocess

from harness.headend_config import HeadendConfig
from harness.lab import SERVER
from harness.paths import CULVERTCTL
from harness.ping import ping
from harness.poll import until
from harness.syn_watch import announced


def test_new_sessions_and_those_that_come_back(stage, headend):
    client = stage.connect(trace=True)
    address = client.address
    assert client.header("X-CSTP-MTU") == "1347"
    # As in Cisco's note: the two remedies by numbers.
    headend.show.text("configure sysopt connection tcpmss 1460")
    other = stage.connect(1)
    assert other.header("X-CSTP-MTU") == "1427"
    assert announced(stage.lab.server, "lan", stage.lab.client, other.interface, other.address)[0] == 1460
    headend.show.text("configure group-policy LAB attributes ; webvpn ; anyconnect mtu 1300")
    assert headend.show.tunnel(address)["mtu"] == 1347  # until its next tunnel
    client.reconnect()
    until(lambda: headend.show.tunnel(address)["mtu"] == 1300, "the client that comes back is told what is new")
    assert client.header("X-CSTP-MTU") == "1300" and client.address == address
    ping(stage.lab.client, SERVER)
    running = headend.show.text("show running-config")
    assert "sysopt connection tcpmss 1460\n" in running and "  anyconnect mtu 1300\n" in running
    assert "root has changed the configuration" in headend.process.log()


def test_in_the_shell(headend):
    """`configure terminal` and its modes, each line in force at once."""
    lines = ["configure terminal", "webvpn", " dtls port 447", "tunnel-group-list enable", "exit",
             "group-policy LAB attributes", "webvpn", "anyconnect mtu 1301", "anyconnect mtu 1",
             "anyconnect ssl dtls none", "show running-config | include port", "end", "show version | include Culvert"]
    done = subprocess.run([CULVERTCTL, "--socket", headend.config.socket], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "a number from 576 to 1462" in done.stderr, done
    assert " dtls port 447\n" in done.stdout and "Culvert VPN" in done.stdout, done
    running = headend.show.text("show running-config")
    assert "  anyconnect ssl dtls none\n  anyconnect mtu 1301\n" in running and " tunnel-group-list enable\n" in running


def test_a_radius_server_in_the_shell(headend):
    """Its key comes a line later than its address: until then there is a warning."""
    lines = ["configure terminal", "aaa-server R protocol radius", "aaa-server R host 10.0.0.1", "key secret",
             "timeout 3", "end"]
    done = subprocess.run([CULVERTCTL, "--socket", headend.config.socket], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done
    assert done.stdout.count("WARNING: This server has no key and is not asked") == 1, done
    running = headend.show.text("show running-config")
    assert "aaa-server R host 10.0.0.1\n key *****\n timeout 3\n" in running


def test_all_or_nothing(headend):
    before = headend.show.text("show running-config")

    def refused(lines: str) -> str:
        done = headend.show.run(f"configure {lines}")
        assert done.returncode == 1 and headend.show.text("show running-config") == before, done
        return done.stderr

    assert "    ^\nERROR: % Invalid input" in refused("hostname other ; sysopt bogus")
    assert "There is no address pool VPN" in refused("hostname other ; no ip local pool VPN")
    assert "needs a restart of culvertd, so nothing was changed: interface net_af_xdp1,iface=inside\n" in (
        refused("hostname other ; mtu inside 1400"))
    assert "cannot read" in refused("hostname other ; ssl trust-point /nowhere.pem")
    assert "*****" in refused("username x password very secret words")
    assert "one password in clear at a time" in refused("username x password first ; username y password second")
    assert "cannot read the client profile" in refused("webvpn ; anyconnect profiles p /dev/zero")
    # A comment ends where its command does: the second one counts.
    assert "There is no address pool VPN" in refused("hostname other ! a note ; no ip local pool VPN")
    assert "very" not in headend.process.log()


def test_the_file_read_again(stage, headend):
    """SIGHUP, with a file that is good, one that is not, and one that wants too much."""

    def reload(answer: str, **settings) -> None:
        config = HeadendConfig(state=headend.config.state, certificate=headend.config.certificate, **settings)
        headend.config_path.write_text(config.text())
        start = headend.process.log_size()
        headend.process.signal(signal.SIGHUP)
        headend.process.wait_for_line(answer, start=start)

    headend.show.text("configure hostname changed")
    reload("was read again and is in force", policy=["anyconnect mtu 1200"], ipv6=True,
           extra=["username new password fresh"])
    assert "hostname test-headend\n" in headend.show.text("show running-config")
    client = stage.connect(user="new", passwords=("fresh",))
    assert client.header("X-CSTP-MTU") == "1200"
    reload("nothing was changed", extra=["sysopt connection tcpmss 20"])
    assert re.search(r"culvertd.conf:\d+: Invalid input", headend.process.log())
    reload("This needs a restart of culvertd, so nothing was changed: interface",
           inside_address="10.48.66.9", extra=["sysopt connection tcpmss 1460"])
    running = headend.show.text("show running-config")
    assert "username new password" in running and "tcpmss" not in running
    ping(stage.lab.client, SERVER)
