"""The client turns up behind another UDP port in mid-transfer: the tunnel moves with it, both ways at once."""

import re
import threading
import time

import pytest

from harness.headend_config import TWO_WORKERS, one_queue, two_queues
from harness.lab import SERVER
from harness.ping import ping
from harness.poll import until
from harness.process import Process
from harness.transfer import send_and_compare
from harness.translator import translator

MEGABYTE = 1 << 20
PORTS = range(50000, 50008)


@pytest.fixture(params=["one worker", "two workers"])
def headend(stage, request):
    if request.param == "one worker":
        return stage.start_headend(device=one_queue)
    return stage.start_headend(workers=TWO_WORKERS, device=two_queues)


@pytest.fixture
def client(stage, headend):
    client = stage.connect(dtls=True).wait_dtls()
    until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS")
    yield client
    # It never noticed: no second handshake.
    assert client.process.log().count("Established DTLS connection") == 1, client.process.tail(40)
    assert headend.show.carrier(client.address) == "DTLS"
    client.process.signal(2)
    assert client.process.wait() == 0, client.process.tail()


class QuickPing:
    """Fifty echoes a second, until stopped."""

    def __init__(self, host, target: str, log):
        self._process = Process(host.command("ping", "-n", "-i", "0.02", "-W", "2", target), log)
        self._process.wait_for_line("bytes from")

    def lost(self) -> tuple[int, int]:
        """Stops it; how many of how many were lost."""
        self._process.signal(2)
        self._process.wait()
        answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", self._process.log())}
        return max(answered) - len(answered), max(answered)


def test_fewer_than_five_packets_are_lost_by_a_move(stage, headend, client):
    lab = stage.lab
    with translator(lab) as nat:
        for port in PORTS:
            up = QuickPing(lab.client, SERVER, stage.folder / f"up{port}.log")
            down = QuickPing(lab.server, client.address, stage.folder / f"down{port}.log")
            time.sleep(0.6)  # so that the move is in the middle of something
            nat.move(port)
            time.sleep(0.6)
            for name, (lost, sent) in {"up": up.lost(), "down": down.lost()}.items():
                assert sent > 30 and lost < 5, f"{name}, to port {port}: {lost} of {sent} lost"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_bulk_data_survives_moves(stage, headend, client, direction):
    """Bit for bit. Downwards a client that hears nothing may say nothing, so that nobody can know its new port: then
    packets go over TLS until it speaks, and by DTLS again after that."""
    lab = stage.lab
    moves = []
    stop = threading.Event()
    with translator(lab) as nat:

        def keep_moving() -> None:
            for port in list(PORTS)[:3]:
                if stop.wait(0.4):
                    return
                nat.move(port)
                moves.append(port)

        mover = threading.Thread(target=keep_moving)
        mover.start()
        try:
            while mover.is_alive():  # so that each move is in the middle of something
                if direction == "up":
                    send_and_compare(lab.client, lab.server, SERVER, 64 * MEGABYTE)
                else:
                    send_and_compare(lab.server, lab.client, client.address, 64 * MEGABYTE)
        finally:
            stop.set()
            mover.join()
        assert len(moves) == 3
        ping(lab.client, SERVER)
        until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS again")
