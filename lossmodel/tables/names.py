"""Names of parties, categories, scopes, claimants, sources and claims: what they may consist of.

A name is a key: it is compared, printed, drawn, asked for in queries. So it is one line of letters
that can be seen, of a length that fits a figure; any script and any sign may be in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

__all__ = ["ALLOWED", "LONGEST_NAME", "alike", "hidden_letter", "name_fault"]

# The longest name of the shipped data, a claim's, has 62 letters; a line of a table has about 100.
LONGEST_NAME: Final = 80
ALLOWED: Final = (
    f"a name of at most {LONGEST_NAME} letters on one line, without control, zero-width and "
    "bidirectional marks"
)
# Controls, formats (zero-width and bidirectional marks), line and paragraph separators, and halves
# of characters.
_HIDDEN: Final = ("Cc", "Cf", "Zl", "Zp", "Cs")


def name_fault(name: str, *, longest: int = LONGEST_NAME) -> str:
    r"""What is wrong with a name, as the remedy; empty if nothing is.

    Parameters
    ----------
    longest
        Letters that it may have.

    Examples
    --------
    >>> name_fault("dpr/lpr"), name_fault("a\u202eb"), name_fault("x" * 300)
    ('', 'Remove RIGHT-TO-LEFT OVERRIDE (U+202E)', 'Shorten it: it has 300 letters')
    >>> name_fault(" a")
    'Remove the blanks at its ends'
    """
    if len(name) > longest:
        return f"Shorten it: it has {len(name):,} letters"
    hidden = hidden_letter(name)
    if hidden:
        return f"Remove {unicodedata.name(hidden, 'the control character')} (U+{ord(hidden):04X})"
    # A cell of a table is read without the blanks around it, so it could not name this.
    return "Remove the blanks at its ends" if name != name.strip() else ""


def alike(names: Iterable[str]) -> dict[str, str]:
    """Names that a query, where case does not matter, or a reader cannot tell from earlier ones.

    Returns
    -------
    dict
        Each such name -> the first name that it is like.

    Examples
    --------
    >>> alike(["sea", "land", "SEA"])
    {'SEA': 'sea'}
    """
    first: dict[str, str] = {}
    found = {}
    for name in names:
        other = first.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)
        if other != name:
            found[name] = other
    return found


def hidden_letter(text: str) -> str:
    r"""The first character that cannot be seen or that moves others; empty if there is none.

    Examples
    --------
    >>> hidden_letter("a b"), hidden_letter("a\u200bb") == "\u200b"
    ('', True)
    """
    if text.isprintable():  # the usual case, without a look at each letter
        return ""
    return next((letter for letter in text if unicodedata.category(letter) in _HIDDEN), "")
