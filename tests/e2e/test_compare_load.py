"""tools/compare-load: that it measures both headends, and what it refuses. docs/load.md has what it finds."""

import json
import shutil
import subprocess

import pytest

from harness.paths import BUILD, ROOT

COMMAND = ROOT / "tools" / "compare-load"


@pytest.mark.skipif(not shutil.which("ocserv"), reason="ocserv is not installed: tools/install-dependencies compare")
@pytest.mark.alone
def test_a_few_sessions_on_both():
    done = subprocess.run([COMMAND, "--sessions", "40", "--ocserv-sessions", "15", "--hold", "15", "--at-once", "8",
                           "--build", BUILD, "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    culvert, ocserv = json.loads(done.stdout)["rows"]
    assert (culvert["headend"], culvert["asked"], ocserv["headend"], ocserv["asked"]) == ("culvert", 40, "ocserv", 15)
    assert culvert["left"] == ""
    for row in (culvert, ocserv):
        report = row["report"]
        assert report["sessions"]["peak"] == row["asked"], done.stderr
        assert report["storms"][0]["back"] == row["asked"]
        assert report["data"]["answered"] > 0 and report["data"]["damaged"] == 0
        assert row["kib_per_session"] > 0


@pytest.mark.parametrize("words", [["--sessions"], ["--sessions", "0"], ["--sessions", "100000"], ["--hold", "14"],
                                   ["--headend", "asa"], ["--minutes"]])
def test_a_wrong_command_line_is_refused_at_once(words):
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr


def test_help():
    done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "--ocserv-sessions N" in done.stdout
