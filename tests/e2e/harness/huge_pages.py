"""Huge pages of the machine for as long as a test runs."""

import contextlib
import mmap
from pathlib import Path

_COUNT = Path("/proc/sys/vm/nr_hugepages")
_FREE = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
SIZE = 2 << 20
_MAP_HUGETLB = 0x40000


@contextlib.contextmanager
def reserved(count: int):
    """At least `count` free pages of 2 MB; as many as before afterwards."""
    before = int(_COUNT.read_text())
    _COUNT.write_text(str(before + count))
    try:
        assert int(_COUNT.read_text()) >= before + count, "the kernel found too few contiguous pages"
        yield
    finally:
        _COUNT.write_text(str(before))


def free() -> int:
    return int(_FREE.read_text())


@contextlib.contextmanager
def promised_to_others(count: int):
    """Pages that another process has mapped and not touched: the kernel still counts them as free."""
    with mmap.mmap(-1, count * SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_HUGETLB):
        yield
