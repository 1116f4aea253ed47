"""A client that disappears without a word."""

import re

from harness.lab import SERVER
from harness.ping import ping
from harness.poll import until
from harness.trouble import trouble


def outer_port(lab, process) -> str:
    """The source port of a client's TCP connection to the headend."""
    lines = lab.client.run("ss", "-Htnp", "state", "established", "dport", "=", ":443").stdout
    return re.search(rf":(\d+)\s+\S+:443\s.*pid={process.pid},", lines).group(1)


def test_dead_peer_resumes_when_it_is_heard_again(stage):
    """A client whose packets disappear both ways is given up by the gateway's DPD after three intervals, while
    another's tunnel lives. Its session waits, and when it is heard again it resumes with its address."""
    headend = stage.start_headend(policy=["anyconnect dpd-interval gateway 5"])
    lab = stage.lab
    other = stage.connect(0)
    silent = stage.connect(1, trace=True)
    ping(lab.client, SERVER, source=silent.address)
    address, port = silent.address, outer_port(lab, silent.process)

    start = silent.process.log_size()
    with trouble(lab, 443, incoming=f"tcp dport {port} drop", outgoing=f"tcp sport {port} drop"):
        until(lambda: headend.show.tunnel(address) is None, "the gateway gives the silent client up", timeout=60)
        assert "DPD failure" in headend.show.text("show logging")
        assert [s for s in headend.show.sessions() if s["assigned_ip"] == address], "its session waits"
        assert headend.show.tunnel(other.address), "the other one's tunnel lives"
    lab.client.run("ping", "-c", "1", "-W", "1", "-I", address, SERVER, check=False)  # Now it hears of it.
    silent.process.wait_for_line("CSTP connected", timeout=90, start=start)
    assert silent.address == address
    ping(lab.client, SERVER, source=address)
