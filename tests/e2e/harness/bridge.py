"""DPDK's own test program as the foreign end of memif and vhost-user devices: it carries every frame between them and
the lab's cables, so that the real client and server are at the far end."""

import os

from .lab import Lab
from .process import Process


class Bridge:
    """Joins device 0 to the cable outside and device 1 to the cable inside, in the headend's namespace."""

    def __init__(self, lab: Lab, folder, devices: tuple[str, str]):
        cores = sorted(os.sched_getaffinity(0))
        words = ["dpdk-testpmd", "-l", f"{cores[0]},{cores[-1]}", "--no-pci", "--no-huge", "-m", 512, "--no-telemetry",
                 "--no-shconf"]
        for number, (device, cable) in enumerate(zip(devices, ("outside", "inside"))):
            words += ["--vdev", device, "--vdev", f"net_af_packet{number},iface={cable}"]
        # Ports 0 and 1 are a pair, 2 and 3 are another: what comes in by one of a pair leaves by the other.
        words += ["--", "--forward-mode=io", "--port-topology=paired", "--auto-start", "--stats-period=1",
                  "--nb-cores=1", "--total-num-mbufs=8192"]
        self.process = Process(lab.headend.command(*words), folder / "bridge.log")
        self.process.wait_for_line("Port statistics", 60)

    def kill(self) -> None:
        self.process.kill()
