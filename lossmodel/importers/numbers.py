"""Figures as people and spreadsheets write them: marks, words of bounds, ranges, footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from lossmodel.importers.names import digits
from lossmodel.importers.number_words import FACTOR, PERSONS, QUALIFIER_WORDS
from lossmodel.importers.words import MISSING, normal
from lossmodel.tables.vocabulary import QUALIFIERS

__all__ = ["FOOTNOTE", "SIZES", "Figure", "Numbers", "guess_numbers", "is_missing"]

LONGEST_CELL: Final = 100  # letters; a longer text is a remark, and takes long to search
LONGEST: Final = 15  # digits that a float64 holds
GROUP: Final = 3  # digits between two marks of thousands
SPACES: Final = r"[\s\u00a0\u2009\u202f'’_٬]"
# Signs of a footnote behind a figure, which are not part of it.
FOOTNOTE: Final = re.compile(r"(?:\s*(?:\[[^\]\d]{0,3}\d{0,3}[a-z]?\]|[*†‡§]|[⁰¹²³⁴-⁹]))+$")
NUMBER: Final = r"\d(?:[\d.,]|" + SPACES + r"(?=\d))*"
ONE: Final = re.compile(
    rf"({NUMBER})\s*({'|'.join(sorted(map(re.escape, FACTOR), key=len, reverse=True))})?"
)
# Words and signs in brackets with which a figure is none of losses, or of another size.
SIZES: Final = "%‰$€£₴₽"
SIZED: Final = frozenset(
    {
        *(word for word in FACTOR if len(word) > 1),
        *("hundred", "hundreds", "dozen", "dozens", "billion", "billions", "percent"),
        *("dollars", "dollar", "usd", "euro", "euros", "eur", "rubles", "roubles"),
    }
)
BETWEEN: Final = re.compile(
    r"^(?:(?:between|from|von|zwischen|від|от|de|entre|между|між)\s+)?(.+?)"
    r"\s*(?:-|–|—|−|\.\.\.?|…|\bto\b|\bbis\b|\band\b|\bund\b|\bдо\b|\bі\b|\bи\b|\bта\b|\bà\b|\ba\b|\by\b|[至到～])"
    r"\s*(\d.*)$"
)
JOINED: Final = re.compile(r"^(?!between|zwischen|entre|между|між).*\b(?:and|und|і|и|та|y)\b")
PLUS_MINUS: Final = re.compile(r"^(.+?)\s*(?:±|\+/-|\+-)\s*(\d.*)$")
INSIDE: Final = re.compile(r"^(\S[^()\[\]]*?)\s*[(\[]([^()\[\]]+)[)\]]$")
# A figure with words behind it in brackets: "400 (disputed)"; a single letter may be a unit.
REMARK: Final = re.compile(
    r"^([^()\[\]]*\d[^()\[\]]*)[(\[]([^()\[\]\d]*[^\W\d_]{2}[^()\[\]\d]*)[)\]]$"
)


def _marked() -> tuple[tuple[str, str, bool], ...]:
    """`(words, qualifier, before the figure)`, the longest words first."""
    found = [
        (word, name, first)
        for name, *sides in QUALIFIER_WORDS
        for first, words in zip((True, False), sides, strict=True)
        for word in words.split("|")
        if word
    ]
    return tuple(sorted(found, key=lambda entry: -len(entry[0])))


MARKED: Final = _marked()


@dataclass(frozen=True)
class Figure:
    """Figure in a cell, with the columns of a claim; two with other remarks are equal."""

    value: float | None
    low: float | None = None
    high: float | None = None
    qualifier: str = "exact"
    note: str = field(default="", compare=False)


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no figure.

    Examples
    --------
    >>> is_missing("N/A"), is_missing("no data"), is_missing("0")
    (True, True, False)
    """
    return not cell or cell.strip().lower() in MISSING


@dataclass(frozen=True)
class Numbers:
    """Format of the numbers of a table: decimal mark and thousands separator.

    Attributes
    ----------
    sure
        Whether a cell proves the format; one of 1.221 alone could be either.
    seen
        Whether a cell has the separator.

    Examples
    --------
    >>> Numbers(decimal=".", thousands=",").read("more than 1,200")
    Figure(value=1200.0, low=None, high=None, qualifier='at-least', note='')
    >>> Numbers(decimal=".", thousands=",").read("400 (disputed)").note
    'disputed'
    """

    decimal: str
    thousands: str
    sure: bool = True
    seen: bool = True

    @property
    def description(self) -> str:
        """The format in words; empty if it is the usual one."""
        guess = "" if self.sure else " (a guess: no cell proves it; if it marks decimals, give "
        if self.thousands and self.seen:
            return f"{self.thousands!r} separates thousands" + (
                guess and f"{guess}--decimal {self.thousands!r})"
            )
        return f"{self.decimal!r} marks decimals" if self.decimal == "," else ""

    def read(self, cell: str) -> Figure | None:
        """Figure in a cell, with the qualifier of its words; None if it is not a figure."""
        if cell.isascii() and cell.isdigit() and len(cell) < LONGEST:
            return Figure(float(cell))  # the usual cell, without a look at its words
        if len(cell) > LONGEST_CELL:
            return None
        text = FOOTNOTE.sub("", cell.strip()) or cell.strip()
        text = PERSONS.sub("", _digits(text.lower()))
        found = self._range(text)
        if found is None and (inside := INSIDE.match(text)):
            found = self._best(inside[1], inside[2])
        if found is None and (around := PLUS_MINUS.match(text)):
            found = self._around(around[1], around[2])
        return found or self._single(text) or self._remarked(cell.strip())

    def _remarked(self, cell: str) -> Figure | None:
        """Figure with words in brackets: of its size, or a note."""
        match = REMARK.match(cell)
        if match is None:
            return None
        size, words = (part.strip() for part in match.groups())
        for text in (f"{size} {words}", f"{words} {size}"):
            if found := self._single(_digits(text.lower())):
                return found
        plain = None if _changes_the_size(words) else self.read(size)
        return None if plain is None else replace(plain, note=words)

    def _single(self, text: str) -> Figure | None:
        rest, name = _without_words(text)
        value = self._number(rest)
        return None if value is None or name is None else Figure(value, qualifier=name)

    def _range(self, text: str) -> Figure | None:
        match = BETWEEN.match(text)
        if not match or JOINED.match(text) or PLUS_MINUS.match(text):
            return None
        rest, name = _without_words(match[1])
        second = ONE.fullmatch(match[2].strip())
        if name is None or not second or QUALIFIERS[name].is_bound:
            return None
        first = ONE.fullmatch(rest)
        if not first:
            return None
        shared = second[2] if second[2] and not first[2] else ""
        low, high = self._number(f"{rest} {shared}".strip()), self._number(match[2].strip())
        return _between(low, high)

    def _best(self, best: str, limits: str) -> Figure | None:
        value, found = self._single(best), self._range(limits.strip())
        if value is None or found is None or found.low is None or found.high is None:
            return None
        inside = value.value is not None and found.low <= value.value <= found.high
        return replace(found, value=value.value) if inside else None

    def _around(self, middle: str, off: str) -> Figure | None:
        value, away = self._number(middle), self._number(off)
        if value is None or away is None or away > value:
            return None
        return _between(value - away, value + away, value)

    def _number(self, text: str) -> float | None:
        match = ONE.fullmatch(text.strip())
        if not match:
            return None
        factor = FACTOR[match[2]] if match[2] else 1.0
        plain = re.sub(SPACES, " ", match[1]).strip()
        value = self._plain(plain, scaled=bool(match[2]))
        return None if value is None else round(value * factor, 6)

    def _plain(self, text: str, *, scaled: bool) -> float | None:
        if scaled and (short := re.fullmatch(r"(\d+)[.,](\d{1,2})", text)):
            return float(f"{short[1]}.{short[2]}")
        decimal = re.escape(self.decimal)
        groups = [" "] + ([self.thousands] if self.thousands else [])
        for mark in map(re.escape, groups):
            # Groups of two before the last are Indian.
            whole = rf"\d{{1,3}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}|\d+"
            if re.fullmatch(rf"(?:{whole})(?:{decimal}\d+)?", text):
                return float(re.sub(mark, "", text).replace(self.decimal, "."))
        return None


def _changes_the_size(words: str) -> bool:
    """Whether words behind a figure say that it is another, or none: "million dollars"."""
    plain = normal(words)
    return (
        words.strip().lower() in MISSING
        or plain in MISSING
        or any(sign in words for sign in SIZES)
        or bool(set(re.findall(r"[^\W\d_]{2,}\.?", words.lower())) & SIZED)
    )


def _between(low: float | None, high: float | None, value: float | None = None) -> Figure | None:
    if low is None or high is None or low > high:
        return None
    return Figure(low) if low == high else Figure(value, low, high, "range")


def _digits(text: str) -> str:
    """Digits of any script as those of ASCII; an Arabic decimal mark as a point."""
    return digits(text).replace("٫", ".").replace("，", ",")


def _without_words(text: str) -> tuple[str, str | None]:
    """Text without words of bounds, and their qualifier; None if they contradict one another."""
    name = ""
    text = text.strip()
    while True:
        entry = next((e for e in MARKED if _has(text, e[0], first=e[2])), None)
        if entry is None:
            return text, name or "exact"
        word, found, first = entry
        text = (text[len(word) :] if first else text[: -len(word)]).strip()
        bounds = QUALIFIERS[found].is_bound, bool(name) and QUALIFIERS[name].is_bound
        if all(bounds) and found != name:
            return text, None
        name = name if bounds[1] else found


def _has(text: str, word: str, *, first: bool) -> bool:
    """Whether a text begins or ends with a word and the figure follows or precedes."""
    if not (text.startswith(word) if first else text.endswith(word)) or len(text) == len(word):
        return False
    neighbour = text[len(word)] if first else text[-len(word) - 1]
    edge = word[-1] if first else word[0]
    return not (edge.isalpha() and neighbour.isalpha())


def guess_numbers(cells: Iterable[str], decimal: str = "") -> Numbers:
    """Format of the numbers of a table.

    A mark with other than three digits behind it, or with a zero or more than three digits before
    it, marks decimals; one that a number has twice separates thousands; so does a mark that always
    has three digits behind it, but that is a guess.

    Parameters
    ----------
    cells
        Cells in any order, which does not matter.
    decimal
        The decimal mark, if the user gave it.

    Examples
    --------
    >>> guess_numbers(["1.234.567", "890"]).description
    "'.' separates thousands"
    >>> guess_numbers(["0.875", "1.250"]).read("1.250").value
    1.25
    """
    if decimal:
        return Numbers(decimal, "," if decimal == "." else ".")
    decimals: set[str] = set()
    thousands: set[str] = set()
    possible: set[str] = set()
    for cell in {cell for cell in cells if len(cell) <= LONGEST_CELL}:
        for number, factor in ONE.findall(_digits(cell.lower())):
            _marks(number, bool(factor), decimals, thousands, possible)
    if "," in decimals and "." not in decimals:
        return Numbers(",", ".", seen="." in thousands | possible)
    if "." in decimals:
        return Numbers(".", ",", seen="," in thousands | possible)
    sure = thousands & {",", "."}
    mark = "," if "," in sure else "." if "." in sure else min(possible, default="")
    if not mark:
        return Numbers(".", "")
    return Numbers("." if mark == "," else ",", mark, sure=mark in sure)


def _marks(
    number: str, scaled: bool, decimals: set[str], thousands: set[str], possible: set[str]
) -> None:
    """Note for one number the marks that it proves, and those that it leaves open."""
    found = [mark for mark in ",." if mark in number]
    if len(found) > 1:
        last = max(found, key=number.rfind)
        decimals.add(last)
        thousands.add("." if last == "," else ",")
        return
    for mark in found:
        head, *tails = re.sub(SPACES, "", number).rstrip(",.").split(mark)
        if len(tails) > 1:
            thousands.add(mark)
        elif tails and (
            scaled or len(tails[0]) != GROUP or head.startswith("0") or len(head) > GROUP
        ):
            decimals.add(mark)
        elif tails:
            possible.add(mark)
