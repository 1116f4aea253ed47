"""What is done with results when all are there."""

import json
import sys
from pathlib import Path

from steps import console

from .page import render
from .rows import Row
from .table import as_text


def tell(document: dict, rows: list[Row], title: str, page: Path, json_to: str) -> int:
    """Page, JSON (to a file; "-": instead of the table) and table of a document of as_document() and its rows, in the
    order in which they are shown. The exit status: 1 if a row could not be had, of which a sentence is told."""
    text = json.dumps(document, indent=1)
    if json_to not in ("", "-"):
        Path(json_to).write_text(text + "\n")  # first: from it all else can be made again
    page.write_text(render(rows, document.get("context", {}), title))
    print(text if json_to == "-" else as_text(rows))
    print(f"\n  Page       {page}", file=console.out, flush=True)
    missed = document.get("missed") or []
    for sentence in missed:
        print(f"Not searched: {sentence}", file=sys.stderr)
    return 1 if missed else 0
