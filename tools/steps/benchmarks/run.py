"""Running culvert-bench: which rows, how long, and how far it is."""

import json
import shlex
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from steps.console import Progress, tail

# A few suites of the kinds that clients get most, and the usual number of sessions.
QUICK_FILTER = (r"^(crypto/(TLS_AES_128_GCM_SHA256|TLS_CHACHA20_POLY1305_SHA256|ECDHE-RSA-AES128-SHA|"
                r"PSK-AES128-GCM-SHA256)/(seal|open)/[0-9]+/64/|"
                r"datapath/(dtls|cstp)/[^/]*AES_?128[-_]GCM[^/]*/(up|down)/([0-9]+/1000|1400/100(00)?)$)")


class RunError(RuntimeError):
    """A sentence, and what culvert-bench said."""


@dataclass(frozen=True)
class Plan:
    filter: str
    repetitions: int
    seconds: float  # of each repetition of a row
    simd: str = ""

    def command(self, program: Path) -> list[str]:
        return [str(program), *([f"--simd={self.simd}"] if self.simd else []),
                *([f"--benchmark_filter={self.filter}"] if self.filter else []),
                f"--benchmark_min_time={self.seconds}", f"--benchmark_repetitions={self.repetitions}",
                "--benchmark_enable_random_interleaving=true", "--benchmark_report_aggregates_only=true"]


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


def list_rows(program: Path, plan: Plan) -> list[str]:
    done = subprocess.run([*plan.command(program), "--benchmark_list_tests=true"], capture_output=True, text=True)
    rows = done.stdout.split()
    if done.returncode != 0 or not rows:
        said = (done.stderr + done.stdout).strip()
        if "Could not compile" in said:
            raise RunError(f"--filter '{plan.filter}' is no regular expression: {said.split(': ', 1)[1]}")
        if done.returncode == 0 or "Failed to match any" in said:
            raise RunError(f"--filter '{plan.filter}' matches no row: {program} --benchmark_list_tests=true has "
                           "their names")
        raise RunError(f"culvert-bench failed: {tail(said, 5)}")
    return rows


def measure(program: Path, plan: Plan, rows: list[str], progress: Progress) -> dict:
    """What culvert-bench wrote as JSON."""
    with tempfile.TemporaryDirectory(prefix="culvert-bench.") as folder:
        out = Path(folder) / "results.json"
        words = [*plan.command(program), "--progress", f"--benchmark_out={out}", "--benchmark_out_format=json"]
        counter, start, said = Counter(rows, plan.repetitions), time.monotonic(), []
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                for line in process.stderr:
                    parts = line.split()
                    if len(parts) == 3 and parts[0] == "run" and parts[2].isdigit():
                        counter.begins(parts[1], int(parts[2]))
                        progress.show(f"{counter.text(time.monotonic() - start)}: {parts[1]}")
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
    progress.outcome = f"{len(rows)} rows, {plan.repetitions} times each"
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
