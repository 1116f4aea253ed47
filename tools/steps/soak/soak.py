"""One soak from its lab to its findings."""

import time
from pathlib import Path

from harness.certificate import make_certificate, pin_of
from harness.headend import Headend
from harness.headend_config import HeadendConfig
from harness.lab import Lab
from harness.leftovers import held

from steps import console
from steps.console import Progress, step

from . import doings as did
from . import verdict
from .doings import Doings
from .seat import Seat
from .strangers import Strangers
from .verdict import Finding
from .watch import Watch, drops
from .weather import Weather

LAB_PREFIX = "culvert-soak-"
# What was freed waits in AddressSanitizer's quarantine, by default 256 MB of it: a leak of that size would not show.
QUARANTINE = "quarantine_size_mb=16"
# Silent clients are noticed soon, and sessions that nobody comes back to end in time: an address is not held for long.
POLICY = ["anyconnect dpd-interval gateway 10", "anyconnect dpd-interval client 10",
          "anyconnect ssl rekey time 1", "anyconnect ssl rekey method new-tunnel"]
EXTRA = ["group-policy LAB attributes", " vpn-idle-timeout 1", " vpn-simultaneous-logins 250"]
SAMPLES, SHORTEST_INTERVAL = 720, 5.0  # of a whole soak; seconds
SETTLING_SECONDS = 30
LEAVING_SECONDS = 300                  # for the last transfers and log-outs
GIVEN_BACK_SECONDS = 240               # TIME-WAIT, and what lingers, is a minute; a silent client's last words two
REPORT_SECONDS = 15.0                  # that a sanitizer may take for its report
REPORT_EVERY = 60.0                    # seconds, where the output is no terminal


class HeadendEnded(RuntimeError):
    """culvertd ended in the middle of it: whatever the reason, that is a finding."""


class Soak:
    def __init__(self, minutes: float, clients: int, folder: Path):
        self._minutes, self._clients, self._folder = minutes, clients, folder
        self._lab = Lab(LAB_PREFIX)
        self._doings = Doings()
        self._headend: Headend | None = None
        self._seats: list[Seat] = []
        self._weather: Weather | None = None
        self._watch: Watch | None = None

    def run(self) -> dict:
        try:
            return self._run()
        except Exception as error:
            # Who asks culvertd for something while it writes a sanitizer's report is the first to notice.
            if self._watch and self._headend and self._ends(self._headend):
                raise HeadendEnded(f"culvertd ended:\n{self._headend.process.tail(120)}") from error
            raise

    def _run(self) -> dict:
        with step("Lab and headend"):
            self._lab.up()
            self._doings.count(did.LAB)
            certificate = make_certificate(self._folder)
            config = HeadendConfig(state=self._folder / "state", certificate=certificate, policy=POLICY, extra=EXTRA)
            self._headend = Headend(self._lab, config, self._folder, QUARANTINE)
            self._headend.wait_ready(120)
            at_start = self._settled()
        self._weather = Weather(self._lab, self._doings)
        strangers = Strangers(self._lab, self._doings)
        self._weather.begin()
        self._watch = watch = Watch(self._headend, max(SHORTEST_INTERVAL, self._minutes * 60 / SAMPLES),
                                    self._of_the_moment)
        pin = pin_of(certificate)
        with step(f"{self._clients} clients for {self._minutes:g} minutes") as progress:
            for number in range(1, self._clients + 1):
                self._seats.append(Seat(number, self._lab, self._headend.show, pin, self._folder, self._weather,
                                        self._doings))
            self._wait(progress, [self._weather, strangers, watch, *self._seats], watch)
        with step("All leave") as progress:
            watch.stop()
            self._leave(strangers)
            at_end = self._after_all_left(progress, at_start)
        at_last = drops(self._headend)
        counts = self._doings.counts
        findings = [verdict.clients(counts, self._doings.faults), verdict.given_back(at_start, at_end),
                    verdict.memory(watch.samples, self._minutes), verdict.drops(at_last, counts),
                    verdict.thorough(counts, self._minutes), self._sanitizer()]
        return self.so_far() | {"drops": at_last, "at_start": at_start, "at_end": at_end,
                                "findings": verdict.as_json(findings)}

    @staticmethod
    def _ends(headend: Headend) -> bool:
        deadline = time.monotonic() + REPORT_SECONDS
        while headend.process.running() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not headend.process.running()

    def so_far(self) -> dict:
        """What there is to tell even of a soak that came to nothing."""
        return {"settings": {"minutes": self._minutes, "clients": self._clients, "quarantine": QUARANTINE},
                "doings": self._doings.counts, "bytes": self._doings.bytes, "faults": self._doings.faults,
                "samples": self._watch.samples if self._watch else []}

    def _of_the_moment(self) -> dict:
        return {"bytes": self._doings.bytes, "loss": self._weather.loss,
                "logins": self._doings.counts.get(did.LOGINS, 0)}

    def _wait(self, progress: Progress, threads: list, watch: Watch) -> None:
        end = time.monotonic() + self._minutes * 60
        said = time.monotonic()
        while (left := end - time.monotonic()) > 0:
            assert self._headend.process.running(), "culvertd ended"
            for thread in threads:
                if thread.error:
                    raise RuntimeError(f"{type(thread).__name__} failed: {thread.error!r}") from thread.error
            line = self._line(left, watch)
            progress.show(line)
            if not console.out.isatty() and time.monotonic() - said >= REPORT_EVERY:
                print(line, file=console.out, flush=True)
                said = time.monotonic()
            time.sleep(min(1.0, left))
        progress.outcome = f"{self._doings.counts.get(did.LOGINS, 0)} log-ins, {self._doings.bytes / 1e9:.2f} GB"

    def _line(self, left: float, watch: Watch) -> str:
        last = watch.samples[-1] if watch.samples else {"sessions": 0, "rss_kib": 0}
        faults = len(self._doings.faults)
        alarm = f", {faults} FAULTS" if faults else ""
        return (f"{int(left) // 60}:{int(left) % 60:02} left, {last['sessions']} sessions, "
                f"{self._doings.counts.get(did.LOGINS, 0)} log-ins, {self._doings.bytes / 1e9:.2f} GB, "
                f"{last['rss_kib'] / 1024:.0f} MiB, loss {self._weather.loss:g} %{alarm}")

    def _leave(self, strangers: Strangers) -> None:
        self._weather.clear_up()
        strangers.leave()
        for seat in self._seats:
            seat.leave()
        deadline = time.monotonic() + LEAVING_SECONDS
        for seat in self._seats:
            seat.join(max(0.1, deadline - time.monotonic()))
            assert not seat.is_alive(), f"the client of seat {seat.number} did not come to an end"
            if seat.error:
                raise RuntimeError(f"seat {seat.number} failed: {seat.error!r}") from seat.error

    def _settled(self) -> dict:
        """What is held while nothing happens: a port keeps what it sent last, and at the start several packets leave at
        once, announcements among them."""
        last, equal = held(self._lab, self._headend), 0
        deadline = time.monotonic() + SETTLING_SECONDS
        while equal < 3 and time.monotonic() < deadline:
            time.sleep(1)
            now = held(self._lab, self._headend)
            last, equal = now, equal + 1 if now == last else 0
        return last

    def _after_all_left(self, progress: Progress, at_start: dict) -> dict:
        """What is held when it is what was held at the start, or when that takes too long."""
        self._headend.show.text("vpn-sessiondb logoff all noconfirm")  # Those whose clients were killed.
        deadline = time.monotonic() + GIVEN_BACK_SECONDS
        while (now := held(self._lab, self._headend)) != at_start or self._headend.show.sessions():
            if time.monotonic() > deadline:
                break
            progress.show(f"{now['tcp_connections']} connections, {now['addresses_in_use']} addresses")
            time.sleep(2)
        return now

    def _sanitizer(self) -> Finding:
        """culvertd ends; leaks are told then."""
        question = "no sanitizer spoke, and culvertd ended with 0"
        headend, self._headend = self._headend, None
        try:
            headend.finish()
        except AssertionError as error:
            return Finding(question, False, str(error))
        finally:
            headend.kill()
        return Finding(question, True, "its log holds no report")

    def log_tail(self) -> str:
        return self._headend.process.tail(20) if self._headend else ""

    def clear(self) -> None:
        for seat in self._seats:
            seat.leave()
        for seat in self._seats:  # One may just have started its last client.
            seat.kill()
            seat.join(2)
            seat.kill()
        if self._headend:
            self._headend.kill()
        if self._weather:
            self._weather.end()
        self._lab.down()
