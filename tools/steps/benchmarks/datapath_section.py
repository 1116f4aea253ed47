"""The page's part on the whole path, from outside frame to inside frame and back."""

from html import escape
from typing import Callable

from .figures import anchor, details, figure, legend_of, table
from .plots import Bar, Part, Point, Series, bar_chart, line_chart
from .rows import Results, Row, distinct, reference
from .style import stage_class
from .table import number

DIRECTIONS = ("up", "down")
STAGES = ("receive", "up", "down", "transmit")
CHANNELS = {"dtls": "DTLS", "cstp": "CSTP (TLS over TCP)"}


def section(results: Results) -> str:
    rows = results.of("datapath")
    if not rows:
        return ""
    stages = stage_order(rows)
    parts = [part(results, [row for row in rows if (row.channel, row.suite) == (channel, suite)], stages)
             for channel in CHANNELS for suite in distinct([row for row in rows if row.channel == channel], "suite")]
    return ('<h2 id="datapath">The whole path</h2>'
            "<p>A worker's own stages over ports that are in memory: from the frame outside to the packet inside "
            "(<b>up</b>) and back (<b>down</b>), one core, sessions in random order. Sizes are of the inner "
            "packet. <b>Crypto's share</b> is what IPsec-MB alone takes for the same records, divided by what the "
            "whole path takes. Of the stages, <b>receive</b> opens the records of DTLS and <b>up</b> those of TLS, "
            "<b>down</b> seals both, and TCP is in receive and transmit.</p>" + overview(results, rows) + "".join(parts)
            + details("All numbers of the whole path", numbers(results, rows, stages)))


def stage_order(rows: list[Row]) -> list[str]:
    """As packets pass them, then what is not known here, the dearest first; what no stage counts comes last. The same
    in every chart of the page."""
    total: dict[str, float] = {}
    for row in rows:
        for name, cycles in row.stages().items():
            total[name] = total.get(name, 0) + cycles / row.cycles
    return sorted(total, key=lambda name: (name == "rest", STAGES.index(name) if name in STAGES else len(STAGES),
                                           -total[name]))


def overview(results: Results, rows: list[Row]) -> str:
    size, sessions = reference(rows, "size"), reference(rows, "sessions")
    bars = []
    for channel in CHANNELS:
        for suite in distinct([row for row in rows if row.channel == channel], "suite"):
            found = [row for row in rows if (row.channel, row.suite, row.size, row.sessions) ==
                     (channel, suite, size, sessions)]
            for at, row in enumerate(sorted(found, key=lambda row: DIRECTIONS.index(row.direction))):
                share = results.raw_share(row)
                bars.append(Bar(f"{channel.upper()} {suite}" if at == 0 else "",
                                [Part(row.gbit_s, row.direction, title(row))],
                                f"{row.gbit_s:.1f}" + (f" · crypto's share {share:.2f}" if share is not None else ""),
                                below=at > 0))
    return figure(f"Gbit/s of inner packets per core, {size} bytes, {sessions} sessions",
                  bar_chart(bars, "whole path, Gbit/s by suite", names=270),
                  [(name, name, "box") for name in DIRECTIONS], wide=True)


def part(results: Results, rows: list[Row], stages: list[str]) -> str:
    size, sessions = reference(rows, "size"), reference(rows, "sessions")
    usual = [row for row in rows if row.sessions == sessions]
    of_size = [row for row in rows if row.size == size]
    charts = []
    for caption, label, value in (("Throughput", "Gbit/s", lambda row: row.gbit_s),
                                  ("Packets", "Mpps", lambda row: row.mpps),
                                  ("Cycles per packet", "cycles", lambda row: row.cycles)):
        charts.append(chart(f"{caption} over size, {sessions} sessions", usual, "size", "bytes", label, value))
    if len(distinct(of_size, "sessions")) > 1:
        charts.append(chart(f"Throughput over sessions, {size} bytes", of_size, "sessions", "sessions", "Gbit/s",
                            lambda row: row.gbit_s, log_x=True))
        charts.append(chart(f"Cycles per packet over sessions, {size} bytes", of_size, "sessions", "sessions", "cycles",
                            lambda row: row.cycles, log_x=True))
    if any(results.raw_share(row) is not None for row in usual):
        shared = [row for row in usual if results.raw_share(row) is not None]
        charts.append(chart("Crypto's share of the cycles", shared, "size", "bytes", "ratio", results.raw_share,
                            least_top=1.0))
    channel, suite = rows[0].channel, rows[0].suite
    return (f'<h3 id="{anchor(channel, suite)}">{escape(suite)}<small>{CHANNELS[channel]}</small></h3>'
            f'<div class="charts">{"".join(charts)}</div>{by_stage(usual, of_size, stages)}')


def chart(caption: str, rows: list[Row], over: str, x_label: str, y_label: str, value: Callable[[Row], float],
          log_x: bool = False, least_top: float = 0.0) -> str:
    lines = []
    for direction in DIRECTIONS:
        found = sorted((row for row in rows if row.direction == direction), key=lambda row: getattr(row, over))
        if found:
            lines.append(Series(direction, direction, [Point(getattr(row, over), value(row), title(row))
                                                       for row in found]))
    return figure(caption, line_chart(lines, x_label, y_label, log_x, least_top), legend_of(lines))


def by_stage(usual: list[Row], of_size: list[Row], stages: list[str]) -> str:
    """Where the cycles go: by size, and by number of sessions."""
    rows = [row for row in dict.fromkeys(map(id, [*usual, *of_size]))]
    known = {id(row): row for row in [*usual, *of_size]}
    rows = sorted((known[each] for each in rows if known[each].stages()),
                  key=lambda row: (DIRECTIONS.index(row.direction), row.size, row.sessions))
    if not rows:
        return ""
    bars = [Bar(f"{row.direction}, {row.size} bytes, {row.sessions} sessions", stacked(row, stages),
                f"{row.cycles:.0f}") for row in rows]
    present = [name for name in stages if any(name in row.stages() for row in rows)]
    return figure("Cycles per packet by stage", bar_chart(bars, "cycles per packet by stage"),
                  [(name, stage_class(stages.index(name), name), "box") for name in present], wide=True)


def stacked(row: Row, stages: list[str]) -> list[Part]:
    found = row.stages()
    return [Part(found[name], stage_class(stages.index(name), name),
                 f"{name}: {found[name]:.0f} cycles per packet, {found[name] / row.cycles * 100:.0f} %")
            for name in stages if name in found]


def title(row: Row) -> str:
    spread = f" ±{row.spread * 100:.1f} %" if row.spread is not None else ""
    return (f"{row.channel.upper()}, {row.direction}, {row.size} bytes, {row.sessions} sessions: {row.gbit_s:.2f} "
            f"Gbit/s, {row.mpps:.2f} Mpps, {row.cycles:.0f} cycles per packet{spread}")


def numbers(results: Results, rows: list[Row], stages: list[str]) -> str:
    body = [[row.channel.upper(), row.suite, row.direction, str(row.size), str(row.sessions), f"{row.gbit_s:.2f}",
             f"{row.mpps:.2f}", f"{row.cycles:.0f}", number(results.raw_share(row), "{:.2f}"),
             *(number(row.stages().get(name), "{:.0f}") for name in stages)] for row in rows]
    return table(["channel", "suite", "", "bytes", "sessions", "Gbit/s", "Mpps", "cycles/packet", "crypto's share",
                  *stages], body, words=3)
