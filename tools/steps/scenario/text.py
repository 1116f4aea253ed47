"""A run and the table of runs, for people."""

from .note import FIXES
from .timeline import Entry

WIDTH = 118


def timeline_text(entries: list[Entry], start: float) -> str:
    """A line each, with seconds since the tunnel came up; of many equal lines of one speaker the first few."""
    lines, said = [], {}
    for entry in entries:
        kind = (entry.who, entry.text)
        said[kind] = said.get(kind, 0) + 1
        if said[kind] <= 3:
            lines += wrapped(f"{entry.time - start:8.2f} s  {entry.who:8} ", entry.text)
    repeated = [line for (who, text), count in said.items() if count > 3
                for line in wrapped(f"{count - 3:6} more   {who:8} ", text)]
    return "\n".join(lines + ([""] + repeated if repeated else []))


def wrapped(head: str, text: str) -> list[str]:
    lines, line = [], head
    for word in text.split():
        if len(line) + len(word) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = " " * len(head)
        line += word + " "
    return [*lines, line.rstrip()]


def result_text(result: dict) -> str:
    announced, new, old = result["announced"], result["new_connections"], result["old_connection"]
    icmp, mss, client = result["icmp_errors"], result["syn_mss"], result.get("client", {})
    minute = f"{result['minute_s']:g} s"
    rows = [
        ("Cause", "the path lets no UDP through" if result["cause"] == "path" else
         "the DTLS port that is announced is not listened on (bug CSCuh61321)"),
        ("Remedy", f"{FIXES[result['fix']].title}; ICMP {result['icmp']}; the minute is {minute}"),
        ("Announced", f"TLS {announced['tls']}, DTLS {announced['dtls'] or 'none'}; "
                      f"the adapter had {' and then '.join(map(str, result['adapter_mtu']))}"),
    ]
    if ping := result.get("ping"):
        # ping ends with the ICMP error, which comes before an answer.
        fate = f"dropped ({ping['drops']} mp-svc-no-fragment)" if ping["drops"] else \
            "answered" if ping["answered"] else "not dropped"
        told = f"MTU {ping['icmp_mtus'][0]} in an ICMP error" if ping["icmp_mtus"] else "no ICMP error"
        rows.append(("One ping", f"{ping['size']} bytes with DF: {fate}; {told}; the server's route has "
                                 f"{'mtu ' + str(ping['route_mtu']) if ping['route_mtu'] else 'learned nothing'}"))
    if udp := result.get("udp"):
        rows.append(("Large UDP", f"{udp['received']} of {udp['sent']} packets of {udp['size']} bytes got past the "
                                  f"client's adapter, whose MTU was {result['adapter_mtu'][0]}"))
    after = f", {mss['after']} after the reconnect" if mss["after"] else ""
    learned = f"mtu {result['route_mtu']}" if result["route_mtu"] else "nothing learned"
    came = new["after_reconnect"]
    rows += [
        ("SYN's MSS", f"{mss['before']} at the server{after}"),
        ("TCP", f"{result['oversized']} packets too large for TLS with DF, {result['drops']} dropped; ICMP errors: "
                f"{icmp['sent']} sent, {icmp['suppressed']} suppressed; ip route get: {learned}"),
        ("Syslog", f"722036: {result['syslog']['722036']}, 602101: {result['syslog']['602101']}"),
        ("Open before", old_text(old)),
        ("Opened anew", f"{new['failed']} of {new['tried']} failed: {new['seconds_without']:.1f} s without traffic"
                        + (f"; {came} after the reconnect brought all" if came is not None else "")),
        ("Reconnects", str(result["reconnects"])),
    ]
    if lost := client.get("lost"):
        rows.append(("Client lost", f"{lost['larger_than_adapter']} packets larger than its adapter, "
                                    f"{lost['without_tunnel']} while it had no tunnel "
                                    f"({lost['seconds_without_tunnel']:.2f} s)"))
    return "\n".join(line for title, text in rows for line in wrapped(f"  {title:12} ", text))


def old_text(old: dict) -> str:
    first = old["first_bytes_s"]
    began = f"20000 bytes came within {first:.2f} s" if first is not None else "stalled at once"
    return f"{began}; {'alive' if old['alive'] else 'dead'} at the end ({old['bytes_after']} bytes more)"


HEADS = ("remedy", "ICMP", "TLS MTU", "DTLS MTU", "dropped", "seconds without traffic", "old connection", "reconnects")


def table_text(results: list[dict]) -> str:
    rows = [HEADS] + [row_of(result) for result in results]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def row_of(result: dict) -> tuple[str, ...]:
    announced = result["announced"]
    title = FIXES[result["fix"]].title
    return (title if result["fix"] == "none" or " with " in title else f"`{title}`", result["icmp"],
            str(announced["tls"]), str(announced["dtls"] or "-"), str(result["drops"]),
            f"{result['new_connections']['seconds_without']:.1f}",
            "alive" if result["old_connection"]["alive"] else "dead", str(result["reconnects"]))
