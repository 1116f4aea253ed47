"""Garbage while a connection is being set up: TLS, HTTP and XML. Each attempt ends by itself, and a connected client
notices nothing."""

import random

import pytest

from harness import by_hand
from harness.bystander import bystander
from harness.lab import OUTSIDE

SEED = 20_27

HALF_HELLO = bytes.fromhex("160301020001000001fc0303") + bytes(100)
TLS_GARBAGE = {
    "random bytes": random.Random(SEED).randbytes(4096),
    "plain HTTP": b"GET / HTTP/1.1\r\nHost: headend\r\n\r\n",
    "half a ClientHello, then silence": HALF_HELLO,
    "a record of 65535 bytes": b"\x16\x03\x01\xff\xff" + bytes(65535),
    "an empty record": b"\x16\x03\x01\x00\x00" * 50,
    "application data first": b"\x17\x03\x03\x00\x20" + bytes(32),
    "an alert first": b"\x15\x03\x03\x00\x02\x02\x28",
    "SSLv2 hello": bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") + bytes(16),
    "one byte": b"\x16",
    "nothing at all": b"",
}


@pytest.mark.parametrize("case", TLS_GARBAGE)
def test_tls_garbage(stage, headend, case):
    """Not TLS: the connection is closed, or closes when the other side goes; no session comes of it."""
    with bystander(stage):
        for _ in range(5):
            with by_hand.open_tcp(stage.lab, timeout=1.0) as connection:
                try:
                    connection.sendall(TLS_GARBAGE[case])
                except ConnectionError:
                    continue  # Refused before it was all said: just as good.
                by_hand.drain(connection)
        assert len(headend.show.sessions()) == 1


HOST = f"Host: {OUTSIDE}\r\n"
HTTP_GARBAGE = {
    "no request line": (b"\r\n" * 100 + b"hello\r\n\r\n", {400}),
    "binary": (bytes(range(256)) * 16 + b"\r\n\r\n", {400, 431, 414}),
    "unknown method": (b"BREW / HTTP/1.1\r\n" + HOST.encode() + b"\r\n", {400, 405, 501}),
    "unknown path": (b"GET /no/such/thing HTTP/1.1\r\n" + HOST.encode() + b"\r\n", {404}),
    "header without end": (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, {400, 431}),
    "too many headers": (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(10_000)) + b"\r\n",
                         {400, 431}),
    "request line without end": (b"GET /" + b"a" * 100_000, {400, 414, 431}),
    "two lengths": (f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!".encode(), {400}),
    "length and chunks (smuggling)": (
        f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode(), {400, 501}),
    "negative length": (f"POST / HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n".encode(), {400}),
    "enormous length": (f"POST / HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999\r\n\r\n".encode(), {400, 413}),
    "a body past every limit": (
        f"POST / HTTP/1.1\r\n{HOST}Content-Length: 100000000\r\n\r\n".encode() + bytes(1_000_000), {400, 413}),
    "CONNECT to elsewhere": (f"CONNECT example.org:443 HTTP/1.1\r\n{HOST}\r\n".encode(), {400, 401, 403, 404, 405}),
    "CONNECT without a cookie": (f"CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\n{HOST}\r\n".encode(), {401}),
    "CONNECT with a cookie of 10 KB": (
        f"CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\n{HOST}Cookie: webvpn={'A' * 10_000}\r\n\r\n".encode(), {400, 401, 431}),
    "HTTP 3": (b"GET / HTTP/3.0\r\n\r\n", {400, 505}),
}


@pytest.mark.parametrize("case", HTTP_GARBAGE)
def test_http_garbage(stage, headend, case):
    """Bad requests inside good TLS get the status that fits, or the connection is closed; never a session."""
    request, statuses = HTTP_GARBAGE[case]
    with bystander(stage), by_hand.open_tls(stage.lab, timeout=3.0) as tls:
        try:
            tls.sendall(request)
        except (ConnectionError, OSError):
            pass  # It has heard enough: the reply, if it came, is still to be read.
        reply = by_hand.drain(tls, limit=4096)
        if reply:
            assert reply.startswith(b"HTTP/1.1 "), reply[:200]
            assert int(reply.split()[1]) in statuses, reply[:300]
        assert len(headend.show.sessions()) == 1


DEEP = "<a>" * 20_000 + "</a>" * 20_000
BOMB = ('<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' +
        "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)) +
        "]><config-auth>&j;</config-auth>")
XML_GARBAGE = {
    "not XML": "hello",
    "nothing": "",
    "cut off": by_hand.init_body()[:150],
    "another root": "<html><body/></html>",
    "no type": '<config-auth client="vpn"/>',
    "unknown type": by_hand.init_body().replace('type="init"', 'type="dance"'),
    "deep nesting": by_hand.init_body().replace("</config-auth>", DEEP + "</config-auth>"),
    "entity bomb": BOMB,
    "external entity": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                       '<config-auth client="vpn" type="init">&x;</config-auth>',
    "NUL and control characters": "<config-auth type=\"init\">\x00\x01\x02</config-auth>",
    "invalid UTF-8": "<config-auth type=\"init\">\udcff\udcfe</config-auth>",
    "a user name of 100 KB": by_hand.reply_body("u" * 100_000, "x"),
    "an attribute of 100 KB": by_hand.init_body().replace('client="vpn"', f'client="{"v" * 100_000}"'),
    "reply before any form, empty fields": by_hand.reply_body("", ""),
    "10,000 elements": by_hand.init_body().replace("</config-auth>", "<x/>" * 10_000 + "</config-auth>"),
}


@pytest.mark.parametrize("case", XML_GARBAGE)
def test_xml_garbage(stage, headend, case):
    """A malformed dialogue gets an HTTP error or the form again, never a cookie and never a file."""
    body = XML_GARBAGE[case].encode("utf-8", "surrogateescape")
    head = (f"POST / HTTP/1.1\r\n{HOST}X-Transcend-Version: 1\r\nX-Aggregate-Auth: 1\r\n"
            f"Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n")
    with bystander(stage), by_hand.open_tls(stage.lab, timeout=3.0) as tls:
        try:
            tls.sendall(head.encode() + body)
        except (ConnectionError, OSError):
            pass
        reply = by_hand.drain(tls, limit=65536)
        assert b"webvpn=" not in reply.replace(b"webvpn=;", b"") and b"session-token" not in reply
        assert b"root:" not in reply
        if reply:
            assert reply.startswith(b"HTTP/1.1 "), reply[:200]
        assert len(headend.show.sessions()) == 1


def test_random_requests(stage, headend):
    """300 mutated requests: cut, doubled and with bytes changed, over a handful of connections."""
    chance = random.Random(SEED)
    good = [by_hand.connect_request("0" * 32), HTTP_GARBAGE["two lengths"][0],
            (f"POST / HTTP/1.1\r\n{HOST}Content-Length: {len(by_hand.init_body())}\r\n\r\n"
             f"{by_hand.init_body()}").encode()]
    with bystander(stage):
        for _ in range(300):
            request = bytearray(chance.choice(good))
            for _ in range(chance.randrange(1, 10)):
                request[chance.randrange(len(request))] = chance.randrange(256)
            with by_hand.open_tls(stage.lab) as tls:
                tls.settimeout(0.05)  # an answer that comes later is not waited for
                try:
                    tls.sendall(bytes(request[:chance.randrange(1, len(request) + 1)]))
                except OSError:
                    continue
                by_hand.drain(tls, limit=4096)
        assert len(headend.show.sessions()) == 1
