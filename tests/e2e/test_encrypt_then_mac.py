"""CSTP over AES-CBC with encrypt-then-MAC (RFC 7366). OpenSSL offers it by itself, and so does Python's ssl module, the
client of most tests here; openconnect does if its priority lacks %COMPAT."""

import contextlib
import ssl

import pytest

from harness import by_hand, frames
from harness.by_hand import DATA, DPD_REQUEST, DPD_RESPONSE, frame, read_frame
from harness.bystander import named_drop
from harness.lab import SERVER

MAC = {"ECDHE-ECDSA-AES128-SHA": 20, "ECDHE-ECDSA-AES256-SHA": 20, "ECDHE-ECDSA-AES128-SHA256": 32,
       "ECDHE-ECDSA-AES256-SHA384": 48}


@contextlib.contextmanager
def tunnel(stage, cipher: str):
    """A tunnel, its inner address, and the MTU that was announced for it."""
    with by_hand.open_tls(stage.lab, ciphers=cipher) as tls:
        assert tls.cipher()[0] == cipher
        status, head = by_hand.connect(tls, by_hand.log_in(tls))
        assert status == 200, head
        headers = dict(line.split(": ", 1) for line in head.split("\r\n") if ": " in line)
        yield tls, headers["X-CSTP-Address"], int(headers["X-CSTP-MTU"])


def largest_packet(mac: int) -> int:
    """What fits a segment of 1380 bytes with timestamps: IV, MAC and whole blocks with at least a byte of padding."""
    return (1380 - 12 - 5 - 16 - mac) // 16 * 16 - 1 - 8


@pytest.mark.parametrize("cipher", MAC)
def test_packets_both_ways(stage, cipher):
    headend = stage.start_headend(policy=["anyconnect mtu-accounting exact"])
    headend.show.text("debug webvpn anyconnect")
    with tunnel(stage, cipher) as (tls, address, mtu):
        assert mtu == largest_packet(MAC[cipher])
        assert f"TLSv1.2 {cipher}, encrypt-then-MAC" in headend.process.log()
        for size in (*range(0, 70), 1000, mtu):
            tls.sendall(frame(DPD_REQUEST, bytes(size)))
            assert read_frame(tls) == (DPD_RESPONSE, bytes(size))
        for size in (0, 1, 500, mtu - 28):
            echo = frames.echo_request(address, SERVER, bytes(size))
            tls.sendall(frame(DATA, echo))
            kind, reply = read_frame(tls)
            assert (kind, len(reply), reply[12:20]) == (DATA, len(echo), echo[16:20] + echo[12:16])
        session, = headend.show.sessions()
        assert session["assigned_ip"] == address


@pytest.mark.parametrize("changed", [-1, 30])
def test_a_changed_record_ends_the_tunnel(stage, changed):
    """RFC 7366 §3: whatever is wrong is a wrong MAC."""
    stage.start_headend()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = by_hand.context("ECDHE-ECDSA-AES128-SHA256")
    tls = context.wrap_bio(incoming, outgoing)
    with by_hand.open_tcp(stage.lab) as wire:
        channel = by_hand.BioChannel(tls, incoming, outgoing, wire)
        channel.handshake()
        status, head = by_hand.connect(channel, by_hand.log_in(channel))
        assert status == 200, head
        tls.write(frame(DPD_REQUEST, bytes(100)))
        record = bytearray(outgoing.read())
        record[changed] ^= 1
        with named_drop(stage, "ssl-record-decrypt-error"):
            wire.sendall(record)
            wire.settimeout(10)
            by_hand.drain(wire)


@pytest.mark.parametrize("order, mtu", [("", (1380 - 12 - 5 - 16) // 16 * 16 - 20 - 1 - 8),
                                        (", encrypt-then-MAC", largest_packet(20))])
def test_openconnect(stage, order, mtu):
    """In either order, as it was told, and with the MTU that this leaves."""
    headend = stage.start_headend(policy=["anyconnect mtu-accounting exact"])
    headend.show.text("debug webvpn anyconnect")
    client = stage.connect(suite="TLS 1.2 ECDHE AES-128-CBC SHA-1" + order)
    assert ("encrypt-then-MAC" in headend.process.log()) == (order != "")
    assert client.header("X-CSTP-MTU") == str(mtu)
