"""One row is a cipher, a size and a direction, and what `culvert-replay --search --json` found."""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Callable

from steps.build import RELEASE

from . import frames

PLAIN = "plain"
DIRECTIONS = ("there", "back", "both")
TUNNEL_DIRECTIONS = {"there": "up", "back": "down", "both": "both"}
CHANNELS = ("dtls", "tls")


@dataclass(frozen=True)
class Row:
    cipher: str       # "plain": no tunnel; "dtls:ECDHE-RSA-AES128-GCM-SHA256"
    size: int | str   # bytes with the frame check sequence, or "IMIX"
    direction: str
    search: dict = field(hash=False, compare=False)  # of culvert-replay

    def result(self, goal: str) -> dict | None:
        """The median over searches, with what was found first."""
        found = next((each for each in self.search["results"] if each["goal"] == goal), None)
        first = next((each for each in self.search["searches"][0]["found"] if each["goal"] == goal), None)
        asked = next((each["width"] for each in self.search["goals"] if each["name"] == goal), None)
        return {**first, **found, "asked_width": asked} if found and first and asked else None

    @property
    def goals(self) -> list[str]:
        return [each["name"] for each in self.search["goals"]]


@dataclass(frozen=True)
class Plan:
    port: str
    receive: str
    sizes: tuple = (*frames.SIZES, frames.MIX_NAME)
    directions: tuple[str, ...] = ("there",)
    words: tuple[str, ...] = ()   # more for culvert-replay
    destination_mac: str = ""     # of the device under test, beside `port`
    destination_mac_back: str = ""  # and beside `receive`
    ciphers: tuple[str, ...] = (PLAIN,)

    def rows(self) -> list[tuple[str, int | str, str]]:
        return [(cipher, size, direction) for cipher in self.ciphers for direction in self.directions
                for size in self.sizes]


class SearchFailed(RuntimeError):
    """A sentence of culvert-replay's."""


@dataclass
class Outcome:
    rows: list[Row] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)  # what is said of each row that could not be had

    @contextmanager
    def kept(self):
        """An interrupt ends the search, and costs none of the rows that are there. Without one it goes on up."""
        try:
            yield
        except KeyboardInterrupt:
            if not self.rows:
                raise
            self.missed.append("what was still to come when it was interrupted")

    def add(self, name: str, search_row: Callable[[], Row]) -> None:
        """One that fails is no reason to lose what took hours before it. If it is the first, all would. A row of which
        only a part could be had is there, and what it lacks is told."""
        try:
            row = search_row()
            self.rows.append(row)
            if lacks := row.search.get("missing"):
                self.missed.append(f"{name}: {lacks}")
        except SearchFailed as error:
            if not self.rows:
                raise
            self.missed.append(f"{name}: {error}")


def command(plan: Plan, folder: Path, size: int | str, direction: str) -> list[str]:
    ways = {"there": ((plan.port, plan.receive, False),), "back": ((plan.receive, plan.port, True),),
            "both": ((plan.port, plan.receive, False), (plan.receive, plan.port, True))}[direction]
    words = [str(RELEASE.path / "tools" / "culvert-replay"), "--search", "--json"]
    for port, receive, _ in ways:
        words += ["--port", port, "--receive", receive]
    words += [str(frames.make(folder, size, back, plan.destination_mac_back if back else plan.destination_mac))
              for _, _, back in ways]
    return [*words, *plan.words]


def tunnel_command(plan: Plan, folder: Path, cipher: str, size: int | str, direction: str) -> list[str]:
    channel, name = cipher.split(":")
    return [str(RELEASE.path / "tools" / "culvert-replay"), "--search", "--json", "--port", plan.port, "--inside",
            plan.receive, f"--{channel}", "--cipher", name, "--direction", TUNNEL_DIRECTIONS[direction],
            str(frames.make_for_tunnels(folder, size, direction)), *plan.words]


def measure(plan: Plan, folder: Path, progress) -> Outcome:
    outcome = Outcome()
    with outcome.kept():
        for number, (cipher, size, direction) in enumerate(plan.rows(), 1):
            name = f"{cipher}, {size}, {direction}"
            progress.show(f"{name}: row {number} of {len(plan.rows())}")
            words = (command(plan, folder, size, direction) if cipher == PLAIN
                     else tunnel_command(plan, folder, cipher, size, direction))
            outcome.add(name, lambda: Row(cipher, size, direction, search(words)))
    progress.outcome = f"{len(outcome.rows)} rows"
    return outcome


def search(words: list[str]) -> dict:
    done = subprocess.run([*words, "--no-progress"], capture_output=True, text=True)
    if done.returncode not in (0, 4):  # 4: its time was over, or it broke off; it says what it knows
        raise SearchFailed(done.stderr.strip().removeprefix("culvert-replay: ") or f"it ended with {done.returncode}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise SearchFailed(f"what it wrote is no result: {error}") from error


def as_document(outcome: Outcome, context: dict) -> dict:
    return {"context": context, "missed": outcome.missed, "rows": [asdict(row) for row in outcome.rows]}


class NoResults(ValueError):
    """What was read is not what rfc2544 or culvert-replay wrote."""


def from_document(document: object) -> list[Row]:
    """Of as_document(), or of one search of culvert-replay's."""
    try:
        if isinstance(document, dict) and "searches" in document:
            size = round(document["mean_frame_bytes"] + frames.FRAME_CHECK)
            document = {"rows": [{"cipher": PLAIN, "size": size, "direction": "there", "search": document}]}
        rows = [Row(each["cipher"], each["size"], each["direction"], each["search"]) for each in document["rows"]]
        for row in rows:
            for goal in row.goals:
                row.result(goal)["rate"]
        if not rows:
            raise NoResults("there are no rows in it")
        return rows
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise NoResults(f"it has no results of searches ({type(error).__name__}: {error})") from error
