"""A child process whose output goes to a file, stopped by its own pid and no other."""

import signal
import subprocess
from pathlib import Path

from .poll import until


class Process:
    def __init__(self, words: list[str], log: Path, stdin: str = "", env: dict[str, str] | None = None,
                 keep_talking: bool = False):
        self.log_path = log
        self._log = open(log, "ab")
        self.words = [str(word) for word in words]
        self._child = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, env=env,
                                       start_new_session=True)
        try:
            self._child.stdin.write(stdin.encode())
            self._child.stdin.flush()
            if not keep_talking:
                self._child.stdin.close()
        except BrokenPipeError:
            pass  # It ended without reading: whoever waits for it will see its exit status.
        except BaseException:
            self.kill()  # Nobody has it who could.
            raise

    @property
    def pid(self) -> int:
        return self._child.pid

    def log(self, start: int = 0) -> str:
        with open(self.log_path, "rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    def log_size(self) -> int:
        return self.log_path.stat().st_size

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    def say(self, line: str) -> None:
        """One more line of standard input, of a process that was started with keep_talking."""
        self._child.stdin.write(f"{line}\n".encode())
        self._child.stdin.flush()

    def running(self) -> bool:
        return self._child.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def wait(self, timeout: float = 15.0) -> int:
        """The exit status. A process that does not end in time is killed, and the test fails."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            name = " ".join(self.words[:5])
            raise AssertionError(f"{name} (pid {self.pid}) did not end in {timeout:g} s:\n{self.tail()}") from None
        finally:
            self._log.close()

    def kill(self) -> None:
        if self.running():
            self._child.kill()
            self._child.wait()
        self._log.close()

    def wait_for_line(self, text: str, timeout: float = 15.0, start: int = 0) -> str:
        """The first log line after `start` that holds `text`."""

        def find() -> str:
            for line in self.log(start).splitlines():
                if text in line:
                    return line
            if not self.running():
                raise AssertionError(f"{self.words[0]} ended before it said '{text}':\n{self.tail()}")
            return ""

        return until(find, lambda: f"'{text}' in the output of {self.words[0]}:\n{self.tail()}", timeout)
