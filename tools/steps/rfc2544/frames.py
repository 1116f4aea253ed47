"""The captures that are played: IPv4 packets of one size, or of a mix, that leave room for the tester's marks."""

import struct
from pathlib import Path

from harness.frames import checksum
from harness.odd_captures import Packet, frame, pcap

FRAME_CHECK, ETHERNET, IPV4, UDP = 4, 14, 20, 8
MARK = 24  # culvert-replay puts it behind what the file has
SIZES = (64, 128, 256, 512, 1024, 1280, 1518)  # RFC 2544 §9.1, with the frame check sequence
# Seven small, four middle, one large, in an order that spreads them: 40, 576 and 1500 bytes of IP, 7:4:1.
MIX = (64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64)
MIX_NAME = "IMIX"
# Through a tunnel packets of 1500 bytes do not fit; the largest ones here are of 1382 bytes.
TUNNEL_LARGEST = 1400
TUNNEL_SIZES = (64, 128, 256, 512, 1024, 1280, TUNNEL_LARGEST)
FLOWS = 64
EXPERIMENTAL = 253  # RFC 3692: a protocol number for experiments


def captured(size: int, flow: int, mark: int, back: bool = False) -> bytes:
    """A frame without its last `mark` bytes. Its IP header counts them: with the mark behind it, it is whole, and
    routers that look at it pass all of it on. In frames of 64 bytes a mark leaves no room for a UDP header. `back`:
    sources and destinations change places."""
    packet = size - FRAME_CHECK - ETHERNET
    room = packet - IPV4 - mark
    here, there = bytes((198, 18, 0, 2 + flow)), bytes((198, 19, 0, 2))
    ends, ports = ((there, here), (7, 10_000 + flow)) if back else ((here, there), (10_000 + flow, 7))
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, packet, 0, 0, 64, 17 if room >= UDP else EXPERIMENTAL, 0, *ends)
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    data = struct.pack(">HHHH", *ports, packet - IPV4, 0) + bytes(room - UDP) if room >= UDP else bytes(room)
    return frame(0x800, header + data)


def make(folder: Path, size: int | str, back: bool = False, destination_mac: str = "") -> Path:
    """For plain ports. `destination_mac`: of a device that routes; "": of one that does not mind."""
    sizes = MIX if size == MIX_NAME else (size,)
    mac = bytes.fromhex(destination_mac.replace(":", ""))
    made = [captured(each, flow, MARK, back) for flow in range(FLOWS) for each in sizes]
    return _capture(folder / f"{size}{'-back' if back else ''}.pcap", [mac + each[len(mac):] for each in made])


def make_for_tunnels(folder: Path, size: int | str, direction: str) -> Path:
    """No marks come behind them, and none is larger than tunnels take. `both`: each has an answer."""
    sizes = [min(each, TUNNEL_LARGEST) for each in (MIX if size == MIX_NAME else (size,))]
    ways = (False, True) if direction == "both" else (False,)
    return _capture(folder / f"{size}-tunnel.pcap", [captured(each, flow, 0, back) for flow in range(FLOWS)
                                                     for each in sizes for back in ways])


def _capture(path: Path, made: list[bytes]) -> Path:
    return pcap(path, [Packet(number * 1000, each) for number, each in enumerate(made)])
