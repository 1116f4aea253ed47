"""Every way in which a start can fail is one sentence that says what to do, and a status other than 0."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.certificate import make_certificate
from harness.headend import sanitizer_environment
from harness.headend_config import HeadendConfig
from harness.lab import OUTSIDE
from harness.paths import CULVERTD
from harness.ping import ping


def start(lab, config: HeadendConfig, folder, as_nobody: bool = False, text: str = "") -> str:
    """Runs culvertd, which must end by itself with an error; returns what it said last."""
    path = folder / "culvertd.conf"
    path.write_text(text or config.text())
    words = [CULVERTD, "--config", path]
    if as_nobody:
        for opened in (folder, *list(folder.parents)[:3]):  # pytest's own, one more where it runs in several processes
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


def kernel_owned_pci_devices() -> list[str]:
    drivers = {device.name: (device / "driver").resolve().name for device in Path("/sys/bus/pci/devices").iterdir()
               if (device / "driver").exists()}
    return sorted(name for name, driver in drivers.items() if driver not in ("vfio-pci", "uio_pci_generic"))


def test_pci_device_of_a_kernel_driver(lab, config, tmp_path):
    """A card that the kernel uses is left to it; the sentence names the driver and how to change that."""
    config.outside_device = address = kernel_owned_pci_devices()[0]
    driver = Path("/sys/bus/pci/devices", address, "driver").resolve().name
    sentence = start(lab, config, tmp_path)
    assert address in sentence and driver in sentence and "dpdk-devbind" in sentence
    assert Path("/sys/bus/pci/devices", address, "driver").resolve().name == driver


@pytest.mark.parametrize("device", ["net_memif0,socket=/nowhere/at/all.sock,socket-abstract=no",
                                    "net_virtio_user0,path=/nowhere/at/all.sock", "net_tap0,iface=much-too-long-a-name",
                                    "net_af_packet0", "net_pcap0,rx_pcap=/nowhere.pcap,tx_pcap=/tmp/out.pcap",
                                    "net_pcap0,tx_pcap=/nowhere/at/all.pcap", "net_ring0,nodeaction=nonsense"])
def test_device_with_arguments_that_cannot_work(lab, config, tmp_path, device):
    """Whatever is wrong with a device's arguments, it is named."""
    config.outside_device = device
    assert device.split(",")[0] in start(lab, config, tmp_path)


def test_one_network_interface_for_two_ports(lab, config, tmp_path):
    """A packet socket can be opened twice: each would see the other's packets."""
    config.outside_device, config.inside_device = "net_af_packet0,iface=outside", "net_af_packet1,iface=outside"
    assert "outside" in start(lab, config, tmp_path)


def test_one_device_named_twice(lab, config, tmp_path):
    config.outside_device, config.inside_device = "net_af_packet0,iface=outside", "net_af_packet0,iface=inside"
    assert "net_af_packet0" in start(lab, config, tmp_path)


@pytest.mark.parametrize("kind", ["net_af_packet", "net_af_xdp", "net_pcap"])
def test_network_interface_of_another_headend(stage, config, tmp_path, kind):
    """Another culvertd has the interface: its process is named, and it goes on as if nothing had been."""
    headend = stage.start_headend()
    again = tmp_path / "again"
    again.mkdir()
    config.state = again
    config.device = lambda interface, number: f"{kind}{number},iface={interface}"
    sentence = start(stage.lab, config, again)
    assert str(headend.process.pid) in sentence and "outside" in sentence, sentence
    ping(stage.lab.client, OUTSIDE)


def test_mtu_that_another_port_cannot_have(lab, config, tmp_path):
    """All ports share one pool of buffers, and af_xdp takes none that is larger than a page."""
    config.extra = ["mtu inside 9000"]
    config.inside_device = "net_ring1"
    sentence = start(lab, config, tmp_path)
    assert "net_af_xdp0" in sentence and "4096" in sentence and "mtu" in sentence, sentence


@pytest.mark.parametrize("device", ["net_af_xdp1,iface=inside", "net_af_packet1,iface=inside", "net_tap1,iface=tap1"])
def test_mtu_that_a_port_cannot_have(lab, config, tmp_path, device):
    """Says what the port can have."""
    config.extra = ["mtu inside 9000"]
    config.inside_device = device
    sentence = start(lab, config, tmp_path)
    assert "MTU 9000" in sentence and device.split(",")[0] in sentence and "takes" in sentence, sentence


def test_address_clash(lab, config, tmp_path):
    """Two interfaces in one network: names the address or the interfaces."""
    config.inside_address = "198.51.100.9"
    sentence = start(lab, config, tmp_path)
    assert "198.51.100" in sentence or ("outside" in sentence and "inside" in sentence), sentence


def test_same_address_twice(lab, config, tmp_path):
    """Two interfaces with one address."""
    config.inside_address = OUTSIDE
    assert OUTSIDE in start(lab, config, tmp_path)


def test_address_in_a_pool(lab, config, tmp_path):
    """The headend's own address among those of clients."""
    config.inside_address = "10.10.10.7"
    sentence = start(lab, config, tmp_path)
    assert "holds the address of interface net_af_xdp1" in sentence, sentence


@pytest.mark.parametrize("address", ["198.51.100.0", "198.51.100.255", "127.0.0.1", "0.0.0.0", "224.0.0.5"])
def test_address_that_no_host_has(lab, config, tmp_path, address):
    """File and line, and what kind of address it is."""
    config.outside_address = address
    sentence = start(lab, config, tmp_path)
    assert "culvertd.conf:7" in sentence and "address" in sentence, sentence


def test_bad_line(lab, config, tmp_path):
    """File, line and column of the word."""
    config.extra = ["webvpn", " prot 443"]
    lines = config.text().splitlines()
    assert f"culvertd.conf:{len(lines)}" in start(lab, config, tmp_path)


def test_missing_certificate(lab, config, tmp_path):
    """A trust-point file that is not there is named."""
    config.certificate = tmp_path / "missing.pem"
    assert "missing.pem" in start(lab, config, tmp_path)


def test_certificate_that_is_none(lab, config, tmp_path):
    """A trust-point file with something else in it is named."""
    config.certificate = tmp_path / "poem.pem"
    config.certificate.write_text("A poem, not a certificate.\n")
    assert "poem.pem" in start(lab, config, tmp_path)


def test_certificate_that_may_not_be_read(lab, config, tmp_path):
    """As a user who has no right to it. (Root may read everything.)"""
    config.state.chmod(0o777)
    config.certificate = tmp_path / "secret.pem"
    config.certificate.write_bytes(make_certificate(tmp_path).read_bytes())
    config.certificate.chmod(0o600)
    sentence = start(lab, config, tmp_path, as_nobody=True)
    assert "secret.pem" in sentence and "ermission" in sentence, sentence


def test_certificate_without_its_key(lab, config, tmp_path):
    whole = make_certificate(tmp_path).read_text()
    config.certificate = tmp_path / "half.pem"
    config.certificate.write_text(whole[:whole.index("-----BEGIN PRIVATE KEY")])
    sentence = start(lab, config, tmp_path)
    assert "half.pem" in sentence and "key" in sentence, sentence


def test_key_of_another_certificate(lab, config, tmp_path):
    """Certificate and key in one file, and they do not belong together."""
    (tmp_path / "other").mkdir()
    mine, other = make_certificate(tmp_path).read_text(), make_certificate(tmp_path / "other").read_text()
    config.certificate = tmp_path / "mixed.pem"
    config.certificate.write_text(mine[:mine.index("-----BEGIN PRIVATE KEY")]
                                  + other[other.index("-----BEGIN PRIVATE KEY"):])
    sentence = start(lab, config, tmp_path)
    assert "mixed.pem" in sentence and "key" in sentence, sentence


def test_missing_configuration(lab, tmp_path):
    """A configuration file that is not there is named."""
    done = subprocess.run([CULVERTD, "--config", tmp_path / "missing.conf"], capture_output=True, text=True, timeout=60)
    assert 0 < done.returncode < 99
    assert "missing.conf" in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_core_that_the_machine_has_not(lab, config, tmp_path):
    """A worker on a core beyond the machine's is named."""
    config.workers = "120"
    assert "120" in start(lab, config, tmp_path)


def test_control_core_that_the_machine_has_not(lab, config, tmp_path):
    text = config.text().replace("control-core 0", "control-core 121")
    assert "121" in start(lab, config, tmp_path, text=text)


def test_core_that_the_process_may_not_use(lab, config, tmp_path):
    """The machine has the core, but taskset or a cpuset keeps it from us."""
    cores = sorted(os.sched_getaffinity(0))
    config.workers = str(cores[-1])
    os.sched_setaffinity(0, {cores[0]})
    try:
        sentence = start(lab, config, tmp_path)
    finally:
        os.sched_setaffinity(0, cores)
    assert f"Core {cores[-1]}" in sentence and "affinity" in sentence, sentence


def test_buffers_that_do_not_fit_the_memory(lab, config, tmp_path):
    config.dataplane = ["memory 64", "buffers 1000000"]
    sentence = start(lab, config, tmp_path)
    assert "memory" in sentence and "buffers" in sentence, sentence


def test_memory_that_the_machine_has_not(lab, config, tmp_path):
    config.dataplane = ["memory 1048576"]
    assert "memory" in start(lab, config, tmp_path)


def test_state_directory_that_cannot_be_written(lab, config, tmp_path):
    """For the certificate that it would make."""
    config.certificate = None
    text = config.text().replace(f"state-directory {config.state}", "state-directory /proc/nowhere")
    assert "/proc/nowhere" in start(lab, config, tmp_path, text=text)


def test_socket_path_that_cannot_be_made(lab, config, tmp_path):
    text = config.text().replace(f"management socket {config.socket}", "management socket /nowhere/at/all.sock")
    assert "/nowhere/at/all.sock" in start(lab, config, tmp_path, text=text)


def test_second_headend_on_the_same_socket(stage, tmp_path):
    """The management socket is in use: the second one says so and leaves the first alone."""
    headend = stage.start_headend()
    again = tmp_path / "again"
    again.mkdir()
    sentence = start(stage.lab, headend.config, again)
    assert "socket" in sentence or "running" in sentence, sentence
    assert headend.show.answers()
