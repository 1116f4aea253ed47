"""Two processes with a core each and a net_memif wire between them."""

import contextlib
import re
import signal
from pathlib import Path

from harness.odd_captures import Packet, frame, ipv4, pcap, udp
from harness.outcome import Outcome, outcome
from harness.poll import until
from harness.process import Process
from harness.replay import RECEIVER, SENDER, Wire

BURST = 64


def uniform(path: Path, size: int, count: int = 1024, gap_ns: int = 1000) -> Path:
    """Packets of one size, of 64 flows."""
    return pcap(path, [Packet(n * gap_ns, frame(0x800, ipv4(udp(bytes(size - 42), 1000 + n % 64))))
                       for n in range(count)])


def testpmd(wire: Wire, folder: Path, role: str, mode: str, core: int, other: int, *words: object) -> Process:
    log = folder / f"testpmd-{mode}.log"
    log.unlink(missing_ok=True)  # an earlier run's
    return Process(["dpdk-testpmd", "--lcores", f"0@{other},1@{core}", "--main-lcore", "0", "--no-pci", "--no-huge",
                    "-m", "256", "--no-telemetry", "--no-shconf", "--vdev", wire.device(role), "--",
                    f"--forward-mode={mode}", "--auto-start", "--stats-period", "1", "--nb-cores=1", f"--burst={BURST}",
                    "--total-num-mbufs=16384", *words], log)


@contextlib.contextmanager
def testpmd_receives(wire: Wire, folder: Path):
    receiver = testpmd(wire, folder, "client", "rxonly", RECEIVER, SENDER)
    try:
        yield
    finally:
        end(receiver)


def end(process: Process) -> None:
    if process.running():
        process.signal(signal.SIGINT)
    with contextlib.suppress(AssertionError):
        process.wait(10)
    process.kill()


def sent_by_testpmd(folder: Path, size: int, seconds: int) -> float:
    """Packets a second, the best second of testpmd's own count."""
    wire = Wire(folder)
    sender = testpmd(wire, folder, "server", "txonly", SENDER, RECEIVER, f"--txpkts={size}")
    try:
        until(wire.socket.exists, lambda: f"testpmd listens:\n{sender.tail()}", 20)
        with testpmd_receives(wire, folder):
            def rates() -> list[int]:
                return [int(n) for n in re.findall(r"Tx-pps:\s+(\d+)", sender.log()) if n != "0"]

            # The first second is not a whole one.
            until(lambda: len(rates()) > seconds, lambda: f"testpmd sends:\n{sender.tail()}", 20 + seconds)
            end(sender)
            return sum(rates()[1:seconds + 1]) / seconds
    finally:
        end(sender)


def sent_by_us(folder: Path, capture: Path, seconds: int) -> float:
    wire = Wire(folder)
    sender = wire.start("sender", "-p", wire.device("server"), capture, "--top-speed", "--loops", 0, "--burst", BURST,
                        "--seconds", seconds, "--cores", SENDER, "--main-core", RECEIVER, "--link-wait", 20)
    try:
        until(wire.socket.exists, lambda: f"culvert-replay listens:\n{sender.tail()}", 20)
        with testpmd_receives(wire, folder):
            done = outcome(sender, 30 + seconds)
    finally:
        sender.kill()
    assert done.status == 0, done.said
    return done.report["sent"][0]["packets_per_second"]


def between_us(folder: Path, sent: list[object], received: list[object]) -> tuple[Outcome, Outcome]:
    sender, receiver = Wire(folder).carry(sent, received, timeout=120)
    assert sender.status in (0, 4) and receiver.status in (0, 4), sender.said + receiver.said
    return sender, receiver
