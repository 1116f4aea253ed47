"""What is measured: each part gives rows, which are also lines of its table."""

import random
import statistics
from pathlib import Path

from harness import odd_captures
from harness.odd_captures import Packet, frame, ipv4, pcap, udp

from .wires import between_us, sent_by_testpmd, sent_by_us, uniform

SIZES = (64, 1400)
# Words, asked, which figure of the report it is, bytes of a frame.
RATES = (("--pps", 100_000, "packets_per_second", 64), ("--pps", 1_000_000, "packets_per_second", 64),
         ("--bps-l2", 1_000_000_000, "layer2_bits_per_second", 1400),
         ("--bps-l1", 5_000_000_000, "layer1_bits_per_second", 1400))
TIMED_PACKETS = 5000
MEAN_GAP_NS = 100_000


def testpmd(folder: Path, runs: int, seconds: int, progress) -> list[dict]:
    rows = []
    for size in SIZES:
        capture = uniform(folder / f"{size}.pcap", size)
        theirs, ours = [], []
        for run in range(runs):
            progress.show(f"{size} bytes, {run + 1} of {runs}")
            # In turns, so that what else the machine does meets both.
            theirs.append(sent_by_testpmd(folder, size, seconds))
            ours.append(sent_by_us(folder, capture, seconds))
        ratios = [b / a for a, b in zip(theirs, ours)]
        rows.append({"size": size, "testpmd_pps": statistics.median(theirs), "replay_pps": statistics.median(ours),
                     "ratio": statistics.median(ratios), "ratios": ratios})
    return rows


def rates(folder: Path, runs: int, seconds: int, progress) -> list[dict]:
    rows = []
    for word, asked, figure, size in RATES:
        capture = uniform(folder / f"{size}.pcap", size)
        progress.show(f"{word} {asked}")
        errors = []
        for _ in range(runs):
            _, receiver = between_us(folder, [capture, word, asked, "--loops", 0, "--seconds", seconds],
                                     ["--idle", "1.5", "--seconds", 60])
            errors.append(receiver.report["received"][0][figure] / asked - 1)
        rows.append({"option": word, "asked": asked, "size": size, "error": statistics.median(errors),
                     "errors": errors})
    return rows


def timed_capture(path: Path) -> list[Packet]:
    chance, now, packets = random.Random(5), 10**18, []
    for number in range(TIMED_PACKETS):
        packets.append(Packet(now, frame(0x800, ipv4(udp(number.to_bytes(8, "big"))))))
        now += round(chance.expovariate(1 / MEAN_GAP_NS))
    pcap(path, packets)
    return packets


def timing(folder: Path, runs: int, seconds: int, progress) -> list[dict]:
    """How far each packet's arrival is from its time in the recording. The two clocks' difference is the median over
    all, for nothing else tells it."""
    capture, out = folder / "timed.pcap", folder / "arrived.pcapng"
    recorded = timed_capture(capture)
    medians, far = [], []
    for run in range(runs):
        progress.show(f"{run + 1} of {runs}")
        between_us(folder, [capture], ["--count", TIMED_PACKETS, "--seconds", 30, "--write", out])
        arrived = odd_captures.read(out)
        assert [packet.frame for packet in arrived] == [packet.frame for packet in recorded]
        shift = [got.time_ns - asked.time_ns for got, asked in zip(arrived, recorded)]
        middle = statistics.median_low(shift)
        errors = sorted(abs(each - middle) for each in shift)
        medians.append(errors[len(errors) // 2])
        far.append(errors[len(errors) * 99 // 100])
    return [{"packets": TIMED_PACKETS, "mean_gap_ns": MEAN_GAP_NS, "median_error_ns": statistics.median(medians),
             "error_99_ns": statistics.median(far), "median_errors_ns": medians}]


ALL = {"testpmd": testpmd, "rates": rates, "timing": timing}


def as_text(result: dict) -> str:
    lines = []
    for row in result.get("testpmd", []):
        lines.append(f"  {row['size']:>5} bytes: testpmd {row['testpmd_pps'] / 1e6:6.2f}, culvert-replay "
                     f"{row['replay_pps'] / 1e6:6.2f} million packets/s: {row['ratio']:.2f}")
    for row in result.get("rates", []):
        lines.append(f"  {row['option']} {row['asked']}, {row['size']} bytes: {100 * row['error']:+.3f} %")
    for row in result.get("timing", []):
        lines.append(f"  recorded gaps, mean {row['mean_gap_ns'] / 1000:g} µs: missed by "
                     f"{row['median_error_ns'] / 1000:.2f} µs (median), {row['error_99_ns'] / 1000:.2f} µs (99 %)")
    return "\n".join(lines)
