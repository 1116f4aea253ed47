"""The page: one file, no script, nothing fetched; drawn by what draws bench-report's."""

import statistics
from html import escape

from steps.benchmarks.figures import anchor, details, figure, legend_of, table
from steps.benchmarks.plots import Bar, Part, Point, Series, bar_chart, line_chart
from steps.benchmarks.style import sheet

from .rows import Row
from .table import HEADS, body, limited

PERCENTILES = (("50", "ours"), ("99", "down"), ("99.9", "openssl"))
COLOURS = ("ours", "openssl", "raw", "down")


def render(rows: list[Row], context: dict, title: str = "Searched rates") -> str:
    content = "".join((
        f"<header><h1>{escape(title)}</h1>", subtitle(context), cautions(rows), navigation(rows), "</header><main>",
        overview(rows), '<h2 id="table">All results</h2>', table(HEADS, body(rows), words=4),
        *(part(row) for row in rows), machine(context), how_to_read(), "</main>"))
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{sheet()}</style></head><body>{content}</body></html>\n")


def section(rows: list[Row]) -> str:
    """A part of another page."""
    if not rows:
        return ""
    return ('<h2 id="line">Searched rates</h2>'
            "<p>The highest rates with no more than 1e-5 (NDR) and 0.5 % (PDR) of loss, by frame size (check sequence "
            "included), found by RFC 9971; docs/search.md tells how.</p>" + cautions(rows) + overview(rows)
            + table(HEADS, body(rows), words=4))


def subtitle(context: dict) -> str:
    words = [str(context[key]) for key in ("cpu", "kernel", "date") if context.get(key)]
    return f'<p class="soft">{escape(" · ".join(words))}</p>' if words else ""


def cautions(rows: list[Row]) -> str:
    bound = sum(1 for row in rows if any((row.result(goal) or {}).get("generator_bound") for goal in row.goals))
    said = []
    if bound:
        said.append(f"{bound} of {len(rows)} rows are generator-bound: there the tester is the limit, and the device "
                    "may be faster.")
    if not all(each["finished"] for row in rows for each in row.search["searches"]):
        said.append("Not every search came to its end.")
    return "".join(f'<p class="bad">{escape(sentence)}</p>' for sentence in said)


def name(row: Row) -> str:
    return f"{row.cipher}, {row.size}{' bytes' if isinstance(row.size, int) else ''}, {row.direction}"


def target(row: Row) -> str:
    return anchor("row", row.cipher, str(row.size), row.direction)


def navigation(rows: list[Row]) -> str:
    links = [(target(row), name(row)) for row in rows] + [("table", "table"), ("reading", "how to read it")]
    return "<nav>" + "".join(f'<a href="#{to}">{escape(text)}</a>' for to, text in links) + "</nav>"


def overview(rows: list[Row]) -> str:
    bars = []
    for row in rows:
        for at, goal in enumerate(row.goals):
            result = row.result(goal)
            rate = (result["rate"] or 0) * row.search["ports"]
            gbit = rate * row.search["layer1_bits_per_packet"] / 1e9
            colour = COLOURS[at % len(COLOURS)]
            text = f"{gbit:.2f} · {rate / 1e6:.2f} Mpps · {limited(result)}" if rate else result["end"]
            bars.append(Bar(name(row) if at == 0 else "", [Part(gbit, colour, f"{goal}, {name(row)}: {text}")], text,
                            below=at > 0))
    legend = [(goal, COLOURS[at % len(COLOURS)], "box") for at, goal in enumerate(rows[0].goals)]
    return figure("Gbit/s on layer 1", bar_chart(bars, "Gbit/s by row", names=330), legend, wide=True)


def by_rate(row: Row) -> list[tuple[float, list[dict]]]:
    """All trials at each rate, in Mpps of each port."""
    trials: dict[float, list[dict]] = {}
    for trial in [*row.search["curve"], *(t for each in row.search["searches"] for t in each["trials"])]:
        trials.setdefault(float(f"{trial['rate'] / 1e6:.4g}"), []).append(trial)
    return sorted(trials.items())


def part(row: Row) -> str:
    points = by_rate(row)
    charts = []
    if points:
        charts = [figure("Loss over rate", loss_chart(points)), latency_figure(points)]
    numbers = [[f"{rate:g}", str(len(trials)), f"{middle(trials, loss) * 100:.4f}", *(latency_cell(trials, which)
               for which, _ in PERCENTILES)] for rate, trials in points]
    heads = ["Mpps", "trials", "loss %", *(f"p{which} µs" for which, _ in PERCENTILES)]
    return (f'<h3 id="{target(row)}">{escape(name(row))}<small>{escape(summary(row))}</small></h3>'
            f'<div class="charts">{"".join(charts)}</div>' + details("Medians at each rate", table(heads, numbers)))


def summary(row: Row) -> str:
    words = []
    for goal in row.goals:
        result = row.result(goal)
        words.append(f"{goal} {result['rate'] / 1e6:.3f} Mpps, {limited(result)}" if result["rate"]
                     else f"{goal}: {result['end']}")
    if row.search.get("tester_measured"):
        words.append(f"tester alone {row.search['tester_rate'] / 1e6:.3f} Mpps")
    return "; ".join(words)


def middle(trials: list[dict], value) -> float | None:
    known = [got for got in map(value, trials) if got is not None]
    return statistics.median(known) if known else None


def loss(trial: dict) -> float:
    return trial["loss_ratio"]


def latency_cell(trials: list[dict], which: str) -> str:
    value = middle(trials, lambda trial: (trial["latency_ns"] or {}).get(which))
    return "-" if value is None else f"{value / 1000:.1f}"


def loss_chart(points: list[tuple[float, list[dict]]]) -> str:
    shown = []
    for rate, trials in points:
        losses = [100 * loss(trial) for trial in trials]
        title = f"{rate:g} Mpps, {len(trials)} trials: {min(losses):.4f} to {max(losses):.4f} % lost"
        shown.append(Point(rate, statistics.median(losses), title))
    return line_chart([Series("lost", "openssl", shown)], "Mpps", "% lost", least_top=1.0, mark=0.5)


def latency_figure(points: list[tuple[float, list[dict]]]) -> str:
    lines = []
    for which, colour in PERCENTILES:
        shown = [Point(rate, value / 1000, f"{rate:g} Mpps: {which} % within {value / 1000:.1f} µs")
                 for rate, trials in points
                 if (value := middle(trials, lambda trial: (trial["latency_ns"] or {}).get(which))) is not None]
        if shown:
            lines.append(Series(f"{which} %", colour, shown))
    return figure("Latency over rate", line_chart(lines, "Mpps", "µs"), legend_of(lines)) if lines else ""


def machine(context: dict) -> str:
    facts = "".join(f"<tr><td>{escape(str(key))}</td><td>{escape(str(value))}</td></tr>"
                    for key, value in context.items() if key != "command")
    command = f"<p>This made the page:</p><pre>{escape(context['command'])}</pre>" if context.get("command") else ""
    return (f'<h2 id="machine">Machine and command</h2><table class="facts"><tbody>{facts}</tbody></table>{command}'
            if facts or command else "")


def how_to_read() -> str:
    terms = (
        ("NDR, PDR",
         "The highest rate at which no more than 1 packet in 100 000, and 1 in 200, is lost: the lower bound of a "
         "search by RFC 9971. The upper bound, where more is lost, is higher by the width at most."),
        ("±", "The width, or how far repeated searches are apart if that is more, relative to the rate."),
        ("generator-bound",
         "The tester was the limit: it could not send that fast, or had no room for what came. The busy share and the "
         "cycles are then what the headend's workers had to do at that rate."),
        ("limited by",
         "NIC: the link is full. PCIe: the slot is. Worker: the headend's busiest one is busy. None: no higher rate "
         "was tried. Device: it is something that cannot be seen from the tester."),
        ("lost at less",
         "Packets that one long trial lost at that share of the first goal's rate: whether a load with a margin loses "
         "any at all. The tester's: what it could not send in time, or had no room for, counts, too."),
        ("points",
         "Each is the median of all trials at that rate; hover for their range. Trials that the search made at one "
         "rate are many where it decides."))
    return ('<h2 id="reading">How to read it</h2><dl>'
            + "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in terms) + "</dl>")
