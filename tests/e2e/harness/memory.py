"""What a process holds."""

import contextlib
import re
import subprocess
from pathlib import Path


def resident_kib(pid: int) -> int:
    """Ordinary and huge pages of a process. Without huge pages DPDK's memory is ordinary memory that is resident from
    when it is first written to."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1])
               for name in ("Rss", "Private_Hugetlb", "Shared_Hugetlb"))


def shared_out_kib(namespace: str) -> int:
    """Of all processes of a network namespace; a page that several have is shared out between them. Without what only
    mirrors files: how much of a library counts here depends on who else on the machine has it open."""
    pids = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True).stdout.split()
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):  # one that has ended meanwhile
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1])
                         for name in ("Pss_Anon", "Pss_Shmem", "Private_Hugetlb"))
    return total
