"""Sessions that end by the clock. An ASA counts in minutes, so one minute is the shortest time there is: this test
plays all of them at once."""

from harness import by_hand
from harness.lab import OUTSIDE, SERVER
from harness.ping import ping
from harness.poll import until

MINUTE = [
    "group-policy LAB attributes",
    " vpn-idle-timeout 1",
    "group-policy SHORT internal",
    "group-policy SHORT attributes",
    " address-pools value VPN",
    " vpn-simultaneous-logins 10",
    " vpn-session-timeout 1",
    "tunnel-group SHORT type remote-access",
    "tunnel-group SHORT general-attributes",
    " default-group-policy SHORT",
    "tunnel-group SHORT webvpn-attributes",
    f" group-url https://{OUTSIDE}/short enable",
]


def indices(headend) -> set[int]:
    return {session["index"] for session in headend.show.sessions()}


def test_idle_sessions_end_busy_ones_live_and_nobody_outlives_the_longest(stage):
    """Three clients: one is idle, one has lost its tunnel, one reconnects to gain time. A fourth keeps talking."""
    headend = stage.start_headend(extra=MINUTE)
    short = stage.connect(0, path="/short")
    short.check_handover()
    assert short.header("X-CSTP-Session-Timeout") == "60"
    idle = stage.connect(1)
    with by_hand.open_tls(stage.lab) as tls:
        cookie = by_hand.log_in(tls)
    waiting = stage.start_client(2, cookie=cookie).wait_connected()
    waiting.detach()
    busy = stage.connect(3)
    until(lambda: any(s["inactive"] for s in headend.show.sessions()), "the headend has seen the detached client go")
    waiting_index = next(s["index"] for s in headend.show.sessions() if s["inactive"])
    busy_index = next(s["index"] for s in headend.show.sessions() if s["assigned_ip"] == busy.address)

    # A new tunnel for an old session starts no new minute.
    def remaining_after_a_reconnect() -> int:
        short.reconnect()
        return int(short.header("X-CSTP-Session-Timeout-Remaining"))

    until(lambda: remaining_after_a_reconnect() < 60, "less than the minute is left")

    def only_the_busy_one() -> bool:
        ping(stage.lab.client, SERVER, source=busy.address)
        return indices(headend) == {busy_index}

    until(only_the_busy_one, lambda: f"of {headend.show.sessions()} only {busy_index} is left", 150)
    for client in (short, idle):
        assert client.process.wait(15) != 0
        assert "terminated by server" in client.process.log().lower()
    log = headend.show.text("show logging")
    assert "Max time exceeded" in log and "Idle Timeout" in log
    assert waiting_index not in indices(headend)
    late = stage.start_client(4, cookie=cookie)
    assert late.process.wait(30) != 0
    assert "Cookie was rejected" in late.process.log(), late.process.tail()
