"""One host of the lab: a network namespace in which to run commands and open sockets."""

import contextlib
import ctypes
import os
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Namespace:
    def __init__(self, name: str):
        self.name = name

    def command(self, *words) -> list[str]:
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, timeout: float = 60.0, check: bool = True, **options) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=timeout, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))} gave {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    @contextlib.contextmanager
    def entered(self):
        """Sockets that this thread opens inside the block belong to the namespace, for as long as they live."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)
            os.close(there)


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
