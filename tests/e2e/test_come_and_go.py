"""Twenty clients come and go, politely or not; nothing of them stays."""

import pytest

from harness.headend_config import TWO_WORKERS, one_queue, two_queues
from harness.lab import SERVER
from harness.leftovers import held, until_given_back
from harness.ping import ping
from harness.poll import until

CLIENTS = 20


@pytest.mark.parametrize("workers,device", [("1", one_queue), (TWO_WORKERS, two_queues)],
                         ids=["one-worker", "two-workers"])
def test_twenty_clients_leave_nothing_behind(stage, workers, device):
    """No session, address, ring entry or packet buffer is left: the pools count what they counted at the start."""
    headend = stage.start_headend(workers=workers, device=device)
    at_start = held(stage.lab, headend)
    for _ in range(2):
        clients = [stage.start_client(number) for number in range(CLIENTS)]
        for client in clients:
            client.wait_connected(60)
        assert len({client.address for client in clients}) == CLIENTS, "two clients have one address"
        for client in clients:
            ping(stage.lab.client, SERVER, count=2, source=client.address)
            ping(stage.lab.server, client.address, count=2)
        assert len(headend.show.sessions()) == CLIENTS
        for client in clients:
            client.logout()
        until(lambda: not headend.show.sessions(), "all sessions are gone")
    until_given_back(stage.lab, headend, at_start)


def test_clients_that_are_killed_leave_nothing_but_a_session_to_come_back_to(stage, headend):
    """A client that dies without a BYE: its connection and buffers go; logging the session off frees the rest."""
    at_start = held(stage.lab, headend)
    clients = [stage.connect(number) for number in range(4)]
    for client in clients:
        ping(stage.lab.client, SERVER, count=2, source=client.address)
        client.kill()
    until(lambda: not headend.show.tunnels(), "their tunnels are gone")
    headend.show.text("vpn-sessiondb logoff all noconfirm")
    until(lambda: not headend.show.sessions(), "their sessions are gone")
    until_given_back(stage.lab, headend, at_start)
