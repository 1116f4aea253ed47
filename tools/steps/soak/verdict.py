"""What follows from what was seen: each question of the soak with its answer. No lab is needed for it."""

from dataclasses import asdict, dataclass
from statistics import median

from . import doings as did
from .explained import EXPLANATIONS, Explanation

# In a shorter run memory is still on its way to its level, and not everything has been done.
WHOLE_MINUTES = 20
# The medians of two quarters with the same doings differ a little by who is connected, and an allocator that meets a
# larger crowd than ever takes memory that it never gives back.
TOLERANCE_SHARE, TOLERANCE_KIB = 0.02, 4096


@dataclass(frozen=True)
class Finding:
    question: str
    good: bool
    answer: str


def quarters(values: list[float]) -> list[list[float]]:
    edges = [len(values) * part // 4 for part in range(5)]
    return [values[first:last] for first, last in zip(edges, edges[1:])]


def memory(samples: list[dict], minutes: float) -> Finding:
    """The last quarter against the second; the first has what every program takes once."""
    resident = [each["rss_kib"] for each in samples]
    if minutes < WHOLE_MINUTES or len(resident) < 40:
        at_most = f"{max(resident) / 1024:.1f} MiB at most" if resident else "no sample"
        return Finding("memory is flat", True, f"not judged in less than {WHOLE_MINUTES} minutes; {at_most}")
    of_quarters = [median(each) for each in quarters(resident)]
    grown = of_quarters[3] - of_quarters[1]
    tolerated = max(TOLERANCE_SHARE * of_quarters[1], TOLERANCE_KIB)
    shown = ", ".join(f"{each / 1024:.1f}" for each in of_quarters)
    return Finding("memory is flat", grown <= tolerated,
                   f"MiB resident, medians of quarters: {shown}; the last is {grown / 1024:+.1f} to the second, and "
                   f"{tolerated / 1024:.1f} is tolerated")


def fault_of(reason: str, count: int, counts: dict[str, int], explanation: Explanation | None) -> str:
    """Why this drop is not explained; "" if it is."""
    if explanation is None:
        return f"{reason} ({count}): nothing that the soak does explains it"
    times = sum(counts.get(doing, 0) for doing in explanation.doings)
    if not times:
        return f"{reason} ({count}): what would explain it was never done ({', '.join(explanation.doings)})"
    if explanation.each and count > explanation.each * times:
        return f"{reason} ({count}): what explains it was done {times} times, for {explanation.each} each"
    return ""


def drops(at_end: dict[str, int], counts: dict[str, int],
          explanations: dict[str, Explanation] = EXPLANATIONS) -> Finding:
    faults = [fault for reason, count in at_end.items()
              if count and (fault := fault_of(reason, count, counts, explanations.get(reason)))]
    return Finding("every drop is explained", not faults, "; ".join(faults) or f"{len(at_end)} reasons, see below")


def given_back(at_start: dict, at_end: dict) -> Finding:
    """`show culvert buffers` before anybody came and after all have gone."""
    different = [f"{name}: {at_start.get(name)} at the start, {at_end.get(name)} at the end"
                 for name in sorted(at_start.keys() | at_end.keys()) if at_start.get(name) != at_end.get(name)]
    return Finding("no session, address, connection, ring entry or buffer is left", not different,
                   "; ".join(different) or "all counts are those at the start")


def clients(counts: dict[str, int], faults: list[str]) -> Finding:
    done = sum(counts.get(doing, 0) for doing in (did.TRANSFERS_UP, did.TRANSFERS_DOWN))
    shown = "\n    ".join(faults[:5])
    more = f"\n    and {len(faults) - 5} more" if len(faults) > 5 else ""
    return Finding("clients found nothing wrong", not faults and done > 0,
                   f"{len(faults)} faults:\n    {shown}{more}" if faults
                   else f"{done} transfers, compared bit for bit" if done else "no transfer was brought to its end")


def thorough(counts: dict[str, int], minutes: float) -> Finding:
    missing = [doing for doing in did.ALL if not counts.get(doing) and doing not in did.BY_CHANCE]
    question = "everything was done that a soak does"
    if minutes < WHOLE_MINUTES:
        return Finding(question, True, f"not judged in less than {WHOLE_MINUTES} minutes; missing: {len(missing)}")
    return Finding(question, not missing, "never: " + ", ".join(missing) if missing else f"{len(did.ALL)} doings")


def as_text(result: dict) -> str:
    lines = ["", "What was done:"]
    lines += [f"  {result['doings'].get(doing, 0):>9}  {doing}" for doing in did.ALL]
    lines += ["", "Drops, and what explains them:"]
    for reason, count in sorted(result["drops"].items()):
        explanation = EXPLANATIONS.get(reason)
        lines.append(f"  {count:>9}  {reason:<28} {explanation.sentence if explanation else 'NOTHING'}")
        if explanation:
            others = len(explanation.doings) - 2
            by = "; ".join(explanation.doings[:2]) + (f"; and {others} more doings" if others > 0 else "")
            lines.append(f"  {'':>9}  {'':<28}   by {by}")
    lines += ["", "Findings:"]
    lines += [f"  {'good' if each['good'] else 'BAD '}  {each['question']}: {each['answer']}"
              for each in result["findings"]]
    return "\n".join(lines)


def good(result: dict) -> bool:
    return all(each["good"] for each in result["findings"])


def as_json(findings: list[Finding]) -> list[dict]:
    return [asdict(each) for each in findings]
