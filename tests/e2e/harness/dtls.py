"""Clients that use DTLS."""

from .poll import until


def connect_by_dtls(stage, headend, number: int = 0, **settings):
    """A client whose packets go by DTLS."""
    client = stage.connect(number, dtls=True, **settings).wait_dtls()
    until(lambda: headend.show.carrier(client.address) == "DTLS", "packets go by DTLS")
    return client
