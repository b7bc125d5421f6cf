"""The few lines that stand for an object in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from textwrap import shorten, wrap
from typing import Final

from lossmodel.text.escape import one_line, printable

__all__ = ["Card"]

# Characters of a line: what fits into a terminal and a notebook's cell without a break.
WIDTH: Final = 100
# Characters of a cell of a notebook: three lines of it.
LONGEST: Final = 300
MORE: Final = " ..."
_LABEL: Final = 'style="text-align:left;vertical-align:top;white-space:nowrap"'
_CELL: Final = 'style="text-align:left;vertical-align:top"'


@dataclass(frozen=True)
class Card:
    """A title, and lines of a label and a text.

    Attributes
    ----------
    title
        What it is of.
    lines
        Label -> text, in order; lines without a text are left out.

    Examples
    --------
    >>> card = Card("Fit of a war", {"gate": "passed", "warnings": ""})
    >>> print(card.text())
    Fit of a war
      gate  passed
    >>> card.html()[:35]
    '<div><b>Fit of a war</b><table><tbo'
    """

    title: str
    lines: Mapping[str, str]

    def text(self) -> str:
        """The card as plain text; a long line is broken once, and then cut."""
        shown = self._shown()
        wide = max((len(label) for label, _ in shown), default=0)
        lines = [shorten(_plain(self.title), WIDTH, placeholder=MORE)]
        for label, line in shown:
            parts = wrap(line, WIDTH - wide - 4, max_lines=2, placeholder=MORE)
            lines += [
                f"  {name:<{wide}}  {part}" for name, part in zip((label, ""), parts, strict=False)
            ]
        return "\n".join(lines)

    def html(self) -> str:
        """The card as a table for a notebook, which breaks long lines itself."""
        rows = "".join(
            f"<tr><th {_LABEL}>{escape(label)}</th>"
            f"<td {_CELL}>{escape(shorten(line, LONGEST, placeholder=MORE))}</td></tr>"
            for label, line in self._shown()
        )
        title = escape(shorten(_plain(self.title), WIDTH, placeholder=MORE))
        return f"<div><b>{title}</b><table><tbody>{rows}</tbody></table></div>"

    def _shown(self) -> list[tuple[str, str]]:
        return [(_plain(label), _plain(line)) for label, line in self.lines.items() if line]


def _plain(text: str) -> str:
    """Names come from files of others."""
    return printable(one_line(text))
