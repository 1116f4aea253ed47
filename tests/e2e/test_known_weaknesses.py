"""What other servers of this protocol have been broken with: cookies that overflow, MTUs that underflow, requests that
hide requests, cookies that outlive their session."""

import re

import pytest

from harness import by_hand
from harness.bystander import bystander
from harness.lab import OUTSIDE
from harness.poll import until


def context(size: int) -> str:
    return f"Cookie: webvpncontext={'A' * size}; webvpn={'b' * 64}\r\n"


def test_cookies_of_any_length(stage, headend):
    """A webvpncontext of fifteen thousand bytes is as good as none; one that does not fit a header is refused."""
    with bystander(stage):
        with by_hand.open_tls(stage.lab) as tls:
            status, _, _ = by_hand.post(tls, by_hand.init_body(), cookie=context(15_000))
            assert status == 200
            status, head, _ = by_hand.post(tls, by_hand.reply_body("vpn", "secret"), cookie=context(15_000))
            assert status == 200 and "webvpn=" in head
        with by_hand.open_tls(stage.lab) as tls:
            status, _, _ = by_hand.post(tls, by_hand.init_body(), cookie=context(17_000))
            assert status == 431
        for cookie in ("A" * 15_000, "A" * 65, "\x7f", "../../etc/passwd", ""):
            with by_hand.open_tls(stage.lab) as tls:
                status, _ = by_hand.connect(tls, cookie)
                assert status in (400, 401), cookie[:20]


@pytest.mark.parametrize("base, mtu", [("0", "0"), ("1", "1"), ("-1", "-1"), ("20", "20"), ("576", "256"),
                                       ("65535", "65535"), ("99999999999999999999", "2147483648"), ("", "")])
def test_mtus_of_any_size(stage, headend, base, mtu):
    """Whatever a client says of its path, both announced MTUs are ones that a packet can have."""
    with by_hand.open_tls(stage.lab) as tls:
        cookie = by_hand.log_in(tls)
        request = by_hand.connect_request(cookie).decode()
        request = re.sub(r"X-CSTP-Base-MTU: \d+", f"X-CSTP-Base-MTU: {base}", request)
        request = re.sub(r"X-CSTP-MTU: \d+", f"X-CSTP-MTU: {mtu}", request)
        tls.sendall(request.encode())
        status, head, _ = by_hand.read_reply(tls)
        assert status == 200
        announced = [int(value) for value in re.findall(r"(?m)^X-(?:CSTP|DTLS)-MTU: (\d+)", head)]
        assert announced and all(256 <= value <= 1500 for value in announced), announced


HIDDEN = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
SMUGGLERS = {
    "length and chunks": f"Content-Length: {len(HIDDEN) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    "two lengths": f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a list of lengths": f"Content-Length: 0, 0\r\n\r\n{HIDDEN}",
    "a signed length": f"Content-Length: +0\r\n\r\n{HIDDEN}",
    "chunks with a space": f"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    "chunks twice": f"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{HIDDEN}",
    "a folded line": f"X: y\r\n Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a bare line feed": f"X: y\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a pipeline": f"Content-Length: 0\r\n\r\n{HIDDEN}",
}


@pytest.mark.parametrize("what", SMUGGLERS)
def test_requests_that_hide_requests(stage, headend, what):
    """One refusal, then the end of the connection: no byte of the second request is looked at."""
    with by_hand.open_tls(stage.lab) as tls:
        tls.sendall(f"POST / HTTP/1.1\r\nHost: {OUTSIDE}\r\n{SMUGGLERS[what]}".encode())
        answer = by_hand.drain(tls)
        assert answer.startswith(b"HTTP/1.1 ")
        assert int(answer.split()[1]) in (400, 501), answer
        assert answer.count(b"HTTP/1.1 ") == 1, answer


def test_cookie_of_a_session_that_was_logged_out(stage, headend):
    """openconnect with the cookie of a session that its user ended: rejected, and no second try."""
    with by_hand.open_tls(stage.lab) as tls:
        cookie = by_hand.log_in(tls)
    client = stage.start_client(0, cookie=cookie).wait_connected()
    client.logout()
    until(lambda: not headend.show.sessions(), "the session is gone after the logout")
    again = stage.start_client(1, cookie=cookie)
    assert again.process.wait(30) != 0
    assert "Cookie was rejected" in again.process.log(), again.process.tail()
    assert "Configured as" not in again.process.log()
