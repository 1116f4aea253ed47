"""The emulated machine: QEMU in the headend's namespace, and a shell in the machine over a serial line."""

import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from harness.lab import Lab
from harness.poll import until
from harness.process import Process

from .cards import Card
from .initramfs import make_initramfs
from .kernel import Kernel

_MEMORY, _HUGE_PAGES = 1280, 160  # MB; pages of 2 MB among them
_START = 120.0   # seconds: everything is emulated, and other work may be in the way
_COMMAND = 60.0
_END = b"\x1e"   # no program writes it


class Machine:
    """`cores`: one for each worker, and one besides. `iommu`: vfio-pci wants one, and UIO drivers want none."""

    def __init__(self, lab: Lab, folder: Path, kernel: Kernel, cards: tuple[Card, ...], cores: int, iommu: bool):
        self.folder = folder
        self.console = folder / "console.log"
        self._sockets = tempfile.TemporaryDirectory(prefix="culvert-pci-", dir="/run")  # their paths have to be short
        shell, self._monitor = (Path(self._sockets.name, name) for name in ("shell", "monitor"))
        words = ["nice", "-n", "10", "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi",
                 "-cpu", "max", "-smp", cores, "-m", _MEMORY, "-display", "none", "-nodefaults", "-no-reboot",
                 "-device", "intel-iommu,intremap=on,caching-mode=on",
                 "-kernel", kernel.image, "-initrd", make_initramfs(kernel, folder),
                 "-append", f"console=ttyS0 quiet panic=-1 intel_iommu={'on' if iommu else 'off'} "
                 f"hugepages={_HUGE_PAGES} work={folder}",
                 "-serial", f"file:{self.console}", "-serial", f"unix:{shell},server=on,wait=off",
                 "-monitor", f"unix:{self._monitor},server=on,wait=off",
                 *_shared("root", Path("/"), ",readonly=on,multidevs=remap"), *_shared("work", folder)]
        for card in cards:
            words += card.words()
        self._process = Process(lab.headend.command(*words), folder / "qemu.log")
        self._line = self._connect(shell)
        self._read_until_mark(_START, "the machine is up")

    def _connect(self, path: Path) -> socket.socket:
        def connected() -> socket.socket | None:
            assert self._process.running(), f"QEMU ended:\n{self._process.tail()}"
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(path))
                return line
            except (FileNotFoundError, ConnectionRefusedError):
                line.close()
                return None

        return until(connected, "QEMU's serial line", 30)

    def run(self, command: str, timeout: float = _COMMAND) -> subprocess.CompletedProcess:
        """A shell command in the machine. What it writes, errors too, is `stdout`."""
        script = f"{{ {command}\n}} </dev/null 2>&1; printf '%d\\036' $?\n"
        self._line.sendall(script.encode())
        said = self._read_until_mark(timeout, command)
        text, status = re.fullmatch(r"(.*?)(\d+)", said, re.S).groups()
        return subprocess.CompletedProcess(command, int(status), text, "")

    def output(self, command: str, timeout: float = _COMMAND) -> str:
        done = self.run(command, timeout)
        assert done.returncode == 0, f"`{command}` in the machine gave {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _read_until_mark(self, timeout: float, what: str) -> str:
        said, deadline = b"", time.monotonic() + timeout
        while not said.endswith(_END):
            self._line.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                chunk = self._line.recv(65536)
            except TimeoutError:
                chunk = b""
            assert chunk, (f"not within {timeout:g} s: {what}; so far {said.decode(errors='replace')!r}; the console "
                           f"said\n{self._console_tail()}")
            said += chunk
        return said.removesuffix(_END).decode(errors="replace")

    def _console_tail(self) -> str:
        text = self.console.read_text(errors="replace") if self.console.exists() else ""
        return "\n".join(text.splitlines()[-20:]) + "\n" + self._process.tail()

    def bind(self, *cards: Card, driver: str = "") -> None:
        """Gives the cards to DPDK (or to another driver) in the way that the headend's messages advise."""
        addresses = " ".join(card.address for card in cards)
        self.output(f"dpdk-devbind.py --bind={driver or cards[0].kind.binding} {addresses}")

    def driver_of(self, card: Card) -> str:
        return self.output(f"basename $(readlink /sys/bus/pci/devices/{card.address}/driver || echo none)").strip()

    def plug(self, card: Card, plugged_in: bool) -> None:
        """Plugs the card's cable in, or pulls it."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(30)
            monitor.connect(str(self._monitor))
            monitor.sendall(f"set_link {card.device} {'on' if plugged_in else 'off'}\n".encode())
            said = b""
            while said.count(b"(qemu) ") < 2:  # before the command and behind it
                said += monitor.recv(4096)
        assert b"not found" not in said, said

    def free_huge_pages(self) -> int:
        return int(self.output("cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"))

    def kill(self) -> None:
        self._line.close()
        self._process.kill()
        self._sockets.cleanup()


def _shared(tag: str, path: Path, options: str = "") -> list[str]:
    """A folder of this machine that the emulated one may mount."""
    return ["-fsdev", f"local,id={tag},path={path},security_model=none{options}",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
