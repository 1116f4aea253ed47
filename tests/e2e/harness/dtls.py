"""Clients that use DTLS, and what keeps it from working."""

import contextlib

from .poll import until


def connect_by_dtls(stage, headend, number: int = 0, **settings):
    """A client whose packets go by DTLS."""
    client = stage.connect(number, dtls=True, **settings).wait_dtls()
    until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS")
    return client


@contextlib.contextmanager
def no_udp(lab):
    """Nothing gets through by UDP in either direction."""
    lab.client.run("nft", "-f", "-", input="""table ip noudp {
        chain i { type filter hook input priority 0; iifname "wan" udp sport 443 drop; }
        chain p { type filter hook prerouting priority 0; iifname "wan" udp sport 443 drop; }
        chain e { type filter hook postrouting priority 0; oifname "wan" udp dport 443 drop; }
    }\n""")
    try:
        yield
    finally:
        lab.client.run("nft", "delete", "table", "ip", "noudp")
