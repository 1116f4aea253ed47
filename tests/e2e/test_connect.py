"""A real client connects with each suite, both sides ping each other, and what CONNECT announced is what happens."""

import socket

import pytest

from harness.client import SUITES
from harness.lab import INSIDE, OUTSIDE, SERVER
from harness.ping import ping
from harness.poll import until

GNUTLS_NAMES = {
    "TLS 1.3 AES-256-GCM": ("(TLS1.3)", "(AES-256-GCM)"),
    "TLS 1.3 AES-128-GCM": ("(TLS1.3)", "(AES-128-GCM)"),
    "TLS 1.2 ECDHE AES-128-GCM": ("(TLS1.2)", "(AES-128-GCM)"),
    "TLS 1.3 ChaCha20-Poly1305": ("(TLS1.3)", "(CHACHA20-POLY1305)"),
    "TLS 1.2 ECDHE ChaCha20-Poly1305": ("(TLS1.2)", "(CHACHA20-POLY1305)"),
    "TLS 1.2 ECDHE AES-128-CBC SHA-1": ("(TLS1.2)", "(AES-128-CBC)-(SHA1)"),
    "TLS 1.2 ECDHE AES-256-CBC SHA-384": ("(TLS1.2)", "(AES-256-CBC)-(SHA384)"),
    "TLS 1.2 ECDHE AES-128-CBC SHA-256": ("(TLS1.2)", "(AES-128-CBC)-(SHA256)"),
    "TLS 1.2 ECDHE AES-128-CBC SHA-1, encrypt-then-MAC": ("(TLS1.2)", "(AES-128-CBC)-(SHA1)"),
    "TLS 1.2 ECDHE AES-256-CBC SHA-384, encrypt-then-MAC": ("(TLS1.2)", "(AES-256-CBC)-(SHA384)"),
    "TLS 1.2 ECDHE AES-256-GCM": ("(TLS1.2)", "(AES-256-GCM)"),
}


@pytest.mark.parametrize("suite", SUITES)
def test_connects_and_pings_both_ways(stage, headend, suite):
    """The worker opens and seals this suite's records as GnuTLS does, in both directions."""
    client = stage.connect(suite=suite)
    for part in GNUTLS_NAMES[suite]:
        assert part in client.ciphersuite
    ping(stage.lab.client, SERVER)
    ping(stage.lab.server, client.address)


def test_pings_of_every_size_up_to_the_mtu_pass(stage, headend):
    """No length of record, segment or frame is special: empty payload, odd ones, and the announced MTU itself."""
    client = stage.connect()
    mtu = int(client.header("X-CSTP-MTU"))
    for size in (0, 1, 15, 16, 17, 255, 256, 1000, mtu - 29, mtu - 28):
        ping(stage.lab.client, SERVER, count=1, size=size, dont_fragment=True)
        ping(stage.lab.server, client.address, count=1, size=size)


def test_session_is_listed_while_it_lasts(stage, headend):
    """`show vpn-sessiondb anyconnect` names user, both addresses and nothing after the logout."""
    client = stage.connect()
    session, = headend.show.sessions()
    assert session["username"] == "vpn"
    assert session["assigned_ip"] == client.address
    assert session["public_ip"] == "198.51.100.2"
    assert client.address in headend.show.text("show vpn-sessiondb anyconnect")
    client.logout()
    until(lambda: not headend.show.sessions(), "the session is gone after the logout")


def test_clients_reach_each_other(stage, headend):
    """A packet from one tunnel to an address of the pool comes out of the other tunnel, either way.

    Both tunnels end in one namespace, whose kernel will not take a packet from its own address: so the wire end of each
    tunnel device is watched instead of waiting for an answer.
    """
    first, second = stage.connect(0), stage.connect(1)
    for sender, receiver in ((first, second), (second, first)):
        with stage.lab.client.entered():
            watch = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        with watch:
            watch.bind((receiver.interface, 0))
            watch.settimeout(10)
            stage.lab.client.run("ping", "-n", "-c", "1", "-W", "1", "-I", sender.interface, receiver.address,
                                 check=False)
            ends = socket.inet_aton(sender.address) + socket.inet_aton(receiver.address)
            while watch.recv(2048)[12:20] != ends:
                pass


def test_box_answers_pings_on_both_sides(stage, headend):
    """ARP and ICMP echo to the headend's own addresses, from both wires, in pieces too."""
    ping(stage.lab.client, OUTSIDE)
    ping(stage.lab.server, INSIDE)
    ping(stage.lab.client, OUTSIDE, size=3000)


def test_foreign_source_address_is_dropped_by_name(stage, headend):
    """Anti-spoof: an inner packet whose source is not the session's address never reaches the inside."""
    client = stage.connect()
    lab = stage.lab
    lab.client.run("ip", "address", "add", "10.10.10.77/32", "dev", client.interface)
    before = headend.show.drops()
    done = lab.client.run("ping", "-n", "-c", "3", "-i", "0.1", "-W", "1", "-I", "10.10.10.77", SERVER, check=False)
    assert "100% packet loss" in done.stdout, done.stdout
    grown = {name: count - before.get(name, 0) for name, count in headend.show.drops().items()}
    assert sum(grown.values()) >= 3, grown
    ping(lab.client, SERVER)


def test_self_signed_certificate_is_made_and_its_pin_printed(stage):
    """Without a certificate the headend makes one at first start; openconnect trusts it by the printed pin alone."""
    headend = stage.start_headend(certificate=None)
    stage.connect(pin=headend.pin())
    ping(stage.lab.client, SERVER)
