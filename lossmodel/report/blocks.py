"""Blocks of a report: paragraphs, tables and figures, and the sections that hold them.

All text in them is plain text; each output format escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lossmodel.report.figures.figures import FigureSpec

__all__ = [
    "Answer",
    "Answers",
    "Block",
    "Cell",
    "Dial",
    "Figure",
    "Link",
    "Section",
    "Table",
    "Text",
    "figure_blocks",
    "trimmed",
]

Tone = Literal["plain", "answer", "small", "warning", "heading"]
# Cells that say nothing: a column of them alone is not printed.
EMPTY: Final = ("", "–")


@dataclass(frozen=True)
class Answer:
    """A headline total, as text and as a bar.

    Attributes
    ----------
    title, median, interval
        What was lost, and how many.
    confidence
        How far to trust it, in words.
    question
        Its question, as for ``lossmodel query``.
    lower, middle, upper
        Places of limits and median on the axis that all answers share, from 0 to 1.
    """

    title: str
    median: str
    interval: str
    confidence: str
    question: str
    lower: float
    middle: float
    upper: float


@dataclass(frozen=True)
class Answers:
    """The headline totals, before anything else.

    Attributes
    ----------
    when
        The day by which claims were known, and the last day of the losses.
    note
        How they are to be read.
    ticks
        Labels of the axis, with their places from 0 to 1.
    """

    when: str
    items: Sequence[Answer]
    ticks: Sequence[tuple[str, float]]
    note: str


@dataclass(frozen=True)
class Link:
    """A cell that leads to a page.

    Attributes
    ----------
    text, more
        Words of the link, and those after it.
    url, archive
        Web addresses of the page and of an archived copy, each checked or empty.
    """

    text: str
    url: str = ""
    more: str = ""
    archive: str = ""

    def __str__(self) -> str:
        return self.text + self.more


Cell = str | Link


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
    quotes
        Words at the beginning of the text that are a number, with their question; empty for none.
    """

    text: str
    lead: str = ""
    tone: Tone = "plain"
    quotes: tuple[str, str] = ("", "")
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
    fold
        Words behind which the page keeps the table until it is asked for; empty for none.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    numeric: frozenset[int] = frozenset()
    search: bool = False
    keys: Sequence[Sequence[float | str | None]] | None = None
    page_only: bool = False
    instead: str = ""
    fold: str = ""
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Figure:
    """A figure; `name` is that of its files in ``figures/``.

    Attributes
    ----------
    explored
        Whether the page shows its numbers in the figure that readers explore.
    """

    name: str
    caption: str
    alt: str = ""
    explored: bool = False
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True)
class Dial:
    """Sliders for assumptions, with the totals that follow; only the HTML page has them.

    Attributes
    ----------
    sliders
        Title, texts of the values from the least to the largest, and number of the fit's own.
    totals
        Titles of the totals.
    content
        JSON for the script of the page.
    """

    name: str
    intro: str
    sliders: Sequence[tuple[str, Sequence[str], int]]
    totals: Sequence[str]
    content: str
    kind: Literal["dial"] = "dial"


Block = Text | Table | Figure | Dial


def figure_blocks(specs: Iterable[FigureSpec]) -> list[Block]:
    """The figures of a section, each with its caption or with the reason why there is none."""
    return [
        Text(spec.caption, tone="small")
        if spec.draw is None
        else Figure(spec.name, spec.caption, spec.alt, explored=spec.series is not None)
        for spec in specs
    ]


@dataclass(frozen=True)
class Section:
    """A section with a title; its name is the anchor of links."""

    name: str
    title: str
    blocks: Sequence[Block]


def trimmed(section: Section) -> Section:
    """A section without columns of empty cells, empty tables and headings with nothing below."""
    blocks: list[Block] = []
    for block in map(_without_empty_columns, section.blocks):
        if _says(block):
            blocks.append(block)
    last = [*blocks[1:], Text("", tone="heading")]
    kept = [
        block
        for block, following in zip(blocks, last, strict=False)
        if not (_is_heading(block) and _is_heading(following))
    ]
    return replace(section, blocks=kept)


def _says(block: Block) -> bool:
    if isinstance(block, Table):
        return len(block.rows) > 0
    return not isinstance(block, Text) or block.text != ""


def _is_heading(block: Block) -> bool:
    return isinstance(block, Text) and block.tone == "heading"


def _without_empty_columns(block: Block) -> Block:
    if not isinstance(block, Table) or not block.rows:
        return block
    n = len(block.columns)
    kept = [i for i in range(n) if any(str(row[i]) not in EMPTY for row in block.rows)]
    if len(kept) == n:
        return block
    keys = block.keys
    return replace(
        block,
        columns=[block.columns[i] for i in kept],
        rows=[[row[i] for i in kept] for row in block.rows],
        numeric=frozenset(kept.index(i) for i in block.numeric if i in kept),
        keys=None if keys is None else [[row[i] for i in kept] for row in keys],
    )
