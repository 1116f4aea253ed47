"""How a generator ended that was started with --json, and whose output and complaints went into one log."""

import json
from dataclasses import dataclass

from .process import Process


@dataclass
class Outcome:
    status: int
    report: dict  # of --json; empty if there is none
    said: str     # what came before it: status lines and what went wrong


def report_in(log: str) -> tuple[dict, str]:
    """The report, and what was said before it. Fails while there is half of a report."""
    begin = log.find("{\n")
    return (json.JSONDecoder().raw_decode(log[begin:])[0], log[:begin]) if begin >= 0 else ({}, log)


def outcome(process: Process, timeout: float) -> Outcome:
    status = process.wait(timeout)
    return Outcome(status, *report_in(process.log()))
