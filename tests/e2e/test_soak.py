"""tools/soak: what follows from what it sees, and what it refuses. The soak itself takes too long for here."""

import re
import subprocess
import sys

import pytest

from harness.paths import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from steps.soak import doings as did  # noqa: E402
from steps.soak import verdict  # noqa: E402
from steps.soak.explained import EXPLANATIONS, Explanation  # noqa: E402
from steps.soak.watch import buffers_in_use  # noqa: E402

TOOL = ROOT / "tools" / "soak"
LONG = 120.0
ENOUGH = 400  # samples


def samples(*levels_kib: float) -> list[dict]:
    """Quarters at these levels, each sample a little off."""
    each = ENOUGH // len(levels_kib)
    return [{"rss_kib": level + (at * 7919) % 500} for level in levels_kib for at in range(each)]


def test_memory_that_has_found_its_level_is_flat():
    """Whatever the first quarter was, and whatever single samples are."""
    found = verdict.memory(samples(300_000, 500_000, 500_100, 500_200), LONG)
    assert found.good and "293.2, 488.5" in found.answer
    spiked = samples(500_000)
    for at in range(0, ENOUGH, 5):
        spiked[at]["rss_kib"] += 100_000
    assert verdict.memory(spiked, LONG).good
    assert verdict.memory(samples(500_000, 500_000, 400_000, 400_000), LONG).good, "less is no leak"


@pytest.mark.parametrize("level, tolerated", [(500_000, 10_000), (100_000, 4096)])
def test_memory_that_grows_is_not_flat(level, tolerated):
    assert verdict.memory(samples(level, level, level, level + tolerated - 600), LONG).good
    assert not verdict.memory(samples(level, level, level, level + tolerated + 600), LONG).good
    steadily = [{"rss_kib": level + 4 * tolerated * at / ENOUGH} for at in range(ENOUGH)]
    assert not verdict.memory(steadily, LONG).good


def test_memory_of_a_short_run_is_not_judged_and_says_so():
    found = verdict.memory(samples(100_000, 200_000, 300_000, 400_000), verdict.WHOLE_MINUTES - 1)
    assert found.good and "not judged" in found.answer
    assert verdict.memory([], 0.1).good


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 400, 401])
def test_quarters_are_whole(count):
    parts = verdict.quarters(list(range(count)))
    assert len(parts) == 4 and sum(parts, []) == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


TABLE = {"lost": Explanation((did.LOST,), "by loss"),
         "garbage": Explanation((did.GARBAGE, did.CALLS), "by garbage", 2)}


@pytest.mark.parametrize("drops, counts, named", [
    ({}, {}, ""),
    ({"lost": 10_000}, {did.LOST: 1}, ""),
    ({"garbage": 6}, {did.GARBAGE: 2, did.CALLS: 1}, ""),
    ({"lost": 0, "other": 0}, {}, ""),
    ({"other": 1}, {did.LOST: 5}, "other (1): nothing"),
    ({"lost": 3}, {did.GARBAGE: 5}, "lost (3): what would explain it was never done"),
    ({"garbage": 7}, {did.GARBAGE: 2, did.CALLS: 1}, "garbage (7): what explains it was done 3 times"),
], ids=str)
def test_a_drop_without_its_cause_is_named(drops, counts, named):
    found = verdict.drops(drops, counts, TABLE)
    assert found.good == (not named) and named in found.answer


def test_every_explanation_is_of_a_drop_that_exists_by_a_doing_that_is_done():
    source = (ROOT / "dataplane" / "packet" / "drop.hpp").read_text()
    keywords = set(re.findall(r'X\(\w+,\s+"([\w-]+)"', source))
    assert "tcp-acked" in keywords and EXPLANATIONS.keys() <= keywords, EXPLANATIONS.keys() - keywords
    for explanation in EXPLANATIONS.values():
        assert explanation.doings and set(explanation.doings) <= set(did.ALL) and explanation.sentence


def test_what_was_not_given_back_is_named():
    before = {"addresses_in_use": 0, "pools": [{"name": "packets", "size": 8, "available": 8}]}
    assert verdict.given_back(before, dict(before)).good
    found = verdict.given_back(before, before | {"addresses_in_use": 2})
    assert not found.good and found.answer == "addresses_in_use: 0 at the start, 2 at the end"
    assert buffers_in_use(before | {"pools": [{"size": 8, "available": 5}, {"size": 2, "available": 1}]}) == 4


def test_clients_and_thoroughness():
    assert verdict.clients({did.TRANSFERS_UP: 3}, []).good
    assert not verdict.clients({did.TRANSFERS_UP: 3}, ["seat 1: wrong"]).good
    assert not verdict.clients({did.LOGINS: 3}, []).good, "nothing was compared"
    everything = dict.fromkeys(did.ALL, 1)
    assert verdict.thorough(everything, LONG).good and verdict.thorough({}, 1.0).good
    lacking = verdict.thorough(everything | {did.ROAMS: 0}, LONG)
    assert not lacking.good and did.ROAMS in lacking.answer


def test_one_bad_finding_makes_the_verdict_and_the_text_tells_it():
    findings = [verdict.Finding("one thing", True, "fine"), verdict.Finding("another", False, "not fine")]
    result = {"doings": {did.LOGINS: 77}, "drops": {"tcp-acked": 5, "odd-one": 1},
              "findings": verdict.as_json(findings)}
    text = verdict.as_text(result)
    assert not verdict.good(result) and "BAD   another: not fine" in text and "good  one thing: fine" in text
    assert re.search(r"77 +log-ins\n", text) and re.search(r"1 +odd-one +NOTHING", text)
    result["findings"].pop()
    assert verdict.good(result)


@pytest.mark.parametrize("words", [["--minutes"], ["--hours", "2"], ["2"], ["--minutes", "0"], ["--minutes", "x"],
                                   ["--clients", "0"], ["--clients", "31"], ["--json", "/no/such/folder/file"]],
                         ids=str)
def test_a_wrong_command_line_is_refused(words):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "soak: " in done.stderr and not done.stdout, done


def test_help():
    done = subprocess.run([TOOL, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("usage: sudo tools/soak") and "--minutes N" in done.stdout
