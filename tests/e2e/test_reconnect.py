"""The tunnel breaks and comes back; what runs inside does not notice."""

import socket
import threading

from harness.lab import SERVER
from harness.ping import ping
from harness.trouble import trouble


class EchoServer(threading.Thread):
    """One TCP connection whose bytes go back, in the server's namespace."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        with lab.server.entered():
            self._listener = socket.create_server((SERVER, 0))
        self.port = self._listener.getsockname()[1]
        self.start()

    def run(self):
        connection, _ = self._listener.accept()
        with connection, self._listener:
            while data := connection.recv(65536):
                connection.sendall(data)


def say_and_hear(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    heard = b""
    while len(heard) < len(data):
        chunk = connection.recv(65536)
        assert chunk, "the connection inside the tunnel was closed"
        heard += chunk
    assert heard == data


def test_reconnect_keeps_address_and_inner_connection(stage, headend):
    """SIGUSR2: a new outer connection with the same cookie gets the same inner address, and a TCP connection that was
    open through the tunnel carries on where it was."""
    client = stage.connect(trace=True)
    address = client.address
    server = EchoServer(stage.lab)
    with stage.lab.client.entered():
        inner = socket.create_connection((SERVER, server.port), timeout=30)
    with inner:
        say_and_hear(inner, b"before the reconnect")
        index = headend.show.sessions()[0]["index"]
        for round_ in range(3):
            client.reconnect()
            assert client.address == address
            say_and_hear(inner, f"after reconnect {round_}".encode() * 1000)
        session, = headend.show.sessions()
        assert session["index"] == index and session["assigned_ip"] == address
    ping(stage.lab.server, address)
    client.check_handover()
    ping(stage.lab.client, SERVER)


def test_cut_connection_comes_back_with_its_cookie(stage, headend):
    """The client's side of the outer connection dies and the headend hears nothing of it; the cookie brings the client
    back to the same address, and the old connection is given up."""
    client = stage.connect(trace=True)
    address = client.address
    lab = stage.lab
    start = client.process.log_size()
    with trouble(lab, 443, outgoing="reject with tcp reset"):
        lab.client.run("ping", "-c", "1", "-W", "1", SERVER, check=False)  # Something to send, so that it notices.
        client.process.wait_for_line("reconnect", start=start)
    client.process.wait_for_line("CSTP connected", timeout=60, start=start)
    assert client.address == address
    ping(lab.client, SERVER)
    ping(lab.server, address)
    client.check_handover()
    ping(lab.client, SERVER)
    assert len(headend.show.tunnels()) == 1
    assert headend.show.drops()["svc-replacement-conn"] == headend.process.log().count("%ASA-5-722032: ")
