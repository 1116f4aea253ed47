"""The commands read all of their command line before they install, build or make anything; the lab tells what it is."""

import fcntl
import subprocess
from pathlib import Path

import pytest

from harness.lab import Lab
from harness.machine import PREFIX
from harness.paths import ROOT

TOOLS = ROOT / "tools"


def run(tool: str, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([TOOLS / tool, *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("tool", ["quickstart", "check", "install-dependencies", "compare-ocserv", "lab", "scenario",
                                  "bench-report"])
def test_help(tool):
    done = run(tool, "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: ") and not done.stderr


@pytest.mark.parametrize("words", [
    ("quickstart", "--kepe"), ("quickstart", "--keep", "--stop"), ("quickstart", "--device"),
    ("quickstart", "--device", "abacus"), ("quickstart", "lab"), ("check", "--fast"), ("check", "lint"),
    ("check", "--only"), ("check", "--only", "lint", "nothing"), ("install-dependencies", "everything"),
    ("compare-ocserv", "--fast"), ("lab", "sideways"), ("scenario",), ("scenario", "dtls-blocked", "--fix", "magic"),
    ("scenario", "dtls-blocked", "--minute", "soon"), ("scenario", "fixes", "--keep"),
    ("scenario", "dtls-blocked", "--keep", "--stop"), ("bench-report", "--fast"),
    ("bench-report", "--quick", "--full"), ("bench-report", "--from", "a.json", "--quick"),
    ("bench-report", "--build", "build", "--filter", "("),
    ("bench-report", "--build", "build", "--repetitions", "0")], ids=" ".join)
def test_wrong_command_line(words):
    """One line that names what is wrong, status 2, and nothing done."""
    done = run(*words)
    assert done.returncode == 2 and not done.stdout, done
    assert words[0] in done.stderr.strip().splitlines()[-1]


def test_second_quickstart_at_the_same_time():
    """It says that there is another one and touches nothing."""
    with open("/run/culvert-quickstart.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run("quickstart", "--stop")
    assert done.returncode == 1 and "another quickstart is running" in done.stderr, done


def test_lab_status():
    """Host by host; a lab that is not there is no error in Python."""
    lab = Lab(f"{PREFIX}status-")
    absent = run("lab", "--prefix", lab.prefix, "status")
    assert absent.returncode == 1 and "tools/lab up" in absent.stdout
    lab.up()
    try:
        present = run("lab", "--prefix", lab.prefix, "status")
        assert present.returncode == 0, present
        for word in ("client", "headend", "server", "198.51.100.2/24", "10.48.66.200/24", "mtu 1500"):
            assert word in present.stdout, present.stdout
    finally:
        lab.down()


def test_missing_packages_without_an_archive(tmp_path):
    """Who has no network is told that, and which packages are wanted."""
    # apt that knows no source and has no lists, as on a machine that was never online.
    config = tmp_path / "apt.conf"
    (tmp_path / "lists/partial").mkdir(parents=True)
    config.write_text(f'Dir::State::lists "{tmp_path}/lists"; Dir::Etc::sourcelist "{tmp_path}/none.list"; '
                      f'Dir::Etc::sourceparts "{tmp_path}/none.d"; Dir::Cache "{tmp_path}/cache";')
    script = tmp_path / "install-dependencies"
    script.write_text((TOOLS / "install-dependencies").read_text()
                      .replace("build  meson ", "build  no-such-meson ", 1))
    done = subprocess.run(["bash", script, "build"], capture_output=True, text=True, timeout=60,
                          env={"APT_CONFIG": str(config), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == 1 and "no-such-meson" in done.stderr and "archive" in done.stderr, done
    for log in Path("/tmp").glob("culvert-install.*"):
        if str(log) in done.stderr:
            log.unlink()
