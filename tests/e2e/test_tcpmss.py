"""`sysopt connection tcpmss` for what passes through: SYNs and SYN-ACKs of both families, opened from either side."""

from harness.dtls import connect_by_dtls
from harness.lab import SERVER, SERVER6
from harness.syn_watch import announced
from harness.transfer import send_and_compare

MEGABYTE = 1 << 20


def test_what_passes_through_is_clamped(stage):
    """The client's adapter takes 1418 bytes and the server's 1500: 1378 and 1460 (IPv6: 1358 and 1440) without us."""
    headend = stage.start_headend(extra=["sysopt connection tcpmss 1330", "sysopt connection tcpmss minimum 700"])
    client = connect_by_dtls(stage, headend)
    assert client.header("X-DTLS-MTU") == "1418"
    lab = stage.lab
    for near, far in ((client.address, SERVER), (client.address6, SERVER6)):
        assert announced(lab.client, client.interface, lab.server, "lan", far) == (1330, 1330)
        assert announced(lab.server, "lan", lab.client, client.interface, near) == (1330, 1330)
        assert announced(lab.client, client.interface, lab.server, "lan", far, mss=600) == (700, 700)
        assert announced(lab.client, client.interface, lab.server, "lan", far, mss=1000) == (1000, 1000)
    assert sum(worker["mss_clamped"] for worker in headend.show.workers()) == 12
    send_and_compare(lab.server, lab.client, client.address, MEGABYTE)
    send_and_compare(lab.client, lab.server, SERVER6, MEGABYTE)
    client.logout(lossless=False)  # a client too slow for its socket's buffer is not our loss
