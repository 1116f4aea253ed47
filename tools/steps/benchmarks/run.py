"""Running culvert-bench: which rows, how long, and how far it is."""

import json
import shlex
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from steps.console import Progress, tail

# A few suites of the kinds that clients get most, and the usual number of sessions.
QUICK_FILTER = (r"^(crypto/(TLS_AES_128_GCM_SHA256|TLS_CHACHA20_POLY1305_SHA256|ECDHE-RSA-AES128-SHA|"
                r"PSK-AES128-GCM-SHA256)/(seal|open)/[0-9]+/64/|"
                r"datapath/(dtls|cstp)/[^/]*AES_?128[-_]GCM[^/]*/(up|down)/([0-9]+/1000|1400/100(00)?)$)")


KINDS = ("crypto", "datapath")


class RunError(RuntimeError):
    """A sentence, and what culvert-bench said."""


@dataclass(frozen=True)
class Plan:
    filter: str
    repetitions: int
    seconds: float  # of each repetition of a row
    simd: str = ""

    def command(self, program: Path, kind: str) -> list[str]:
        """Rows of crypto are divided by each other, so they take turns in random order, and what else the machine does
        meets them all. Those of the path have all of a ratio in them and share their sessions with the row before,
        which are too many to be made for each repetition anew."""
        interleaved = ["--benchmark_enable_random_interleaving=true"] if kind == "crypto" else []
        return [str(program), f"--only={kind}", *([f"--simd={self.simd}"] if self.simd else []),
                *([f"--benchmark_filter={self.filter}"] if self.filter else []),
                f"--benchmark_min_time={self.seconds}", f"--benchmark_repetitions={self.repetitions}",
                *interleaved, "--benchmark_report_aggregates_only=true"]


class Counter:
    """How many measurements are done, from the lines of `culvert-bench --progress`."""

    def __init__(self, rows: list[str], repetitions: int):
        self.total = len(rows) * repetitions
        self.done = -1  # The first line is the beginning of the first measurement.
        self._repetitions = repetitions
        self._seen: dict[str, tuple[int, int]] = {}  # row: iterations of its last measurement, measurements so far

    def begins(self, name: str, iterations: int) -> None:
        """The first repetition of a row takes several tries, with more iterations each; the others have as many as
        the last of them."""
        last, times = self._seen.get(name, (0, 0))
        if iterations != last and times > 0:
            times -= 1
            self.done -= 1
        self._seen[name] = (iterations, min(times + 1, self._repetitions))
        self.done = min(self.done + 1, self.total)

    def text(self, seconds: float) -> str:
        """Row k of n, and how long the rest takes at the pace so far."""
        words = f"row {max(self.done, 0) + 1} of {self.total}"
        if self.done < 3 or seconds < 2:
            return words
        left = round(seconds / self.done * (self.total - self.done))
        return f"{words}, {left // 60}:{left % 60:02d} left"


def list_rows(program: Path, plan: Plan) -> dict[str, list[str]]:
    """By kind; a kind of which the filter leaves nothing is not there."""
    found = {}
    for kind in KINDS:
        done = subprocess.run([*plan.command(program, kind), "--benchmark_list_tests=true"], capture_output=True,
                              text=True)
        said = (done.stderr + done.stdout).strip()
        if done.returncode == 0 and done.stdout.split():
            found[kind] = done.stdout.split()
        elif "Could not compile" in said:
            raise RunError(f"--filter '{plan.filter}' is no regular expression: {said.split(': ', 1)[1]}")
        elif "Failed to match any" not in said:
            raise RunError(f"culvert-bench failed: {tail(said, 5)}")
    if not found:
        raise RunError(f"--filter '{plan.filter}' matches no row: {program} --benchmark_list_tests=true has their "
                       "names")
    return found


def measure(program: Path, plan: Plan, rows: dict[str, list[str]], progress: Progress) -> dict:
    """What culvert-bench wrote as JSON, of all kinds in one."""
    every = [name for names in rows.values() for name in names]
    counter, start = Counter(every, plan.repetitions), time.monotonic()

    def show(name: str, iterations: int) -> None:
        counter.begins(name, iterations)
        progress.show(f"{counter.text(time.monotonic() - start)}: {name}")

    document: dict = {}
    for kind, names in rows.items():
        part = run(program, plan, kind, names, show)
        for entry in part["benchmarks"]:
            # Its place among all.
            entry["family_index"] = entry.get("family_index", 0) + len(document.get("benchmarks", []))
        document = {"context": part["context"]} | document
        document["benchmarks"] = [*document.get("benchmarks", []), *part["benchmarks"]]
    progress.outcome = f"{len(every)} rows, {plan.repetitions} times each"
    return document


def run(program: Path, plan: Plan, kind: str, rows: list[str], show: Callable[[str, int], None]) -> dict:
    with tempfile.TemporaryDirectory(prefix="culvert-bench.") as folder:
        out = Path(folder) / "results.json"
        words = [*plan.command(program, kind), "--progress", f"--benchmark_out={out}", "--benchmark_out_format=json"]
        said = []
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                for line in process.stderr:
                    parts = line.split()
                    if len(parts) == 3 and parts[0] == "run" and parts[2].isdigit():
                        show(parts[1], int(parts[2]))
                    else:
                        said.append(line)
            except BaseException:
                stop(process)
                raise
        if process.returncode != 0:
            raise RunError(f"culvert-bench ended with {process.returncode}: {tail(''.join(said), 5)}")
        document = json.loads(out.read_text())
    measured = {entry["run_name"] for entry in document["benchmarks"]}
    if missing := [name for name in rows if name not in measured]:
        raise RunError(f"culvert-bench measured nothing for {len(missing)} rows, {missing[0]} among them: "
                       f"{tail(''.join(said), 5)}")
    return document


def stop(process: subprocess.Popen) -> None:
    """Politely: it may have huge pages to give back."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()


def command_line(words: list[str]) -> str:
    return shlex.join(words)
