"""tools/replay-demo and tools/bench-replay: that they work, and what they refuse. docs/replay.md has what they find."""

import json
import subprocess

import pytest

from harness.odd_captures import Interface, Packet, frame, ipv4, pcap, pcapng, udp
from harness.paths import BUILD, ROOT

DEMO, BENCH = ROOT / "tools" / "replay-demo", ROOT / "tools" / "bench-replay"


def run(*words: object, timeout: float = 240) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout)


def test_demo_with_its_own_capture():
    done = run(DEMO, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    plain = result["plain"]
    assert plain["compared"]["identical"] and plain["compared"]["packets"] == plain["compared"]["arrived"] == 5000
    assert plain["tracked"]["reordered"] == plain["tracked"]["duplicates"] == 0
    assert plain["tracked"]["latency_ns"]["99.999"] > 0
    assert plain["top_speed"]["sent"] > 0
    tunnelled = result["tunnelled"]["sessions"]
    assert tunnelled["sessions_ready"] == 100 and {row["channel"] for row in tunnelled["by_cipher"]} == {"TLS", "DTLS"}
    assert {row["direction"] for row in tunnelled["total"]} == {"up", "down"}
    assert all(row["sent"] == row["intact"] > 0 for row in tunnelled["total"])


def test_demo_with_a_capture_given(tmp_path):
    """Frames larger than a buffer of the wire usually is, and one that is not whole."""
    data = [frame(0x800, ipv4(udp(bytes(size)))) for size in (20, 1400, 9000)]
    packets = [(0, Packet(n, each)) for n, each in enumerate(data)] + [(0, Packet(9, data[0], 999))]
    done = run(DEMO, pcapng(tmp_path / "given.pcapng", [Interface()], packets))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 arrived, each byte for byte and in order" in done.stdout and "'truncated': 1" in done.stdout
    assert "'too_large': " in done.stdout and " 0 lost" in done.stdout


def test_nothing_to_play_is_told(tmp_path):
    raw_ip = 101  # LINKTYPE_RAW
    done = run(DEMO, pcap(tmp_path / "raw.pcap", [Packet(0, ipv4(udp(bytes(100))))], link=raw_ip))
    assert done.returncode == 1 and "none of the captures has a whole Ethernet frame" in done.stderr, done.stderr


def test_benchmark_at_its_shortest():
    done = run(BENCH, "--runs", 1, "--seconds", 1, "--build", BUILD, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert [row["size"] for row in result["testpmd"]] == [64, 1400]
    assert all(row["testpmd_pps"] > 0 and row["replay_pps"] > 0 for row in result["testpmd"])
    assert len(result["rates"]) == 4 and result["timing"][0]["median_error_ns"] >= 0


@pytest.mark.parametrize("words", [[DEMO, "--fast"], [DEMO, "/nonexistent.pcap"], [BENCH, "--runs"], [BENCH, "speed"],
                                   [BENCH, "--only", "everything"], [BENCH, "--runs", "0"]])
def test_wrong_command_lines_are_refused_at_once(words):
    done = run(*words)
    assert done.returncode == 2, done.stderr


@pytest.mark.parametrize("command", [DEMO, BENCH])
def test_help(command):
    done = run(command, "--help")
    assert done.returncode == 0 and "usage: sudo tools/" in done.stdout
