"""What a group policy tells clients: which networks, names and servers belong to the tunnel."""

from harness.lab import SERVER
from harness.ping import ping

SPLIT = [
    "access-list NETS standard permit 10.48.0.0 255.255.0.0",
    "access-list NETS standard permit host 192.0.2.77",
    "group-policy LAB attributes",
    " split-tunnel-network-list value NETS",
    " dns-server value 10.48.66.53 10.48.66.54",
    " wins-server value 10.48.66.55",
    " default-domain value lab.example",
    " split-dns value lab.example other.example",
    " banner value Be careful.",
]


def headers(client, name: str) -> list[str]:
    marker = f"] {name}: "
    return [line.split(marker)[1].strip() for line in client.process.log().splitlines() if marker in line]


def test_only_what_is_specified_goes_through_the_tunnel(stage):
    """tunnelspecified: the list is what the client hears."""
    stage.start_headend(extra=[*SPLIT, " split-tunnel-policy tunnelspecified"])
    client = stage.connect()
    ping(stage.lab.client, SERVER)
    assert headers(client, "X-CSTP-Split-Include") == ["10.48.0.0/255.255.0.0", "192.0.2.77/255.255.255.255"]
    assert headers(client, "X-CSTP-Split-Exclude") == []
    assert headers(client, "X-CSTP-DNS") == ["10.48.66.53", "10.48.66.54"]
    assert headers(client, "X-CSTP-NBNS") == ["10.48.66.55"]
    assert headers(client, "X-CSTP-Default-Domain") == ["lab.example"]
    assert headers(client, "X-CSTP-Split-DNS") == ["lab.example", "other.example"]
    assert headers(client, "X-CSTP-Tunnel-All-DNS") == ["false"]
    assert headers(client, "X-CSTP-Banner") == ["Be careful."]


def test_all_but_what_is_specified(stage):
    """excludespecified, and names through the tunnel only."""
    stage.start_headend(extra=[*SPLIT, " split-tunnel-policy excludespecified", " split-tunnel-all-dns enable"])
    client = stage.connect()
    assert headers(client, "X-CSTP-Split-Include") == []
    assert headers(client, "X-CSTP-Split-Exclude") == ["10.48.0.0/255.255.0.0", "192.0.2.77/255.255.255.255"]
    assert headers(client, "X-CSTP-Tunnel-All-DNS") == ["true"]


def test_everything_by_default(stage):
    """tunnelall: a list may be there, and is not used."""
    stage.start_headend(extra=SPLIT)
    client = stage.connect()
    ping(stage.lab.client, SERVER)
    assert headers(client, "X-CSTP-Split-Include") == headers(client, "X-CSTP-Split-Exclude") == []
