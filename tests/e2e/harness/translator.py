"""A port translator (NAT) between client and headend that forgets its mapping: the client's UDP source port changes in
mid-flight, and what still goes to the old one is lost."""

import contextlib
import re

from .lab import OUTSIDE, Lab


class Translator:
    def __init__(self, lab: Lab, own_port: int):
        self._lab, self._own_port = lab, own_port

    def move(self, port: int) -> None:
        """From this moment the headend sees the client behind `port`, and only what it sends there arrives."""
        self._lab.client.run("nft", "-f", "-", input=f"""
            table ip translator
            delete table ip translator
            table ip translator {{
                chain leaving {{
                    type filter hook postrouting priority 300;
                    oifname "wan" udp dport 443 udp sport {self._own_port} udp sport set {port};
                }}
                chain coming {{
                    type filter hook prerouting priority -300;
                    iifname "wan" udp sport 443 udp dport {port} udp dport set {self._own_port} accept;
                    iifname "wan" udp sport 443 drop;
                }}
            }}\n""")


def udp_port(lab: Lab) -> int:
    """The source port of the one client's DTLS."""
    sockets = lab.client.run("ss", "-Huna", "dst", OUTSIDE).stdout
    ports = re.findall(r"[0-9.]+:(\d+)\s+[0-9.]+:443", sockets)
    assert len(ports) == 1, sockets
    return int(ports[0])


@contextlib.contextmanager
def translator(lab: Lab):
    """In front of the one client of the lab, whose DTLS is up."""
    try:
        yield Translator(lab, udp_port(lab))
    finally:
        lab.client.run("nft", "delete", "table", "ip", "translator", check=False)
