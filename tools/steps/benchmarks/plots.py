"""Charts as SVG, drawn by hand: lines over sizes or session counts, bars, stacks. What colours mean, style.py says."""

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 380, 236
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 24, 34


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    title: str  # what hovering shows


@dataclass(frozen=True)
class Series:
    name: str
    colour: str  # a class of the style sheet
    points: list[Point]
    dashed: bool = False


@dataclass(frozen=True)
class Part:
    """A piece of a bar."""
    size: float
    colour: str
    title: str


@dataclass(frozen=True)
class Bar:
    name: str          # before the bar
    parts: list[Part]
    text: str = ""     # behind it
    below: bool = False  # of the same group as the bar before


def nice_ticks(highest: float, count: int = 5) -> list[float]:
    """From 0 to at least `highest` in steps of 1, 2 or 5 times a power of ten."""
    if highest <= 0:
        return [0.0, 1.0]
    step = 10 ** math.floor(math.log10(highest / count))
    step *= next(factor for factor in (1, 2, 5, 10) if highest / (step * factor) <= count)
    return [step * i for i in range(math.ceil(highest / step - 1e-9) + 1)]


def short(value: float) -> str:
    """For axes: 1000 is 1k."""
    if value >= 1000:
        return f"{value / 1000:g}k"
    return f"{value:g}" if value >= 1 or value == 0 else f"{value:.2g}"


def line_chart(series: list[Series], x_label: str, y_label: str, log_x: bool = False, least_top: float = 0.0,
               mark: float | None = None) -> str:
    """`least_top`: what the y axis shows at least; `mark`: a horizontal line to compare with."""
    xs = sorted({point.x for each in series for point in each.points})
    ticks = nice_ticks(max([least_top, *(point.y for each in series for point in each.points)]))
    place_x = scale_x(xs, log_x)

    def place_y(y: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - y / ticks[-1])

    out = [frame(y_label, ticks, place_y), x_axis(xs, place_x, x_label)]
    if mark is not None:
        out.append(f'<line class="mark" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place_y(mark):.1f}" '
                   f'y2="{place_y(mark):.1f}"/>')
    for each in series:
        places = [(place_x(point.x), place_y(point.y)) for point in each.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dashed = " dashed" if each.dashed else ""
        out.append(f'<polyline class="line {each.colour}{dashed}" points="{path}"/>')
        for point, (x, y) in zip(each.points, places):
            # The second circle is not seen: it makes the first easier to hit.
            out.append(f'<g class="point {each.colour}"><title>{escape(point.title)}</title>'
                       f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
                       f'<circle class="near" cx="{x:.1f}" cy="{y:.1f}" r="10"/></g>')
    return svg(WIDTH, HEIGHT, f"{y_label} over {x_label}", out)


def scale_x(xs: list[float], log_x: bool):
    """Where an x is; a single one is in the middle."""
    def measure(x: float) -> float:
        return math.log10(x) if log_x else x

    low, high = (0.0 if not log_x else measure(xs[0])), measure(xs[-1])
    inner = WIDTH - LEFT - RIGHT - 16

    def place(x: float) -> float:
        return LEFT + 8 + inner * ((measure(x) - low) / (high - low) if high > low else 0.5)

    return place


def frame(y_label: str, ticks: list[float], place_y) -> str:
    lines = [f'<text class="label" x="2" y="10">{escape(y_label)}</text>']
    for tick in ticks:
        y = place_y(tick)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    return "".join(lines)


def x_axis(xs: list[float], place_x, label: str) -> str:
    lines = [f'<text class="label" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(label)}</text>']
    free_from = 0.0
    for x in xs:
        place = place_x(x)
        lines.append(f'<line class="notch" x1="{place:.1f}" x2="{place:.1f}" y1="{HEIGHT - BOTTOM}" '
                     f'y2="{HEIGHT - BOTTOM + 4}"/>')
        if place >= free_from:
            lines.append(f'<text class="tick" x="{place:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
                         f'{x:g}</text>')
            free_from = place + 8 + 7 * len(f"{x:g}")
    return "".join(lines)


def bar_chart(bars: list[Bar], label: str, names: int = 230, width: int = 1180) -> str:
    """Horizontal bars, each of one part or of several; `names` is the room before them, `width` that of the chart."""
    high, gap, behind = 13, 9, 200
    highest = max((sum(part.size for part in bar.parts) for bar in bars), default=0) or 1.0
    scale = (width - names - behind) / highest
    out, y = [], 4
    for number, bar in enumerate(bars):
        if number:
            y += high + (2 if bar.below else gap)
        if bar.name:
            out.append(f'<text class="name" x="{names - 8}" y="{y + 10.5}" text-anchor="end">{escape(bar.name)}</text>')
        x = float(names)
        for part in bar.parts:
            out.append(f'<rect class="bar {part.colour}" x="{x:.1f}" y="{y}" width="{max(part.size * scale, 0.5):.1f}" '
                       f'height="{high}"><title>{escape(part.title)}</title></rect>')
            x += part.size * scale
        if bar.text:
            out.append(f'<text class="tick" x="{x + 6:.1f}" y="{y + 10.5}">{escape(bar.text)}</text>')
    return svg(width, y + high + 4, label, out)


def svg(width: int, height: int, label: str, parts: list[str]) -> str:
    return (f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label, quote=True)}">'
            + "".join(parts) + "</svg>")
