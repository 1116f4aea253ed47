"""The generator's two wires joined to one, with no headend between: what net_memif and the tester carry together."""

import tempfile
from pathlib import Path

from steps.build import RELEASE
from steps.rfc2544 import frames
from steps.rfc2544.rows import Row, search

NAME = "no headend"


def ends(folder: Path, number: int) -> tuple[str, str]:
    """Of one wire, which both are this process's own."""
    socket = folder / f"{number}.sock"
    return tuple(f"net_memif{2 * number + at},role={role},socket={socket},socket-abstract=no"
                 for at, role in enumerate(("server", "client")))


def row(folder: Path, size: int | str, words: list[str]) -> Row:
    # A socket's path is short, and folders need not be.
    with tempfile.TemporaryDirectory(prefix="cl-") as short:
        left, right = ends(Path(short), 0)
        words = [str(RELEASE.path / "tools" / "culvert-replay"), "--search", "--json", "--no-huge", "--port", left,
                 "--receive", right, str(frames.make(folder, size)), *words]
        return Row(NAME, size, "there", search(words))
