"""The pattern of tcp_peer over the kernel's sockets, and many jobs at once."""

import contextlib
import socket
import threading

from .tcp_peer import pattern

MEGABYTE = 1 << 20
CHUNK = 1 << 16


def send_pattern(connection: socket.socket, size: int) -> None:
    for start in range(0, size, CHUNK):
        connection.sendall(pattern(start, min(CHUNK, size - start)))


def receive_pattern(connection: socket.socket, size: int) -> None:
    """Exactly `size` bytes of the pattern, then FIN."""
    position = 0
    while chunk := connection.recv(CHUNK):
        assert chunk == pattern(position, len(chunk)), f"wrong byte after position {position}"
        position += len(chunk)
    assert position == size, f"{position} bytes of {size} came"


def echo_pattern(connection: socket.socket, size: int) -> None:
    """Sends and receives at once, half-closes, and reads to the end."""

    def send() -> None:
        with contextlib.suppress(OSError):  # The receiving side, below, reports what went wrong.
            send_pattern(connection, size)
            connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    receive_pattern(connection, size)
    sender.join(60)


def run_at_once(job, count: int) -> list[str]:
    errors: list[str] = []

    def guarded() -> None:
        try:
            job()
        except (AssertionError, OSError) as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=guarded, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)
    return errors
