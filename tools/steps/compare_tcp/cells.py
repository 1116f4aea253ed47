"""What is compared: each cell is a network, and the same for both sides."""

from dataclasses import dataclass
from math import sqrt

LOSSES = (0.0, 0.1, 1.0, 3.0)       # percent, each way
ROUND_TRIPS = (10, 50, 150)         # ms
REORDERS = (0.0, 2.0)               # percent, each way
HELD_BACK_MS = 4                    # by how much reordered packets are late
RATE_MBIT = 50                      # of the bottleneck, which has a queue of one round trip
SEGMENT_BITS = 1448 * 8

# The longer the way, the longer the start; and the rarer the packets, the more of them have to be waited for.
SECONDS = {10: 6, 50: 8, 150: 12}
SECONDS_WHEN_RARE = {10: 6, 50: 12, 150: 20}


@dataclass(frozen=True)
class Cell:
    loss: float
    round_trip_ms: int
    reorder: float
    rate_mbit: float = RATE_MBIT

    @property
    def name(self) -> str:
        return f"loss={self.loss:g},rtt={self.round_trip_ms},reorder={self.reorder:g}"

    @property
    def seconds(self) -> int:
        return (SECONDS if self.expected_mbit > self.rate_mbit / 8 else SECONDS_WHEN_RARE)[self.round_trip_ms]

    @property
    def expected_mbit(self) -> float:
        """Roughly, of one side: what a single flow gets (Mathis et al., "The macroscopic behavior of the TCP congestion
        avoidance algorithm", 1997), and half as much again because CUBIC grows faster. For planning only."""
        if self.loss == 0:
            return self.rate_mbit
        window = 1.5 * 1.22 / sqrt(self.loss / 100) * SEGMENT_BITS
        return min(self.rate_mbit, window / (self.round_trip_ms * 1000))

    def line_words(self, seed: int) -> list[str]:
        """For culvert-delay."""
        words = ["--delay", f"{self.round_trip_ms / 2:g}ms", "--rate", f"{self.rate_mbit:g}mbit",
                 "--queue", f"{self.round_trip_ms}ms", "--seed", str(seed)]
        if self.loss:
            words += ["--loss", f"{self.loss:g}%"]
        if self.reorder:
            words += ["--reorder", f"{self.reorder:g}%", "--hold-back", f"{HELD_BACK_MS}ms"]
        return words


ALL = [Cell(loss, round_trip, reorder) for reorder in REORDERS for round_trip in ROUND_TRIPS for loss in LOSSES]


def parse_cell(text: str) -> list[Cell]:
    """The cells of ALL that "loss=1,rtt=50" and the like fit."""
    wanted = {}
    for part in text.split(","):
        key, _, value = part.partition("=")
        if key not in ("loss", "rtt", "reorder"):
            raise ValueError(f"'{part}' is none of loss=PERCENT, rtt=MS, reorder=PERCENT")
        wanted[key] = float(value.rstrip("%ms"))
    found = [cell for cell in ALL
             if all({"loss": cell.loss, "rtt": cell.round_trip_ms, "reorder": cell.reorder}[key] == value
                    for key, value in wanted.items())]
    if not found:
        raise ValueError(f"no cell is like '{text}'")
    return found
