"""Two workers: sessions and packets on both, and packets handed from one to the other by ring."""

import pytest

from harness.dtls import connect_by_dtls
from harness.headend_config import TWO_WORKERS, one_queue, two_queues
from harness.lab import SERVER
from harness.ping import ping
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20
CLIENTS = 4  # at least; more come if all landed on one worker


@pytest.fixture
def headend(stage):
    return stage.start_headend(workers=TWO_WORKERS, device=two_queues)


def worker_of(headend, client) -> int:
    return headend.show.tunnel(client.address)["worker"]


def connect_on_both(stage, headend, trace: bool = False) -> list:
    """Clients until both workers have one. The kernel spreads flows by a hash of their ports, so a few will do."""
    clients = []
    for number in range(32):
        clients.append(stage.connect(number, trace=trace))
        workers = {worker_of(headend, client) for client in clients}
        if len(clients) >= CLIENTS and len(workers) == 2:
            return clients
    raise AssertionError(f"{len(clients)} clients, and all on worker {workers}")


def test_sessions_and_packets_on_both(stage, headend):
    """Each worker owns tunnels and moves their packets both ways, and home worker and tunnel's worker differ for some
    session after a reconnect or at once, so the ring between them is used."""
    clients = connect_on_both(stage, headend, trace=True)
    for client in clients:
        ping(stage.lab.client, SERVER, source=client.address)
        ping(stage.lab.server, client.address)
    # A reconnect keeps the address, hence the home, and brings another port, hence perhaps another worker.
    for _ in range(20):
        tunnels = {tunnel["assigned_ip"]: tunnel for tunnel in headend.show.tunnels()}
        away = [client for client in clients if tunnels[client.address]["worker"] != tunnels[client.address]["home"]]
        if away:
            break
        clients[0].reconnect()
        ping(stage.lab.client, SERVER, source=clients[0].address)
        clients[0].check_handover()
    assert away, "no session's tunnel is on another worker than its home"
    ping(stage.lab.server, away[0].address, count=20)
    workers = headend.show.workers()
    assert len(workers) == 2
    for worker in workers:
        # (A reconnect may have taken the only tunnel of one of them to the other.)
        assert worker["rx_packets"] > 0 and worker["tx_packets"] > 0, workers
        assert worker["records_opened"] > 0 and worker["records_sealed"] > 0, workers
    assert sum(worker["handed_over"] for worker in workers) > 0, workers


def test_bulk_on_both(stage, headend):
    """64 MB each way through a tunnel of either worker, bit for bit."""
    clients = connect_on_both(stage, headend)
    by_worker = {worker_of(headend, client): client for client in clients}
    for client in by_worker.values():
        send_and_compare(stage.lab.client, stage.lab.server, SERVER, 64 * MEGABYTE, sender_address=client.address)
        send_and_compare(stage.lab.server, stage.lab.client, client.address, 64 * MEGABYTE)


def test_a_new_dtls_port_leaves_tunnels_alone(stage):
    """One queue for two workers: what belongs to the other one's tunnels is found out behind the check of the port."""
    headend = stage.start_headend(workers=TWO_WORKERS, device=one_queue)
    clients = []
    while len(clients) < CLIENTS or len({headend.show.tunnel(c.address, "DTLS")["worker"] for c in clients}) < 2:
        assert len(clients) < 32, "all tunnels are on one worker"
        clients.append(connect_by_dtls(stage, headend, len(clients)))
    headend.show.text("configure webvpn ; dtls port 445")
    for client in clients:
        ping(stage.lab.client, SERVER, source=client.address)
        ping(stage.lab.server, client.address)
    newcomer = connect_by_dtls(stage, headend, len(clients))
    assert newcomer.header("X-DTLS-Port") == "445"
    headend.show.text("configure webvpn ; no enable outside")
    for client in [*clients, newcomer]:
        ping(stage.lab.client, SERVER, source=client.address)
        assert headend.show.carrier(client.address) == "DTLS", client.address
