"""A cable that is pulled and plugged in again."""

from harness.lab import OUTSIDE
from harness.ping import ping
from harness.poll import until
from harness.process import Process
from emulated.cards import pair

PATIENCE = 60


def test_cable_pulled_and_plugged_in(stage):
    """Both are logged in the ASA's words; and the box says who it is, since the neighbour may be another one."""
    cards = pair("virtio")
    machine = stage.boot(cards)
    headend = stage.start_headend(cards)
    ping(stage.lab.client, OUTSIDE, deadline=PATIENCE)
    down, up = (f"Line protocol on Interface outside, changed state to {state}" for state in ("down", "up"))
    assert down not in headend.log()
    ups = headend.log().count(up)  # a card may have found its link only after the start

    machine.plug(cards[0], False)
    until(lambda: down in headend.log(), headend.log, PATIENCE)
    assert not headend.interface("outside")["link_up"] and headend.interface("inside")["link_up"]

    announced = Process(stage.lab.client.command("tcpdump", "-nl", "-i", "wan", "arp"), stage.folder / "arp.log")
    try:
        announced.wait_for_line("listening on")
        machine.plug(cards[0], True)
        until(lambda: headend.log().count(up) > ups, headend.log, PATIENCE)
        announced.wait_for_line(f"who-has {OUTSIDE} tell {OUTSIDE}", PATIENCE)
    finally:
        announced.kill()
    assert headend.interface("outside")["link_up"]
    ping(stage.lab.client, OUTSIDE, deadline=PATIENCE)
    assert "Interface inside, changed state to down" not in headend.log()
    stage.headend.finish()
