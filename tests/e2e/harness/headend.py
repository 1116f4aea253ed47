"""culvertd in the headend's namespace: started with a configuration, watched, and asked to leave politely."""

import os
import re
import signal
from pathlib import Path

from .headend_config import HeadendConfig
from .lab import Lab
from .paths import CULVERTD, ROOT
from .poll import until
from .process import Process
from .show import Management

# What a sanitizer prints. halt_on_error makes the exit status tell too, but a report is worth finding by itself.
_SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer")


def sanitizer_environment(address_options: str = "") -> dict[str, str]:
    """`address_options`: more of AddressSanitizer's, as it wants them."""
    return os.environ | {
        "ASAN_OPTIONS": ":".join(filter(None, ("detect_leaks=1:halt_on_error=1:exitcode=99", address_options))),
        "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    }


class Headend:
    def __init__(self, lab: Lab, config: HeadendConfig, folder: Path, address_options: str = ""):
        self.config = config
        self._lab = lab
        config.state.mkdir(parents=True, exist_ok=True)
        self.config_path = folder / "culvertd.conf"
        self.config_path.write_text(config.text())
        self.process = Process(lab.headend.command(CULVERTD, "--config", self.config_path), folder / "culvertd.log",
                               env=sanitizer_environment(address_options))
        self.show = Management(config.socket)

    def wait_ready(self, timeout: float = 30.0) -> "Headend":
        def answers() -> bool:
            assert self.process.running(), f"culvertd ended at start:\n{self.process.tail(30)}"
            return self.show.answers()

        until(answers, lambda: f"culvertd answers on its socket:\n{self.process.tail(30)}", timeout)
        return self

    def pin(self) -> str:
        """The pin that culvertd prints for the certificate which it made itself."""
        found = re.search(r"pin-sha256:[A-Za-z0-9+/]{43}=", self.process.log())
        assert found, f"culvertd printed no pin:\n{self.process.tail(30)}"
        return found.group(0)

    def finish(self) -> None:
        """SIGTERM must end it with status 0, and no sanitizer may have had anything to say."""
        assert self.process.running(), f"culvertd ended in the middle of the test:\n{self.process.tail(60)}"
        self.process.signal(signal.SIGTERM)
        status = self.process.wait(20)
        assert status == 0, f"culvertd ended with {status}:\n{self.process.tail(60)}"
        report = _SANITIZER.search(self.process.log())
        assert not report, f"a sanitizer spoke:\n{self.process.log()[report.start():][:4000]}"

    def kill(self) -> None:
        self.process.kill()
