"""The datapath rows of culvert-bench, at their shortest: that packets go through, not how fast."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from harness.paths import BUILD
from harness.poll import until

pytestmark = pytest.mark.alone  # the machine's huge pages

BENCH = BUILD / "bench" / "culvert-bench"
PAGES = Path("/proc/sys/vm/nr_hugepages")
STAGES = ("receive_cycles", "up_cycles", "down_cycles", "transmit_cycles")


def command(pattern: str) -> list[str]:
    return [str(BENCH), f"--benchmark_filter={pattern}", "--benchmark_min_time=0.001", "--benchmark_format=json"]


def rows(*words: str) -> dict[str, dict]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)["benchmarks"]}


@pytest.mark.parametrize("channel, suite", [("dtls", "PSK-AES128-GCM-SHA256"), ("cstp", "TLS_AES_128_GCM_SHA256"),
                                            ("cstp", "ECDHE-RSA-AES128-SHA")])
def test_every_packet_comes_through(channel, suite):
    """Both ways, the smallest packets and the largest, one session and many; the machine's huge pages are as before."""
    before = PAGES.read_text()
    found = rows(*command(f"^datapath/{channel}/{suite}/(up|down)/(64|1400)/(1|100)$"))
    assert set(found) == {f"datapath/{channel}/{suite}/{way}/{size}/{sessions}"
                          for way in ("up", "down") for size in (64, 1400) for sessions in (1, 100)}
    for name, row in found.items():
        assert not row.get("error_occurred"), f"{name}: {row['error_message']}"
        assert row["cycles_per_packet"] == pytest.approx(sum(row[stage] for stage in STAGES)), name
        assert 0 < row["raw_cycles_per_packet"] == pytest.approx(row["raw_share"] * row["cycles_per_packet"]), name
    assert PAGES.read_text() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(number):
    """Huge pages that it asked for go back when it is stopped."""
    before = PAGES.read_text()
    with subprocess.Popen(command("^datapath/dtls/"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: PAGES.read_text() != before, "huge pages are reserved")
        process.send_signal(number)
        assert process.wait(timeout=30) == -number
    assert PAGES.read_text() == before


def test_no_huge_pages():
    """A row is void where the kernel gives none, and says so."""
    name = "datapath/dtls/PSK-AES128-GCM-SHA256/up/64/1"
    run = 'mount --bind /dev/null /proc/sys/vm/nr_hugepages && exec "$@"'
    found = rows("unshare", "--mount", "sh", "-c", run, "sh", *command(f"^{name}$"))
    assert found[name]["error_occurred"]
    assert found[name]["error_message"] == ("32 free huge pages are needed, and there are 0: run as root, or reserve "
                                            "them")
