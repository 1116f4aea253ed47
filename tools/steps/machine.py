"""The machine that something was measured on."""

import os
import platform
import re
from pathlib import Path


def describe_machine() -> dict:
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    return {"cpu": model.group(1) if model else platform.machine(), "cores": os.cpu_count(),
            "virtual": bool(re.search(r"^flags\s*:.*\bhypervisor\b", text, re.M)),
            "kernel": f"Linux {platform.release()}", "load_at_start": round(os.getloadavg()[0], 2)}
