"""Tunnel groups: chosen from the list, by URL, in the first request; and clients that post forms."""

import pytest

from harness.lab import OUTSIDE, SERVER
from harness.ping import ping

GROUPS = [
    "webvpn",
    " tunnel-group-list enable",
    "group-policy STAFF internal",
    "group-policy STAFF attributes",
    " address-pools value VPN",
    " banner value Welcome, staff",
    "tunnel-group STAFF type remote-access",
    "tunnel-group STAFF general-attributes",
    " default-group-policy STAFF",
    "tunnel-group STAFF webvpn-attributes",
    ' group-alias "Staff & friends" enable',
    f" group-url https://{OUTSIDE}/staff enable",
    "tunnel-group GUESTS type remote-access",
    "tunnel-group GUESTS general-attributes",
    " default-group-policy LAB",
    "tunnel-group GUESTS webvpn-attributes",
    " group-alias Guests enable",
]

# The note's fourth remedy: those who have trouble with DTLS choose a group that does without it.
TLS_ONLY = [
    "webvpn",
    " tunnel-group-list enable",
    "group-policy TLSONLY internal",
    "group-policy TLSONLY attributes",
    " address-pools value VPN",
    " webvpn",
    "  anyconnect ssl dtls none",
    "tunnel-group TLSONLY type remote-access",
    "tunnel-group TLSONLY general-attributes",
    " default-group-policy TLSONLY",
    "tunnel-group TLSONLY webvpn-attributes",
    ' group-alias "TLS only" enable',
    f" group-url https://{OUTSIDE}/tls enable",
    "tunnel-group EVERYBODY type remote-access",
    "tunnel-group EVERYBODY general-attributes",
    " default-group-policy LAB",
    "tunnel-group EVERYBODY webvpn-attributes",
    " group-alias Everybody enable",
]

XML = ()
FORMS = ("--no-xmlpost",)


def group_of_session(headend) -> str:
    return headend.show.sessions()[0]["tunnel_group"]


@pytest.mark.parametrize("mode", [XML, FORMS], ids=["xml", "forms"])
@pytest.mark.parametrize("choice, group", [("Guests", "GUESTS"), ("Staff & friends", "STAFF")])
def test_group_from_the_list(stage, mode, choice, group):
    """--authgroup names an alias; the group's own policy holds."""
    headend = stage.start_headend(extra=GROUPS)
    client = stage.connect(options=("--authgroup", choice, *mode))
    ping(stage.lab.client, SERVER)
    assert group_of_session(headend) == group
    assert ("Welcome, staff" in client.process.log()) == (group == "STAFF")


@pytest.mark.parametrize("mode", [XML, FORMS], ids=["xml", "forms"])
def test_group_by_url(stage, mode):
    """The address decides, and no list is shown."""
    headend = stage.start_headend(extra=GROUPS)
    client = stage.connect(path="/staff", options=mode)
    ping(stage.lab.client, SERVER)
    assert group_of_session(headend) == "STAFF"
    assert "GROUP:" not in client.process.log()


def test_group_without_dtls(stage):
    """Chosen by its alias and by its URL, beside a group with DTLS."""
    headend = stage.start_headend(extra=TLS_ONLY)
    for number, choice in enumerate(({"options": ("--authgroup", "TLS only")}, {"path": "/tls"})):
        client = stage.connect(number, dtls=True, **choice)
        assert "X-DTLS-" not in client.process.log() and client.header("X-CSTP-MTU") == "1347"
        assert headend.show.carrier(client.address) == "SSL"
        assert headend.show.sessions()[number]["tunnel_group"] == "TLSONLY"
    other = stage.connect(2, dtls=True, options=("--authgroup", "Everybody")).wait_dtls()
    assert other.header("X-DTLS-MTU") == "1418"


@pytest.mark.parametrize("mode", [XML, FORMS], ids=["xml", "forms"])
def test_wrong_password_keeps_the_group(stage, mode):
    """The form that comes again is that of the same group."""
    headend = stage.start_headend(extra=GROUPS)
    stage.connect(path="/staff", passwords=("wrong", "secret"), options=mode)
    assert group_of_session(headend) == "STAFF"


def test_forms_without_groups(stage, headend):
    """--no-xmlpost: user name and password as a form."""
    client = stage.connect(passwords=("wrong", "secret"), options=FORMS)
    ping(stage.lab.client, SERVER)
    assert "Login failed" in client.process.log()
    assert group_of_session(headend) == "DefaultWEBVPNGroup"
