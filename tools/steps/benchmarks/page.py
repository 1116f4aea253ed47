"""The page: one file, no script, nothing fetched."""

from html import escape

from steps.rfc2544 import page as line_page
from steps.rfc2544.rows import Row as LineRow

from . import crypto_section, datapath_section
from .figures import anchor
from .rows import Results, Row, distinct, reference
from .style import sheet

FACTS = (("Processor", "cpu"), ("Microcode", "microcode"), ("Cores", "cores"), ("Virtual machine", "virtual"),
         ("TSC frequency, Hz", "tsc_hz"), ("Instruction set of record protection", "isa"), ("Forced to, bits", "simd"),
         ("Kernel", "kernel"), ("Huge pages", "huge_pages"), ("IPsec-MB", "ipsec_mb"), ("OpenSSL", "openssl"),
         ("DPDK", "dpdk"), ("Compiler", "compiler"), ("Culvert", "culvert"), ("Commit", "commit"),
         ("Load at the start", "load_avg"), ("Host", "host_name"), ("Date", "date"))


def render(results: Results, line: list[LineRow] = ()) -> str:
    """`line`: rows of tools/bench-line, if there are any."""
    context = results.context
    title = f"Culvert on {str(context.get('cpu', 'an unknown CPU')).split(' (family')[0]}"
    body = "".join((
        f"<header><h1>{escape(title)}</h1>", subtitle(results), cautions(results), tiles(results),
        navigation(results, bool(line)), "</header><main>", crypto_section.section(results),
        datapath_section.section(results), line_page.section(line), machine(results), how_to_read(), "</main>"))
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{sheet()}</style></head><body>{body}</body></html>\n")


def subtitle(results: Results) -> str:
    context = results.context
    words = ["What one core does with the records of VPN clients", context.get("isa", ""),
             f"IPsec-MB {context['ipsec_mb']}" if "ipsec_mb" in context else "", context.get("openssl", ""),
             context.get("date", "")[:10], f"medians of {results.repetitions}" if results.repetitions > 1 else ""]
    return f'<p class="soft">{escape(" · ".join(word for word in words if word))}</p>'


def cautions(results: Results) -> str:
    """What keeps the numbers from being worth comparing."""
    said = []
    if results.repetitions == 1:
        said.append("Every row was measured only once: ratios of such rows are noisy.")
    if "not optimised" in str(results.context.get("compiler", "")):
        said.append("The program was built without optimisation.")
    if str(results.context.get("commit", "")).endswith("-dirty"):
        said.append("The sources had changes that are in no commit.")
    load = results.context.get("load_avg") or [0]
    if load[0] > 1.5:
        said.append(f"The machine had other things to do when the run began (load {load[0]:.1f}).")
    noisy = sum(1 for row in results.rows if (row.spread or 0) > 0.1)
    if noisy:
        said.append(f"{noisy} of {len(results.rows)} rows vary by more than 10 % between repetitions.")
    said += [f"Void: {name}: {why}" for name, why in results.failed.items()]
    return "".join(f'<p class="bad">{escape(sentence)}</p>' for sentence in said)


def tiles(results: Results) -> str:
    """The first things one wants to know."""
    out = []
    ours = [row for row in results.of("crypto") if row.subject == "ours"]
    for row in best(ours, "direction"):
        out.append((f"{row.gbit_s:.0f} Gbit/s", f"{row.direction}, {row.size} bytes: {row.suite}"))
        share, factor = results.raw_share(row), results.speed_up(row)
        if share is not None and factor is not None:
            out.append((f"{share:.2f} · {factor:.1f} ×", f"{row.direction}: of IPsec-MB alone · of OpenSSL's speed"))
    for row in best(results.of("datapath"), "channel"):
        out.append((f"{row.gbit_s:.1f} Gbit/s", f"whole path, {row.channel.upper()} {row.direction}, {row.size} bytes, "
                                                f"{row.sessions} sessions"))
    return '<div class="tiles">' + "".join(f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
                                           for value, what in out) + "</div>" if out else ""


def best(rows: list[Row], each: str) -> list[Row]:
    """The fastest row for each value of a part of the name, at the size and number of sessions for comparisons."""
    if not rows:
        return []
    size, sessions = reference(rows, "size"), reference(rows, "sessions")
    usual = [row for row in rows if (row.size, row.sessions) == (size, sessions)]
    return [max((row for row in usual if getattr(row, each) == value), key=lambda row: row.gbit_s)
            for value in distinct(usual, each)]


def navigation(results: Results, line: bool) -> str:
    links = []
    for row in results.rows:
        words = ("crypto", row.suite) if row.kind == "crypto" else (row.channel, row.suite)
        text = row.suite if row.kind == "crypto" else f"{row.channel.upper()} {row.suite}"
        links.append((anchor(*words), text))
    links += [("line", "searched rates")] if line else []
    links += [("machine", "machine and command"), ("reading", "how to read it")]
    entries = "".join(f'<a href="#{target}">{escape(text)}</a>' for target, text in dict.fromkeys(links))
    return f"<nav>{entries}</nav>"


def machine(results: Results) -> str:
    context = results.context
    rows = []
    for title, key in FACTS:
        if key in context:
            value = context[key]
            text = ", ".join(f"{part:.2f}" for part in value) if isinstance(value, list) else str(value)
            rows.append(f"<tr><td>{escape(title)}</td><td>{escape(text)}</td></tr>")
    command = f"<p>This made the page:</p><pre>{escape(results.command)}</pre>" if results.command else ""
    return (f'<h2 id="machine">Machine and command</h2><table class="facts"><tbody>{"".join(rows)}</tbody></table>'
            f"{command}")


def how_to_read() -> str:
    terms = (
        ("Gbit/s, Mpps",
         "Payload and packets of one core. Hover over a point or a bar for its numbers, the spread over the "
         "repetitions (standard deviation) among them."),
        ("cycles",
         "Of the time stamp counter, which ticks at one rate whatever the core's clock does: divide by the TSC "
         "frequency for seconds. Within a run, ratios of cycles are ratios of time."),
        ("raw ÷ ours",
         "Cycles of IPsec-MB's calls alone, divided by those of Culvert's record layer. 1 would mean that all around "
         "the calls is free."),
        ("ours ÷ OpenSSL",
         "How many times as fast Culvert's record layer is as OpenSSL's EVP interface. For CBC it does more: the time "
         "that opening takes tells nothing about a record's padding."),
        ("sessions",
         "How many have packets in turn. One session's keys stay in the cache next to the core; those of 10 000 come "
         "from memory, which is what prefetching is for."),
        ("suites",
         "Suites that differ in the key exchange alone are the same here. TLS_... is TLS 1.3, PSK-... DTLS 1.2, the "
         "others are TLS 1.2."),
        ("noise",
         "Compare rows of one run, not of two: the machine may have had other neighbours. Rows of a run are measured "
         "in random order, and medians are shown."))
    return ('<h2 id="reading">How to read it</h2><dl>'
            + "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in terms) + "</dl>")
