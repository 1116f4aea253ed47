"""tools/bench-report: what it reads, what follows from it, the page, and one short run of its own."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from harness.paths import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tools"))

from steps.benchmarks.page import render  # noqa: E402
from steps.benchmarks.plots import Bar, Part, Point, Series, bar_chart, line_chart, nice_ticks  # noqa: E402
from steps.benchmarks.rows import BadResults, parse, protocol, reference  # noqa: E402
from steps.benchmarks.run import QUICK_FILTER, Counter, Plan, RunError, list_rows  # noqa: E402
from steps.benchmarks.table import as_text  # noqa: E402

TOOL = ROOT / "tools" / "bench-report"
PROGRAM = BUILD / "bench" / "culvert-bench"
CONTEXT = {"date": "2026-11-29T08:00:00+00:00", "cpu": "A <CPU> & more", "cores": "2", "virtual": "yes",
           "tsc_hz": "2600000000", "isa": "AVX2", "ipsec_mb": "1.3.0", "openssl": "OpenSSL 3.0.1", "load_avg": [0.1],
           "commit": "abc", "culvert": "0.1.0", "compiler": "gcc", "kernel": "Linux"}


def entry(name: str, cycles: float, aggregate: str = "", **counters) -> dict:
    size = int(name.split("/")[3 if name.startswith("crypto") else 4])
    return {"name": name + (f"_{aggregate}" if aggregate else ""), "run_name": name, "family_index": 0,
            "run_type": "aggregate" if aggregate else "iteration", "aggregate_name": aggregate, "repetitions": 3,
            "cycles_per_packet": cycles, "cycles_per_byte": cycles / size, "packets_per_second": 2.6e9 / cycles,
            "bytes_per_second": 2.6e9 / cycles * size} | counters


def document(*entries: dict) -> dict:
    return {"context": CONTEXT, "benchmarks": list(entries)}


def crypto(cycles: dict[str, float], name: str = "crypto/PSK-AES128-GCM-SHA256/seal/1400/64") -> list[dict]:
    return [entry(f"{name}/{subject}", value, "median") for subject, value in cycles.items()]


THREE = crypto({"ours": 200, "raw": 180, "openssl": 1000})
PATH = [entry(f"datapath/dtls/PSK-AES128-GCM-SHA256/up/1400/{sessions}", 400, "median", raw_share=0.45,
              open_cycles=180.0, dtls_input_cycles=120.0) for sessions in (100, 1000, 100000)]


def test_ratios_are_of_cycles_of_one_name():
    other = crypto({"raw": 1, "openssl": 1}, "crypto/PSK-AES128-GCM-SHA256/open/1400/64")
    results = parse(document(*THREE, *other))
    ours = next(row for row in results.rows if row.subject == "ours")
    assert results.raw_share(ours) == 0.9 and results.speed_up(ours) == 5.0
    assert ours.gbit_s == pytest.approx(2.6 / 200 * 1400 * 8) and ours.mpps == pytest.approx(13)
    alone = parse(document(THREE[0])).rows[0]
    assert parse(document(THREE[0])).raw_share(alone) is None


def test_medians_and_spread():
    """Google Benchmark's medians where there are some, ours of the repetitions otherwise."""
    name = "crypto/AES128-SHA/open/64/1/ours"
    runs = [entry(name, cycles) for cycles in (100, 400, 110)]
    row = parse(document(*runs)).rows[0]
    assert row.cycles == 110 and row.spread == pytest.approx(0.84, abs=0.01)
    aggregated = parse(document(entry(name, 300, "mean"), entry(name, 120, "median"), entry(name, 0.05, "cv")))
    assert aggregated.rows[0].cycles == 120 and aggregated.rows[0].spread == 0.05 and aggregated.repetitions == 3


def test_order_is_that_of_registration():
    """Interleaved rows are reported in the order in which they end."""
    rows = [entry(f"crypto/{suite}/seal/64/1/ours", 100) | {"family_index": at}
            for at, suite in ((2, "C"), (0, "A"), (1, "B"))]
    assert [row.suite for row in parse(document(*rows)).rows] == ["A", "B", "C"]


def test_void_row():
    """A repetition that failed makes its row void, and the page and the table say why."""
    name = THREE[0]["run_name"]
    results = parse(document(*THREE, {"run_name": name, "run_type": "iteration", "error_occurred": True,
                                      "error_message": "packets were dropped"}))
    assert results.failed == {name: "packets were dropped"} and len(results.rows) == 2
    assert "packets were dropped" in render(results) and f"void: {name}: packets were dropped" in as_text(results)


def test_stages_and_their_rest():
    results = parse(document(*PATH))
    row = results.rows[0]
    assert row.stages() == {"open": 180, "dtls input": 120, "rest": 100} and results.raw_share(row) == 0.45
    assert reference(results.rows, "sessions") == 1000


def test_protocols_by_name():
    assert [protocol(name) for name in ("TLS_AES_128_GCM_SHA256", "AES128-SHA", "PSK-CHACHA20-POLY1305")] == \
        ["TLS 1.3", "TLS 1.2", "DTLS 1.2"]


@pytest.mark.parametrize("wrong", [
    [], {}, {"context": {}}, {"context": {}, "benchmarks": {}}, {"context": {}, "benchmarks": [1]},
    {"context": {}, "benchmarks": []}, {"context": {}, "benchmarks": [{"name": "BM_other"}]},
    {"context": {}, "benchmarks": [{"run_name": "BM_other", "run_type": "iteration", "real_time": 1.0}]},
    {"context": {}, "benchmarks": [{"run_name": "crypto/A/seal/64/1/ours", "run_type": "iteration"}]},
    {"context": {}, "benchmarks": [{"run_name": "crypto/A/seal/64/1/ours", "repetitions": "many"}]}], ids=str)
def test_what_is_no_result(wrong):
    with pytest.raises(BadResults):
        parse(wrong)


class Page(HTMLParser):
    """Counts elements, and minds that they are closed in order."""
    EMPTY = {"meta", "line", "circle", "polyline", "br"}

    def __init__(self, text: str):
        super().__init__()
        self.open, self.seen, self.links, self.ids, self.text = [], {}, set(), set(), []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1
        values = dict(attrs)
        assert not {"src", "onload", "onclick"} & values.keys()
        if "href" in values:
            self.links.add(values["href"])
        self.ids.add(values.get("id"))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_page_is_whole_and_needs_nothing():
    """Well formed, no script, nothing fetched; every link of it leads somewhere; foreign text is no markup."""
    text = render(parse(document(*THREE, *PATH) | {"bench_report": {"command": "tools/bench-report --filter '<x>'"}}))
    page = Page(text)
    assert "script" not in page.seen and "link" not in page.seen and "url(" not in text and "@import" not in text
    assert page.links and all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    said = "".join(page.text)
    for words in ("A <CPU> & more", "tools/bench-report --filter '<x>'", "2600000000", "How to read it", "dtls input",
                  "0.90 of raw", "5.0 × OpenSSL", "DTLS 1.2"):
        assert words in said, words
    # Overview, throughput, cycles, two ratios, packets; of the path overview, six charts, and the stages.
    assert page.seen["svg"] >= 1 + 5 + 1 + 6 + 1 and page.seen["title"] > 20
    assert "prefers-color-scheme: dark" in text


def test_context_of_another_kind():
    """A newer or older culvert-bench may say more or less of the machine."""
    odd = {"cpu": 7, "isa": None, "load_avg": "high", "tsc_hz": [], "caches": [{"level": 1}]}
    results = parse({"context": odd, "benchmarks": THREE})
    Page(render(results))
    assert "unknown instruction set" in as_text(results)


def test_table_has_rows_and_ratios():
    text = as_text(parse(document(*THREE, *PATH)))
    assert "| PSK-AES128-GCM-SHA256 | 145.6        | 200           | 0.90       | 5.0" in text
    assert re.search(r"\| dtls +\| PSK-AES128-GCM-SHA256 \| up +\| 1400 +\| 1000 +\|.*\| 0\.45 ", text)
    assert "A <CPU> & more, 2 cores, virtual, AVX2, TSC 2600 MHz" in text


@pytest.mark.parametrize("highest, last, steps", [(0, 1, 1), (1, 1, 5), (8.9, 10, 5), (113, 150, 3), (0.45, 0.5, 5)])
def test_axes_end_at_or_above_the_highest(highest, last, steps):
    ticks = nice_ticks(highest)
    assert ticks[-1] == pytest.approx(last) and len(ticks) == steps + 1 and ticks[-1] >= highest


def test_charts_put_points_where_they_belong():
    drawing = line_chart([Series("a", "ours", [Point(1, 0, "zero"), Point(100, 5, "mid"), Point(10000, 10, "<top>")])],
                         "sessions", "Gbit/s", log_x=True)
    xs, ys = zip(*((float(x), float(y)) for x, y in (pair.split(",") for pair in
                                                     re.search(r'points="([^"]+)"', drawing)[1].split())))
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2), "a log axis"
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.2) and ys[2] < ys[0]
    assert "&lt;top&gt;" in drawing
    bars = bar_chart([Bar("a", [Part(30, "stage0", "x"), Part(10, "stage1", "y")])], "stack")
    wide, narrow = (float(width) for width in re.findall(r'<rect [^>]*width="([0-9.]+)"', bars))
    assert wide == pytest.approx(3 * narrow, rel=0.01)


def test_progress_counts_repetitions_not_tries():
    """A row's first repetition takes several tries with more iterations each."""
    counter = Counter(["a", "b"], 2)
    for name, iterations, done in (("a", 1, 0), ("a", 10, 0), ("a", 50, 0), ("b", 1, 1), ("b", 70, 1), ("a", 50, 2),
                                   ("b", 70, 3)):
        counter.begins(name, iterations)
        assert counter.done == done, (name, iterations)
    assert counter.text(30) == "row 4 of 4, 0:10 left"


def run(*words: str, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run([TOOL, *words], capture_output=True, text=True, timeout=120, cwd=cwd)


def test_a_short_run(tmp_path):
    """As a user runs it, with a filter that leaves few rows; what it wrote can be shown again."""
    done = run("--build", str(BUILD), "--filter", "crypto/AES128-SHA/seal/(64|1400)/1/", "--repetitions", "2", "--simd",
               "128", "--out", f"{tmp_path}/", "--json", str(tmp_path / "out.json"))
    assert done.returncode == 0, done
    assert "6 rows, 2 times each" in done.stdout and "| AES128-SHA |" in done.stdout
    page = (tmp_path / "bench-report.html").read_text()
    Page(page)
    assert "--simd 128" in page and "AES128-SHA" in page
    written = json.loads((tmp_path / "out.json").read_text())
    context = written["context"]
    assert context["isa"] == "SSE" and context["simd"] == "128" and int(context["tsc_hz"]) > 10**8
    assert {"cpu", "cores", "kernel", "compiler", "ipsec_mb", "openssl", "commit", "huge_pages"} <= context.keys()
    assert [ratio["size"] for ratio in written["bench_report"]["crypto"]] == [64, 1400]
    assert all(ratio["raw_over_ours"] > 0 and ratio["ours_over_openssl"] > 0 for ratio in
               written["bench_report"]["crypto"])
    again = run("--from", str(tmp_path / "out.json"), "--out", str(tmp_path / "again.html"), "--json", "-")
    assert again.returncode == 0 and json.loads(again.stdout) == written
    assert (tmp_path / "again.html").read_text() == page


def test_rows_are_there_if_they_are_named():
    every = names("")
    assert len(every) == len(set(every)) and not [name for name in every if "/AES128-SHA/" in name or "/1000/" in name]
    assert {name.split("/")[1] for name in every} >= {
        "TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-SHA", "AES256-SHA256", "PSK-CHACHA20-POLY1305"}
    assert len(names("crypto/AES128-SHA/")) == 2 * 5 * 3 * 3
    assert names("/TLS_AES_128_GCM_SHA256/seal/1400/1000/") == [
        f"crypto/TLS_AES_128_GCM_SHA256/seal/1400/1000/{subject}" for subject in ("ours", "raw", "openssl")]
    assert names(QUICK_FILTER)
    with pytest.raises(RunError):
        names("crypto/NO-SUCH-SUITE")


def names(pattern: str) -> list[str]:
    return list_rows(PROGRAM, Plan(pattern, 1, 0.1))["crypto"]


@pytest.mark.parametrize("words", [("--simd", "100"), ("--simd",), ("--fast",), ("--benchmark_fast",), ("row",),
                                   ("--only", "all"),
                                   ("--benchmark_format=xml",)], ids=" ".join)
def test_wrong_options_of_the_program(words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and not done.stdout and "see --help" in done.stderr, done


@pytest.mark.parametrize("words, said", [
    (("--from", "no-such.json"), "no-such.json cannot be read: No such file"),
    (("--from", "text.json"), "text.json is no JSON"),
    (("--from", "list.json"), "list.json cannot be shown: it is not the JSON of culvert-bench"),
    (("--from", "good.json", "--out", "nowhere/page.html"), "there is no folder nowhere"),
    (("--from", "good.json", "--json", "/proc/no.json"), "/proc/no.json cannot be written"),
    (("--build", str(BUILD), "--filter", "nothing/of/that"), "--filter 'nothing/of/that' matches no row"),
    (("--build", "no-such-tree"), "no-such-tree/bench/culvert-bench is not there")], ids=lambda value: str(value)[:40])
def test_one_clear_sentence(tmp_path, words, said):
    (tmp_path / "text.json").write_text("benchmarks")
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "good.json").write_text(json.dumps(document(*THREE)))
    done = run(*words, cwd=tmp_path)
    line, = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith("bench-report: ") and said in line and not done.stdout, done
