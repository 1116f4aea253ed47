"""The results in a terminal, as a table that is Markdown, too."""

from steps.compare.table import markdown

from .rows import Row

HEADS = ["cipher", "bytes", "direction", "goal", "Mpps", "Gbit/s", "of line", "±", "limited by", "p50 µs", "p99.9 µs",
         "busy", "lost at less"]


def percent(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f} %"


def microseconds(latency: dict | None, which: str) -> str:
    return f"{latency[which] / 1000:.1f}" if latency and which in latency else "-"


def limited(result: dict) -> str:
    return "generator-bound" if result["generator_bound"] else result["bottleneck"]


def busy(result: dict) -> str:
    """Of the headend at that rate: what a generator-bound row says of it."""
    use = (result["at_rate"] or {}).get("headend")
    return f"{100 * use['busiest_worker']:.0f} %, {use['cycles_per_packet']:.0f} cycles/packet" if use else "-"


def sustained(row: Row) -> str:
    """Of the long trial at a share of the first goal's rate. Results of older programs have none."""
    trial = row.search.get("sustained")
    if not trial:
        return "-"
    lost = max(0, trial["expected"] - trial["arrived"])
    fault = ", the tester's" if trial["tester_fell_behind"] else ""
    return f"{100 * row.search['sustained_share']:g} %: {lost} of {trial['expected']}{fault}"


def cells(row: Row, goal: str) -> list[str]:
    result = row.result(goal)
    head = [row.cipher, str(row.size), row.direction, goal]
    if result["rate"] is None:
        return [*head, "-", "-", "-", "-", result["end"], "-", "-", "-", "-"]
    rate = result["rate"] * row.search["ports"]
    latency = (result["at_rate"] or {}).get("latency_ns")
    line = row.search["line_rate"]
    return [*head, f"{rate / 1e6:.3f}", f"{rate * row.search['layer1_bits_per_packet'] / 1e9:.2f}",
            percent(result["rate"] / line if line else None), percent(spread(result), 2), limited(result),
            microseconds(latency, "50"), microseconds(latency, "99.9"), busy(result),
            sustained(row) if goal == row.goals[0] else "-"]


def spread(result: dict) -> float | None:
    """The larger of how exact one search is, and how far repeated ones are apart."""
    apart = (result["most"] - result["least"]) / result["most"] if result["most"] else 0
    return apart if result["width"] is None else max(result["width"], result["asked_width"], apart)


def body(rows: list[Row]) -> list[list[str]]:
    return [cells(row, goal) for row in rows for goal in row.goals]


def as_text(rows: list[Row]) -> str:
    return "\n".join(["", *markdown(HEADS, body(rows)), "",
                      "  Mpps and Gbit/s (layer 1): of all directions together. Latency, busy workers: at that rate.",
                      "  Lost at less: packets lost of a long trial at that share of the rate."])
