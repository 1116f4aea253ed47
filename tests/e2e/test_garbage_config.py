"""Bad configurations: `culvertd --check` says file, line, the line with a caret under the offending word, and what is
wrong; it ends with a status other than 0 and never crashes. A good one passes."""

import random
import re
import subprocess

import pytest

from harness.headend import sanitizer_environment
from harness.headend_config import HeadendConfig
from harness.paths import CULVERTD

SEED = 20_29


def check(path) -> subprocess.CompletedProcess:
    return subprocess.run([CULVERTD, "--config", path, "--check"], capture_output=True, timeout=60,
                          env=sanitizer_environment())


@pytest.fixture
def good_text(tmp_path, certificate) -> str:
    return HeadendConfig(state=tmp_path, certificate=certificate).text()


def test_good_configuration_passes(tmp_path, good_text):
    """What the other tests run with is found to be right, and --check starts nothing."""
    path = tmp_path / "good.conf"
    path.write_text(good_text)
    done = check(path)
    assert done.returncode == 0, done.stderr.decode()


BAD_LINES = {
    "unknown command": "frobnicate all",
    "half an address": "route outside 0.0.0.0 0.0.0.0 198.51.100",
    "number out of range": "sysopt connection tcpmss 99999999999",
    "mask with a hole": "ip local pool P 10.0.0.1-10.0.0.9 mask 255.0.255.0",
    "range that runs backwards": "ip local pool P 10.0.0.9-10.0.0.1 mask 255.255.255.0",
    "word too many": "hostname one two",
    "line cut off": "ip local pool",
    "unknown interface": "route nowhere 0.0.0.0 0.0.0.0 198.51.100.254",
    "binary": "hostname \x01\x02\xff",
    "a line of 100 KB": "hostname " + "a" * 100_000,
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_bad_line_is_shown_with_a_caret(tmp_path, good_text, case):
    """File and line, the line itself, a caret."""
    path = tmp_path / "bad.conf"
    lines = good_text.splitlines() + [BAD_LINES[case]]
    path.write_bytes("\n".join(lines).encode("latin-1") + b"\n")
    done = check(path)
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    assert 0 < done.returncode < 99, (done.returncode, said[:2000])
    assert f"bad.conf:{len(lines)}" in said, said[:2000]
    assert re.search(r"^ *\^", said, re.M), said[:2000]


WITHOUT_A_START = {
    "authorities that are not there": ("ssl client-ca /nowhere/ca.pem", "/nowhere/ca.pem"),
    "authorities that are no certificates": ("ssl client-ca {empty}", "{empty}"),
    "a revocation list that is none": ("ssl client-ca {certificate}\nssl client-crl {empty}", "{empty}"),
    "ciphers that nobody has": ("ssl cipher tlsv1.3 custom NONSENSE", "NONSENSE"),
    "a profile that is not there": ("webvpn\n anyconnect profiles P /nowhere/p.xml", "/nowhere/p.xml"),
    "an empty profile": ("webvpn\n anyconnect profiles P {empty}", "{empty}"),
}


@pytest.mark.parametrize("own", (True, False), ids=("own certificate", "self-signed"))
@pytest.mark.parametrize("case", WITHOUT_A_START)
def test_what_cannot_start_is_not_good(tmp_path, good_text, certificate, case, own):
    """Files and ciphers that a start would refuse, with a certificate and without one, which --check does not make."""
    line, said = (text.format(empty=tmp_path / "empty", certificate=certificate) for text in WITHOUT_A_START[case])
    (tmp_path / "empty").write_text("")
    lines = [each for each in good_text.splitlines() if own or "trust-point" not in each]
    path = tmp_path / "bad.conf"
    path.write_text("\n".join([*lines, line, ""]))
    before = sorted(tmp_path.iterdir())
    done = check(path)
    assert done.returncode == 1, done.stdout.decode()
    assert said in done.stderr.decode(), done.stderr.decode()
    assert sorted(tmp_path.iterdir()) == before


def test_random_configurations_never_crash(tmp_path, good_text):
    """60 good configurations with bytes, words and lines changed: accepted or refused with a message, never a crash."""
    chance = random.Random(SEED)
    path = tmp_path / "mutant.conf"
    for _ in range(60):
        lines = good_text.splitlines()
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(lines))
            kind = chance.randrange(4)
            if kind == 0:
                lines[at] = "".join(chr(chance.randrange(1, 256)) for _ in range(chance.randrange(80)))
            elif kind == 1:
                words = lines[at].split(" ")
                odd = ("4294967296", "-1", "255.255.255.255", "", "\"", "no")
                words[chance.randrange(len(words))] = chance.choice(odd)
                lines[at] = " ".join(words)
            elif kind == 2:
                lines[at] = lines[at][:chance.randrange(len(lines[at]) + 1)]
            else:
                lines.insert(at, chance.choice(lines))
        path.write_bytes("\n".join(lines).encode("latin-1"))
        done = check(path)
        assert 0 <= done.returncode < 99, (done.returncode, done.stderr.decode(errors="replace")[:2000], lines)
        assert done.returncode == 0 or done.stderr.strip() or done.stdout.strip()
