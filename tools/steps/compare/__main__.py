"""tools/compare-ocserv after the installation: rounds of measurements, medians, report."""

import argparse
import signal
import sys
import time
from pathlib import Path

from harness.client import Client
from harness.lab import SERVER, Lab
from harness.ping import ping

from steps.console import step
from steps.endings import ends
from steps.machine import describe_machine
from steps.measurement import carry_out

from .accounting import AccountedNamespace, WithReceivers, open_account
from .headends import HEADENDS, INNER_MTU
from .load import DIRECTIONS, LOADS, measure
from .table import as_text, medians
from .wires import receive_in_own_threads

LAB_PREFIX = "culvert-compare-"
# What the client offers, so that both headends seal with the same cipher on both channels.
SUITE = "TLS 1.2 ECDHE AES-256-GCM"
CHANNELS = ("tls", "dtls")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare-ocserv", add_help=False)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--channel", choices=CHANNELS)
    parser.add_argument("--build")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if min(arguments.runs, arguments.seconds, arguments.rate) < 1:
        parser.error("--runs, --seconds and --rate are at least 1")
    return arguments


class Comparison:
    def __init__(self, arguments: argparse.Namespace, folder: Path):
        self._arguments = arguments
        self._folder = folder
        self._channels = (arguments.channel,) if arguments.channel else CHANNELS
        self._lab = Lab(LAB_PREFIX)
        self._headend = None
        self._client: Client | None = None
        self.versions: dict[str, str] = {}
        self.runs: dict[tuple, list[dict]] = {}
        self.idle: dict[tuple, list[float]] = {}

    def run(self) -> dict:
        machine = describe_machine()
        self._lab.up()
        threads = receive_in_own_threads(self._lab)
        self._account = WithReceivers(open_account(self._lab.headend.name), threads)
        self._lab.headend = AccountedNamespace(self._lab.headend.name, self._account)
        self.versions["client"] = self._lab.client.run("openconnect", "--version").stdout.splitlines()[0]
        for number in range(1, self._arguments.runs + 1):
            # The two take turns within a round, so that what else the machine does meets both.
            for kind in HEADENDS:
                with step(f"Round {number} of {self._arguments.runs}: {kind.name}") as progress:
                    self._round(kind, number, progress)
        return self._result(machine)

    def _round(self, kind, number: int, progress) -> None:
        folder = self._folder / f"{kind.name}{number}"
        folder.mkdir(mode=0o755)
        self._headend = kind(self._lab, folder)
        self._headend.wait_ready()
        self.versions[kind.name] = self._headend.version()
        for channel in self._channels:
            self._connect(channel, folder)
            self._count_idle(kind.name, channel)
            for direction in DIRECTIONS:
                for load in LOADS:
                    progress.show(f"{channel} {direction} {load}")
                    found = measure(self._lab, self._headend, self._account, direction, load, self._arguments.rate,
                                    self._arguments.seconds, folder)
                    self.runs.setdefault((channel, direction, load, kind.name), []).append(found.as_dict())
            # A tunnel that fell back to TLS would have been measured under the wrong name.
            said = self._client.process.log()
            assert channel == "tls" or "DTLS Dead Peer" not in said, "DTLS did not last"
            self._client.process.signal(signal.SIGINT)
            self._client.process.wait()
            self._lab.forget_clients()
        self._headend.stop()
        self._headend = None

    def _connect(self, channel: str, folder: Path) -> None:
        self._client = Client(self._lab, None, self._headend.pin, folder, suite=SUITE, dtls=channel == "dtls")
        self._client.wait_connected()
        if channel == "dtls":
            self._client.wait_dtls()
        ping(self._lab.client, SERVER)

    def _count_idle(self, headend: str, channel: str) -> None:
        """What a second costs in which nothing happens."""
        before, start = self._account.read(), time.monotonic()
        time.sleep(1)
        used = (self._account.read() - before).total / (time.monotonic() - start)
        self.idle.setdefault((channel, headend), []).append(used)

    def _result(self, machine: dict) -> dict:
        rows = [dict(zip(("channel", "direction", "load", "headend"), key)) | {"median": medians(runs), "runs": runs}
                for key, runs in sorted(self.runs.items(), key=lambda item: order(item[0]))]
        idle = [{"channel": channel, "headend": headend, "cpu_s": medians([{"s": value} for value in values])["s"]}
                for (channel, headend), values in self.idle.items()]
        arguments = self._arguments
        return {"machine": machine, "versions": self.versions,
                "settings": {"runs": arguments.runs, "seconds": arguments.seconds, "rate_mbit": arguments.rate,
                             "suite": SUITE.removeprefix("TLS 1.2 "), "inner_mtu": INNER_MTU,
                             "accounting": self._account.name},
                "rows": rows, "idle": idle}

    def clear(self) -> None:
        for part in (self._client and self._client.process, self._headend):
            if part:
                part.kill()
        if hasattr(self, "_account"):
            self._account.close()
        self._lab.down()

    def logs(self) -> str:
        return ends(sorted(self._folder.glob("*/*.log"))[-3:], 10)


def order(key: tuple) -> tuple:
    channel, direction, load, headend = key
    return CHANNELS.index(channel), DIRECTIONS.index(direction), LOADS.index(load), headend


def main() -> int:
    arguments = parse_arguments()
    programs = () if arguments.build else ("control/culvertd", "tools/culvertctl")
    return carry_out("compare-ocserv", lambda folder: Comparison(arguments, folder), as_text, as_json=arguments.json,
                     programs=programs)


if __name__ == "__main__":
    sys.exit(main())
