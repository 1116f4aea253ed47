"""A real client through network cards that DPDK drives, one kind after the other."""

import pytest

from harness.lab import INSIDE, OUTSIDE, OUTSIDE6, SERVER, SERVER6
from harness.ping import ping
from harness.transfer import send_and_compare
from emulated.cards import KINDS, SPARE, pair
from emulated.watch import super_segments

MEGABYTE = 1 << 20
PATIENCE = 60  # seconds for a few echoes: the machine is emulated and shares two cores with all else


@pytest.mark.parametrize("kind", KINDS)
def test_client_works_through(stage, kind):
    """The start says what was found, the box answers, and a client's data arrives bit for bit both ways by TLS and by
    DTLS. A card that cuts super-segments gets some, others none. A card that nobody named stays the kernel's."""
    cards = pair(kind)
    machine = stage.boot(cards)
    free_before = machine.free_huge_pages()
    headend = stage.start_headend(cards)
    for card, nameif in zip(cards, ("outside", "inside")):
        line = headend.described(nameif)
        assert f"{nameif}: {card.address} ({card.kind.dpdk_driver}) {card.mac}, " in line
        assert all(words in line for words in card.kind.finds), line
    assert " and huge pages, " in headend.log() and machine.free_huge_pages() < free_before
    assert machine.driver_of(SPARE) == SPARE.kind.kernel_driver

    for host, target in ((stage.lab.client, OUTSIDE), (stage.lab.client, OUTSIDE6), (stage.lab.server, INSIDE)):
        ping(host, target, deadline=PATIENCE)
    ping(stage.lab.client, OUTSIDE, size=4000, deadline=PATIENCE)  # in fragments
    if cards[0].kind.half_checksums:
        assert "tx-checksumming: on" in stage.lab.server.run("ethtool", "-k", "lan").stdout
    by_tls = stage.connect()
    with super_segments(stage.lab, stage.folder) as watch:
        carry_data(stage.lab, by_tls, 4 * MEGABYTE)
    assert watch.seen > 10 if cards[0].kind.tso else watch.seen == 0, watch.seen
    stage.log_out(by_tls)
    by_dtls = stage.connect(dtls=True).wait_dtls(PATIENCE)
    carry_data(stage.lab, by_dtls, MEGABYTE)
    assert any(tunnel["protocol"] == "DTLS" and tunnel["rx_packets"] > 500 for tunnel in headend.show.tunnels())
    stage.log_out_of_dtls(by_dtls)

    for nameif in ("outside", "inside"):
        interface = headend.interface(nameif)
        assert interface["hardware"] == cards[0].kind.dpdk_driver and interface["link_up"], interface
        assert interface["packets_in"] > 1000 and interface["packets_out"] > 1000, interface
        assert interface["errors_in"] == interface["errors_out"] == interface["refused_out"] == 0, interface
    assert machine.driver_of(SPARE) == SPARE.kind.kernel_driver
    stage.finish()


def carry_data(lab, client, size: int) -> None:
    for target in (SERVER, SERVER6):
        ping(lab.client, target, deadline=PATIENCE)
    ping(lab.server, client.address, deadline=PATIENCE)
    send_and_compare(lab.client, lab.server, SERVER, size)
    send_and_compare(lab.server, lab.client, client.address, size)
