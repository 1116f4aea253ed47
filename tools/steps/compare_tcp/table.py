"""How the result looks: in a terminal and in the documentation it is the same table."""


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def as_text(result: dict) -> str:
    machine, settings = result["machine"], result["settings"]
    lines = ["", f"  Machine  {machine['cpu']}, {machine['cores']} cores{' (virtual)' if machine['virtual'] else ''}, "
             f"{machine['kernel']}; load at the start {machine['load_at_start']}",
             f"  Network  bottleneck {settings['rate_mbit']:g} Mbit/s, queue of one round trip; loss and reordering "
             f"both ways; who is held back is {settings['held_back_ms']} ms late",
             f"  Runs     {settings['runs']} of each cell, medians; interval: 95 %, percentile bootstrap; ours: "
             f"{settings['ours']}; kernel: {settings['kernel']}", ""]
    return "\n".join(lines + markdown(result) + captures(result))


def captures(result: dict) -> list[str]:
    lines = []
    for name, found in result.get("captures", {}).items():
        errors = "; ".join(f"{text}: {times} times" for text, times in found["errors"].items())
        lines.append(f"{name}: {found['segments']} segments of ours, {errors or 'no protocol error'}")
    return ["", *lines] if lines else []


def markdown(result: dict) -> list[str]:
    settings = result["settings"]
    body = []
    for row in result["cells"]:
        low, high = row["interval"]
        verdict = "" if row["ratio"] >= settings["target"] else f"below {settings['target']:g}"
        body.append([f"{row['loss']:g} %", f"{row['round_trip_ms']} ms", f"{row['reorder']:g} %", number(row["ours"]),
                     number(row["kernel"]), f"{row['ratio']:.2f}", f"{low:.2f} to {high:.2f}", verdict])
    lines = grid(["loss", "round trip", "reordered", "ours, Mbit/s", "kernel, Mbit/s", "ratio", "interval", ""], body)
    if result["shares"]:
        body = []
        for row in result["shares"]:
            low, high = row["interval"]
            verdict = "" if settings["share"][0] <= row["ratio"] <= settings["share"][1] else "unfair"
            body.append([f"{row['round_trip_ms']} ms", number(row["ours"]), number(row["kernel"]),
                         f"{row['ratio']:.2f}", f"{low:.2f} to {high:.2f}", verdict])
        lines += ["", "One flow of each through one bottleneck:", ""]
        lines += grid(["round trip", "ours, Mbit/s", "kernel, Mbit/s", "ratio", "interval", ""], body)
    return lines


def grid(heads: list[str], body: list[list[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in [heads, *body]) for at in range(len(heads))]

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"

    return [line(heads), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, body)]
