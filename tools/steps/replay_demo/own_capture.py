"""The capture that the demonstration plays if it is given none: half a second of traffic, the same bytes each time."""

import random
from pathlib import Path

from harness.odd_captures import Packet, frame, ipv4, odd_frames, pcap, udp

PACKETS = 5000
FLOWS = 200
MEAN_GAP_NS = 100_000
SIZES = (18, 18, 18, 18, 18, 18, 18, 534, 534, 534, 534, 1358)  # of data: a mix of 64, 576 and 1400 bytes, 7:4:1


def make(path: Path) -> Path:
    chance = random.Random(116881)
    packets, now = [], 1_700_000_000 * 10**9
    odd = odd_frames()
    asked: set[int] = set()  # flows whose next packet is an answer
    for number in range(PACKETS):
        now += round(chance.expovariate(1 / MEAN_GAP_NS))
        if number % 500 == 0:
            packets.append(Packet(now, odd[number // 500 % len(odd)]))
            continue
        data = number.to_bytes(4, "big") + chance.randbytes(chance.choice(SIZES) - 4)
        flow = chance.randrange(FLOWS)
        packets.append(Packet(now, frame(0x800, _answer(data, flow) if flow in asked else _question(data, flow))))
        asked ^= {flow}
    return pcap(path, packets)


def _question(data: bytes, flow: int) -> bytes:
    return ipv4(udp(data, 10_000 + flow, 443))


def _answer(data: bytes, flow: int) -> bytes:
    question = _question(b"", flow)
    return ipv4(udp(data, 443, 10_000 + flow), source=question[16:20], destination=question[12:16])
