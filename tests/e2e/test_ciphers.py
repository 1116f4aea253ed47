"""`ssl cipher` and `ssl encryption` in each way to write them: what is configured carries data, and nothing else."""

import pytest

from harness.certificate import RSA, make_certificate, pin_of
from harness.lab import SERVER
from harness.ping import ping

# Cisco's note 116881, and how it is written on a page where nobody enters it.
NOTE = 'ssl cipher tlsv1.2 custom "AES256-SHA256:AES128-SHA256:DHE-RSA-AES256-SHA256"'
NOTE_UNQUOTED = "ssl cipher tlsv1.2 custom AES256-SHA256 AES128-SHA256 DHE-RSA-AES256-SHA256"
ASA8 = "ssl encryption aes256-sha1 dhe-aes128-sha1"


def offering(key_exchange: str, cipher: str, mac: str) -> tuple[str, str]:
    return ("--gnutls-priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:-CIPHER-ALL:-MAC-ALL:"
                                 f"+{key_exchange}:+{cipher}:+{mac}:%COMPAT")


@pytest.mark.parametrize("line, offer", [
    (NOTE, ("RSA", "AES-256-CBC", "SHA256")),
    (NOTE_UNQUOTED, ("RSA", "AES-128-CBC", "SHA256")),
    (NOTE, ("DHE-RSA", "AES-256-CBC", "SHA256")),
    (ASA8, ("RSA", "AES-256-CBC", "SHA1")),
    (ASA8, ("DHE-RSA", "AES-128-CBC", "SHA1")),
    ("ssl cipher tlsv1.2 high", ("RSA", "AES-256-GCM", "AEAD")),
])
def test_what_is_configured_is_spoken(stage, tmp_path, line, offer):
    certificate = make_certificate(tmp_path, RSA)
    stage.start_headend(certificate=certificate, extra=[line])
    client = stage.connect(pin=pin_of(certificate), options=offering(*offer))
    exchange, cipher, mac = offer
    assert f"({cipher})" in client.ciphersuite and ("DHE" in client.ciphersuite) == (exchange == "DHE-RSA")
    assert mac == "AEAD" or f"({mac})" in client.ciphersuite
    for size in (0, 1, 100, 1300):
        ping(stage.lab.client, SERVER, count=1, size=size)
        ping(stage.lab.server, client.address, count=1, size=size)


@pytest.mark.parametrize("line, offer", [
    (NOTE, ("RSA", "AES-256-GCM", "AEAD")),
    (ASA8, ("RSA", "AES-128-CBC", "SHA1")),
    ("ssl cipher tlsv1.2 high", ("RSA", "AES-128-GCM", "AEAD")),
    ("ssl cipher tlsv1.2 fips", ("ECDHE-RSA", "CHACHA20-POLY1305", "AEAD")),
])
def test_nothing_else_is(stage, tmp_path, line, offer):
    certificate = make_certificate(tmp_path, RSA)
    headend = stage.start_headend(certificate=certificate, extra=[line])
    client = stage.start_client(pin=pin_of(certificate), options=offering(*offer))
    assert client.process.wait() != 0
    assert not headend.show.sessions()
