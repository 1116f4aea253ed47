"""Getting in, and not getting in."""

import re

from harness import by_hand
from harness.lab import SERVER
from harness.ping import ping
from harness.poll import until


def test_wrong_password_then_the_right_one(stage, headend):
    """After a wrong password the form comes again, with an error, and the right one gets in."""
    client = stage.connect(passwords=("wrong", "secret"))
    assert re.search(r"(?i)login failed|login incorrect|invalid", client.process.log()), client.process.log()
    ping(stage.lab.client, SERVER)


def test_wrong_passwords_only_are_refused(stage, headend):
    """No right password, no cookie, no session; the log says so, without the name, which may be a mistyped password."""
    client = stage.start_client(passwords=("wrong", "worse"))
    assert client.process.wait(30) != 0
    assert "Configured as" not in client.process.log()
    assert headend.show.sessions() == []
    assert "113015" in headend.show.text("show logging")


def test_unknown_user_gets_the_same_answer_as_a_wrong_password(stage, headend):
    """Who exists is nobody's business: the two replies differ in nothing but cookies."""
    replies = []
    for user, password in (("vpn", "wrong"), ("nobody", "wrong")):
        with by_hand.open_tls(stage.lab) as tls:
            by_hand.post(tls, by_hand.init_body())
            status, _, body = by_hand.post(tls, by_hand.reply_body(user, password))
            body = re.sub(r"<opaque.*?</opaque>", "", body, flags=re.S)
            replies.append((status, body.replace(f'value="{user}"', "")))
    assert replies[0] == replies[1]


def test_unknown_cookie_is_401(stage, headend):
    """openconnect says that its cookie was rejected, and does not retry."""
    client = stage.start_client(cookie="0123456789ABCDEF0123456789ABCDEF")
    assert client.process.wait(30) != 0
    assert "Cookie was rejected" in client.process.log(), client.process.log()
    with by_hand.open_tls(stage.lab) as tls:
        status, _ = by_hand.connect(tls, "0123456789ABCDEF0123456789ABCDEF")
        assert status == 401


def test_cookie_is_worth_nothing_after_the_logout(stage, headend):
    """A BYE ends the session for good: its cookie is stale, and stale is 401."""
    with by_hand.open_tls(stage.lab) as tls:
        cookie = by_hand.log_in(tls)
        status, _ = by_hand.connect(tls, cookie)
        assert status == 200
        tls.sendall(by_hand.frame(by_hand.DISCONNECT, b"\xb0done"))
        until(lambda: not headend.show.sessions(), "the session is gone after the BYE")
    with by_hand.open_tls(stage.lab) as tls:
        status, _ = by_hand.connect(tls, cookie)
        assert status == 401


def test_administrator_logs_a_session_off(stage, headend):
    """`vpn-sessiondb logoff` ends the client, which does not come back by itself."""
    client = stage.connect()
    client.check_handover()
    headend.show.text("vpn-sessiondb logoff name vpn noconfirm")
    assert client.process.wait(15) != 0
    assert "terminated by server" in client.process.log().lower(), client.process.tail()
    until(lambda: not headend.show.sessions(), "the session is gone after the logoff")


def test_logout_frees_the_address_for_the_next(stage, headend):
    """SIGINT at the client: BYE, the session goes, and so does what it held."""
    at_start = headend.show.resources()
    client = stage.connect()
    ping(stage.lab.client, SERVER)
    client.logout()
    until(lambda: not headend.show.sessions(), "the session is gone after the logout")
    addresses = at_start["addresses_in_use"]
    until(lambda: headend.show.resources()["addresses_in_use"] == addresses, "the address is free")
    stage.connect()
    ping(stage.lab.client, SERVER)
