"""What a process holds."""

import re
from pathlib import Path


def resident_kib(pid: int) -> int:
    """Ordinary and huge pages of a process. Without huge pages DPDK's memory is ordinary memory that is resident from
    when it is first written to."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1])
               for name in ("Rss", "Private_Hugetlb", "Shared_Hugetlb"))
