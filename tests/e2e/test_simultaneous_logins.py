"""`vpn-simultaneous-logins`: a user's newest sessions live, the oldest makes room, as on an ASA."""

from harness.lab import SERVER
from harness.ping import ping
from harness.poll import until

TWO = ["group-policy LAB attributes", " vpn-simultaneous-logins 2", "username other password secret"]


def test_the_oldest_session_makes_room(stage):
    """Of three logins the first is ended, and another user's session is not touched."""
    headend = stage.start_headend(extra=TWO)
    other = stage.connect(0, user="other")
    first = stage.connect(1)
    first.check_handover()
    second = stage.connect(2)
    third = stage.connect(3)
    assert first.process.wait(30) != 0
    assert "terminated by server" in first.process.log().lower(), first.process.tail()
    until(lambda: len(headend.show.sessions()) == 3, lambda: f"three sessions: {headend.show.sessions()}")
    for client in (other, second, third):
        ping(stage.lab.client, SERVER, source=client.address)
    assert "Port Preempted" in headend.show.text("show logging")
