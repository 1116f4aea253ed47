"""The stage of the tests with PCI cards: the lab of tests/e2e, where an emulated machine takes the headend's place."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2e")]

from harness.certificate import make_certificate, pin_of  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.devices import adopt_taps  # noqa: E402
from harness.headend_config import HeadendConfig  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.paths import BUILD, CULVERTCTL, CULVERTD  # noqa: E402
from emulated.cards import SPARE, Card  # noqa: E402
from emulated.headend import STATE, GuestHeadend  # noqa: E402
from emulated.kernel import Kernel, debian_kernel  # noqa: E402
from emulated.machine import Machine  # noqa: E402


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the tests make network namespaces: run them as root", 2)
    for binary in (CULVERTD, CULVERTCTL):
        if not binary.exists():
            pytest.exit(f"{binary} is not built: run tools/check, or ninja -C {binary.parents[1]}", 2)


@pytest.fixture(scope="session")
def kernel() -> Kernel:
    return debian_kernel(BUILD / "pci-kernel")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


class Stage:
    """One machine with cards, the headend in it, and clients outside."""

    def __init__(self, kernel: Kernel, certificate: Path, folder: Path):
        self.kernel, self.certificate, self.folder = kernel, certificate, folder
        self.lab = Lab("culvert-pci-")
        self.machine: Machine | None = None
        self.headend: GuestHeadend | None = None
        self.clients: list[Client] = []

    def boot(self, cards: tuple[Card, ...], cores: int = 2) -> Machine:
        """`cards` and a spare one, all the kernel's as yet; those with a tap are joined to the lab."""
        self.lab.up()
        iommu = all(card.kind.binding == "vfio-pci" for card in cards)
        self.machine = Machine(self.lab, self.folder, self.kernel, (*cards, SPARE), cores, iommu)
        if any(card.tap for card in cards):
            adopt_taps(self.lab)
        return self.machine

    def config(self, cards: tuple[Card, Card], **settings) -> HeadendConfig:
        """Workers sleep when nothing comes: they share this machine's cores with all else."""
        settings["dataplane"] = ["idle sleep", *settings.get("dataplane", [])]
        return HeadendConfig(state=STATE, certificate=self.certificate, outside_device=cards[0].address,
                             inside_device=cards[1].address, **settings)

    def start_headend(self, cards: tuple[Card, Card], **settings) -> GuestHeadend:
        self.machine.bind(*cards)
        self.headend = GuestHeadend(self.machine, self.config(cards, **settings))
        return self.headend.wait_ready()

    def connect(self, number: int = 0, **settings) -> Client:
        client = Client(self.lab, self.headend.show, pin_of(self.certificate), self.folder, number, **settings)
        self.clients.append(client)
        return client.wait_connected(90)

    def log_out(self, client: Client) -> None:
        client.logout()
        self.clients.remove(client)

    def log_out_of_dtls(self, client: Client) -> None:
        """Its own counters do not tell the two channels apart, so they are not compared."""
        client.process.signal(signal.SIGINT)
        assert client.process.wait() == 0, client.process.tail()
        self.clients.remove(client)

    def finish(self) -> None:
        for client in self.clients:
            client.logout()
        self.headend.finish()

    def clear(self) -> None:
        for client in self.clients:
            client.kill()
        if self.machine:
            self.machine.kill()
        self.lab.down()


@pytest.fixture
def stage(kernel, certificate, tmp_path):
    stage = Stage(kernel, certificate, tmp_path)
    try:
        yield stage
    finally:
        stage.clear()
