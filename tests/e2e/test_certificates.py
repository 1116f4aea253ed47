"""Logins with client certificates: alone, with a password, and refused."""

import pytest

from harness.client_certificates import Authority
from harness.lab import SERVER
from harness.ping import ping
from harness.poll import until

TLS12 = "TLS 1.2 ECDHE AES-128-GCM"
TLS13 = "TLS 1.3 AES-256-GCM"


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path / "clients")


def start(stage, authority, authentication: str, *more: str):
    extra = [f"ssl client-ca {authority.ca}", f"ssl client-crl {authority.crl}",
             "tunnel-group DefaultWEBVPNGroup webvpn-attributes", f" authentication {authentication}", *more]
    return stage.start_headend(extra=extra)


def refused(stage, certificate, **settings) -> str:
    """What openconnect says when it does not get in."""
    options = ("--certificate", certificate) if certificate else ()
    client = stage.start_client(len(stage.clients), options=options, **settings)
    assert client.process.wait(30) != 0
    assert "Configured as" not in client.process.log()
    return client.process.log()


@pytest.mark.parametrize("suite", [TLS12, TLS13])
def test_certificate_alone(stage, authority, suite):
    """Nothing to type: the first POST is answered with the cookie, and CONNECT comes on a second TLS connection. The
    record counters that every test's end checks hold behind a handshake with a certificate, too."""
    headend = start(stage, authority, "certificate")
    alice = authority.issue("alice", "/O=Culvert/CN=alice")
    client = stage.connect(suite=suite, passwords=(), options=("--certificate", alice))
    ping(stage.lab.client, SERVER)
    assert [s["username"] for s in headend.show.sessions()] == ["alice"]
    assert "717022" in headend.show.text("show logging")
    client.check_handover()


def test_user_name_from_another_attribute(stage, authority):
    """`username-from-certificate`, and the policy that the configuration has for that user."""
    headend = start(stage, authority, "certificate", "tunnel-group DefaultWEBVPNGroup general-attributes",
                    " username-from-certificate UID CN")
    alice = authority.issue("alice", "/CN=alice/UID=a.1")
    stage.connect(passwords=(), options=("--certificate", alice))
    assert [s["username"] for s in headend.show.sessions()] == ["a.1"]


@pytest.mark.parametrize("suite", [TLS12, TLS13])
def test_certificate_and_password(stage, authority, suite):
    """Both are needed; the password may be mistyped once."""
    headend = start(stage, authority, "aaa certificate")
    alice = authority.issue("alice", "/CN=alice")
    client = stage.connect(suite=suite, passwords=("wrong", "secret"), options=("--certificate", alice))
    ping(stage.lab.client, SERVER)
    client.logout()
    until(lambda: not headend.show.sessions(), "the session is gone after the logout")
    assert "A client certificate is needed" in refused(stage, None)


def test_bad_certificates_are_refused_with_a_reason(stage, authority, tmp_path):
    """Expired, revoked, of another authority, none at all: openconnect's user reads why, and so does the log."""
    headend = start(stage, authority, "certificate")
    expired = authority.issue("expired", "/CN=alice", expired=True)
    foreign = Authority(tmp_path / "others").issue("foreign", "/CN=alice")
    assert "certificate has expired" in refused(stage, expired, passwords=())
    assert "unable to get local issuer certificate" in refused(stage, foreign, passwords=())
    assert "A client certificate is needed" in refused(stage, None, passwords=())
    log = headend.show.text("show logging")
    assert "717027" in log and "certificate has expired" in log
    assert headend.show.sessions() == []


def test_revoked_while_the_headend_runs(stage, authority):
    """A new revocation list counts without a restart."""
    headend = start(stage, authority, "certificate")
    alice = authority.issue("alice", "/CN=alice")
    stage.connect(passwords=(), options=("--certificate", alice)).logout()
    until(lambda: not headend.show.sessions(), "the session is gone after the logout")
    authority.revoke("alice")
    until(lambda: "revocation list" in headend.show.text("show logging"), "the headend has read the new list")
    assert "certificate revoked" in refused(stage, alice, passwords=())
