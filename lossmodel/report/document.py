"""What a report says, apart from how it is set: sections of paragraphs, tables and figures.

The page, the Markdown and the PDF are three settings of the same document. All text in it is
plain text; each setting makes sure that it is shown as such.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["Block", "Document", "Figure", "Section", "Table", "Text", "column_widths"]

LINE: Final = 118  # letters of a table's size on a line of A4
SMALL_LINE: Final = 134
PADDING: Final = 2
MANY: Final = 40

Tone = Literal["plain", "answer", "small", "warning", "heading"]


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes
    ----------
    text
        What it says.
    lead
        Words in bold before it.
    tone
        ``answer`` stands out, ``heading`` is a heading within a section.
    """

    text: str
    lead: str = ""
    tone: Tone = "plain"
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes
    ----------
    numeric
        Columns that are set flush right.
    search
        Whether the page lets the reader sort and search it.
    keys
        Numbers to sort by, one list a row, None where the text itself will do.
    page_only
        Too long for paper: only the page has it, the others have `instead`.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    numeric: frozenset[int] = frozenset()
    search: bool = False
    keys: Sequence[Sequence[float | str | None]] | None = None
    page_only: bool = False
    instead: str = ""
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Figure:
    """A picture: `name` is that of its files in ``figures/``."""

    name: str
    caption: str
    alt: str = ""
    kind: Literal["figure"] = "figure"


Block = Text | Table | Figure


@dataclass(frozen=True)
class Section:
    """A part with a title and a name that links can point at."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """The whole report.

    Attributes
    ----------
    mark
        Words that stand on every page where the fit did not pass its gate.
    facts
        Name and value pairs that identify the fit.
    """

    title: str
    subtitle: str
    sections: Sequence[Section]
    mark: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The document as dicts and lists, without what only the page has."""
        content = asdict(self)
        for section in content["sections"]:
            for block in section["blocks"]:
                if block["kind"] == "table":
                    block["numeric"] = sorted(block["numeric"])
                    block["rows"] = [] if block["page_only"] else block["rows"]
                    block["widths"] = column_widths(
                        block["columns"], block["rows"], whole=block["numeric"]
                    )
                    del block["keys"]
        return content


def column_widths(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, whole: Collection[int] = ()
) -> list[float]:
    """How many letters wide each column of a table on paper should be.

    No column is narrower than its longest word. Columns that want little get all of it, so that
    only long texts are broken, and the longer ones get more. The sum is more than `LINE` only
    where the words alone are, or the table is long.

    Parameters
    ----------
    whole
        Columns of numbers, which are not broken where there is room.
    """
    least: list[float] = []
    wanted: list[float] = []
    for i, name in enumerate(columns):
        cells = [name, *(row[i] for row in rows)]
        words = [len(word) for cell in cells for word in cell.split()]
        least.append(max(words, default=1) + PADDING)
        wanted.append(max(len(name) / 2, *(len(cell) for cell in cells[1:]), 1.0) + PADDING)
    wanted = [max(want, low) for want, low in zip(wanted, least, strict=True)]
    pairs = list(zip(least, wanted, strict=True))
    # A long table whose texts would be broken all over is set smaller.
    line = SMALL_LINE if sum(wanted) > LINE and len(rows) > MANY else LINE
    unbroken = [w if i in whole else n for i, (n, w) in enumerate(zip(least, wanted, strict=True))]
    if sum(unbroken) <= line:
        pairs = list(zip(unbroken, wanted, strict=True))
    for bound in range(int(max(wanted)) + 1, 0, -1):
        widths = [max(low, min(want, bound / 4 * math.sqrt(want))) for low, want in pairs]
        if sum(widths) <= line:
            return widths
    return [float(low) for low in least]
