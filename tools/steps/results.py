"""Counting test cases: those that passed, and those that did not with the reason."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Failure:
    name: str
    reason: str

    def text(self) -> str:
        return f"FAILED {self.name}\n" + "\n".join("    " + line for line in self.reason.strip().splitlines())


@dataclass
class Results:
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)

    def __iadd__(self, other: "Results") -> "Results":
        self.passed += other.passed
        self.failures += other.failures
        return self

    def fail(self, name: str, reason: str) -> None:
        self.failures.append(Failure(name, reason or "without a word"))

    def count(self, name: str, ok: bool, reason: str) -> None:
        if ok:
            self.passed += 1
        else:
            self.fail(name, reason)


def from_junit(path: Path, prefix: str, keep_lines: int = 40) -> Results:
    """Reads a JUnit file of meson's or pytest's. A skipped case is a failed one: nothing is skipped here."""
    results = Results()
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        for case in suite.findall("testcase"):
            name = f"{prefix} {case.get('classname') or suite.get('name') or ''}.{case.get('name')}"
            problems = [part for kind in ("failure", "error") for part in case.findall(kind)]
            skipped = case.find("skipped")
            if problems:
                said = "\n".join(part.text or part.get("message") or "" for part in problems)
                results.fail(name, "\n".join(said.strip().splitlines()[-keep_lines:]))
            elif skipped is not None:
                results.fail(name, "skipped: " + (skipped.get("message") or "no reason given"))
            else:
                results.passed += 1
    return results
