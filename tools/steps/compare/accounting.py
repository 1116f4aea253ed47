"""CPU time of a whole headend: every process, what the kernel did in their name, and what it received for them."""

import contextlib
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.namespace import Namespace


@dataclass(frozen=True)
class CpuTime:
    """Seconds. `user` and `kernel` are what the kernel's clock tick saw and add up to `total`, which is exact."""
    total: float
    user: float
    kernel: float
    receive: float = 0.0  # of the kernel's threads that receive from the headend's wires; part of total and of kernel

    def __sub__(self, other: "CpuTime") -> "CpuTime":
        return CpuTime(self.total - other.total, self.user - other.user, self.kernel - other.kernel,
                       self.receive - other.receive)


class CgroupAccount:
    """A control group of version 2 that counts all that is started in it, processes that have ended too. It needs no
    controller: `cpu.stat` is there without one."""

    name = "cgroup v2"

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir()

    def command(self, words: list[str]) -> list[str]:
        # Before `ip netns exec`, which puts a /sys of its own in front of the one with the control groups.
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self._folder / "cgroup.procs"), *words]

    def read(self) -> CpuTime:
        stat = dict(line.split() for line in (self._folder / "cpu.stat").read_text().splitlines())
        return CpuTime(*(int(stat[key]) / 1e6 for key in ("usage_usec", "user_usec", "system_usec")))

    def close(self) -> None:
        # The kernel may take a moment to notice that the last process is gone.
        for _ in range(50):
            with contextlib.suppress(OSError):
                return self._folder.rmdir()
            time.sleep(0.02)


class ProcAccount:
    """The processes of a network namespace as /proc shows them: good as long as none of them ends in between."""

    name = "/proc"

    def __init__(self, namespace: str):
        self._namespace = namespace

    def command(self, words: list[str]) -> list[str]:
        return words

    def read(self) -> CpuTime:
        tick = os.sysconf("SC_CLK_TCK")
        total = user = kernel = 0.0
        pids = subprocess.run(["ip", "netns", "pids", self._namespace], capture_output=True, text=True).stdout.split()
        for pid in pids:
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                user += int(fields[11]) / tick
                kernel += int(fields[12]) / tick
                for task in Path(f"/proc/{pid}/task").iterdir():
                    total += run_seconds(task)
        return CpuTime(total, user, kernel)

    def close(self) -> None:
        pass


class WithReceivers:
    """An account and the kernel threads that receive for the headend (wires.py)."""

    def __init__(self, account: CgroupAccount | ProcAccount, threads: list[int]):
        self._account = account
        self._threads = [Path(f"/proc/{thread}") for thread in threads]
        self.name = account.name
        self.command = account.command
        self.close = account.close

    def read(self) -> CpuTime:
        receive = sum(run_seconds(thread) for thread in self._threads)
        own = self._account.read()
        return CpuTime(own.total + receive, own.user, own.kernel + receive, receive)


def run_seconds(task: Path) -> float:
    """What a thread has run so far, exactly."""
    return int((task / "schedstat").read_text().split()[0]) / 1e9


def open_account(namespace: str) -> CgroupAccount | ProcAccount:
    """By control group where the machine lets us make one, by /proc elsewhere."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount_point, kind, *_ = line.split()
        if kind == "cgroup2":
            with contextlib.suppress(OSError):
                return CgroupAccount(Path(mount_point) / f"culvert-compare-{os.getpid()}")
    return ProcAccount(namespace)


class AccountedNamespace(Namespace):
    """The headend's namespace: what is started in it is counted."""

    def __init__(self, name: str, account: WithReceivers):
        super().__init__(name)
        self._account = account

    def command(self, *words) -> list[str]:
        return self._account.command(super().command(*words))


def machine_softirq_seconds() -> float:
    """Software interrupts of the whole machine since its start, in the time of whom they interrupted: of the crossing
    from one host's stack into the next one's, what the receiving threads (wires.py) do not do."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(fields[7]) / os.sysconf("SC_CLK_TCK")
