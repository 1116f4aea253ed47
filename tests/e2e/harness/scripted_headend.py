"""A headend that says what it is told to say, for what culvertd never says: one client, on the loopback of the client's
namespace, by OpenSSL."""

import contextlib
import ctypes
import socket
import struct
import threading
from pathlib import Path

from .namespace import Namespace

_ADDRESS = "127.0.0.1"
_PEM = 1                # SSL_FILETYPE_PEM
_SET_CONNECTED = 32     # BIO_CTRL_DGRAM_SET_CONNECTED
_HANDSHAKE = b"\x16"    # a record's content type
_SECRET, _LABEL = 32, b"EXPORTER-openconnect-psk"
_LOGGED_IN = ('<?xml version="1.0" encoding="UTF-8"?><config-auth client="vpn" type="complete">'
              '<session-token>token</session-token><auth id="success"/></config-auth>')
_GRANT = ("HTTP/1.1 200 CONNECTED\r\nX-CSTP-Version: 1\r\nX-CSTP-Address: 10.10.10.77\r\nX-CSTP-MTU: 1300\r\n"
          "X-CSTP-Split-Include: 10.48.66.0/255.255.255.0\r\nX-DTLS-MTU: 1300\r\nX-DTLS-App-ID: 0123456789abcdef\r\n"
          "X-DTLS-Port: {port}\r\n\r\n")

_ssl = ctypes.CDLL("libssl.so.3")
_PskCallback = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_ubyte),
                                ctypes.c_uint)
for _name in ("TLS_server_method", "DTLS_server_method", "SSL_CTX_new", "SSL_new", "BIO_new_dgram"):
    getattr(_ssl, _name).restype = ctypes.c_void_p


class _Connection:
    """An SSL over a connected socket; its calls wait."""

    def __init__(self, context: int, connected: socket.socket):
        self._socket = connected
        self._ssl = ctypes.c_void_p(_ssl.SSL_new(ctypes.c_void_p(context)))
        if connected.type == socket.SOCK_DGRAM:
            bio = ctypes.c_void_p(_ssl.BIO_new_dgram(connected.fileno(), 0))
            address, port = connected.getpeername()
            peer = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(address) + bytes(8)
            _ssl.BIO_ctrl(bio, _SET_CONNECTED, ctypes.c_long(0), peer)
            _ssl.SSL_set_bio(self._ssl, bio, bio)
        else:
            _ssl.SSL_set_fd(self._ssl, connected.fileno())
        if _ssl.SSL_accept(self._ssl) != 1:
            raise ConnectionError("the handshake failed")

    def read(self) -> bytes:
        """Empty at its end."""
        room = ctypes.create_string_buffer(16384)
        size = _ssl.SSL_read(self._ssl, room, len(room))
        return room.raw[:max(0, size)]

    def write(self, data: bytes) -> None:
        _ssl.SSL_write(self._ssl, data, len(data))

    def secret(self) -> bytes:
        room = ctypes.create_string_buffer(_SECRET)
        _ssl.SSL_export_keying_material(self._ssl, room, ctypes.c_size_t(_SECRET), _LABEL, ctypes.c_size_t(len(_LABEL)),
                                        None, ctypes.c_size_t(0), 0)
        return room.raw

    def close(self) -> None:
        self._socket.close()
        _ssl.SSL_free(self._ssl)


class ScriptedHeadend:
    def __init__(self, namespace: Namespace, certificate: Path):
        self._namespace = namespace
        with namespace.entered():
            self._listener = socket.create_server((_ADDRESS, 0))
        self.authority = f"{_ADDRESS}:{self._listener.getsockname()[1]}"
        self._datagrams = self._bind(0)
        self._udp_port = self._datagrams.getsockname()[1]
        self._tls = _ssl.SSL_CTX_new(ctypes.c_void_p(_ssl.TLS_server_method()))
        pem = str(certificate).encode()
        assert _ssl.SSL_CTX_use_certificate_chain_file(ctypes.c_void_p(self._tls), pem) == 1
        assert _ssl.SSL_CTX_use_PrivateKey_file(ctypes.c_void_p(self._tls), pem, _PEM) == 1
        self._dtls = _ssl.SSL_CTX_new(ctypes.c_void_p(_ssl.DTLS_server_method()))
        assert _ssl.SSL_CTX_set_cipher_list(ctypes.c_void_p(self._dtls), b"PSK") == 1
        self._secret = b""
        self._give_secret = _PskCallback(self._psk)  # OpenSSL does not keep it alive
        _ssl.SSL_CTX_set_psk_server_callback(ctypes.c_void_p(self._dtls), self._give_secret)
        threading.Thread(target=self._serve, daemon=True).start()

    def say_by_dtls(self, record: bytes) -> None:
        """When the next handshake is through, and the client has said something. Waits for that."""
        self._datagrams.settimeout(20)
        while (first := self._datagrams.recvfrom(1, socket.MSG_PEEK))[0] != _HANDSHAKE:
            self._datagrams.recv(1)  # the last words of the connection before
        self._datagrams.settimeout(None)
        self._datagrams.connect(first[1])
        connection = _Connection(self._dtls, self._datagrams)
        try:
            connection.read()
            # Before it is said: the client's next try comes at once, and from another port.
            self._datagrams = self._bind(self._udp_port)
            connection.write(record)
        finally:
            connection.close()

    def close(self) -> None:
        self._listener.close()
        self._datagrams.close()

    def _bind(self, port: int) -> socket.socket:
        with self._namespace.entered():
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        datagrams.bind((_ADDRESS, port))
        return datagrams

    def _psk(self, ssl, identity, room, size) -> int:
        ctypes.memmove(room, self._secret, len(self._secret))
        return len(self._secret)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # The listener is closed, or the client is gone.
            while True:
                connection = _Connection(self._tls, self._listener.accept()[0])
                while said := connection.read():
                    if said.startswith(b"POST "):
                        connection.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(_LOGGED_IN)}\r\n"
                                         f"Content-Type: text/xml\r\n\r\n{_LOGGED_IN}".encode())
                    elif said.startswith(b"CONNECT "):
                        self._secret = connection.secret()
                        connection.write(_GRANT.format(port=self._udp_port).encode())
                connection.close()
