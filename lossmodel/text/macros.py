"""Names of the LaTeX macros of a report, for its writer and for those who choose names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

__all__ = ["macro_name", "same_macros"]

DIGITS: Final = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
SIGNS: Final = {"+": "Plus", "&": "And"}
_WORD: Final = re.compile(r"[A-Za-z]+|[0-9]|[^\x00-\x7f]|[+&]")
# A macro of a calendar year has its number after the names.
_YEAR: Final = re.compile(rf"Year(?:{'|'.join(DIGITS)}){{4}}$")


def macro_name(*parts: str) -> str:
    """Name of a macro, with digits and signs spelled out, since only letters are allowed.

    Examples
    --------
    >>> macro_name("killed", "russia+north-korea", "all", "Year", "2023")
    'LMkilledRussiaPlusNorthKoreaAllYearTwoZeroTwoThree'
    """
    first, *rest = [_camel(part) for part in parts]
    return "LM" + first[:1].lower() + first[1:] + "".join(rest)


def _camel(text: str) -> str:
    # Accents are dropped; other non-ASCII letters are spelled by code point.
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return "".join(_spelled(word) for word in _WORD.findall(plain))


def _spelled(word: str) -> str:
    if word in SIGNS:
        return SIGNS[word]
    if word.isascii() and word.isdigit():
        return DIGITS[int(word)]
    if word.isascii():
        return word[:1].upper() + word[1:]
    return "U" + "".join(DIGITS[int(digit)] for digit in str(ord(word)))


def same_macros(*kinds: Iterable[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Combinations of names, one of each kind, whose macros are those of an earlier combination.

    Yields
    ------
    combination, other
        The later and the earlier one. A year at the end counts as that of the others' macros.

    Examples
    --------
    >>> list(same_macros(["killed"], ["a b", "c", "a-b"]))
    [(('killed', 'a-b'), ('killed', 'a b'))]
    >>> list(same_macros(["killed", "killed-a"], ["b", "a-b"]))
    [(('killed-a', 'b'), ('killed', 'a-b'))]
    """
    spelled = [[(name, _camel(name)) for name in kind] for kind in kinds]
    first: dict[str, tuple[str, ...]] = {}
    for combination in product(*spelled):
        names = tuple(name for name, _ in combination)
        macro = "".join(letters for _, letters in combination)
        other = first.setdefault(_YEAR.sub("", macro), names)
        if other != names:
            yield names, other
