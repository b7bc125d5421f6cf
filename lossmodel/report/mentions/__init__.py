r"""Passages of a document that quote numbers: tagged with a question, by macro, or untagged.

A number is tagged so:

========  ========================================================================================
.tex      ``\LMchecked{killed russia 2023}{120\,000}``; macros with a key, ``\LM{killed-russia}``
.md       ``<span data-lossmodel="killed russia 2023">120,000</span>``
.html     the same
.docx     a comment ``lossmodel: killed russia 2023`` on the number, or a content control with that
          title or tag
========  ========================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.errors import UsageError
from lossmodel.report.mentions.mention import Mention
from lossmodel.report.mentions.page import read_html, read_markdown
from lossmodel.report.mentions.tex import Definition, definitions_in, read_tex
from lossmodel.report.mentions.word import read_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["FORMATS", "Definition", "Mention", "definitions_in", "mentions"]

FORMATS: Final[dict[str, Callable[[Path], Iterator[Mention]]]] = {
    ".tex": read_tex,
    ".md": read_markdown,
    ".docx": read_word,
    ".html": read_html,
}


def mentions(path: Path) -> list[Mention]:
    """The passages of a document in their order.

    Raises
    ------
    UsageError
        The file is of no format in `FORMATS`, or cannot be read.
    """
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path} is not a document whose numbers can be checked: {', '.join(FORMATS)}."
        )
    return list(reader(path))
