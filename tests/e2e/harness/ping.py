"""Pings: a few that must all come back, and a steady one that notices any loss while something else goes on."""

import re
import signal
from pathlib import Path

from .namespace import Namespace
from .poll import until
from .process import Process


def ping(host: Namespace, target: str, count: int = 3, size: int = 56, source: str = "", dont_fragment: bool = False,
         deadline: int = 10) -> None:
    """`count` echoes of `size` payload bytes, all answered."""
    words = ["ping", "-n", "-c", count, "-i", "0.1", "-W", "2", "-w", deadline, "-s", size]
    words += ["-I", source] if source else []
    words += ["-M", "do"] if dont_fragment else []
    done = host.run(*words, target, check=False)
    assert done.returncode == 0 and " 0% packet loss" in done.stdout, done.stdout + done.stderr


def round_trips(host: Namespace, target: str, count: int) -> list[float]:
    """Of `count` echoes, 20 ms apart, in milliseconds."""
    done = host.run("ping", "-n", "-c", count, "-i", "0.02", "-W", "2", target, check=False)
    times = [float(time) for time in re.findall(r"time=([0-9.]+) ms", done.stdout)]
    assert len(times) > count * 0.9, done.stdout + done.stderr
    return times


class PingBeside:
    """Twenty echoes a second while something else goes on, some of which may be lost."""

    def __init__(self, host: Namespace, target: str, log: Path, source: str = ""):
        words = ["ping", "-n", "-i", "0.05", "-W", "5"] + (["-I", source] if source else [])
        self._process = Process(host.command(*words, target), log)
        self._process.wait_for_line("bytes from")

    def stop(self) -> list[float]:
        """The round trips, in milliseconds, from the shortest to the longest."""
        self._process.signal(signal.SIGINT)
        self._process.wait()
        return sorted(float(time) for time in re.findall(r"time=([0-9.]+) ms", self._process.log()))

    def kill(self) -> None:
        self._process.kill()


class SteadyPing:
    """Ten echoes a second until stopped; stop() fails if any was lost."""

    def __init__(self, host: Namespace, target: str, log: Path):
        self._process = Process(host.command("ping", "-n", "-i", "0.1", "-W", "5", target), log)
        self._process.wait_for_line("bytes from")

    def stop(self) -> int:
        """Returns how many echoes were sent."""
        # An answer may still be under way when the signal comes; ping itself would count it as lost.
        sent_before = self._last_sequence()
        self._wait_for_answer(sent_before + 2)
        self._process.signal(signal.SIGINT)
        self._process.wait()
        answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", self._process.log())}
        missing = sorted(set(range(1, max(answered) + 1)) - answered)
        assert not missing, f"of {max(answered)} echoes these were lost: {missing[:20]}"
        return max(answered)

    def _last_sequence(self) -> int:
        return max((int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", self._process.log())), default=0)

    def _wait_for_answer(self, sequence: int) -> None:
        until(lambda: self._last_sequence() >= sequence, lambda: f"echoes still answered:\n{self._process.tail(5)}")

    def kill(self) -> None:
        self._process.kill()
