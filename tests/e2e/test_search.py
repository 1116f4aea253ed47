"""culvert-replay --search, tools/rfc2544, tools/bench-line: a device's limit is found, and what is said of it. How fast
anything is, is a benchmark's matter."""

import json
import re
import signal
import subprocess
import sys

import pytest

from harness.headend import sanitizer_environment
from harness.limited_wire import limited_wire
from harness.odd_captures import Packet, frame, ipv4, pcap, udp
from harness.outcome import outcome
from harness.paths import BUILD, ROOT
from harness.poll import until
from harness.process import Process
from harness.replay import REPLAY, looped
from test_bench_report import THREE, Page, document

sys.path.insert(0, str(ROOT / "tools"))

from steps.bench_line import line  # noqa: E402
from steps.rfc2544 import rows  # noqa: E402
from steps.rfc2544.table import as_text  # noqa: E402

TOOL, LINE = ROOT / "tools" / "rfc2544", ROOT / "tools" / "bench-line"
LIMIT = 10_000
# Short trials, and a width that is no finer than the device's own burst allows.
BRIEFLY = ["--trial", "0.5", "--trial-sum", "1.5", "--width", "0.05", "--warm-up", "0.2", "--curve", "2",
           "--sustain-time", "0.5"]


def packets(count: int) -> list[Packet]:
    return [Packet(n, frame(0x800, ipv4(udp(bytes(400), 1000 + n % 50)))) for n in range(count)]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What a user does: two sizes through a device, in one direction that is limited."""
    folder = tmp_path_factory.mktemp("search")
    with limited_wire(LIMIT, 200) as host:
        done = host.run(TOOL, "--build", BUILD, "--port", "net_af_packet0,iface=left", "--receive",
                        "net_af_packet1,iface=right", "--sizes", 64, "IMIX", "--out", folder / "page.html", "--json",
                        folder / "out.json", "--", "--no-huge", "--max-rate", "30k", *BRIEFLY, timeout=300)
    return folder, done.stdout


def test_the_limit_is_found(measured):
    folder, _ = measured
    found_rows = json.loads((folder / "out.json").read_text())["rows"]
    assert [(row["cipher"], row["size"], row["direction"]) for row in found_rows] == [
        ("plain", 64, "there"), ("plain", "IMIX", "there")]
    for row in found_rows:
        ndr, pdr = row["search"]["results"]
        # The burst is worth 400 packets a second more in half a second; a busy machine may cost something.
        assert 0.6 * LIMIT < ndr["rate"] <= pdr["rate"] < 1.15 * LIMIT, (ndr, pdr)
        found, = (each for each in row["search"]["searches"][0]["found"] if each["goal"] == "NDR")
        assert found["exact"] and found["rate"] < found["upper"]
        assert found["at_upper"]["loss_ratio"] > 1e-5 >= found["at_rate"]["loss_ratio"]
        at_upper = [trial for trial in row["search"]["searches"][0]["trials"] if trial["rate"] == found["upper"]]
        if all(trial["sent"] == trial["expected"] for trial in at_upper):  # not a machine that was too busy for that
            assert found["bottleneck"] == "device" and not found["generator_bound"]
        assert row["search"]["tester_rate"] > 30_000
        sustained = row["search"]["sustained"]
        assert row["search"]["sustained_share"] == 0.8 and sustained["rate"] == pytest.approx(0.8 * ndr["rate"])
        assert 0 < sustained["arrived"] <= sustained["sent"] <= sustained["expected"]
        for trial in row["search"]["searches"][0]["trials"]:
            assert trial["arrived"] <= trial["sent"] <= trial["expected"] and trial["duplicates"] == 0


def test_table_and_page(measured):
    folder, said = measured
    assert "| cipher | bytes | direction | goal |" in said and "| plain  | IMIX  | there     | PDR  |" in said
    assert "| 80 %: " in said
    text = (folder / "page.html").read_text()
    page = Page(text)
    assert "script" not in page.seen and "link" not in page.seen and "url(" not in text
    assert page.links and all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert text.count("; tester alone ") >= 2
    assert page.seen["svg"] == 1 + 2 * 2, "an overview; loss and latency for each row"
    again = subprocess.run([TOOL, "--from", folder / "out.json", "--out", folder / "again.html"], capture_output=True,
                           text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert (folder / "again.html").read_text() == text


def test_what_is_missing_is_told_behind_the_rest(measured, tmp_path):
    folder, _ = measured
    document = json.loads((folder / "out.json").read_text())
    assert document["missed"] == []
    (tmp_path / "part.json").write_text(json.dumps(document | {"missed": ["plain, 512, there: the wire broke"]}))
    done = subprocess.run([TOOL, "--from", tmp_path / "part.json", "--out", tmp_path / "part.html"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Not searched: plain, 512, there: the wire broke" in done.stderr, done
    assert "| plain  | IMIX  |" in done.stdout and (tmp_path / "part.html").exists()


def test_a_row_that_fails_costs_no_other():
    outcome = rows.Outcome()

    def fails():
        raise rows.SearchFailed("no wire")

    with pytest.raises(rows.SearchFailed):
        outcome.add("the first", fails)  # there is nothing yet that could be lost
    outcome.add("a", lambda: rows.Row("plain", 64, "there", {}))
    outcome.add("b", fails)
    outcome.add("c", lambda: rows.Row("plain", 512, "there", {}))
    outcome.add("d", lambda: rows.Row("plain", 1024, "there", {"missing": "the curve: no wire"}))
    assert [row.size for row in outcome.rows] == [64, 512, 1024]
    assert outcome.missed == ["b: no wire", "d: the curve: no wire"]


def test_an_interrupt_costs_no_row():
    outcome = rows.Outcome()
    with pytest.raises(KeyboardInterrupt), outcome.kept():  # there is nothing to keep
        raise KeyboardInterrupt
    with outcome.kept():
        outcome.add("a", lambda: rows.Row("plain", 64, "there", {}))
        raise KeyboardInterrupt
    assert [row.size for row in outcome.rows] == [64]
    assert outcome.missed == ["what was still to come when it was interrupted"]


def test_each_direction_has_its_device(tmp_path):
    """A device that routes has a MAC address on either side, and frames of both directions go at once."""
    plan = rows.Plan("left", "right", words=("--no-huge",), destination_mac="02:00:00:00:00:10",
                     destination_mac_back="02:00:00:00:00:20")
    words = rows.command(plan, tmp_path, 64, "both")
    assert words[3:11] == ["--port", "left", "--receive", "right", "--port", "right", "--receive", "left"]
    there, back = ((tmp_path / name).read_bytes() for name in ("64.pcap", "64-back.pcap"))
    assert words[11:] == [str(tmp_path / "64.pcap"), str(tmp_path / "64-back.pcap"), "--no-huge"]
    first = 24 + 16  # behind the headers of file and packet
    assert there[first:first + 6].hex(":") == "02:00:00:00:00:10"
    assert back[first:first + 6].hex(":") == "02:00:00:00:00:20"


def test_a_part_of_bench_report(measured, tmp_path):
    folder, _ = measured
    (tmp_path / "bench.json").write_text(json.dumps(document(*THREE)))
    done = subprocess.run([ROOT / "tools" / "bench-report", "--from", tmp_path / "bench.json", "--line",
                           folder / "out.json", "--out", tmp_path / "report.html"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    page = Page((tmp_path / "report.html").read_text())
    assert "line" in page.ids and "#line" in page.links
    wrong = subprocess.run([ROOT / "tools" / "bench-report", "--from", tmp_path / "bench.json", "--line",
                            tmp_path / "bench.json", "--out", tmp_path / "wrong.html"], capture_output=True, text=True,
                           timeout=60)
    assert wrong.returncode == 1 and "bench.json cannot be shown" in wrong.stderr


def test_between_two_wires(tmp_path):
    """tools/bench-line, with shorter trials than even --quick has."""
    done = subprocess.run([LINE, "--build", BUILD, "--sizes", "1400", "--ciphers", "--out", tmp_path / "line.html",
                           "--json", tmp_path / "line.json", "--", *BRIEFLY], capture_output=True, text=True,
                          timeout=280)
    assert done.returncode == 0, done.stderr
    row, = json.loads((tmp_path / "line.json").read_text())["rows"]
    assert row["cipher"] == "no headend" and row["search"]["results"][1]["rate"] > 0
    Page((tmp_path / "line.html").read_text())


@pytest.mark.parametrize("cipher, direction", [("dtls:ECDHE-RSA-AES128-GCM-SHA256", "there"),
                                               ("tls:TLS_AES_128_GCM_SHA256", "back"),
                                               ("dtls:ECDHE-RSA-AES128-SHA256", "both")])
def test_through_tunnels(tmp_path, cipher, direction):
    """culvertd between two wires, as tools/bench-line has it, at rates that it carries on any machine."""
    row = line.row(tmp_path, cipher, "IMIX", direction, [*BRIEFLY, "--max-rate", "4k", "--min-rate", "100"])
    for goal in row.goals:
        result = row.result(goal)
        assert 100 <= result["rate"] <= 4000, result
        assert result["at_rate"]["arrived"] > 0 and result["at_rate"]["headend"]["cycles_per_packet"] > 0
        assert result["at_rate"]["latency_ns"]["50"] > 0
        # As fast as it goes it carries more than the little that was asked for here.
        assert row.search["tester_measured"] and row.search["tester_rate"] >= result["rate"], row.search
    assert cipher in as_text([row])


def test_what_culvert_replay_itself_wrote_is_shown(tmp_path):
    """A ring in memory is no device: the tester is the limit, and says so."""
    outcome = looped(pcap(tmp_path / "a.pcap", packets(500)), "--search", "--max-rate", "20M", *BRIEFLY, timeout=120)
    assert outcome.status == 0, outcome.said
    (tmp_path / "one.json").write_text(json.dumps(outcome.report))
    done = subprocess.run([TOOL, "--from", tmp_path / "one.json", "--out", tmp_path / "one.html"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = outcome.report["searches"][0]["found"][0]
    assert found["generator_bound"] or found["end"] == "at the highest rate that was tried"
    assert ("generator-bound" in done.stdout) == any(each["generator_bound"] for each in
                                                     outcome.report["searches"][0]["found"])


def test_an_interrupted_search_tells_what_it_has(tmp_path):
    """It would take minutes."""
    words = ["-p", "net_ring0", "-r", "net_ring0", "--search", "--max-rate", "100k", "--tester-rate", "1M",
             "--trial", 0.2, "--trial-sum", 120, pcap(tmp_path / "a.pcap", packets(100))]
    search = Process([REPLAY, "--json", "--no-huge", *words], tmp_path / "search.log", env=sanitizer_environment())
    try:
        until(lambda: re.search(r"^trial ([2-9]|\d\d)", search.log(), re.MULTILINE), "one trial is over", 60)
        search.signal(signal.SIGINT)
        done = outcome(search, 30)
    finally:
        search.kill()
    assert done.status == 4, done.said
    assert done.report["missing"] == ("the rest of search 1, the trial with a margin, the curve: Interrupted in the "
                                      "middle of a trial.")
    begun, = done.report["searches"]
    assert begun["trials"] and not begun["finished"] and begun["found"][0]["end"] == "not finished"
    assert done.report["sustained"] is None and done.report["curve"] == []


def test_the_headends_workers_are_asked(headend, tmp_path):
    outcome = looped(pcap(tmp_path / "a.pcap", packets(100)), "--search", "--max-rate", "100k", "--tester-rate", "1M",
                     "--headend", headend.config.socket, *BRIEFLY, timeout=120)
    assert outcome.status == 0, outcome.said
    uses = [trial["headend"] for trial in outcome.report["searches"][0]["trials"]]
    assert uses and all(0 <= use["busiest_worker"] <= 1 for use in uses)
    gone = looped(pcap(tmp_path / "a.pcap", packets(100)), "--search", "--max-rate", "100k", "--tester-rate", "1M",
                  "--headend", "/nonexistent.sock", *BRIEFLY)
    assert gone.status == 1 and "/nonexistent.sock" in gone.said


def test_a_device_that_passes_nothing_is_told(tmp_path):
    with limited_wire(LIMIT, 200) as host:
        done = host.run(BUILD / "tools" / "culvert-replay", "--search", "--no-huge", "--no-progress", "-p",
                        "net_af_packet0,iface=left", "-r", "net_ring0", pcap(tmp_path / "a.pcap", packets(100)),
                        "--max-rate", "1k", check=False)
    assert done.returncode == 1 and "Nothing arrived of" in done.stderr, done.stderr


@pytest.mark.parametrize("words", [[], ["--port", "net_ring0"], ["--port", "a", "--receive", "b", "--sizes", "63"],
                                   ["--port", "a", "--receive", "b", "--directions", "up"],
                                   ["--port", "a", "--receive", "b", "--ciphers", "dtls:AES128-SHA"],
                                   ["--port", "a", "--receive", "b", "--", "--tunnel", "192.0.2.1"],
                                   ["--port", "a", "--receive", "b", "--mac", "2:0:0:0:0:10"],
                                   ["--port", "a", "--receive", "b", "--json", "/nonexistent/a.json"],
                                   ["--from", "a.json", "--port", "a"], ["--fast"]], ids=" ".join)
def test_wrong_command_lines_are_refused_at_once(words):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2, done.stderr


def test_wrong_words_for_bench_line():
    for words in (["--ciphers", "aes"], ["--sizes"], ["--sizes", "63"], ["--repeat", "0"], ["fast"]):
        done = subprocess.run([LINE, *words], capture_output=True, text=True, timeout=20)
        assert done.returncode == 2, done.stderr


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": []}', '{"searches": []}', '{"rows": [{"cipher": 1}]}'])
def test_what_is_no_result(tmp_path, text):
    source = tmp_path / "in.json"
    source.write_text(text)
    done = subprocess.run([TOOL, "--from", source, "--out", tmp_path / "out.html"], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 1 and str(source) in done.stderr, done
    assert not (tmp_path / "out.html").exists()


def test_help():
    for tool in (TOOL, LINE):
        done = subprocess.run([tool, "--help"], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 and f"usage: sudo tools/{tool.name}" in done.stdout
