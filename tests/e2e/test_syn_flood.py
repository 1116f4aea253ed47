"""A SYN flood from random addresses while people work and log in."""

import re
import signal

import pytest

from harness.frames import Wire
from harness.lab import CLIENT, OUTSIDE, SERVER
from harness.paths import BUILD
from harness.poll import until
from harness.process import Process
from harness.transfer import send_and_compare

SYN_FLOOD = BUILD / "tests" / "dataplane" / "syn_flood"
# Where the flood says it comes from; the answers go back by the cable that it came by.
ROUTE = f"route outside 198.18.0.0 255.254.0.0 {CLIENT}"


@pytest.fixture
def flood(stage):
    """Starts the flood, which goes on until it is stopped."""
    started = []

    def start() -> Process:
        assert SYN_FLOOD.exists(), f"{SYN_FLOOD} is not built"
        wire = Wire(stage.lab.client, "wan", OUTSIDE)
        mac = wire.headend_mac.hex(":")
        wire.close()
        started.append(Process(stage.lab.client.command(SYN_FLOOD, "wan", mac, OUTSIDE, 443),
                               stage.folder / "syn_flood.log"))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.mark.alone  # beside other tests flood, headend and clients have no core of two to themselves
def test_flood_while_people_work_and_log_in(stage, flood):
    """The backlog is full within a moment and stays so, and SYNs come as fast as the wire gives, which may be more than
    the worker can answer. Meanwhile a tunnel over TLS loses not one of 1000 echoes and carries data both ways, and
    three clients log in, by cookies."""
    headend = stage.start_headend(extra=[ROUTE])
    client = stage.connect()
    idle = headend.show.resources()["tcp_connections"]
    echoes = Process(stage.lab.client.command("ping", "-n", "-q", "-c", 1000, "-i", "0.01", "-W", "10", SERVER),
                     stage.folder / "echoes.log")
    attack = flood()
    until(lambda: headend.show.resources()["tcp_connections"] > idle + 50, "the backlog fills")
    full = headend.show.resources()["tcp_connections"]
    for number in (1, 2, 3):
        stage.connect(number)
    send_and_compare(stage.lab.client, stage.lab.server, SERVER, 4 << 20)
    send_and_compare(stage.lab.server, stage.lab.client, client.address, 4 << 20)
    assert headend.show.resources()["tcp_connections"] <= full + 1024  # half-open ones never pass the backlog
    assert echoes.wait(60) == 0, echoes.tail()
    assert re.search(r"1000 packets transmitted, 1000 received", echoes.log()), (echoes.log(), headend.show.drops())
    attack.signal(signal.SIGTERM)
    assert attack.wait() == 0, attack.tail()
    rate, sent = map(int, attack.log().split())
    print(f"{rate} SYNs a second")
    assert rate > 20_000, attack.log()
    tcp = headend.show.json("show culvert tcp")
    assert tcp["cookies_sent"] > 20_000, tcp
    # What was faster than the worker was shed by name, not lost in its port's ring.
    drops = headend.show.drops()
    assert tcp["cookies_sent"] > 0.9 * sent or drops["cv-syn-shed"] > 0, (sent, tcp, drops)
    assert 3 <= tcp["cookies_accepted"] <= tcp["accepted"], tcp  # those who logged in
    # Whoever is in stays in, and the drops that the flood could cause have their names.
    assert len(headend.show.sessions()) == 4
    assert drops["cv-no-buffer"] == 0
