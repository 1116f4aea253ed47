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


def send_pattern_until(connection: socket.socket, size: int, over: threading.Event) -> None:
    """`size` bytes in whole chunks, and more until it is over."""
    start = 0
    while start < size or not over.is_set():
        connection.sendall(pattern(start, CHUNK))
        start += CHUNK


def read_pattern(connection: socket.socket) -> int:
    """Up to the FIN; how many bytes there were."""
    position = 0
    while chunk := connection.recv(CHUNK):
        assert chunk == pattern(position, len(chunk)), f"wrong byte after position {position}"
        position += len(chunk)
    return position


def receive_pattern(connection: socket.socket, size: int) -> None:
    """Exactly `size` bytes of the pattern, then FIN."""
    position = read_pattern(connection)
    assert position == size, f"{position} bytes of {size} came"


@contextlib.contextmanager
def sending(connection: socket.socket, send, *what: object):
    """Meanwhile it sends, and half-closes."""

    def run() -> None:
        with contextlib.suppress(OSError):  # The receiving side reports what went wrong.
            send(connection, *what)
            connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=run, daemon=True)
    sender.start()
    yield
    sender.join(60)


def echo_pattern(connection: socket.socket, size: int) -> None:
    """Sends and receives at once, half-closes, and reads to the end."""
    with sending(connection, send_pattern, size):
        receive_pattern(connection, size)


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
