"""The stage on which every end-to-end test plays: a lab, a headend, clients. What a test makes, its end takes down, and
the end checks what every test must show: the hand-over's counters, a clean exit, silent sanitizers."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.certificate import make_certificate, pin_of  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.headend import Headend  # noqa: E402
from harness.headend_config import HeadendConfig  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.machine import use  # noqa: E402
from harness.paths import CULVERTCTL, CULVERTD  # noqa: E402


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the end-to-end tests make network namespaces: run them as root", 2)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: one of a matrix of which a few are enough; for tools/check --full")
    config.addinivalue_line("markers", "alone: needs what the machine has but once, or its time; no other test runs")


def pytest_collection_modifyitems(items):
    """Those that want the machine for themselves go first: later each would wait for the longest that is running, and
    all others for it."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is None)


@pytest.fixture(autouse=True)
def machine(request):
    with use(alone=request.node.get_closest_marker("alone") is not None):
        yield


@pytest.fixture(scope="session")
def lab():
    for binary in (CULVERTD, CULVERTCTL):
        assert binary.exists(), f"{binary} is not built: run tools/check, or ninja -C {binary.parents[1]}"
    lab = Lab()
    lab.up()
    yield lab
    lab.down()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


class Stage:
    """Starts headends and clients for one test and remembers them."""

    def __init__(self, lab: Lab, certificate: Path, folder: Path):
        self.lab, self.folder = lab, folder
        self._certificate = certificate
        self.pin = pin_of(certificate)
        self.headend: Headend | None = None
        self.clients: list[Client] = []

    def start_headend(self, **settings) -> Headend:
        settings.setdefault("certificate", self._certificate)
        config = HeadendConfig(state=self.folder / "state", **settings)
        self.headend = Headend(self.lab, config, self.folder)
        return self.headend.wait_ready()

    def start_client(self, number: int = 0, **settings) -> Client:
        """A client on its way; wait_connected() waits for it."""
        client = Client(self.lab, self.headend.show, settings.pop("pin", self.pin), self.folder, number, **settings)
        self.clients.append(client)
        return client

    def connect(self, number: int = 0, **settings) -> Client:
        return self.start_client(number, **settings).wait_connected()

    def finish(self) -> None:
        """What holds at the end of every test that got so far."""
        for client in self.clients:
            if client.process.running():
                client.logout()
        if self.headend:
            self.headend.finish()

    def clear(self) -> None:
        for client in self.clients:
            client.kill()
        if self.headend:
            self.headend.kill()
        self.lab.forget_clients()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, "report_" + call.when, outcome.get_result())


@pytest.fixture
def stage(lab, certificate, tmp_path, request):
    stage = Stage(lab, certificate, tmp_path)
    try:
        yield stage
        if request.node.report_call.passed:
            stage.finish()
    finally:
        stage.clear()


@pytest.fixture
def headend(stage) -> Headend:
    """A headend with one worker on AF_XDP ports."""
    return stage.start_headend()
