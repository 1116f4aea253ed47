"""The JSON of culvert-bench: its rows, medians and ratios."""

import re
from dataclasses import dataclass, field
from statistics import mean, median, stdev

CRYPTO = re.compile(r"crypto/(?P<suite>[^/]+)/(?P<direction>seal|open)/(?P<size>\d+)/(?P<sessions>\d+)/"
                    r"(?P<subject>ours|raw|openssl)")
DATAPATH = re.compile(r"datapath/(?P<channel>dtls|cstp)/(?P<suite>[^/]+)/(?P<direction>up|down)/(?P<size>\d+)/"
                      r"(?P<sessions>\d+)")
STAGE_ENDING = "_cycles"

# What comparisons are made at, if it was measured.
REFERENCE_SIZE = 1400
REFERENCE_SESSIONS = {"crypto": 64, "datapath": 1000}


class BadResults(ValueError):
    """A sentence that says what is wrong with a file."""


@dataclass(frozen=True)
class Row:
    """One row: its name's parts and the medians of its counters."""
    kind: str        # "crypto" or "datapath"
    channel: str     # "dtls" or "cstp"; "" for crypto
    suite: str
    direction: str
    size: int        # bytes
    sessions: int
    subject: str     # "ours", "raw", "openssl"; "" for datapath
    values: dict[str, float]
    spread: float | None  # of cycles per packet over the repetitions: standard deviation ÷ mean

    @property
    def cycles(self) -> float:
        return self.values["cycles_per_packet"]

    @property
    def gbit_s(self) -> float:
        return self.values["bytes_per_second"] * 8 / 1e9

    @property
    def mpps(self) -> float:
        return self.values["packets_per_second"] / 1e6

    def stages(self) -> dict[str, float]:
        """Cycles per packet by stage of the datapath; what no stage counts is the `rest`."""
        found = {name.removesuffix(STAGE_ENDING).replace("_", " "): value for name, value in self.values.items()
                 if name.endswith(STAGE_ENDING) and not name.startswith("raw")}
        rest = self.cycles - sum(found.values())
        if found and rest > 0.03 * self.cycles:  # Medians of parts need not add up to the median of all.
            found["rest"] = rest
        return found


@dataclass
class Results:
    context: dict
    rows: list[Row]
    failed: dict[str, str]  # rows that measured nothing, and why
    repetitions: int
    command: str = ""       # that made them, if it is known
    _index: dict[tuple, Row] = field(default_factory=dict)

    def __post_init__(self):
        self._index = {(row.kind, row.channel, row.suite, row.direction, row.size, row.sessions, row.subject): row
                       for row in self.rows}

    def of(self, kind: str) -> list[Row]:
        return [row for row in self.rows if row.kind == kind]

    def beside(self, row: Row, subject: str) -> Row | None:
        """The same row of another subject."""
        return self._index.get((row.kind, row.channel, row.suite, row.direction, row.size, row.sessions, subject))

    def raw_share(self, row: Row) -> float | None:
        """Cycles of IPsec-MB alone ÷ cycles of the row: of the record layer, or of the whole path."""
        if row.kind == "datapath":
            return row.values.get("raw_share")
        raw = self.beside(row, "raw")
        return raw.cycles / row.cycles if raw else None

    def speed_up(self, row: Row) -> float | None:
        """How often the row's speed is OpenSSL's."""
        openssl = self.beside(row, "openssl")
        return openssl.cycles / row.cycles if openssl else None


def distinct(rows: list[Row], name: str) -> list:
    """The values of a part of the names: numbers by size, names in the order in which they come."""
    found = list(dict.fromkeys(getattr(row, name) for row in rows))
    return sorted(found) if found and isinstance(found[0], int) else found


def reference(rows: list[Row], name: str) -> int:
    """The size or the number of sessions at which rows are compared: the usual one, or the nearest that is there."""
    wanted = REFERENCE_SIZE if name == "size" else REFERENCE_SESSIONS[rows[0].kind]
    return min(distinct(rows, name), key=lambda value: abs(value - wanted))


def protocol(suite: str) -> str:
    """Which version a row of crypto is of; its name tells."""
    if suite.startswith("TLS_"):
        return "TLS 1.3"
    return "DTLS 1.2" if suite.startswith("PSK-") else "TLS 1.2"


def parse(document: object) -> Results:
    """Reads what culvert-bench wrote as JSON. Raises BadResults."""
    try:
        return parse_document(document)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        if isinstance(error, BadResults):
            raise
        raise BadResults(f"it is not the JSON of culvert-bench: {error}") from error


def parse_document(document: object) -> Results:
    if not isinstance(document, dict) or not isinstance(document.get("context"), dict) \
            or not isinstance(document.get("benchmarks"), list):
        raise BadResults("it is not the JSON of culvert-bench: there is no `context` with `benchmarks`")
    runs: dict[str, list[dict]] = {}
    medians: dict[str, dict] = {}
    spreads: dict[str, float] = {}
    failed: dict[str, str] = {}
    repetitions = 1
    for entry in document["benchmarks"]:
        name = entry.get("run_name") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            raise BadResults("it is not the JSON of culvert-bench: a row has no `run_name`")
        repetitions = max(repetitions, int(entry.get("repetitions", 1)))
        if entry.get("error_occurred"):
            failed[name] = str(entry.get("error_message", "no reason given"))
        elif entry.get("run_type") != "aggregate":
            runs.setdefault(name, []).append(entry)
        elif entry.get("aggregate_name") == "median":
            medians[name] = entry
        elif entry.get("aggregate_name") == "cv":
            spreads[name] = float(entry.get("cycles_per_packet", 0))
    rows = []
    # Interleaved rows end in any order.
    place = {entry["run_name"]: entry.get("family_index", 0) for entry in document["benchmarks"]}
    for name in sorted(dict.fromkeys([*runs, *medians]), key=place.get):
        if name in failed:
            continue  # Some of its repetitions went well: it is void all the same.
        row = make_row(name, runs.get(name, []), medians.get(name), spreads.get(name))
        if row:
            rows.append(row)
    own = document.get("bench_report")
    command = own.get("command", "") if isinstance(own, dict) else ""
    if not rows and not failed:
        raise BadResults("it has no row of culvert-bench's")
    return Results(plain(document["context"]), rows, failed, repetitions, command)


def plain(context: dict) -> dict:
    """What is text or a number, as text; and the load, which is numbers."""
    load = context.get("load_avg")
    numbers = isinstance(load, list) and load and all(isinstance(value, (int, float)) for value in load)
    texts = {key: str(value) for key, value in context.items()
             if isinstance(value, (str, int, float)) and key != "load_avg"}
    return texts | ({"load_avg": load} if numbers else {})


def make_row(name: str, runs: list[dict], aggregate: dict | None, spread: float | None) -> Row | None:
    """None for rows whose names are not ours."""
    found = CRYPTO.fullmatch(name) or DATAPATH.fullmatch(name)
    if not found:
        return None
    parts = found.groupdict()
    sources = [aggregate] if aggregate else runs
    counters = [key for key, value in sources[0].items() if isinstance(value, (int, float)) and not
                isinstance(value, bool) and all(key in source for source in sources)]
    values = {key: median(float(source[key]) for source in sources) for key in counters}
    for wanted in ("cycles_per_packet", "bytes_per_second", "packets_per_second"):
        if values.get(wanted, 0) <= 0:
            raise BadResults(f"its row {name} has no {wanted}")
    if spread is None and len(runs) > 1:
        cycles = [float(run["cycles_per_packet"]) for run in runs]
        spread = stdev(cycles) / mean(cycles)
    return Row("crypto" if "subject" in parts else "datapath", parts.get("channel") or "", parts["suite"],
               parts["direction"], int(parts["size"]), int(parts["sessions"]), parts.get("subject") or "", values,
               spread)
