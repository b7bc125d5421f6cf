"""The known word that somebody may have meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

__all__ = ["did_you_mean", "nearest"]

_LONGEST: Final = 60  # letters that are compared; names are shorter
_MOST_COMPARED: Final = 5_000  # comparing spellings is slow


def nearest(word: str, known: Collection[str], *, cutoff: float = 0.6) -> str:
    """The known word with the nearest spelling, or an empty text.

    Parameters
    ----------
    cutoff
        Least similarity, from 0 to 1 (`difflib.get_close_matches`).

    Examples
    --------
    >>> nearest("wouned", ["killed", "wounded"])
    'wounded'
    """
    if len(known) > _MOST_COMPARED:
        return ""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower()[:_LONGEST], list(by_lower), n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else ""


def did_you_mean(word: str, known: Collection[str]) -> str:
    """End of a message: a question with the nearest known word, or an empty text.

    Examples
    --------
    >>> did_you_mean("wouned", ["killed", "wounded"]), did_you_mean("x", ["killed"])
    (' Did you mean wounded?', '')
    """
    close = nearest(word, known)
    return f" Did you mean {close}?" if close else ""
