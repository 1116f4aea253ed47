"""The client's side of the protocol by hand, for what no well-behaved client would send."""

import re
import socket
import ssl
import struct

from .headend_config import PASSWORD, USER
from .lab import OUTSIDE, Lab

DATA, DPD_REQUEST, DPD_RESPONSE, DISCONNECT, KEEPALIVE = 0x00, 0x03, 0x04, 0x05, 0x07


def open_tcp(lab: Lab, timeout: float = 10.0) -> socket.socket:
    with lab.client.entered():
        return socket.create_connection((OUTSIDE, 443), timeout=timeout)


def context(ciphers: str = "") -> ssl.SSLContext:
    """`ciphers`: of TLS 1.2, by OpenSSL's names, and then no other version."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False  # The pin is openconnect's business; here the certificate does not matter.
    made.verify_mode = ssl.CERT_NONE
    if ciphers:
        made.maximum_version = ssl.TLSVersion.TLSv1_2
        made.set_ciphers(ciphers)
    return made


def open_tls(lab: Lab, timeout: float = 10.0, ciphers: str = "") -> ssl.SSLSocket:
    return context(ciphers).wrap_socket(open_tcp(lab, timeout))


class BioChannel:
    """TLS over memory BIOs with the looks of a socket, so that the test decides how records are cut into segments."""

    def __init__(self, tls, incoming, outgoing, wire):
        self._tls, self._incoming, self._outgoing, self._wire = tls, incoming, outgoing, wire

    def handshake(self) -> None:
        self._pump(self._tls.do_handshake)

    def sendall(self, data: bytes) -> None:
        self._pump(lambda: self._tls.write(data))

    def recv(self, size: int) -> bytes:
        return self._pump(lambda: self._tls.read(size))

    def _pump(self, step):
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._wire.recv(65536))
                continue
            self._flush()
            return result

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._wire.sendall(data)


def drain(connection: socket.socket, limit: int = 1 << 20) -> bytes:
    """What the other side says until it closes, resets, or stays silent for the socket's timeout."""
    data = b""
    try:
        while len(data) < limit and (chunk := connection.recv(65536)):
            data += chunk
    except (TimeoutError, ConnectionError, ssl.SSLError, OSError):
        pass
    return data


def post(tls: ssl.SSLSocket, body: str, path: str = "/", cookie: str = "") -> tuple[int, str, str]:
    """Sends a POST and returns status, headers and body."""
    request = (f"POST {path} HTTP/1.1\r\nHost: {OUTSIDE}\r\nUser-Agent: Open AnyConnect VPN Agent v9.01-3\r\n"
               f"X-Transcend-Version: 1\r\nX-Aggregate-Auth: 1\r\n{cookie}"
               f"Content-Type: application/xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    tls.sendall(request.encode())
    return read_reply(tls)


def read_reply(tls: ssl.SSLSocket) -> tuple[int, str, str]:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = tls.recv(65536)
        assert chunk, f"closed in the middle of a reply: {data!r}"
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    wanted = int(length.group(1)) if length else 0
    while len(rest) < wanted:
        rest += tls.recv(65536)
    return int(head.split()[1]), head.decode(), rest.decode()


def _envelope(kind: str, inside: str) -> str:
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<config-auth client="vpn" type="{kind}" aggregate-auth-version="2">'
            f'<version who="vpn">v9.01-3</version><device-id>linux-64</device-id>{inside}</config-auth>')


def init_body() -> str:
    return _envelope("init", f"<group-access>https://{OUTSIDE}</group-access>")


def reply_body(user: str, password: str, opaque: str = "") -> str:
    return _envelope("auth-reply", f"{opaque}<auth><username>{user}</username><password>{password}</password></auth>")


def log_in(tls: ssl.SSLSocket, user: str = USER, password: str = PASSWORD) -> str:
    """The XML dialogue as far as the session cookie, which is returned."""
    status, head, body = post(tls, init_body())
    for _ in range(3):  # One form with both fields, or one after the other.
        assert status == 200, (status, body)
        cookie = re.search(r"(?im)^set-cookie: webvpn=([^;\r\n]+)", head)
        token = re.search(r"<session-token>([^<]+)</session-token>", body)
        if cookie or token:
            return (cookie or token).group(1)
        action = re.search(r'<form[^>]* action="([^"]*)"', body)
        opaque = re.search(r"<opaque.*?</opaque>|<opaque[^>]*/>", body, re.S)
        context = re.search(r"(?im)^set-cookie: (webvpncontext=[^;\r\n]+)", head)
        status, head, body = post(tls, reply_body(user, password, opaque.group(0) if opaque else ""),
                                  action.group(1) if action and action.group(1) else "/",
                                  f"Cookie: {context.group(1)}\r\n" if context else "")
    raise AssertionError(f"no cookie after the dialogue: {body}")


def connect_request(cookie: str) -> bytes:
    return (f"CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: {OUTSIDE}\r\n"
            f"User-Agent: Open AnyConnect VPN Agent v9.01-3\r\nCookie: webvpn={cookie}\r\nX-CSTP-Version: 1\r\n"
            "X-CSTP-Hostname: by-hand\r\nX-CSTP-Base-MTU: 1500\r\nX-CSTP-MTU: 1390\r\n"
            "X-CSTP-Address-Type: IPv4\r\nX-CSTP-Full-IPv6-Capability: false\r\n\r\n").encode()


def connect(tls: ssl.SSLSocket, cookie: str) -> tuple[int, str]:
    tls.sendall(connect_request(cookie))
    status, head, _ = read_reply(tls)
    return status, head


def frame(kind: int, payload: bytes = b"", length: int | None = None, magic: bytes = b"STF\x01") -> bytes:
    """A CSTP packet; `length` and `magic` may lie."""
    return magic + struct.pack(">HBB", len(payload) if length is None else length, kind, 0) + payload


def read_frame(tls: ssl.SSLSocket) -> tuple[int, bytes]:
    """One record is one CSTP packet, both ways (protocol of the clients): so one recv() must be one packet."""
    record = tls.recv(20000)
    assert record[:4] == b"STF\x01" and len(record) == 8 + struct.unpack(">H", record[4:6])[0], record[:16]
    return record[6], record[8:]
