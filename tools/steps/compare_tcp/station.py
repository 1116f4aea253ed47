"""Where one comparison runs: two senders, each with a line of its own to one receiver.

    ours    10.1.0.1 --- line --- 10.1.0.2 \\
                                             receiver (the kernel)
    kernel  10.2.0.1 --- line --- 10.2.0.2 /

Both lines are one culvert-delay process on one core, with the same seed: what delays one delays the other. In the
shared form a bridge joins the two senders before a single line. All cables have their offloads off, so that what
crosses are packets of the MTU's size, as on the lab's (tools/lab).
"""

import json
import os
import signal
import subprocess
from pathlib import Path

from harness.namespace import Namespace
from harness.paths import BUILD, TCP_PEER
from harness.process import Process

PORT = 7000
OURS, KERNEL = "ours", "kernel"
SENDER = {OURS: "10.1.0.1", KERNEL: "10.2.0.1"}
RECEIVER = {OURS: "10.1.0.2", KERNEL: "10.2.0.2"}
ENDLESS = 1 << 50  # bytes: the receiver says when it is enough
OFFLOADS_OFF = ("tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
BUFFER = 8 << 20   # of the endpoint, bytes; the kernel's may grow beyond

SETTINGS = {
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
    "net/ipv4/tcp_no_metrics_save": "1",
    "net/ipv4/tcp_rmem": "4096 131072 33554432",
    "net/ipv4/tcp_wmem": "4096 65536 33554432",
}


def ip(*words) -> None:
    done = subprocess.run(["ip", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(map(str, words))}: {done.stderr.strip()}"


class Station:
    def __init__(self, name: str, number: int, folder: Path, shared: bool = False, kernel_twice: bool = False):
        self._names = {part: f"{name}{number}-{part}" for part in ("ours", "kernel", "net", "receiver")}
        self.ours, self.kernel, self.net, self.receiver = (Namespace(each) for each in self._names.values())
        self._number, self._folder, self._shared = number, folder, shared
        self._kernel_twice = kernel_twice
        self._processes: list[Process] = []
        self._line: Process | None = None
        self._tcpdump: Process | None = None
        self._peer: Process | None = None

    def up(self) -> None:
        self.down()
        for namespace in self._names.values():
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
            script = "; ".join(f"[ ! -e /proc/sys/{key} ] || echo {value} > /proc/sys/{key}"
                               for key, value in SETTINGS.items())
            Namespace(namespace).run("sh", "-c", script)
        for side, host in ((OURS, self.ours), (KERNEL, self.kernel)):
            self._wire(host, "wire", f"{side}-near")
            if side == KERNEL or self._kernel_twice:
                ip("-n", host.name, "address", "add", f"{SENDER[side]}/24", "dev", "wire")
        if self._shared:
            self._wire(self.receiver, "wire", "ours-far")
            for side in (OURS, KERNEL):
                ip("-n", self.receiver.name, "address", "add", f"{RECEIVER[side]}/24", "dev", "wire")
            self._join()
        else:
            for side in (OURS, KERNEL):
                self._wire(self.receiver, f"from-{side}", f"{side}-far")
                ip("-n", self.receiver.name, "address", "add", f"{RECEIVER[side]}/24", "dev", f"from-{side}")

    def _wire(self, host: Namespace, near: str, far: str) -> None:
        ip("link", "add", near, "netns", host.name, "type", "veth", "peer", "name", far, "netns", self.net.name)
        for namespace, interface in ((host, near), (self.net, far)):
            namespace.run("ethtool", "-K", interface, *OFFLOADS_OFF)
            ip("-n", namespace.name, "link", "set", interface, "up")

    def _join(self) -> None:
        net = self.net.name
        ip("-n", net, "link", "add", "bridge", "type", "bridge", "forward_delay", 0)
        ip("-n", net, "link", "add", "joined", "type", "veth", "peer", "name", "shared-near")
        for interface in ("joined", "shared-near"):
            self.net.run("ethtool", "-K", interface, *OFFLOADS_OFF)
        for interface in ("joined", "ours-near", "kernel-near"):
            ip("-n", net, "link", "set", interface, "master", "bridge")
        for interface in ("bridge", "joined", "shared-near"):
            ip("-n", net, "link", "set", interface, "up")

    def down(self) -> None:
        self.stop()
        present = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout.split()
        for namespace in self._names.values():
            if namespace in present:
                ip("netns", "del", namespace)

    def start(self, line_words: list[str], peer_words: list[str], capture: Path | None = None) -> None:
        """Fresh lines and a fresh endpoint. What the endpoint sends and gets is captured where the line begins."""
        cores = sorted(os.sched_getaffinity(0))
        core = cores[self._number % len(cores)]
        ends = [("shared-near", "ours-far")] if self._shared else [(f"{side}-near", f"{side}-far")
                                                                     for side in (OURS, KERNEL)]
        devices = []
        # A receiver's socket reads what it gets from the ring of the port that sent it: it has to be long enough that
        # nothing is written over while it waits there behind a hole in the stream. What bypasses the queueing
        # discipline is not seen by tcpdump.
        seen = ",qdisc_bypass=0" if capture else ""
        for number, (near, far) in enumerate(ends):
            devices += ["--line", f"net_af_packet{2 * number},iface={near},framecnt=4096{seen}",
                        f"net_af_packet{2 * number + 1},iface={far},framecnt=4096{seen}"]
        self._line = self._run(self.net, "line", BUILD / "tools" / "culvert-delay", *devices, "--cores", core,
                               *line_words)
        if not self._kernel_twice:
            # The kernel's TCP runs ahead of all programs, so the other one does, too; both behind the lines.
            self._peer = self._run(self.ours, "tcp_peer", "chrt", "-r", 1, TCP_PEER,
                                   "--device", "net_af_xdp0,iface=wire", "--address", f"{SENDER[OURS]}/24",
                                   "--port", PORT, "--mode", "source", "--bytes", ENDLESS, "--tcpmss", 0,
                                   "--send-buffer", BUFFER, "--cpu", cores[(self._number + 1) % len(cores)],
                                   *peer_words)
        for process in list(self._processes):
            process.wait_for_line('"ready"', 60)
        if capture:
            self._tcpdump = self._run(self.net, "tcpdump", "tcpdump", "-ni", f"{OURS}-near", "-B", 65536,
                                      "-Z", "root", "-w", capture, "tcp")
            self._tcpdump.wait_for_line("listening on")

    def _run(self, where: Namespace, name: str, *words) -> Process:
        log = self._folder / f"station{self._number}-{name}.log"
        log.unlink(missing_ok=True)
        self._processes.append(Process(where.command(*words), log))
        return self._processes[-1]

    def stop(self) -> dict:
        """What the lines and the endpoint counted."""
        found = {}
        if self._tcpdump:
            self._tcpdump.signal(signal.SIGINT)
            self._tcpdump.wait()
            self._tcpdump = None
        for key, process in (("endpoint", self._peer), ("lines", self._line)):
            if process is None:
                continue
            if process.running():
                process.signal(signal.SIGTERM)
                status = process.wait(20)
                assert status == 0, f"{process.words[4]} ended with {status}:\n{process.tail()}"
            for line in process.log().splitlines():
                if line.startswith("{"):
                    event = json.loads(line)
                    if event["event"] == "exit":
                        found[key] = event.get("lines", event)
        self._processes, self._line, self._peer = [], None, None
        return found

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
        self._processes, self._line, self._peer = [], None, None
