"""Several workers on cards that spread flows over queues, and on one that does not."""

from harness.lab import SERVER
from harness.ping import ping
from harness.transfer import send_and_compare
from emulated.cards import pair

MEGABYTE = 1 << 20
PATIENCE = 60


def connect_on_both(stage) -> list:
    """Clients until both workers have the tunnel of one."""
    clients = []
    while len(clients) < 2 or len({tunnel["worker"] for tunnel in stage.headend.show.tunnels()}) < 2:
        assert len(clients) < 16, "every client landed on one worker"
        clients.append(stage.connect(len(clients)))
    return clients


def carry_data(stage, clients: list) -> None:
    lab = stage.lab
    for client in clients[-2:]:
        ping(lab.client, SERVER, source=client.address, deadline=PATIENCE)
        ping(lab.server, client.address, deadline=PATIENCE)
        send_and_compare(lab.client, lab.server, SERVER, 2 * MEGABYTE, sender_address=client.address)
        send_and_compare(lab.server, lab.client, client.address, 2 * MEGABYTE)


def test_rss(stage):
    """virtio hashes flows onto two queues: the worker that polls a queue owns its flows, and both have some."""
    cards = pair("virtio")
    stage.boot(cards, cores=3)
    headend = stage.start_headend(cards, workers="1-2")
    for nameif in ("outside", "inside"):
        line = headend.described(nameif)
        assert "2 rx/2 tx queues" in line and "RSS by addresses and ports" in line and "TSO yes" in line, line
    carry_data(stage, connect_on_both(stage))
    for worker in headend.show.workers():
        assert worker["tunnels"] >= 1 and worker["rx_packets"] > 100 and worker["tx_packets"] > 100, worker
        assert worker["records_opened"] > 0 and worker["records_sealed"] > 0, worker
    stage.finish()


def test_one_queue_for_two_workers(stage):
    """The e1000e has one queue: one worker receives and sends for both, and hands over what is the other's."""
    cards = pair("e1000e")
    stage.boot(cards, cores=3)
    headend = stage.start_headend(cards, workers="1-2")
    for nameif in ("outside", "inside"):
        line = headend.described(nameif)
        assert "1 rx/1 tx queue" in line and "RSS no" in line, line
    carry_data(stage, connect_on_both(stage))
    first, second = headend.show.workers()
    assert first["rx_packets"] > 0 and second["rx_packets"] == 0, (first, second)
    assert first["handed_over"] > 0 and second["tunnels"] >= 1, (first, second)
    stage.finish()


def test_three_workers_where_queues_are_powers_of_two(stage):
    """vmxnet3 takes 1, 2, 4 or 8 queues and refuses to start with 3."""
    cards = pair("vmxnet3")
    stage.boot(cards, cores=4)
    headend = stage.start_headend(cards, workers="1-3")
    assert "2 rx/2 tx queues" in headend.described("outside")
    carry_data(stage, [stage.connect()])
    stage.finish()
