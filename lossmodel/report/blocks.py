"""Blocks of a report: paragraphs, tables and figures, and the sections that hold them.

All text in them is plain text; each output format escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Block", "Figure", "Section", "Table", "Text"]

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
