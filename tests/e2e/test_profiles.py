"""What Cisco's client asks for besides the login. openconnect stands in for the part that it speaks: the profile."""

import hashlib
import re

from harness import by_hand
from harness.lab import OUTSIDE

PROFILE = '<?xml version="1.0"?>\n<AnyConnectProfile/>\n'


def get(tls, path: str) -> tuple[int, str, str]:
    tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {OUTSIDE}\r\n\r\n".encode())
    return by_hand.read_reply(tls)


def test_openconnect_downloads_the_profile(stage, tmp_path):
    """-x: from the hash in the cookie to the file, byte for byte."""
    profile, copy = tmp_path / "lab.xml", tmp_path / "copy.xml"
    profile.write_text(PROFILE)
    stage.start_headend(policy=["anyconnect profiles value LAB type user"],
                        extra=["webvpn", f" anyconnect profiles LAB {profile}"])
    stage.connect(options=("-x", str(copy)))
    assert copy.read_text() == PROFILE


def test_downloader_finds_nothing_to_update(stage, headend):
    """The paths of the downloader, and the header by which clients know the headend from a captive portal."""
    with by_hand.open_tls(stage.lab) as tls:
        for path in ("/1/index.html", "/1/binaries/update.txt", "/VPNManifest.xml", "/CACHE/stc/1/VPNManifest.xml",
                     "/+CSCOT+/translation-table?textdomain=AnyConnect&type=manifest", "/+CSCOT+/oem-customization"):
            status, head, body = get(tls, path)
            assert status == 200 and body, path
            assert "X-Transcend-Version: 1" in head
        certificate = tls.getpeercert(binary_form=True)
        status, head, _ = by_hand.post(tls, by_hand.init_body())
        assert "X-Transcend-Version: 1" in head
        _, head, body = by_hand.post(tls, by_hand.reply_body("vpn", "secret"))
    cookie = re.search(r"(?m)^Set-Cookie: webvpnc=([^;\r\n]+)", head).group(1)
    sha1 = hashlib.sha1(certificate).hexdigest().upper()
    assert cookie == f"bu:/CACHE/stc/&p:t&iu:1/&sh:{sha1}"
    assert f"<server-cert-hash>{sha1}</server-cert-hash>" in body


def test_logout_document_ends_the_session(stage, headend):
    """POST type="logout" with the session's token, as AnyConnect does."""
    with by_hand.open_tls(stage.lab) as tls:
        cookie = by_hand.log_in(tls)
        body = f'<config-auth client="vpn" type="logout"><session-token>{cookie}</session-token></config-auth>'
        status, _, _ = by_hand.post(tls, body)
        assert status == 200
    with by_hand.open_tls(stage.lab) as tls:
        tls.sendall(by_hand.connect_request(cookie))
        assert by_hand.read_reply(tls)[0] == 401
