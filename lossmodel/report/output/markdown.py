"""The document as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from lossmodel.text.escape import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossmodel.report.blocks import Answers, Block, Cell, Table, Text
    from lossmodel.report.document import Document

__all__ = ["markdown", "to_markdown"]

# Characters that begin markup anywhere in a line, and those that do only at its start.
INLINE: Final = re.compile(r"([\\`*_\[\]|~$])")
AT_START: Final = re.compile(r"^(\s*)([#+\-=:>]|\d+(?=[.)](?:\s|$)))")


def to_markdown(document: Document, *, figures: Literal["svg", "png"] = "svg") -> str:
    """Write the document in GitHub-flavoured Markdown, with figures in some format."""
    parts = [f"# {markdown(document.title)}", markdown(document.subtitle)]
    if document.mark:
        parts.append(f"**{markdown(document.mark)}**")
    if document.answers is not None:
        parts += _answers(document.answers)
    for section in document.sections:
        parts.append(f"## {markdown(section.title)}")
        for block in section.blocks:
            parts.extend(_block(block, document.mark, figures))
    return "\n\n".join(part for part in parts if part) + "\n"


def _answers(answers: Answers) -> Iterator[str]:
    yield f"**{markdown(answers.when)}**"
    for item in answers.items:
        total = f"**{markdown(item.median)}** ({markdown(item.interval)})"
        yield f"> {markdown(item.title)}: {total}. {markdown(item.confidence)}."
    yield markdown(answers.note)


def markdown(text: str) -> str:
    r"""Escape a text, with as few backslashes as possible.

    Examples
    --------
    >>> print(markdown("<b>*a*</b> | [x](y), 1.5 (0.5 to 2.5)"))
    &lt;b&gt;\*a\*&lt;/b&gt; \| \[x\](y), 1.5 (0.5 to 2.5)
    """
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return AT_START.sub(_escape_start, INLINE.sub(r"\\\1", plain))


def _escape_start(start: re.Match[str]) -> str:
    space, sign = start.groups()
    # A zero-width space between number and dot keeps the line from becoming a list item.
    return f"{space}{sign}&#8203;" if sign.isdigit() else f"{space}\\{sign}"


def _block(block: Block, mark: str, form: str) -> Iterator[str]:
    if block.kind == "text":
        yield _text(block)
    elif block.kind == "figure":
        yield f"![{markdown(block.alt or block.caption)}](figures/{block.name}.{form})"
        yield f"*{markdown(block.caption)}*"
        if mark:
            yield f"**{markdown(mark)}**"
    elif block.kind == "dial":
        return
    elif block.page_only:
        yield markdown(block.instead)
    else:
        yield _table(block)
        yield markdown(block.caption)


def _text(text: Text) -> str:
    words = markdown(text.text)
    if text.tone == "heading":
        return f"### {words}"
    if text.tone == "warning":
        return f"**{words}**"
    lead = f"**{markdown(text.lead)}** " if text.lead else ""
    return f"> {lead}{words}" if text.tone == "answer" else lead + words


def _table(table: Table) -> str:
    rules = ["---:" if i in table.numeric else "---" for i in range(len(table.columns))]
    rows = [
        [markdown(name) for name in table.columns],
        rules,
        *([_cell(cell) for cell in row] for row in table.rows),
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return markdown(cell)
    words = markdown(cell.text)
    # An address ends at a bracket.
    url = cell.url.replace("(", "%28").replace(")", "%29")
    return (f"[{words}](<{url}>)" if url else words) + markdown(cell.more)
