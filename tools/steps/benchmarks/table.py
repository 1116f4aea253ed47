"""The results in a terminal, as tables that are Markdown, too."""

from steps.compare.table import markdown

from .rows import Results, Row, distinct, reference


def number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def as_text(results: Results) -> str:
    lines = ["", *machine(results)]
    if ours := [row for row in results.of("crypto") if row.subject == "ours"]:
        lines += by_suite(results, ours)
        if len(distinct(ours, "size")) > 1:
            lines += by_size(results, ours)
    if results.of("datapath"):
        lines += datapath(results)
    lines += [f"  void: {name}: {why}" for name, why in results.failed.items()]
    return "\n".join(lines)


def machine(results: Results) -> list[str]:
    c = results.context
    virtual = ", virtual" if c.get("virtual") == "yes" else ""
    megahertz = f", TSC {int(c['tsc_hz']) / 1e6:.0f} MHz" if str(c.get("tsc_hz", "")).isdigit() else ""
    libraries = [f"{title} {c[key]}" if title else c[key]
                 for title, key in (("IPsec-MB", "ipsec_mb"), ("", "openssl"), ("", "dpdk")) if c.get(key)]
    return [f"  Machine    {c.get('cpu', 'unknown CPU')}, {c.get('cores', c.get('num_cpus', '?'))} cores{virtual}, "
            f"{c.get('isa', 'unknown instruction set')}{megahertz}",
            f"  Libraries  {', '.join(libraries) or 'unknown'}",
            f"  Culvert    {c.get('culvert', 'unknown')}, commit {c.get('commit', 'unknown')}; "
            f"{c.get('compiler', 'unknown compiler')}; {c.get('kernel', 'unknown kernel')}",
            f"  Measured   {c.get('date', 'at an unknown time')}, "
            + (f"medians of {results.repetitions}" if results.repetitions > 1 else "once each"), ""]


def by_suite(results: Results, ours: list[Row]) -> list[str]:
    """A line for each suite, at one size and one number of sessions."""
    size, sessions = reference(ours, "size"), reference(ours, "sessions")
    heads, body = ["suite"], []
    directions = [direction for direction in ("seal", "open") if any(row.direction == direction for row in ours)]
    for direction in directions:
        heads += [f"{direction}: Gbit/s", "cycles/packet", "raw ÷ ours", "ours ÷ OpenSSL"]
    for suite in distinct(ours, "suite"):
        line = [suite]
        for direction in directions:
            row = next((row for row in ours if (row.suite, row.direction, row.size, row.sessions) ==
                        (suite, direction, size, sessions)), None)
            line += ["-"] * 4 if row is None else [f"{row.gbit_s:.1f}", f"{row.cycles:.0f}", *ratios(results, row)]
        body.append(line)
    return [f"  Record protection, one core, {size} bytes, {sessions} sessions:", "", *markdown(heads, body), ""]


def by_size(results: Results, ours: list[Row]) -> list[str]:
    sessions = reference(ours, "sessions")
    body = [[row.suite, row.direction, str(row.size), f"{row.gbit_s:.2f}", f"{row.mpps:.2f}", f"{row.cycles:.0f}",
             f"{row.cycles / row.size:.2f}", *ratios(results, row)] for row in ours if row.sessions == sessions]
    heads = ["suite", "direction", "bytes", "Gbit/s", "Mpps", "cycles/packet", "cycles/byte", "raw ÷ ours",
             "ours ÷ OpenSSL"]
    return [f"  By size, {sessions} sessions:", "", *markdown(heads, body), ""]


def datapath(results: Results) -> list[str]:
    body = [[row.channel, row.suite, row.direction, str(row.size), str(row.sessions), f"{row.gbit_s:.2f}",
             f"{row.mpps:.2f}", f"{row.cycles:.0f}", number(results.raw_share(row), "{:.2f}")]
            for row in results.of("datapath")]
    heads = ["channel", "suite", "direction", "bytes", "sessions", "Gbit/s", "Mpps", "cycles/packet", "raw ÷ path"]
    return ["  The whole path, one core:", "", *markdown(heads, body), ""]


def ratios(results: Results, row: Row) -> list[str]:
    return [number(results.raw_share(row), "{:.2f}"), number(results.speed_up(row), "{:.1f}")]
