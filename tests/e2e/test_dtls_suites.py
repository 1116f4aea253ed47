"""Every suite that openconnect can offer, by DTLS and TLS: a few of them, and with `tools/check --full` all."""

import pytest

from harness.certificate import RSA, make_certificate, pin_of
from harness.dtls import connect_by_dtls
from harness.lab import SERVER, SERVER6
from harness.ping import ping
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20

# openconnect's names, and what Cisco's clients call them in either header.
CBC12 = ("AES128-SHA", "AES256-SHA", "DHE-RSA-AES128-SHA", "DHE-RSA-AES256-SHA")
GCM12 = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384")
# A name that no headend takes keeps a list from being empty.
NOTHING = "DES-CBC3-SHA"

# TLS suites that openconnect offers with a pre-shared key in DTLS, by GnuTLS's names of cipher and MAC.
PSK = {
    "AES-128-GCM": "AEAD", "AES-256-GCM": "AEAD", "CHACHA20-POLY1305": "AEAD",
    "AES-128-CBC SHA1": "SHA1", "AES-256-CBC SHA1": "SHA1", "AES-128-CBC SHA256": "SHA256",
    "AES-256-CBC SHA384": "SHA384",
}


def psk_priority(suite: str) -> str:
    """What makes TLS 1.2 have that suite, and DTLS with it."""
    cipher = suite.split()[0]
    return f"NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-DTLS1.2:-CIPHER-ALL:+{cipher}:-MAC-ALL:+{PSK[suite]}"


def carries_data(stage, headend, client, cipher: str, version: str = "DTLSv1.2") -> None:
    """Both ways, in packets of every size up to the MTU and in bulk; and it is DTLS that carries them, in that cipher.
    The records are compared one by one before the bulk."""
    lab = stage.lab
    session, = headend.show.sessions()
    tunnel = next(tunnel for tunnel in session["tunnels"] if tunnel["name"] == "DTLS-Tunnel")
    assert tunnel["version"] == version, session
    assert tunnel["encryption"] == cipher, session
    before = headend.show.tunnel(client.address, "DTLS")
    # With pre-shared keys openconnect computes an MTU of its own, as if CBC always padded with a whole block.
    adapter = int(lab.client.run("cat", f"/sys/class/net/{client.interface}/mtu").stdout)
    mtu = min(int(client.header("X-DTLS-MTU")), adapter)
    for size in (0, 1, 15, 16, 17, 255, 1000, mtu - 29, mtu - 28):
        ping(lab.client, SERVER, count=1, size=size, dont_fragment=True)
        ping(lab.server, client.address, count=1, size=size, dont_fragment=True)
    ping(lab.client, SERVER6)
    client.check_handover()
    send_and_compare(lab.client, lab.server, SERVER, MEGABYTE)
    send_and_compare(lab.server, lab.client, client.address, MEGABYTE)
    after = headend.show.tunnel(client.address, "DTLS")
    assert after["rx_packets"] - before["rx_packets"] > MEGABYTE // 1418, (before, after)
    assert after["tx_packets"] - before["tx_packets"] > MEGABYTE // 1418, (before, after)
    client.logout(lossless=False)  # a client too slow for its socket's buffer is not our loss


def by_name(stage, headend, name: str, dtls12: bool):
    """A client that offers that one suite by its name."""
    lists = (NOTHING, name) if dtls12 else (name, NOTHING)
    client = connect_by_dtls(stage, headend, options=("--dtls-ciphers", lists[0], "--dtls12-ciphers", lists[1]),
                             trace=True)
    header = "X-DTLS12-CipherSuite" if dtls12 else "X-DTLS-CipherSuite"
    assert client.header(header) == name
    return client


def cipher_of(name: str) -> str:
    """As the ASA prints it."""
    bits = "256" if "256" in name.split("-SHA")[0] else "128"
    return f"AES-GCM-{bits}" if "GCM" in name else f"AES{bits}"


def few_of(all_of, *few):
    """Those that are not among the few are for `--full`."""
    return [one if one in few else pytest.param(one, marks=pytest.mark.long) for one in all_of]


@pytest.mark.parametrize("name", few_of(CBC12 + GCM12, "AES128-SHA"))
def test_dtls12(stage, headend, name):
    client = by_name(stage, headend, name, dtls12=True)
    # AES-CBC with SHA-1 over DTLS is the note's 1418, to the byte.
    assert client.header("X-DTLS-MTU") == "1418"
    carries_data(stage, headend, client, cipher_of(name))


@pytest.mark.parametrize("name", few_of(CBC12, "AES256-SHA", "DHE-RSA-AES128-SHA"))
def test_dtls09(stage, headend, name):
    """Cisco's DTLS from before the standard: the same names, in the older header."""
    client = by_name(stage, headend, name, dtls12=False)
    assert client.header("X-DTLS-MTU") == "1418"
    assert "(DTLS0.9)" in client.process.log()
    carries_data(stage, headend, client, cipher_of(name), "DTLSv0.9")


@pytest.mark.parametrize("name", few_of(("OC-DTLS1_2-AES128-GCM", "OC-DTLS1_2-AES256-GCM")))
def test_openconnects_names(stage, headend, name):
    carries_data(stage, headend, by_name(stage, headend, name, dtls12=False), cipher_of(name))


@pytest.mark.parametrize("suite", few_of(PSK, "AES-128-CBC SHA256"))
def test_psk(stage, headend, suite):
    client = connect_by_dtls(stage, headend, options=("--gnutls-priority", psk_priority(suite)), trace=True)
    assert client.header("X-DTLS-CipherSuite") == "PSK-NEGOTIATE"
    session, = headend.show.sessions()
    ssl, dtls = session["tunnels"]
    assert (ssl["encryption"], ssl["hashing"]) == (dtls["encryption"], dtls["hashing"]), session
    carries_data(stage, headend, client, dtls["encryption"])


TLS = [f"TLS1.2 {exchange} {suite}" for exchange in ("ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA", "RSA")
       for suite in (*PSK, "AES-256-CBC SHA256")
       # These do not exist.
       if not (not exchange.startswith("ECDHE") and "SHA384" in suite
               or exchange.startswith("ECDHE") and suite == "AES-256-CBC SHA256"
               or exchange == "RSA" and suite == "CHACHA20-POLY1305")]
TLS += [f"TLS1.3 - {cipher}" for cipher in ("AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305")]


@pytest.fixture(scope="module")
def rsa_certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("rsa"), RSA)


@pytest.mark.parametrize("suite", few_of(TLS))
def test_tls(stage, rsa_certificate, suite):
    version, exchange, cipher, *mac = suite.split()
    priority = f"NORMAL:-VERS-ALL:+VERS-{version}:-CIPHER-ALL:+{cipher}:-MAC-ALL:+{mac[0] if mac else 'AEAD'}"
    if exchange != "-":
        priority += f":-KX-ALL:+{exchange}"
    settings = {}
    if exchange.endswith("RSA"):
        stage.start_headend(certificate=rsa_certificate)
        settings["pin"] = pin_of(rsa_certificate)
    else:
        stage.start_headend()
    client = stage.connect(options=("--gnutls-priority", priority), **settings)
    assert f"({version})" in client.ciphersuite and f"({cipher})" in client.ciphersuite
    lab, mtu = stage.lab, int(client.header("X-CSTP-MTU"))
    for size in (0, 15, 16, 17, 1000, mtu - 28):
        ping(lab.client, SERVER, count=1, size=size, dont_fragment=True)
        ping(lab.server, client.address, count=1, size=size, dont_fragment=True)
    send_and_compare(lab.client, lab.server, SERVER, MEGABYTE)
    send_and_compare(lab.server, lab.client, client.address, MEGABYTE)
    client.logout()
