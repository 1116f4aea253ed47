"""`anyconnect dtls-fallback smart`: DTLS dies, the client's adapter keeps the MTU of it, nobody may send ICMP, and yet
nothing is lost."""

import os
import socket
import threading

from harness.blocked_udp import blocked_udp
from harness.datagrams import arriving
from harness.dtls import connect_by_dtls
from harness.lab import SERVER, SERVER6
from harness.poll import until
from harness.syn_watch import announced
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20
ADAPTER, TUNNEL = 1418, 1347  # DTLS's MTU, and that of TLS


class OldConnection:
    """One that was made while DTLS was up: its server believes in segments for 1418 bytes."""

    def __init__(self, lab, client):
        with lab.client.entered():
            listener = socket.create_server((client.address, 0))
        with lab.server.entered():
            self._server = socket.create_connection(listener.getsockname(), timeout=20)
        self._client, _ = listener.accept()
        listener.close()
        self._client.settimeout(20)

    def carries(self, size: int) -> bool:
        sent = os.urandom(size)
        sender = threading.Thread(target=self._server.sendall, args=(sent,), daemon=True)
        sender.start()
        received = bytearray()
        while len(received) < size and (piece := self._client.recv(size)):
            received += piece
        sender.join(20)
        return received == sent

    def close(self) -> None:
        self._client.close()
        self._server.close()


def test_nothing_is_lost_when_dtls_dies(stage):
    headend = stage.start_headend(
        policy=["anyconnect dtls-fallback smart", "anyconnect dpd-interval gateway 5",
                "anyconnect dpd-interval client 5"],
        extra=["icmp too-big withhold"])
    lab = stage.lab
    client = connect_by_dtls(stage, headend, hurry=5)
    assert (client.header("X-CSTP-MTU"), client.header("X-DTLS-MTU")) == (str(TUNNEL), str(ADAPTER))
    assert announced(lab.client, client.interface, lab.server, "lan", SERVER)[0] == ADAPTER - 40
    old = OldConnection(lab, client)
    assert old.carries(MEGABYTE)
    with blocked_udp(lab):
        until(lambda: headend.show.carrier(client.address) == "SSL", "packets go by TLS", 30)
        assert f"mtu {ADAPTER} " in lab.client.run("ip", "link", "show", client.interface).stdout
        for address in (client.address, client.address6):
            assert arriving(lab.server, lab.client, address, ADAPTER) == 1, address
        assert old.carries(MEGABYTE)
        # What is new is told at once, in both directions and families.
        for near, far, headers in ((client.address, SERVER, 40), (client.address6, SERVER6, 60)):
            most = TUNNEL - headers
            assert announced(lab.client, client.interface, lab.server, "lan", far) == (most, most)
            assert announced(lab.server, "lan", lab.client, client.interface, near) == (most, most)
        send_and_compare(lab.server, lab.client, client.address, MEGABYTE)
        send_and_compare(lab.server, lab.client, client.address6, MEGABYTE)
        assert headend.show.drops()["mp-svc-no-fragment"] == 0
        assert headend.show.carrier(client.address) == "SSL"
    old.close()
    client.logout(lossless=False)
