"""DTLS behind each way of logging in, the forms of DTLS and the families outside taking turns: however a client got its
cookie, both channels work, with both families inside."""

import pytest

from harness.client_certificates import Authority
from harness.lab import OUTSIDE, OUTSIDE6, SERVER, SERVER6
from harness.ping import ping
from harness.poll import until
from harness.radius_server import ADDRESS, KEY, RadiusServer

FORMS = {
    "psk": (),
    "dtls12": ("--dtls-ciphers", "AES128-SHA", "--dtls12-ciphers", "ECDHE-RSA-AES256-GCM-SHA384"),
    "oc-dtls12": ("--dtls-ciphers", "OC-DTLS1_2-AES128-GCM", "--dtls12-ciphers", "AES128-SHA"),
}

GROUPS = ["webvpn", " tunnel-group-list enable",
          "tunnel-group STAFF type remote-access",
          "tunnel-group STAFF general-attributes", " default-group-policy LAB",
          "tunnel-group STAFF webvpn-attributes", " group-alias Staff enable",
          f" group-url https://{OUTSIDE}/staff enable", f" group-url https://[{OUTSIDE6}]/staff enable"]
RADIUS = ["aaa-server LAB protocol radius", f"aaa-server LAB (mgmt) host {ADDRESS}", f" key {KEY}", " timeout 2",
          " retry-interval 1", "tunnel-group DefaultWEBVPNGroup general-attributes", " authentication-server-group LAB",
          " accounting-server-group LAB"]
USERS = """
bob Cleartext-Password := "bobspassword"

otp Cleartext-Password := "123456"
"""


class Way:
    """What a way to log in needs of the headend and of the client. Each method prepares one."""

    def __init__(self, stage):
        self._stage = stage
        self.extra: list[str] = []
        self.client: dict = {}
        self.options: tuple = ()
        self.user = "vpn"

    def password(self):
        pass

    def forms(self):
        self.options = ("--no-xmlpost",)

    def group_from_the_list(self):
        self.extra = GROUPS
        self.options = ("--authgroup", "Staff")

    def group_by_url(self):
        self.extra = GROUPS
        self.client = {"path": "/staff"}

    def certificate(self):
        self._certificate("certificate")
        self.client = {"passwords": ()}
        self.user = "alice"

    def certificate_and_password(self):
        self._certificate("aaa certificate")

    def radius(self):
        self.extra = RADIUS
        self.user = "bob"
        self.client = {"user": "bob", "passwords": ("bobspassword",)}

    def radius_challenge(self):
        self.extra = RADIUS
        self.user = "otp"
        self.client = {"user": "otp", "passwords": ("anything", "123456")}

    def _certificate(self, authentication: str):
        authority = Authority(self._stage.folder / "clients")
        self.extra = [f"ssl client-ca {authority.ca}", f"ssl client-crl {authority.crl}",
                      "tunnel-group DefaultWEBVPNGroup webvpn-attributes", f" authentication {authentication}"]
        self.options = ("--certificate", authority.issue("alice", "/CN=alice"))


WAYS = ["password", "forms", "group_from_the_list", "group_by_url", "certificate", "certificate_and_password", "radius",
        "radius_challenge"]
# Eight ways, three forms, two families: over the whole of it each form meets each family.
TURNS = [(way, list(FORMS)[at % 3], (OUTSIDE, OUTSIDE6)[at % 2]) for at, way in enumerate(WAYS)]


@pytest.mark.parametrize("name, form, outside", TURNS, ids=[f"{way}-{form}" for way, form, _ in TURNS])
def test_dtls_behind_each_way_to_log_in(stage, name, form, outside):
    way = Way(stage)
    getattr(way, name)()
    server = RadiusServer(stage.lab, stage.folder, USERS) if way.extra is RADIUS else None
    try:
        headend = stage.start_headend(extra=way.extra)
        client = stage.connect(dtls=True, outside=outside, options=(*FORMS[form], *way.options), trace=True,
                               **way.client).wait_dtls()
        until(lambda: (headend.show.tunnel(client.address, "DTLS") or {}).get("carries"), "packets go by DTLS")
        assert [session["username"] for session in headend.show.sessions()] == [way.user]
        for near, far in (SERVER, client.address), (SERVER6, client.address6):
            ping(stage.lab.client, near)
            ping(stage.lab.server, far)
        client.logout()
        until(lambda: not headend.show.sessions(), "the session is gone after the logout")
    finally:
        if server:
            server.kill()
