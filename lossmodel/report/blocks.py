"""Blocks of a report: paragraphs, tables and figures, and the sections that hold them.

All text in them is plain text; each output format escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lossmodel.report.figures.figures import FigureSpec

__all__ = ["Block", "Figure", "Section", "Table", "Text", "figure_blocks"]

Tone = Literal["plain", "answer", "small", "warning", "heading"]


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes
    ----------
    text
        The paragraph itself.
    lead
        Words in bold at its start.
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
        Columns that are aligned to the right.
    search
        Whether the page lets the reader sort and search it.
    keys
        Sort keys, one list per row; None where the text is sorted.
    page_only
        Only the HTML page has the table; other formats have the text of `instead`.
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
    """A figure; `name` is that of its files in ``figures/``."""

    name: str
    caption: str
    alt: str = ""
    kind: Literal["figure"] = "figure"


Block = Text | Table | Figure


def figure_blocks(specs: Iterable[FigureSpec]) -> list[Block]:
    """The figures of a section, each with its caption or with the reason why there is none."""
    return [
        Text(spec.caption, tone="small")
        if spec.draw is None
        else Figure(spec.name, spec.caption, spec.alt)
        for spec in specs
    ]


@dataclass(frozen=True)
class Section:
    """A section with a title; its name is the anchor of links."""

    name: str
    title: str
    blocks: Sequence[Block]
