"""The page's part on record protection alone."""

from html import escape
from typing import Callable

from .figures import anchor, details, figure, legend_of, table
from .plots import Bar, Part, Point, Series, bar_chart, line_chart
from .rows import Results, Row, distinct, protocol, reference
from .table import number

SUBJECTS = {"ours": "Culvert", "raw": "IPsec-MB alone", "openssl": "OpenSSL"}
DIRECTIONS = ("seal", "open")


def section(results: Results) -> str:
    rows = results.of("crypto")
    if not rows:
        return ""
    return ('<h2 id="crypto">Record protection</h2>'
            "<p>Sealing and opening records, and nothing around them, on one core. <b>Culvert</b> is the record layer "
            "as its workers call it: headers, nonces, sequence numbers, padding, comparison of tags. <b>IPsec-MB "
            "alone</b> is the same calls on the same keys in the same order without all that: as fast as it can get. "
            "<b>OpenSSL</b> does the same work by its EVP interface, a record at a time.</p>"
            + overview(results, rows)
            + "".join(suite_part(results, [row for row in rows if row.suite == suite])
                      for suite in distinct(rows, "suite"))
            + details("All numbers of record protection", numbers(results, rows)))


def overview(results: Results, rows: list[Row]) -> str:
    size, sessions = reference(rows, "size"), reference(rows, "sessions")
    out = []
    for direction in directions(rows):
        bars = []
        for suite in distinct(rows, "suite"):
            found = [row for subject in SUBJECTS for row in rows
                     if (row.suite, row.direction, row.size, row.sessions, row.subject) ==
                     (suite, direction, size, sessions, subject)]
            for at, row in enumerate(found):
                bars.append(Bar(suite if at == 0 else "", [Part(row.gbit_s, row.subject, title(row))],
                                f"{row.gbit_s:.1f}{beside(results, row)}", below=at > 0))
        out.append(figure(f"{direction.capitalize()}: Gbit/s of payload per core, {size} bytes, {sessions} sessions",
                          bar_chart(bars, f"{direction}, Gbit/s by suite"),
                          [(name, subject, "box") for subject, name in SUBJECTS.items()], wide=True))
    return "".join(out)


def beside(results: Results, row: Row) -> str:
    if row.subject != "ours":
        return ""
    words = [f"{number(value, form)} of {what}" if what == "raw" else f"{number(value, form)} × {what}"
             for value, form, what in ((results.raw_share(row), "{:.2f}", "raw"),
                                       (results.speed_up(row), "{:.1f}", "OpenSSL")) if value is not None]
    return f" · {' · '.join(words)}" if words else ""


def suite_part(results: Results, rows: list[Row]) -> str:
    size, sessions = reference(rows, "size"), reference(rows, "sessions")
    usual = [row for row in rows if row.sessions == sessions]
    of_size = [row for row in rows if row.size == size]
    charts = []
    for direction in directions(rows):
        lines = by_subject(usual, direction, "size", lambda row: row.gbit_s)
        charts.append(figure(f"{direction.capitalize()}: throughput", line_chart(lines, "bytes", "Gbit/s"),
                             legend_of(lines)))
    lines = [line for direction in directions(rows)
             for line in by_subject(usual, direction, "size", lambda row: row.cycles, ("ours", "raw"), direction)]
    charts.append(figure("Cycles per packet", line_chart(lines, "bytes", "cycles"), legend_of(lines)))
    ours = [row for row in rows if row.subject == "ours" and row.sessions == sessions]
    for caption, ratio in (("IPsec-MB's cycles ÷ Culvert's", results.raw_share),
                           ("Culvert's speed ÷ OpenSSL's", results.speed_up)):
        lines = ratio_lines(ours, ratio)
        if lines:
            charts.append(figure(caption, line_chart(lines, "bytes", "ratio", least_top=1.0, mark=1.0),
                                 legend_of(lines)))
    if len(distinct(of_size, "sessions")) > 1:
        lines = [line for direction in directions(rows) for line in by_subject(
            of_size, direction, "sessions", lambda row: row.gbit_s, ("ours", "raw"), direction)]
        charts.append(figure(f"Throughput over sessions, {size} bytes",
                             line_chart(lines, "sessions", "Gbit/s", log_x=True), legend_of(lines)))
    else:
        lines = [line for direction in directions(rows)
                 for line in by_subject(usual, direction, "size", lambda row: row.mpps, ("ours", "raw"), direction)]
        charts.append(figure("Packets per second", line_chart(lines, "bytes", "Mpps"), legend_of(lines)))
    suite = rows[0].suite
    return (f'<h3 id="{anchor("crypto", suite)}">{escape(suite)}<small>{protocol(suite)}; {sessions} sessions</small>'
            f'</h3><div class="charts">{"".join(charts)}</div>')


def by_subject(rows: list[Row], direction: str, over: str, value: Callable[[Row], float],
               subjects: tuple[str, ...] = tuple(SUBJECTS), named: str = "") -> list[Series]:
    """A line for each subject; opening is dashed where both directions are in one chart."""
    lines = []
    for subject in subjects:
        found = sorted((row for row in rows if (row.direction, row.subject) == (direction, subject)),
                       key=lambda row: getattr(row, over))
        if found:
            lines.append(Series(f"{SUBJECTS[subject]}, {named}" if named else SUBJECTS[subject], subject,
                                [Point(getattr(row, over), value(row), title(row)) for row in found],
                                dashed=named == "open"))
    return lines


def ratio_lines(ours: list[Row], ratio: Callable[[Row], float | None]) -> list[Series]:
    lines = []
    for direction in directions(ours):
        points = [Point(row.size, share, f"{direction}, {row.size} bytes: {share:.2f}") for row in
                  sorted(ours, key=lambda row: row.size)
                  if row.direction == direction and (share := ratio(row)) is not None]
        if points:
            lines.append(Series(direction, "up" if direction == "seal" else "down", points))
    return lines


def directions(rows: list[Row]) -> list[str]:
    return [direction for direction in DIRECTIONS if any(row.direction == direction for row in rows)]


def title(row: Row) -> str:
    spread = f" ±{row.spread * 100:.1f} %" if row.spread is not None else ""
    return (f"{SUBJECTS[row.subject]}, {row.direction}, {row.size} bytes, {row.sessions} sessions: {row.gbit_s:.2f} "
            f"Gbit/s, {row.mpps:.2f} Mpps, {row.cycles:.0f} cycles per packet{spread}")


def numbers(results: Results, rows: list[Row]) -> str:
    body = [[row.suite, row.direction, SUBJECTS[row.subject], str(row.size), str(row.sessions), f"{row.gbit_s:.2f}",
             f"{row.mpps:.2f}", f"{row.cycles:.0f}", f"{row.cycles / row.size:.2f}",
             number(row.spread and row.spread * 100, "{:.1f}"),
             *([number(results.raw_share(row), "{:.2f}"), number(results.speed_up(row), "{:.1f}")]
               if row.subject == "ours" else ["", ""])] for row in rows]
    return table(["suite", "", "", "bytes", "sessions", "Gbit/s", "Mpps", "cycles/packet", "cycles/byte", "± %",
                  "raw ÷ ours", "ours ÷ OpenSSL"], body, words=3)
