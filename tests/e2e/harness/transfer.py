"""Bulk data over TCP between two namespaces, compared byte for byte."""

import hashlib
import os
import socket
import threading

from .namespace import Namespace

_CHUNK = 1 << 16


class _Sink(threading.Thread):
    """Accepts one connection and hashes what comes until the sender's FIN."""

    def __init__(self, listener: socket.socket):
        super().__init__(daemon=True)
        self._listener = listener
        self.digest = hashlib.sha256()
        self.received = 0
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(60)
                while chunk := connection.recv(_CHUNK):
                    self.digest.update(chunk)
                    self.received += len(chunk)
                connection.sendall(self.digest.digest())
        except OSError as error:
            self.error = error


def send_and_compare(sender: Namespace, receiver: Namespace, receiver_address: str, size: int,
                     sender_address: str = "") -> None:
    """Sends `size` unpredictable bytes; the receiver's SHA-256 must be the sender's."""
    with receiver.entered():
        family = socket.AF_INET6 if ":" in receiver_address else socket.AF_INET
        listener = socket.create_server((receiver_address, 0), family=family)
    listener.settimeout(60)
    with listener:
        sink = _Sink(listener)
        source = (sender_address, 0) if sender_address else None
        with sender.entered():
            outgoing = socket.create_connection(listener.getsockname()[:2], timeout=60, source_address=source)
        digest = hashlib.sha256()
        # Blocks differ, so that a lost, doubled or swapped one shows; making every byte random would be the bottleneck.
        block = bytearray(os.urandom(_CHUNK))
        with outgoing:
            sent = 0
            while sent < size:
                block[:8] = sent.to_bytes(8, "big")
                piece = memoryview(block)[:min(_CHUNK, size - sent)]
                digest.update(piece)
                outgoing.sendall(piece)
                sent += len(piece)
            outgoing.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := outgoing.recv(64):
                answer += chunk
        sink.join(60)
        assert sink.error is None, f"the receiver failed after {sink.received} bytes: {sink.error}"
        assert sink.received == size, f"{sink.received} bytes of {size} arrived"
        assert answer == digest.digest() == sink.digest.digest(), "the bytes that arrived are not those that were sent"
