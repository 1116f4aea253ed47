"""Medians of the rounds, and how they look."""

from statistics import median

COLUMNS = (
    ("Mbit/s", "mbit_s", "{:.0f}"),
    ("lost %", "lost_percent", "{:.2f}"),
    ("CPU s/GB", "cpu_s_per_gb", "{:.2f}"),
    ("user", "user_s_per_gb", "{:.2f}"),
    ("kernel", "kernel_s_per_gb", "{:.2f}"),
    ("receive", "receive_s_per_gb", "{:.2f}"),
    ("busy", "busy_s_per_gb", "{:.2f}"),
    ("softirq", "machine_softirq_s_per_gb", "{:.2f}"),
)


def medians(runs: list[dict]) -> dict:
    """The median of every number over the rounds; what a headend does not have stays out."""
    return {key: median(run[key] for run in runs) for key in runs[0] if runs[0][key] is not None}


def ratio(rows: list[dict], channel: str, direction: str, load: str) -> float | None:
    """Culvert's CPU seconds per gigabyte as a part of ocserv's."""
    cost = {row["headend"]: row["median"]["cpu_s_per_gb"] for row in rows
            if (row["channel"], row["direction"], row["load"]) == (channel, direction, load)}
    return cost["culvert"] / cost["ocserv"] if len(cost) == 2 else None


def as_text(result: dict) -> str:
    machine, settings = result["machine"], result["settings"]
    lines = ["", f"  Machine   {machine['cpu']}, {machine['cores']} cores{' (virtual)' if machine['virtual'] else ''}, "
             f"{machine['kernel']}; load at the start {machine['load_at_start']}",
             f"  Headends  {result['versions']['culvert']}; {result['versions']['ocserv']}",
             f"  Client    {result['versions']['client']}; {settings['suite']}; inner MTU {settings['inner_mtu']}",
             f"  Rounds    {settings['runs']} of {settings['seconds']} s each, medians; CPU time by "
             f"{settings['accounting']}", ""]
    heads = ["channel", "direction", "load", "headend", *(title for title, _, _ in COLUMNS), "of ocserv's"]
    body = []
    for row in result["rows"]:
        values = [form.format(row["median"][key]) if key in row["median"] else "-" for _, key, form in COLUMNS]
        share = ratio(result["rows"], row["channel"], row["direction"], row["load"])
        last = f"{share:.2f}" if row["headend"] == "culvert" and share is not None else ""
        body.append([row["channel"].upper(), row["direction"], load_name(row["load"], settings), row["headend"],
                     *values, last])
    lines += markdown(heads, body)
    lines += ["", "  Idle, one client connected, CPU seconds per hour: " + "; ".join(
        f"{row['headend']} {row['channel'].upper()} {row['cpu_s'] * 3600:.0f}" for row in result["idle"]), "",
        "  CPU s/GB: of the whole headend, per 10^9 bytes of payload; user and kernel are its parts; receive is the",
        "  kernel's part that receives from the wires, each host in threads of its own. busy: of Culvert's workers, in",
        "  passes of the loop that found work. softirq: what is left of that on the whole machine."]
    return "\n".join(lines)


def load_name(load: str, settings: dict) -> str:
    return f"UDP {settings['rate_mbit']} Mbit/s" if load == "rate" else "TCP, full speed"


def markdown(heads: list[str], body: list[list[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in [heads, *body]) for at in range(len(heads))]

    def line(cells: list[str]) -> str:
        return "  | " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"

    return [line(heads), "  |" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, body)]
