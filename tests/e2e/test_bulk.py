"""Much data through the tunnel, each way, bit for bit; and inside the tunnel, between two clients."""

import pytest

from harness.client import SUITES
from harness.lab import SERVER
from harness.transfer import send_and_compare
from harness.trouble import packets_hit, trouble

MEGABYTE = 1 << 20


def test_256_megabytes_up(stage, headend):
    """What the client sends is what the server gets: 256 MB, by SHA-256."""
    client = stage.connect()
    send_and_compare(stage.lab.client, stage.lab.server, SERVER, 256 * MEGABYTE)
    assert int(headend.show.sessions()[0]["bytes_rx"]) >= 256 * MEGABYTE
    assert client.process.running()


def test_256_megabytes_down(stage, headend):
    """What the server sends is what the client gets: 256 MB, by SHA-256."""
    client = stage.connect()
    send_and_compare(stage.lab.server, stage.lab.client, client.address, 256 * MEGABYTE)
    assert int(headend.show.sessions()[0]["bytes_tx"]) >= 256 * MEGABYTE


@pytest.mark.parametrize("suite", SUITES)
def test_16_megabytes_each_way_with_each_suite(stage, headend, suite):
    """Every suite's sequence numbers and nonces hold beyond the first few records."""
    client = stage.connect(suite=suite)
    send_and_compare(stage.lab.client, stage.lab.server, SERVER, 16 * MEGABYTE)
    send_and_compare(stage.lab.server, stage.lab.client, client.address, 16 * MEGABYTE)


def test_outer_loss_does_not_touch_inner_data(stage, headend):
    """1 % of the outer segments lost in each direction: the tunnel is slower, and every byte is still right."""
    client = stage.connect()
    lab = stage.lab
    drop = "numgen random mod 100 == 0 counter drop"
    with trouble(lab, 443, incoming=drop, outgoing=drop):
        send_and_compare(lab.client, lab.server, SERVER, 256 * MEGABYTE)
        send_and_compare(lab.server, lab.client, client.address, 256 * MEGABYTE)
        assert packets_hit(lab) > 1000
