"""Garbage inside a real tunnel: CSTP, inner packets, and broken TLS records after the hand-over. The offender may lose
its tunnel; a connected client notices nothing."""

import contextlib
import random
import socket
import ssl
import struct

import pytest

from harness import by_hand, frames
from harness.bystander import bystander, named_drop
from harness.by_hand import DATA, DPD_REQUEST, DPD_RESPONSE, KEEPALIVE, frame, read_frame
from harness.lab import SERVER
from harness.poll import until

SEED = 20_28


def tunnel_by_hand(lab) -> tuple[ssl.SSLSocket, str]:
    """A tunnel, and the inner address that it was given."""
    tls = by_hand.open_tls(lab)
    status, head = by_hand.connect(tls, by_hand.log_in(tls))
    assert status == 200, head
    address = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("X-CSTP-Address: "))
    return tls, address


def test_dpd_is_answered_with_its_payload(stage, headend):
    """DPD-REQ brings DPD-RESP with the same payload, of any size up to the MTU; KEEPALIVE brings nothing."""
    with bystander(stage):
        tls, _ = tunnel_by_hand(stage.lab)
        with tls:
            for payload in (b"", b"x", b"0123456789abcdef", bytes(1000)):
                tls.sendall(frame(DPD_REQUEST, payload))
                assert read_frame(tls) == (DPD_RESPONSE, payload)
            tls.sendall(frame(KEEPALIVE))
            tls.sendall(frame(DPD_REQUEST, b"after"))
            assert read_frame(tls) == (DPD_RESPONSE, b"after")


WRONG = {
    "wrong magic": (frame(DATA, b"x" * 40, magic=b"STF\x02"), ["mp-svc-bad-framing"]),
    "no header": (b"STF", ["mp-svc-bad-framing"]),
    "length too large": (frame(DATA, b"x" * 40, length=400), ["mp-svc-bad-length"]),
    "length too small": (frame(DATA, b"x" * 40, length=4), ["mp-svc-bad-length"]),
    "two packets in one record": (frame(DPD_REQUEST) + frame(DPD_REQUEST), ["mp-svc-bad-length"]),
    "unknown type": (frame(0x42, b"x"), ["mp-svc-unknown-type"]),
    "compressed": (frame(0x08, b"x" * 20), ["mp-svc-decompres-error"]),
    "empty data packet": (frame(DATA), ["cv-inner-malformed"]),
    "inner packet of one byte": (frame(DATA, b"\x45"), ["cv-inner-malformed"]),
    "inner packet of version 9": (frame(DATA, b"\x95" + bytes(39)), ["cv-inner-malformed", "unsupported-ip-version"]),
    "inner packet longer than it is": (frame(DATA, frames.ipv4("10.10.10.1", SERVER, 1, b"x" * 20, total=1000)),
                                       ["cv-inner-malformed"]),
    "inner packet of another's address": (frame(DATA, frames.ipv4("10.48.66.7", SERVER, 1, b"x" * 20)),
                                          ["svc-selector-failure"]),
    "a record of 16384 bytes": (frame(DATA, bytes(16376)), ["mp-svc-bad-length"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_packet_in_a_tunnel_is_dropped_by_name(stage, headend, case):
    """One wrong thing at a time has the one name that fits."""
    data, names = WRONG[case]
    with bystander(stage):
        tls, _ = tunnel_by_hand(stage.lab)
        with tls, named_drop(stage, *names):
            tls.sendall(data)


def test_group_address_inside_is_dropped_by_name(stage, headend):
    """Multicast and broadcast from a client end here, by name."""
    with bystander(stage):
        tls, address = tunnel_by_hand(stage.lab)
        with tls:
            for target in ("224.0.0.251", "255.255.255.255"):
                with named_drop(stage, "cv-inner-multicast"):
                    tls.sendall(frame(DATA, frames.ipv4(address, target, 17, bytes(20))))


RECORDS = {
    "a bad tag": (b"\x17\x03\x03\x00\x40" + bytes(64), ["ssl-record-decrypt-error"]),
    "a record too short for its tag": (b"\x17\x03\x03\x00\x04" + bytes(4),
                                       ["ssl-bad-record-detect", "ssl-record-decrypt-error"]),
    "a record of 65535 bytes": (b"\x17\x03\x03\xff\xff" + bytes(2000), ["ssl-bad-record-detect"]),
    "an unknown record type": (b"\x99\x03\x03\x00\x40" + bytes(64), ["ssl-bad-record-detect"]),
    "a handshake record in clear": (b"\x16\x03\x03\x00\x04\x00\x00\x00\x00",
                                    ["ssl-bad-record-detect", "ssl-record-decrypt-error"]),
}


@pytest.mark.parametrize("case", RECORDS)
def test_broken_record_ends_the_tunnel_by_name(stage, headend, case):
    """RFC 8446 §5.2 and RFC 5246 §7.2.2: the tunnel is closed; its session may come back, nobody else is touched."""
    data, names = RECORDS[case]
    with bystander(stage) as client:
        tls, _ = tunnel_by_hand(stage.lab)
        with named_drop(stage, *names):
            raw = socket.socket(fileno=tls.detach())
            with raw:
                raw.sendall(data)
                raw.settimeout(10)
                by_hand.drain(raw)
        until(lambda: [tunnel["assigned_ip"] for tunnel in headend.show.tunnels()] == [client.address],
              "the broken tunnel is gone")


def test_record_in_single_bytes_is_put_together(stage, headend):
    """TCP may cut a record anywhere: every byte of one in its own segment, and many records in one."""
    with bystander(stage):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        tls = context.wrap_bio(incoming, outgoing)
        with by_hand.open_tcp(stage.lab) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            channel = by_hand.BioChannel(tls, incoming, outgoing, wire)
            channel.handshake()
            status, head = by_hand.connect(channel, by_hand.log_in(channel))
            assert status == 200, head
            tls.write(frame(DPD_REQUEST, b"byte by byte"))
            for byte in outgoing.read():
                wire.sendall(bytes([byte]))
            assert read_frame(channel) == (DPD_RESPONSE, b"byte by byte")
            for number in range(50):
                tls.write(frame(DPD_REQUEST, f"packet {number}".encode()))
            wire.sendall(outgoing.read())
            for number in range(50):
                assert read_frame(channel) == (DPD_RESPONSE, f"packet {number}".encode())


def test_random_packets_in_a_tunnel(stage, headend):
    """2000 random and half-right CSTP packets; the tunnel is opened again as often as it is closed."""
    chance = random.Random(SEED)
    with bystander(stage):
        tls, address = tunnel_by_hand(stage.lab)
        opened = 1
        for _ in range(2000):
            inner = bytearray(frames.ipv4(address, SERVER, chance.choice((1, 6, 17, 253)),
                                          chance.randbytes(chance.randrange(60))))
            inner[chance.randrange(len(inner))] = chance.randrange(256)
            packet = chance.choice((
                lambda: frame(DATA, chance.randbytes(chance.randrange(200))),
                lambda: frame(DATA, bytes(inner)),
                lambda: frame(chance.randrange(256), chance.randbytes(10)),
                lambda: frame(DATA, bytes(inner), length=chance.randrange(65536))))()
            try:
                tls.sendall(packet)
            except OSError:
                assert opened < 200, "no tunnel lasts"
                with contextlib.suppress(OSError):
                    tls.close()
                tls, address = tunnel_by_hand(stage.lab)
                opened += 1
        tls.close()
