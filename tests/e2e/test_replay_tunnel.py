"""culvert-replay --tunnel: what goes into the sessions of a headend comes out as it was, and what does not is accounted
for. Against culvertd, and against ocserv, which proves the tool."""

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from harness import tunnel_replay
from harness.certificate import RSA, make_certificate
from harness.headend import Headend
from harness.headend_config import PASSWORD, USER, HeadendConfig
from harness.odd_captures import Packet, frame, ipv4, odd_frames, pcap, udp
from harness.outcome import outcome
from harness.paths import ROOT
from harness.poll import until

sys.path.insert(0, str(ROOT / "tools"))

from steps.compare.headends import Ocserv  # noqa: E402
from steps.stored_password import stored  # noqa: E402

CROWD, SECRET = "crowd", "crowd-secret"
# It announces 1300 bytes to DTLS, finds that only 1234 fit, and cuts what comes larger into fragments.
FIT_OCSERV = (46, 576, 1200)


@pytest.fixture(scope="module")
def both_sides():
    with tunnel_replay.two_sided_lab() as lab:
        yield lab


@pytest.fixture
def headend(both_sides, tmp_path, request):
    """Starts one; at the end it must have no session left, and end in peace."""
    started = []

    def start(sessions: int = 0, key: tuple[str, ...] = (), **settings) -> Headend:
        if sessions:
            room = tunnel_replay.room_for(sessions, CROWD, stored(SECRET))
            settings = settings | {"ipv6": False, "dataplane": room["dataplane"] + settings.get("dataplane", []),
                                   "extra": room["extra"] + settings.get("extra", [])}
        certificate = make_certificate(tmp_path, key) if key else make_certificate(tmp_path)
        config = HeadendConfig(state=tmp_path / "state", certificate=certificate, **settings)
        started.append(Headend(both_sides, config, tmp_path))
        return started[-1].wait_ready()

    try:
        yield start
        if request.node.report_call.passed:
            for each in started:
                until(lambda: not each.show.sessions(), "all sessions have ended", 20)
                each.finish()
    finally:
        for each in started:
            each.kill()


def sums(rows: list[dict], **which: str) -> dict[str, int]:
    """Of all rows that have these words."""
    chosen = [row for row in rows if all(row[name] == word for name, word in which.items())]
    return {name: sum(row[name] for row in chosen)
            for name in ("sent", "sent_bytes", "intact", "intact_bytes", "clamped", "changed", "lost", "reordered")}


def adds_up(report: dict) -> None:
    """Every packet of the captures is in one place, whichever way one counts."""
    total = sums(report["total"])
    left_out = sum(n for name, n in report["left_out"].items()
                   if name in ("not_ip", "not_whole", "one_address", "too_large", "no_family"))
    assert report["taken_packets"] == total["sent"] + left_out + sum(report["unsent"].values()), report
    assert total["sent"] == total["intact"] + total["clamped"] + total["changed"] + total["lost"], report
    for table in ("by_cipher", "by_size"):
        for direction in ("up", "down"):
            assert sums(report[table], direction=direction) == sums(report["total"], direction=direction), report


def drops_of_packets(report: dict) -> dict[str, int]:
    """The headend's, without what its TCP says of segments that came twice."""
    return {keyword: count for keyword, count in report["headend_drops"].items() if not keyword.startswith("tcp-")}


def all_intact(done) -> dict:
    """The sums of a run in which nothing at all went wrong."""
    assert done.status == 0, f"{done.said}\n{done.report}"
    report = done.report
    adds_up(report)
    total = sums(report["total"])
    assert total["sent"] == total["intact"] and total["sent_bytes"] == total["intact_bytes"], report
    assert report["copies"] == report["strangers"] == 0 and not report["sessions_ended"], report
    return total


def many(both_sides, tmp_path, headend, sessions: int, *words: object, timeout: float) -> None:
    """Half of the sessions over TLS, half over DTLS, each with a log-in, keys and an address of its own."""
    there = headend(sessions)
    file = tunnel_replay.dialogue(tmp_path / "dialogue.pcap", sessions, 3)
    done = tunnel_replay.run(both_sides, tmp_path, CROWD, SECRET, file, "--sessions", sessions, "--both", "--direction",
                             "both", "--cli", there.config.socket, *words, v6=False, timeout=timeout)
    total = all_intact(done)
    report = done.report
    assert total["sent"] == 6 * sessions and report["conversations"] == report["sessions_ready"] == sessions
    for direction in ("up", "down"):
        for channel in ("TLS", "DTLS"):
            half = sums(report["by_cipher"], direction=direction, channel=channel)
            assert half["sent"] == half["intact"] == 3 * sessions // 2, report
    assert {row["sizes"] for row in report["by_size"]} == {"up to 64", "513-1024", "1025 and more"}
    assert all(row["latency_ns"]["50"] > 0 for row in report["by_size"])
    # The log-ins are over when the first count is taken, and the sessions end behind the second one.
    assert drops_of_packets(report) == {}, report


def test_50_sessions_both_ways(both_sides, tmp_path, headend):
    many(both_sides, tmp_path, headend, 50, "--pps", 1000, timeout=90)


@pytest.mark.alone
def test_1000_tls_and_1000_dtls_sessions_both_ways(both_sides, tmp_path, headend):
    many(both_sides, tmp_path, headend, 2000, "--pps", 2000, "--set-up", 120, timeout=200)


def test_both_families_and_odd_packets(both_sides, tmp_path, headend):
    """What a tunnel does not carry is named and counted, the rest arrives: both families, behind VLAN tags and
    extension headers, fragments, three times."""
    headend()
    files = [tunnel_replay.dialogue(tmp_path / "dialogue.pcap", 40, 4, v6=2),
             pcap(tmp_path / "odd.pcap", [Packet(n * 1000, each) for n, each in enumerate(odd_frames())]),
             pcap(tmp_path / "more.pcap", [Packet(0, frame(0x800, ipv4(udp(b"me"), destination=b"\x0a\1\2\3")))])]
    done = tunnel_replay.run(both_sides, tmp_path, USER, PASSWORD, *files, "--sessions", 8, "--both", "--direction",
                             "both", "--pps", 500, "--loops", 3)
    total = all_intact(done)
    left_out = done.report["left_out"]
    # ARP and LLDP; two of 1500 bytes.
    assert (left_out["not_ip"], left_out["one_address"], left_out["too_large"]) == (6, 3, 6), left_out
    assert total["sent"] == 3 * (40 * 4 * 2 + 9 - 2 - 2)


@pytest.mark.parametrize("channel, cipher", [("TLS", "TLS_CHACHA20_POLY1305_SHA256"),
                                             ("TLS", "ECDHE-RSA-AES256-GCM-SHA384"),
                                             ("DTLS", "ECDHE-RSA-AES256-GCM-SHA384")])
def test_the_cipher_that_was_asked_for(both_sides, tmp_path, headend, channel, cipher):
    headend(key=RSA)
    file = tunnel_replay.dialogue(tmp_path / "dialogue.pcap", 10, 10)
    for direction in ("up", "down"):
        done = tunnel_replay.run(both_sides, tmp_path, USER, PASSWORD, file, "--sessions", 3, f"--{channel.lower()}",
                                 "--cipher", cipher, "--direction", direction, "--pps", 1000)
        assert all_intact(done)["sent"] == 200
        assert [(row["direction"], row["channel"], row["cipher"]) for row in done.report["by_cipher"]] == [
            (direction, channel, cipher)]


def test_what_the_headend_drops_is_named(both_sides, tmp_path, headend):
    """A packet whose source is not its session's address is spoofed: it is lost, and the headend says why."""
    there = headend()
    file = tunnel_replay.dialogue(tmp_path / "dialogue.pcap", 10, 5)
    done = tunnel_replay.run(both_sides, tmp_path, USER, PASSWORD, file, "--sessions", 4, "--both", "--direction", "up",
                             "--keep-source", "--pps", 500, "--settle", 0.5, "--cli", there.config.socket)
    adds_up(done.report)
    assert sums(done.report["total"])["lost"] == 100, done.report
    assert drops_of_packets(done.report) == {"svc-selector-failure": 100}, done.report


def test_what_has_no_end_is_complete(both_sides, tmp_path, headend):
    """As many rounds as there is time for; and a frame that no tunnel carries is in the sums."""
    headend()
    file = tunnel_replay.dialogue(tmp_path / "dialogue.pcap", 5, 2)
    huge = pcap(tmp_path / "huge.pcap", [Packet(0, frame(0x800, bytes(65_100)))])
    done = tunnel_replay.run(both_sides, tmp_path, USER, PASSWORD, file, huge, "--direction", "both", "--pps", 200,
                             "--loops", 0, "--seconds", 2, "--on-fault", "skip")
    assert all_intact(done)["sent"] > 20, done.report
    report = done.report
    assert report["asked_packets"] is None and report["end"] == "2 seconds are over" and report["missing"] is None
    assert report["left_out"]["oversized"] == 1, report


def test_nothing_fits(both_sides, tmp_path, headend):
    headend()
    file = pcap(tmp_path / "large.pcap", [Packet(0, frame(0x800, ipv4(udp(bytes(1472)))))])
    done = tunnel_replay.run(both_sides, tmp_path, USER, PASSWORD, file)
    assert done.status == 3 and "No packet of the captures fits the tunnels (1 larger than the tunnel)" in done.said


class OneAnswer:
    """A management socket that has gone when it is asked for the second time."""

    def __init__(self, path: Path):
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(60)
        self._thread = threading.Thread(target=self._answer)

    def __enter__(self) -> "OneAnswer":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._thread.join()

    def _answer(self) -> None:
        with self._listener:
            asking, _ = self._listener.accept()
        self.path.unlink()
        with asking, asking.makefile("rw") as lines:
            lines.readline()
            lines.write('{"json": {"drops": []}}\n')


def test_a_headend_that_no_longer_tells_costs_no_result(both_sides, tmp_path, headend):
    headend()
    file = tunnel_replay.dialogue(tmp_path / "dialogue.pcap", 5, 2)
    with tempfile.TemporaryDirectory(prefix="cli-") as short, OneAnswer(Path(short) / "cli.sock") as cli:
        done = tunnel_replay.run(both_sides, tmp_path, USER, PASSWORD, file, "--direction", "both", "--pps", 200,
                                 "--cli", cli.path)
    assert done.status == 4, done.said
    adds_up(done.report)
    assert sums(done.report["total"])["intact"] == 20, done.report
    assert done.report["missing"].startswith("what the headend dropped: --cli"), done.report
    assert done.report["headend_drops"] is None and done.report["end"] == "everything was sent"


def test_a_tunnel_that_takes_nothing_ends_it(both_sides, tmp_path):
    """The headend stands still: what waits for it waits 10 s, and no longer."""
    there = Headend(both_sides, HeadendConfig(state=tmp_path / "state", certificate=make_certificate(tmp_path)),
                    tmp_path)
    file = tunnel_replay.dialogue(tmp_path / "dialogue.pcap", 4, 50, sizes=(1300,))
    try:
        there.wait_ready()
        replay = tunnel_replay.start(both_sides, tmp_path, USER, PASSWORD, file, "--tls", "--direction", "up", "--pps",
                                     2000, "--loops", 0, "--sessions", 1)
        try:
            until(lambda: any(tunnel["rx_packets"] > 1000 for tunnel in there.show.tunnels()), "packets arrive", 30)
            there.process.signal(signal.SIGSTOP)
            done = outcome(replay, 60)
        finally:
            replay.kill()
    finally:
        there.kill()
    assert done.status == 4, done.said
    assert done.report["end"] == "the TLS tunnel of session 1 took nothing for 10 s", done.report
    assert done.report["unsent"]["waiting"] > 0
    adds_up(done.report)


def test_refused(both_sides, tmp_path, headend):
    headend()
    file = tunnel_replay.dialogue(tmp_path / "dialogue.pcap", 1, 1)
    done = tunnel_replay.run(both_sides, tmp_path, USER, "not the password", file)
    assert done.status == 1 and "Session 1 was not set up" in done.said, done.said


@pytest.fixture
def own_folder():
    """pytest's are closed to ocserv's unprivileged processes, all the way up."""
    with tempfile.TemporaryDirectory(prefix="culvert-tunnels.") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.mark.skipif(not shutil.which("ocserv"), reason="ocserv is not installed: tools/install-dependencies compare")
@pytest.mark.alone
def test_ocserv_is_a_peer(both_sides, own_folder):
    folder = own_folder
    headend = Ocserv(both_sides, folder)
    try:
        headend.wait_ready()
        file = tunnel_replay.dialogue(folder / "dialogue.pcap", 24, 20, sizes=FIT_OCSERV)
        done = tunnel_replay.run(both_sides, folder, USER, PASSWORD, file, "--sessions", 12, "--both", "--direction",
                                 "both", "--pps", 500, v6=False)
        assert all_intact(done)["sent"] == 24 * 20 * 2
        for channel in ("TLS", "DTLS"):
            assert sums(done.report["by_cipher"], channel=channel)["intact"] == 24 * 20
        headend.stop()
    finally:
        headend.kill()
