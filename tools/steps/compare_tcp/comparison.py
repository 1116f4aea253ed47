"""All runs of all cells, and what came of them."""

import os
import threading
import time
from pathlib import Path
from statistics import median

from steps.machine import describe_machine

from . import expert
from .cells import HELD_BACK_MS, RATE_MBIT, Cell
from .plan import Budget, Job, cost, jobs_for, work_off
from .station import KERNEL, OURS, SENDER, Station
from .statistics import ratio_interval
from .transfer import CONGESTION, run_both

NAME = "culvert-tcp-"
TARGET = 0.9
SHARE = (0.7, 1.4)
SHARED_SECONDS = {10: 20, 50: 30, 150: 40}
START_UP = 2.0            # seconds a run takes besides its transfer
BUDGET_MBIT_A_CORE = 55   # expected traffic of both sides together; measured, see docs/tcp-on-bad-networks.md
PLACES = 6


class Comparison:
    def __init__(self, arguments, cells: list[Cell], shared: list[Cell], folder: Path):
        self._arguments, self._cells, self._shared, self._folder = arguments, cells, shared, folder
        self._stations: dict[tuple[int, bool], Station] = {}
        self._lock = threading.Lock()
        self.runs: dict[tuple[Cell, bool], list[dict]] = {}
        self._places = arguments.at_once or PLACES
        self._captures: dict[str, Path] = {}
        self._mbit = BUDGET_MBIT_A_CORE * len(os.sched_getaffinity(0))

    def run(self, progress) -> dict:
        machine = describe_machine()
        start = time.monotonic()
        for shared, cells in ((False, self._cells), (True, self._shared)):
            jobs = jobs_for(cells, self._arguments.runs, shared)
            total = len(jobs)
            if total:
                def work(job: Job, place: int, shared=shared, jobs=jobs, total=total) -> None:
                    self._work(job, place, shared)
                    progress.show(f"{'shared, ' if shared else ''}{total - len(jobs)} of {total} runs begun, "
                                  f"{self._left(start)} left")
                work_off(jobs, Budget(self._mbit, self._places), self._places, work)
        return self._result(machine)

    def seconds(self, cell: Cell, shared: bool) -> float:
        return self._arguments.seconds or (SHARED_SECONDS[cell.round_trip_ms] if shared else cell.seconds)

    def planned(self) -> float:
        """Seconds that all runs take, roughly."""
        total = 0.0
        for shared, cells in ((False, self._cells), (True, self._shared)):
            for cell in cells:
                one = self._arguments.runs * (self.seconds(cell, shared) + START_UP)
                total += one * min(1.0, max(cost(Job(cell, 1, shared)) / self._mbit, 1 / self._places))
        return total

    def _left(self, start: float) -> str:
        done = sum(self.seconds(cell, shared) for (cell, shared), runs in self.runs.items() for _ in runs)
        all_of_it = sum(self._arguments.runs * self.seconds(cell, shared)
                        for shared, cells in ((False, self._cells), (True, self._shared)) for cell in cells)
        if not done:
            return "unknown"
        left = (all_of_it - done) / done * (time.monotonic() - start)
        return f"about {left / 60:.0f} min" if left > 90 else f"about {left:.0f} s"

    def _station(self, place: int, shared: bool) -> Station:
        with self._lock:
            if (place, shared) not in self._stations:
                station = Station(NAME + ("shared" if shared else ""), place, self._folder, shared,
                                  self._arguments.kernel_twice)
                station.up()
                self._stations[place, shared] = station
            return self._stations[place, shared]

    def _work(self, job: Job, place: int, shared: bool) -> None:
        station = self._station(place, shared)
        station.start(job.cell.line_words(job.run), self._arguments.endpoint.split(), self._capture(job, shared))
        found = run_both(station, self.seconds(job.cell, shared), self._arguments.kernel_twice,
                         first=(OURS, KERNEL)[job.run % 2])
        counted = station.stop()
        with self._lock:
            self.runs.setdefault((job.cell, shared), []).append({
                "seed": job.run, "place": place,
                **{side: {"mbit_s": round(transfer.mbit_s, 3), "curve": transfer.curve, **transfer.kernel}
                   for side, transfer in found.items()}, **counted})

    def _capture(self, job: Job, shared: bool) -> Path | None:
        if not self._arguments.capture or job.run != 1:
            return None
        name = f"{'shared,' if shared else ''}{job.cell.name}"
        self._captures[name] = Path(self._arguments.capture) / f"{name}.pcap"
        return self._captures[name]

    def examine(self, progress) -> dict[str, dict]:
        """What tshark says of the captures."""
        found = {}
        for name, path in self._captures.items():
            progress.show(name)
            segments, errors = expert.errors(path, SENDER[OURS])
            found[name] = {"segments": segments, "errors": dict(errors)}
        return found

    def _result(self, machine: dict) -> dict:
        arguments = self._arguments
        return {"machine": machine,
                "settings": {"runs": arguments.runs, "rate_mbit": RATE_MBIT, "held_back_ms": HELD_BACK_MS,
                             "target": TARGET, "share": list(SHARE), "at_once": self._places,
                             "ours": "the kernel as well" if arguments.kernel_twice else
                                     f"Culvert {arguments.endpoint}".strip(),
                             "kernel": CONGESTION},
                "cells": [self._row(cell, False) for cell in self._cells],
                "shares": [self._row(cell, True) for cell in self._shared]}

    def _row(self, cell: Cell, shared: bool) -> dict:
        runs = sorted(self.runs[cell, shared], key=lambda run: run["seed"])
        pairs = [(run[OURS]["mbit_s"], run[KERNEL]["mbit_s"]) for run in runs]
        ratio, low, high = ratio_interval(pairs)
        return {"loss": cell.loss, "round_trip_ms": cell.round_trip_ms, "reorder": cell.reorder,
                "seconds": self.seconds(cell, shared), "ours": median(a for a, _ in pairs),
                "kernel": median(b for _, b in pairs), "ratio": ratio, "interval": [low, high], "runs": runs}

    def clear(self) -> None:
        for station in self._stations.values():
            station.kill()
            station.down()


def good(result: dict) -> bool:
    low, high = result["settings"]["share"]
    return (not any(each["errors"] for each in result.get("captures", {}).values())
            and all(row["ratio"] >= result["settings"]["target"] for row in result["cells"])
            and all(low <= row["ratio"] <= high for row in result["shares"]))
