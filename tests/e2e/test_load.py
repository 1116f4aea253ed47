"""culvert-load: a crowd logs in, moves data, storms, roams and leaves, and nothing of it stays; hostile clients beside
it; and ocserv as the peer that proves the tool."""

import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from harness import load
from harness.blocked_udp import misled_udp
from harness.crowd_room import POOL
from harness.headend_config import PASSWORD, USER
from harness.lab import SERVER
from harness.leftovers import held, until_given_back
from harness.outcome import Outcome, outcome
from harness.paths import ROOT
from harness.ping import ping
from harness.poll import until

sys.path.insert(0, str(ROOT / "tools"))

from steps.compare_load.headends import Ocserv  # noqa: E402
from steps.stored_password import stored  # noqa: E402

CROWD, SECRET = "crowd", "crowd-secret"
MIXED = ("--sizes", "64,576,1300")


@pytest.fixture
def crowded(stage):
    """A headend with room for a crowd, and a server that knows the way to it."""

    def start(sessions: int, **settings):
        room = load.crowd_settings(sessions, CROWD, stored(SECRET))
        room["dataplane"] += settings.pop("dataplane", [])
        room["extra"] += settings.pop("extra", [])
        load.route_to_pool(stage.lab)
        return stage.start_headend(ipv6=False, **room, **settings)

    yield start
    stage.lab.server.run("ip", "route", "del", POOL, check=False)


def play(stage, *words: object, timeout: float = 150) -> Outcome:
    return load.run(stage.lab, stage.folder, CROWD, SECRET, *words, timeout=timeout)


@pytest.mark.alone
def test_500_sessions_come_storm_roam_and_leave_nothing_behind(stage, crowded):
    """Each moves data both ways over DTLS, all come back at once by cookie, some from other ports and addresses, some
    leave and others come. Then the headend's pools count what they counted at the start."""
    headend = crowded(600)
    at_start = held(stage.lab, headend)
    done = play(stage, "--sessions", 500, "--rate", 100, "--hold", 12, "--storm", 1, "--roam", 5, "--churn", 3,
                "--tries", 20, *MIXED,
                "--goal", "sessions=500,answered-sessions=500,gave-up=0,damaged=0,loss<1%,setup-p99<5s,storm<30s")
    assert done.status == 0, f"{done.said}\n{done.report}"
    report = done.report
    assert report["complete"] and report["sessions"]["peak"] == 500
    assert report["storms"][0]["back"] == report["storms"][0]["members"] >= 490
    assert report["roams"]["port"] > 10 and report["roams"]["address"] > 10
    assert report["dtls"]["worked"] >= 500
    # Each client, in whichever of its sessions: who left early came anew, and who left late had had answers before.
    assert report["data"]["answered"] > 2000 and report["data"]["sessions_answered"] == 500, report["data"]
    assert report["data"]["damaged"] == 0
    assert report["left"] >= 500 + 20
    until(lambda: not headend.show.sessions(), "all sessions are gone", 30)
    until_given_back(stage.lab, headend, at_start)


def test_tls_alone_and_both_tunnels(stage, crowded):
    crowded(100)
    tls = play(stage, "--sessions", 40, "--tunnels", "tls", "--hold", 4, "--pings", 5, *MIXED,
               "--goal", "sessions=40,closed=0,damaged=0,loss<1%")
    assert tls.status == 0, f"{tls.said}\n{tls.report}"
    assert tls.report["dtls"]["worked"] == 0 and not any("DTLS" in name for name in tls.report["suites"])
    both = play(stage, "--sessions", 40, "--tunnels", "both", "--tls12", "--hold", 4, "--pings", 5, *MIXED,
                "--goal", "sessions=40,closed=0,damaged=0,loss<1%")
    assert both.status == 0, f"{both.said}\n{both.report}"
    assert both.report["dtls"]["worked"] == 40


def test_dtls_that_fails_is_tried_again(stage, crowded):
    """No datagram gets through at first, and no session has DTLS: TLS carries the data. Then all get it, and nothing
    was lost."""
    headend = crowded(50)
    process = load.start(stage.lab, stage.folder, CROWD, SECRET, "--sessions", 10, "--dtls-again", 2, "--hold", 600,
                         "--target", SERVER, "--pings", 5, *MIXED, "--goal",
                         "sessions=10,dtls-sessions=10,closed=0,failed=0,lost=0,damaged=0",
                         device=load.SEEN_BY_FILTERS)

    def carriers() -> list[str]:
        return [tunnel["protocol"] for tunnel in headend.show.tunnels() if tunnel["carries"]]

    def failed() -> int:
        return max(map(int, re.findall(r"DTLS failed (\d+) times", process.log())), default=0)

    try:
        with misled_udp(stage.lab):
            until(lambda: failed() >= 10, lambda: f"ten have failed:\n{process.tail()}", 60)
            assert carriers() == ["SSL"] * 10
        until(lambda: carriers() == ["DTLS"] * 10, lambda: f"ten have DTLS:\n{process.tail()}", 60)
        process.signal(signal.SIGINT)
        ended = outcome(process, 30)
    finally:
        process.kill()
    report = ended.report
    assert ended.status == 4, f"{ended.said}\n{report}"  # it was ended, and every goal was met
    assert report["dtls"]["again"]["worked"] == 10 and report["dtls"]["failed"] >= 10, report["dtls"]
    assert report["dtls"]["held"] == 10 and report["data"]["answered"] > 0


def test_silent_death_leaves_sessions_that_can_be_ended(stage, crowded):
    headend = crowded(100)
    at_start = held(stage.lab, headend)
    done = play(stage, "--sessions", 30, "--hold", 5, "--silent-death", 4, "--vanish", "--goal", "sessions=30")
    assert done.status == 0, f"{done.said}\n{done.report}"
    dead = done.report["vanished"]
    assert 30 + 15 <= dead <= 30 + 20 and done.report["left"] == 0
    assert len(headend.show.sessions()) == dead
    headend.show.text("vpn-sessiondb logoff all noconfirm")
    until(lambda: not headend.show.sessions(), "their sessions are gone")
    until_given_back(stage.lab, headend, at_start)


def test_hostile_and_slow_clients_beside_a_crowd(stage, crowded):
    """The crowd notices nothing of them, and whoever says nonsense is shown out."""
    headend = crowded(100, extra=["route outside 198.18.0.0 255.254.0.0 198.51.100.2"])
    done = play(stage, "--sessions", 40, "--hold", 10, "--pings", 5, "--hostile", "garbage=10", "--hostile",
                "half-handshake=5", "--hostile", "half-tls=5", "--hostile", "syn=500", "--hostile", "garbage-udp=50",
                "--slow", 2, "--goal", "sessions=40,closed=0,failed=0,damaged=0,loss<1%")
    assert done.status == 0, f"{done.said}\n{done.report}"
    strangers = done.report["strangers"]
    assert set(strangers) == {"garbage", "half-handshake", "half-tls", "slow", "syn", "garbage-udp"}
    assert strangers["garbage"]["shown_out"] > 50
    assert strangers["half-tls"]["opened"] > 25 and strangers["slow"]["opened"] > 10
    assert strangers["syn"]["came"] > 4000
    until(lambda: not headend.show.sessions(), "all sessions are gone", 30)
    ping(stage.lab.server, "10.48.66.1", count=2)


@pytest.mark.alone
def test_slow_readers_cost_the_others_nothing(stage, crowded):
    """They read little of what they ask for, and it piles up. The others lose not one echo meanwhile, and when the slow
    ones have gone the headend has all its packet buffers back."""
    headend = crowded(100)
    at_start = held(stage.lab, headend)
    kinds = {"hung": 2, "stopped": 3, "trickle": 3, "tiny": 2}
    words = [word for kind, number in kinds.items() for word in ("--slow-reader", f"{kind}={number}")]
    done = play(stage, "--sessions", 30, "--tunnels", "both", "--hold", 10, "--pings", 5, *MIXED, *words, "--goal",
                "sessions=30,failed=0,closed=0,lost=0,damaged=0,duplicates=0")
    assert done.status == 0, f"{done.said}\n{done.report}"
    slow = done.report["slow_readers"]
    for kind, number in kinds.items():
        assert slow[kind]["up"] == slow[kind]["slow"] == number, slow
        assert slow[kind]["kept"] + slow[kind]["shown_out"] == number, slow
        assert slow[kind]["damaged"] == 0, slow
    unread = {kind: slow[kind]["echoes_asked"] - slow[kind]["echoes_read"] for kind in kinds}
    assert unread["stopped"] > 3 * 100 and unread["trickle"] > 3 * 100 and unread["hung"] > 2 * 50, slow
    until(lambda: not headend.show.sessions(), "all sessions are gone", 30)
    until_given_back(stage.lab, headend, at_start)


def test_a_goal_that_is_missed_and_an_early_end_have_their_statuses(stage, crowded):
    headend = crowded(50)
    missed = play(stage, "--sessions", 5, "--hold", 1, "--goal", "sessions=5,setup-max<1us")
    assert missed.status == 3, missed.said
    assert [goal["met"] for goal in missed.report["goals"]] == [True, False]
    process = load.start(stage.lab, stage.folder, CROWD, SECRET, "--sessions", 10, "--hold", 600, "--target", SERVER)
    try:
        until(lambda: len(headend.show.sessions()) == 10, lambda: f"ten sessions:\n{process.tail()}", 30)
        process.signal(signal.SIGINT)
        ended = outcome(process, 30)
    finally:
        process.kill()
    assert ended.status == 4 and not ended.report["complete"], ended.said
    assert ended.report["left"] == 10
    until(lambda: not headend.show.sessions(), "they have left")


def test_who_is_refused_is_told_why(stage, crowded):
    crowded(50)
    done = load.run(stage.lab, stage.folder, CROWD, "not the password", "--sessions", 2, "--tries", 1, "--hold", 0)
    assert done.report["sessions"]["gave_up"] == 2 and done.report["failures"], done.said


@pytest.mark.skipif(not shutil.which("ocserv"), reason="ocserv is not installed: tools/install-dependencies compare")
@pytest.mark.alone
def test_ocserv_is_a_peer(lab):
    """The same crowd against a headend that is not ours: what the tool says does not depend on what it was made for.
    ocserv's tunnel devices have less room than its clients' tunnels, and cut answers of 1300 bytes in two."""
    # Not in pytest's folder, which ocserv's unprivileged processes could not enter.
    folder = Path(tempfile.mkdtemp(prefix="culvert-load-test."))
    folder.chmod(0o755)
    load.route_to_pool(lab)
    headend = Ocserv(lab, folder, 60)
    try:
        headend.wait_ready()
        done = load.run(lab, folder, USER, PASSWORD, "--sessions", 25, "--rate", 20, "--hold", 8, "--storm", 1,
                        "--tries", 20, "--sizes", "64,576,1200", "--goal",
                        "sessions=25,gave-up=0,damaged=0,loss<2%", timeout=120)
        assert done.status == 0, f"{done.said}\n{done.report}\n{headend.tail()}"
        assert done.report["storms"][0]["back"] == 25
        assert done.report["dtls"]["worked"] >= 25
        headend.stop()
    finally:
        headend.kill()
        lab.server.run("ip", "route", "del", POOL, check=False)
        shutil.rmtree(folder, ignore_errors=True)
