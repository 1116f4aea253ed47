"""What tshark's expert analysis says of a capture at the sender's port, and what of it is an error of the sender.

The capture is taken where the line begins, before anything is lost, so it has all that the sender sent and got. There a
retransmission is no error, nor a duplicate acknowledgment, nor what tshark takes for a segment out of order (a
retransmission soon after). What no correct sender of a bulk transfer does is in ERRORS.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

BAD = {"0", "Bad"}  # tshark's tcp.checksum.status, by number or name
SEVERITY_ERROR = 0x00800000

# tshark's field: what it means when it is set on a segment of the sender.
ERRORS = {
    "tcp.analysis.lost_segment": "bytes of the stream are left out",
    "tcp.analysis.ack_lost_segment": "an acknowledgment of what never came",
    "tcp.analysis.zero_window": "a closed window, though nobody sends",
    "tcp.analysis.reused_ports": "a new connection on the ports of one that is open",
    "tcp.options.wscale.shift.invalid": "a window scale above 14 (RFC 7323 §2.3)",
    "tcp.option.len.invalid": "an option of a wrong length",
    "tcp.short_segment": "a segment shorter than its header",
    "tcp.bogus_header_length": "a wrong header length",
    "tcp.suboption_malformed": "an option beyond the options' end",
    "tcp.non_zero_bytes_after_eol": "options after the options' end",
    "_ws.malformed": "a malformed packet",
}
FIELDS = ("frame.number", "ip.src", "tcp.seq", "tcp.len", "tcp.ack", "tcp.window_size", "tcp.flags.syn",
          "tcp.flags.reset", "tcp.checksum.status", "ip.checksum.status", "_ws.expert.severity", "_ws.expert.message",
          *ERRORS)


def segments(capture: Path) -> Iterator[dict[str, str]]:
    words = ["tshark", "-n", "-r", capture, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
             "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "tcp", "-T", "fields", "-E", "occurrence=a",
             "-E", "aggregator=;"]
    for field in FIELDS:
        words += ["-e", field]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"tshark: {done.stderr.strip()}"
    for line in done.stdout.splitlines():
        yield dict(zip(FIELDS, line.split("\t")))


def errors(capture: Path, sender: str) -> tuple[int, Counter]:
    """How many segments the sender sent, and its errors by name, with the first frame of each."""
    count, found, first = 0, Counter(), {}
    right_edge: int | None = None  # of the largest window that the receiver has granted
    for segment in segments(capture):
        if segment["ip.src"] != sender:
            edge = int(segment["tcp.ack"] or 0) + int(segment["tcp.window_size"] or 0)
            # A SYN's window is not scaled, and is out of date at once.
            right_edge = edge if right_edge is None else max(right_edge, edge)
            continue
        count += 1
        for name in faults(segment, right_edge):
            found[name] += 1
            first.setdefault(name, segment["frame.number"])
    return count, Counter({f"{name}, first in frame {first[name]}": times for name, times in found.items()})


def faults(segment: dict[str, str], right_edge: int | None) -> Iterator[str]:
    for field, meaning in ERRORS.items():
        if segment[field]:
            yield meaning
    for layer in ("tcp", "ip"):
        if segment[f"{layer}.checksum.status"] in BAD:
            yield f"a bad {layer.upper()} checksum"
    if any(int(each, 0) >= SEVERITY_ERROR for each in segment["_ws.expert.severity"].split(";") if each):
        yield f"tshark's error: {segment['_ws.expert.message']}"
    size = int(segment["tcp.len"] or 0)
    if size and right_edge is not None and int(segment["tcp.seq"]) + size > right_edge and size > 1:
        yield "data beyond the window (RFC 9293 §3.8.6)"
    if size and (segment["tcp.flags.syn"] in ("1", "True") or segment["tcp.flags.reset"] in ("1", "True")):
        yield "data on a SYN or RST"
