"""Every way in which a start can fail is one sentence that says what to do, and a status other than 0."""

import subprocess

import pytest

from harness.headend import sanitizer_environment
from harness.headend_config import HeadendConfig
from harness.lab import OUTSIDE
from harness.paths import CULVERTD


def start(lab, config: HeadendConfig, folder, as_nobody: bool = False, text: str = "") -> str:
    """Runs culvertd, which must end by itself with an error; returns what it said last."""
    path = folder / "culvertd.conf"
    path.write_text(text or config.text())
    words = [CULVERTD, "--config", path]
    if as_nobody:
        for opened in (folder, *list(folder.parents)[:2]):
            opened.chmod(0o755)
        path.chmod(0o644)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                 "--bounding-set=-all", *words]
    done = subprocess.run(lab.headend.command(*words), capture_output=True, text=True, timeout=60,
                          env=sanitizer_environment())
    assert 0 < done.returncode < 99, (done.returncode, done.stderr)
    errors = [line for line in done.stderr.splitlines() if line.startswith("culvertd: ")]
    assert len(errors) == 1, f"one sentence that starts with 'culvertd: ', please:\n{done.stderr}"
    return errors[0]


@pytest.fixture
def config(tmp_path, certificate) -> HeadendConfig:
    state = tmp_path / "state"
    state.mkdir()
    return HeadendConfig(state=state, certificate=certificate)


def test_no_permission(lab, config, tmp_path):
    """As nobody: says that it needs root (or the capabilities)."""
    config.state.chmod(0o777)
    config.certificate = None
    sentence = start(lab, config, tmp_path, as_nobody=True)
    assert any(word in sentence.lower() for word in ("root", "permission", "capabilit", "sudo")), sentence


def test_no_such_device(lab, config, tmp_path):
    """An interface that does not exist is named."""
    config.outside_device = "net_af_packet0,iface=nowhere0"
    assert "nowhere0" in start(lab, config, tmp_path)


def test_no_such_driver(lab, config, tmp_path):
    """A device that no DPDK driver knows is named."""
    config.outside_device = "net_magic0"
    assert "net_magic0" in start(lab, config, tmp_path)


def test_no_such_pci_address(lab, config, tmp_path):
    """A PCI address where nothing is, is named."""
    config.outside_device = "0000:ff:1f.7"
    assert "0000:ff:1f.7" in start(lab, config, tmp_path)


def test_address_clash(lab, config, tmp_path):
    """Two interfaces in one network: names the address or the interfaces."""
    config.inside_address = "198.51.100.9"
    sentence = start(lab, config, tmp_path)
    assert "198.51.100" in sentence or ("outside" in sentence and "inside" in sentence), sentence


def test_same_address_twice(lab, config, tmp_path):
    """Two interfaces with one address."""
    config.inside_address = OUTSIDE
    assert OUTSIDE in start(lab, config, tmp_path)


def test_missing_certificate(lab, config, tmp_path):
    """A trust-point file that is not there is named."""
    config.certificate = tmp_path / "missing.pem"
    assert "missing.pem" in start(lab, config, tmp_path)


def test_certificate_that_is_none(lab, config, tmp_path):
    """A trust-point file with something else in it is named."""
    config.certificate = tmp_path / "poem.pem"
    config.certificate.write_text("A poem, not a certificate.\n")
    assert "poem.pem" in start(lab, config, tmp_path)


def test_missing_configuration(lab, tmp_path):
    """A configuration file that is not there is named."""
    done = subprocess.run([CULVERTD, "--config", tmp_path / "missing.conf"], capture_output=True, text=True, timeout=60)
    assert 0 < done.returncode < 99
    assert "missing.conf" in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_core_that_the_machine_has_not(lab, config, tmp_path):
    """A worker on a core beyond the machine's is named."""
    config.workers = "120"
    assert "120" in start(lab, config, tmp_path)


def test_second_headend_on_the_same_socket(stage, tmp_path):
    """The management socket is in use: the second one says so and leaves the first alone."""
    headend = stage.start_headend()
    again = tmp_path / "again"
    again.mkdir()
    sentence = start(stage.lab, headend.config, again)
    assert "socket" in sentence or "running" in sentence, sentence
    assert headend.show.answers()
