"""Charts in their frames: a caption, a legend, the drawing."""

from html import escape

from .plots import Series


def figure(caption: str, drawing: str, legend: list[tuple[str, str, str]] = (), wide: bool = False) -> str:
    """`legend`: name, colour, and "", "dashed" or "box" for how it is drawn."""
    entries = "".join(f'<span><i class="{colour} {drawn}"></i>{escape(name)}</span>' for name, colour, drawn in legend)
    return (f'<figure{" class=wide" if wide else ""}><figcaption>{escape(caption)}'
            f'{f"<div class=legend>{entries}</div>" if entries else ""}</figcaption>{drawing}</figure>')


def legend_of(series: list[Series]) -> list[tuple[str, str, str]]:
    return [(each.name, each.colour, "dashed" if each.dashed else "") for each in series]


def table(heads: list[str], body: list[list[str]], words: int = 1) -> str:
    """The first `words` columns are words, the others numbers."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    rows = "".join("<tr>" + "".join(f'<td{" class=word" if at < words else ""}>{escape(cell)}</td>'
                                    for at, cell in enumerate(row)) + "</tr>" for row in body)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def details(summary: str, content: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def anchor(*words: str) -> str:
    return "-".join(words).lower().replace("_", "-")
