"""What came of it, side by side."""


def seconds(value: float | None) -> str:
    if value is None:
        return "-"
    if value < 0.01:
        return f"{value * 1000:.2f} ms"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def at(distribution: dict | None, place: str) -> str:
    return seconds(distribution[place]) if distribution else "-"


def column(row: dict) -> dict[str, str]:
    report = row["report"]
    sessions, data = report["sessions"], report["data"]
    storm = report["storms"][0] if report["storms"] else None
    back = storm["back"] / storm["seconds"] if storm and storm["seconds"] > 0 else None
    return {
        "sessions asked": str(row["asked"]),
        "held at the same time": str(sessions["peak"]),
        "log-ins a second": f"{report['log_ins_per_second']:.0f}",
        "a log-in takes, median": at(report["log_ins"]["seconds"], "50"),
        "99 % of them": at(report["log_ins"]["seconds"], "99"),
        "failed log-ins": str(report["log_ins"]["failed"]),
        "DTLS tunnels": str(report["dtls"]["worked"]),
        "DTLS handshake, median": at(report["dtls"]["seconds"], "50"),
        "storm: back by cookie": f"{storm['back']} of {storm['members']}" if storm else "-",
        "the last after": seconds(storm["seconds"]) if storm else "-",
        "back a second": f"{back:.0f}" if back else "-",
        "attempts that failed": str(report["reconnects"]["failed"]),
        "memory idle, MiB": f"{row['idle_kib'] / 1024:.1f}",
        "memory with all, MiB": f"{row['full_kib'] / 1024:.1f}",
        "a session, KiB": f"{row['kib_per_session']:.1f}",
        "echoes answered": f"{data['answered']} of {data['sent']}",
        "lost": str(data["lost"]),
        "round trip, median": at(data["round_trip_seconds"], "50"),
        "came to its end": "yes" if report["complete"] else "was ended",
        "left behind": row["left"] and "something" or ("nothing" if row["headend"] == "culvert" else "not told"),
    }


def as_text(result: dict) -> str:
    machine, settings = result["machine"], result["settings"]
    columns = [column(row) for row in result["rows"]]
    names = [row["headend"] for row in result["rows"]]
    width = max(len(text) for each in columns for text in each.values()) + 2
    lines = ["", f"  Machine   {machine['cpu']}, {machine['cores']} cores{' (virtual)' if machine['virtual'] else ''}, "
             f"{machine['kernel']}; load at the start {machine['load_at_start']}",
             f"  Headends  {'; '.join(result['versions'].values())}",
             f"  Crowd     {settings['at_once']} log-ins at once, {settings['hold_s']} s held with one storm, "
             f"{settings['pings_per_s']:g} echoes a second and session", "",
             f"  {'':<26}" + "".join(f"{name:>{width}}" for name in names)]
    for title in columns[0]:
        lines.append(f"  {title:<26}" + "".join(f"{each[title]:>{width}}" for each in columns))
    for row in result["rows"]:
        if row["left"]:
            lines.append(f"  {row['headend']}: {row['left']}")
    return "\n".join(lines)
