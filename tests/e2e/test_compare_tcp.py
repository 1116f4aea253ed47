"""tools/compare-tcp: one small cell, what tshark says of our segments in it, and what follows from numbers."""

import json
import os
import struct
import subprocess
import sys

import pytest

from harness.capture import write_capture
from harness.paths import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tools"))

from steps.compare_tcp.cells import ALL, parse_cell  # noqa: E402
from steps.compare_tcp.comparison import good  # noqa: E402
from steps.compare_tcp.expert import errors  # noqa: E402
from steps.compare_tcp.plan import Budget, cost, jobs_for  # noqa: E402
from steps.compare_tcp.statistics import ratio_interval  # noqa: E402
from steps.compare_tcp.table import as_text, markdown  # noqa: E402

TOOL = ROOT / "tools" / "compare-tcp"


def run(*words) -> subprocess.CompletedProcess:
    """The part after the installation, with the programs under test."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'tools'}:{ROOT / 'tests' / 'e2e'}", "CULVERT_BUILD": str(BUILD)}
    return subprocess.run([sys.executable, "-m", "steps.compare_tcp", "--build", BUILD, *map(str, words)],
                          capture_output=True, text=True, timeout=180, env=environment)


def test_a_lossy_cell_without_a_protocol_error(tmp_path):
    """Loss and reordering, both sides through their lines; tshark finds nothing wrong in what ours sent. How fast each
    was is for who has a quiet machine."""
    done = run("--only", "loss=1,rtt=10,reorder=2", "--runs", 1, "--seconds", 3, "--no-shares",
               "--capture", tmp_path, "--json", tmp_path / "result.json")
    assert done.returncode in (0, 1), done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    cell, = result["cells"]
    examined, = result["captures"].values()
    assert examined["segments"] > 300 and examined["errors"] == {}
    run_, = cell["runs"]
    assert run_["endpoint"]["retransmits"] > 0 and run_["kernel"]["retransmits"] > 0
    for line in run_["lines"]:
        assert line["there"]["lost"] > 0 and line["there"]["held_back"] > 0
        assert line["there"]["no_room"] == line["there"]["unsent"] == 0
    assert "1 %" in done.stdout and "no protocol error" in done.stdout


def test_one_flow_of_each_through_one_bottleneck(tmp_path):
    done = run("--only", "rtt=10", "--runs", 1, "--seconds", 3, "--shares-only", "--json", tmp_path / "result.json")
    assert done.returncode in (0, 1), done.stderr
    share, = json.loads((tmp_path / "result.json").read_text())["shares"]
    both = share["ours"] + share["kernel"]
    # 50 Mbit/s of frames that hold 1448 bytes in 1514.
    assert 30 < both < 50 * 1448 / 1514 + 1
    assert len(share["runs"][0]["lines"]) == 1


def tcp_frame(source: int, seq: int, ack: int, flags: int, window: int, payload: bytes = b"", damage: int = 0) -> bytes:
    """From 10.1.0.SOURCE, with good checksums but for `damage`."""
    sender, receiver = bytes([10, 1, 0, source]), bytes([10, 1, 0, 3 - source])
    ports = (7000, 40000) if source == 1 else (40000, 7000)
    header = struct.pack("!HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, window, 0, 0)
    pseudo = sender + receiver + struct.pack("!BBH", 0, 6, len(header) + len(payload))
    checksum = sum_of(pseudo + header + payload) ^ damage
    header = header[:16] + struct.pack("!H", checksum) + header[18:]
    outer = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0, sender, receiver)
    outer = outer[:10] + struct.pack("!H", sum_of(outer)) + outer[12:]
    return bytes(12) + b"\x08\x00" + outer + header + payload


def sum_of(data: bytes) -> int:
    """RFC 1071."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


SYN, RST, PSH, ACK = 2, 4, 8, 16
OPENING = [tcp_frame(2, 100, 0, SYN, 1000), tcp_frame(1, 500, 101, SYN | ACK, 8000), tcp_frame(2, 101, 501, ACK, 1000)]
DATA = tcp_frame(1, 501, 101, ACK, 8000, bytes(900))


def found(tmp_path, *frames: bytes) -> str:
    path = tmp_path / "made.pcap"
    write_capture(path, [*OPENING, *frames])
    return "; ".join(errors(path, "10.1.0.1")[1])


def test_what_is_no_error(tmp_path):
    again = tcp_frame(2, 101, 501, ACK, 1000)
    assert found(tmp_path, DATA, again, again, again, DATA, tcp_frame(2, 101, 1401, ACK, 1000)) == ""


@pytest.mark.parametrize("frame,word", [
    (tcp_frame(1, 1401, 101, ACK, 8000, bytes(200)), "beyond the window"),
    (tcp_frame(1, 1401, 101, ACK, 8000, bytes(50), damage=1), "bad TCP checksum"),
    (tcp_frame(1, 1451, 101, ACK, 8000, bytes(20)), "left out"),
    (tcp_frame(1, 1401, 5000, ACK, 8000, bytes(50)), "never came"),
    (tcp_frame(1, 1401, 101, ACK, 0, bytes(50)), "closed window"),
    (tcp_frame(1, 1401, 101, RST | ACK, 8000, bytes(50)), "SYN or RST"),
])
def test_what_is_an_error(tmp_path, frame, word):
    assert word in found(tmp_path, DATA, frame)


def test_ratios_have_intervals():
    ratio, low, high = ratio_interval([(9.0, 10.0)] * 10)
    assert (ratio, low, high) == (0.9, 0.9, 0.9)
    ratio, low, high = ratio_interval([(8 + i / 4, 10.0) for i in range(10)])
    assert low < ratio < high and 0.8 <= low and high <= 1.03


def test_cells_are_named():
    assert len(ALL) == 24 and len({cell.name for cell in ALL}) == 24
    assert [cell.name for cell in parse_cell("loss=1%,rtt=50ms,reorder=2")] == ["loss=1,rtt=50,reorder=2"]
    assert len(parse_cell("rtt=150")) == 8
    for wrong in ("loss=2", "rtt", "delay=1", "loss=x"):
        with pytest.raises(ValueError):
            parse_cell(wrong)


def test_a_budget_keeps_expensive_cells_apart():
    full, rare = parse_cell("loss=0,rtt=50,reorder=0")[0], parse_cell("loss=3,rtt=150,reorder=0")[0]
    jobs = jobs_for([rare, full, full], 1)
    budget = Budget(cost(jobs[0]) * 1.5, 3)
    assert budget.take(jobs)[0].cell == full
    assert budget.take(jobs)[0].cell == rare, "the second full one has to wait"
    assert [job.cell for job in jobs] == [full]


def result(ratio: float, share: float, mistakes: dict | None = None) -> dict:
    row = {"loss": 1.0, "round_trip_ms": 50, "reorder": 0.0, "ours": 9.0, "kernel": 10.0, "interval": [0.5, 1.5]}
    return {"machine": {"cpu": "A CPU", "cores": 2, "virtual": True, "kernel": "Linux 6", "load_at_start": 0.1},
            "settings": {"runs": 1, "rate_mbit": 50, "held_back_ms": 4, "target": 0.9, "share": [0.7, 1.4],
                         "ours": "Culvert", "kernel": "cubic"},
            "cells": [row | {"ratio": ratio}], "shares": [row | {"ratio": share}],
            "captures": {"one": {"segments": 5, "errors": mistakes or {}}}}


def test_the_verdict():
    assert good(result(0.9, 1.0)) and not good(result(0.89, 1.0))
    assert not good(result(1.0, 0.69)) and not good(result(1.0, 1.41))
    assert not good(result(1.0, 1.0, {"bad TCP checksum": 1}))
    assert "below 0.9" in as_text(result(0.5, 1.0)) and "unfair" in "\n".join(markdown(result(1.0, 2.0)))
    assert "Linux 6" in as_text(result(1.0, 1.0))


@pytest.mark.parametrize("words", [["--runs"], ["--minutes", "3"], ["loss=1"], ["--only", "loss=2"], ["--runs", "0"],
                                   ["--no-shares", "--shares-only"]])
def test_a_wrong_command_line_is_refused(words):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "compare-tcp" in done.stderr, done.stderr


def test_help():
    done = subprocess.run([TOOL, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "--kernel-twice" in done.stdout
