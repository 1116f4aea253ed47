"""tools/session-memory: that it measures, and what it refuses. What comes out at ten thousand is the README's."""

import json
import subprocess

import pytest

from harness.paths import ROOT

COMMAND = ROOT / "tools" / "session-memory"


def test_a_hundred_sessions_are_measured():
    done = subprocess.run([COMMAND, "--sessions", "100", "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["sessions"] == 100
    assert result["bare_kib"] < result["full_kib"] and result["idle_kib"] < result["full_kib"]
    # A record layer's keys alone are four blocks of 1088 bytes.
    assert result["kib_per_session"] > 4


@pytest.mark.parametrize("words", [["--sessions"], ["--sessions", "0"], ["--sessions", "100000"], ["--sessions", "few"],
                                   ["--minutes"]])
def test_a_wrong_command_line_is_refused_at_once(words):
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "--sessions" in done.stderr or "--help" in done.stderr, done.stderr


def test_help():
    done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "--sessions N" in done.stdout
