"""A passage of a document that may quote numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mention", "blank", "lines", "spaced"]

_SPACE: Final = re.compile("(?<=\\d)[\u00a0\u202f\u2009](?=\\d{3})")


@dataclass(frozen=True)
class Mention:
    """A passage of a document.

    Attributes
    ----------
    text
        Its words; of a macro the macro itself.
    place
        Where it is, such as ``line 12``.
    question
        The question that its numbers are the answer to; empty if it is not tagged.
    key
        The argument of a macro with a key, or the name of one without; empty for others.
    """

    text: str
    place: str
    question: str = ""
    key: str = ""


def lines(text: str, first: int = 1) -> Iterator[Mention]:
    """The lines of a text without a tag, counted from the first."""
    for number, line in enumerate(text.split("\n"), first):
        if line.strip():
            yield Mention(line.strip(), f"line {number}")


def blank(found: re.Match[str]) -> str:
    """As many lines as were found, and no words."""
    return " " + "\n" * found[0].count("\n")


def spaced(text: str) -> str:
    """Text whose thousands have commas in place of narrow and unbreakable spaces."""
    return _SPACE.sub(",", text)
