"""Which comparisons run at once, so that the machine's cores are never what limits a flow."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .cells import Cell


@dataclass(frozen=True)
class Job:
    cell: Cell
    run: int  # and the seed of its losses
    shared: bool = False  # both flows through one bottleneck


def jobs_for(cells: Iterable[Cell], runs: int, shared: bool = False) -> list[Job]:
    """Round by round, so that what else happens on the machine meets all cells. Within a round the expensive ones go
    first: the cheap ones then fill what is left of the budget beside them."""
    cells = sorted(cells, key=lambda cell: -cell.expected_mbit)
    return [Job(cell, run, shared) for run in range(1, runs + 1) for cell in cells]


class Budget:
    """`mbit` of expected traffic at once, in `places` comparisons. One alone may cost more."""

    def __init__(self, mbit: float, places: int):
        self._free_mbit, self._all_mbit = mbit, mbit
        self._free_places = set(range(places))
        self._changed = threading.Condition()

    def take(self, jobs: list[Job]) -> tuple[Job, int] | None:
        """Waits for one of the jobs to fit; removes it, and returns it with the number of its place. None if none is
        left."""
        with self._changed:
            while jobs:
                for job in jobs:
                    if self._free_places and self._fits(job):
                        jobs.remove(job)
                        self._free_mbit -= cost(job)
                        return job, self._free_places.pop()
                self._changed.wait(1)
            return None

    def _fits(self, job: Job) -> bool:
        return cost(job) <= self._free_mbit or self._free_mbit == self._all_mbit

    def give_back(self, job: Job, place: int) -> None:
        with self._changed:
            self._free_mbit += cost(job)
            if abs(self._free_mbit - self._all_mbit) < 1e-6:
                self._free_mbit = self._all_mbit
            self._free_places.add(place)
            self._changed.notify_all()


def cost(job: Job) -> float:
    return (1 if job.shared else 2) * job.cell.expected_mbit


def work_off(jobs: list[Job], budget: Budget, places: int, work: Callable[[Job, int], None]) -> None:
    """All jobs, each in a thread. The first error ends it all, after what runs already."""
    errors: list[BaseException] = []

    def serve() -> None:
        while not errors and (taken := budget.take(jobs)):
            job, place = taken
            try:
                work(job, place)
            except BaseException as error:
                errors.append(error)
                jobs.clear()
            finally:
                budget.give_back(job, place)

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(places)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
