"""Dates and numbers as people and spreadsheets write them, and guesses of how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pandas as pd

from lossmodel.tables.vocabulary import QUALIFIERS

__all__ = ["Dates", "Figure", "Numbers", "guess_dates", "guess_numbers"]

ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
PARTS: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})\.?(?:[T ].*)?")
MONTHS_IN_A_YEAR: Final = 12
CENTURY: Final = 2000
THOUSANDS: Final = 3  # digits between two marks
SPACES: Final = re.compile(r"[\s\u00a0\u2009\u202f']+")
RANGE: Final = re.compile(r"(\d[\d.,]*)(?:-|–|\.\.)(\d[\d.,]*)")
WORDS: Final = (
    ("at-least", (">", "≥", "over", "more than", "at least", "min")),
    ("at-most", ("<", "≤", "up to", "less than", "at most", "max")),
    ("about", ("~", "≈", "about", "ca.", "c.", "approx.", "circa")),
)


@dataclass(frozen=True)
class Dates:
    """Format of the dates of a column.

    Attributes
    ----------
    day_first
        Whether 03/04/2024 is in April.
    iso
        Whether all dates are year-month-day.
    sure
        Whether no other format is possible.

    Examples
    --------
    >>> Dates(day_first=True, iso=False, sure=True).read("03/04/2024")
    Timestamp('2024-04-03 00:00:00')
    """

    day_first: bool
    iso: bool
    sure: bool

    @property
    def description(self) -> str:
        """The format in words."""
        if self.iso:
            return "dates are year-month-day"
        order = "day/month/year" if self.day_first else "month/day/year"
        return f"dates are {order}" + (
            "" if self.sure else " (a guess: both readings are possible)"
        )

    def read(self, cell: str) -> pd.Timestamp | None:
        """Day in a cell; None if it is not a date in this format."""
        found = ISO.fullmatch(cell)
        if found:
            return _day(*map(int, found.groups()))
        found = PARTS.fullmatch(cell)
        if not found or self.iso:
            return None
        first, second, year = map(int, found.groups())
        month, day = (second, first) if self.day_first else (first, second)
        return _day(year if year > CENTURY // 2 else CENTURY + year, month, day)


@dataclass(frozen=True)
class Figure:
    """Figure in a cell, with the columns of a claim."""

    value: float | None
    low: float | None = None
    high: float | None = None
    qualifier: str = "exact"


@dataclass(frozen=True)
class Numbers:
    """Format of the numbers of a table: decimal mark and thousands separator.

    Examples
    --------
    >>> Numbers(decimal=".", thousands=",").read("more than 1,200")
    Figure(value=1200.0, low=None, high=None, qualifier='at-least')
    """

    decimal: str
    thousands: str

    @property
    def description(self) -> str:
        """The format in words; empty if it is the usual one."""
        if self.thousands:
            return f"{self.thousands!r} separates thousands"
        return f"{self.decimal!r} marks decimals" if self.decimal == "," else ""

    def read(self, cell: str) -> Figure | None:
        """Figure in a cell, with the qualifier of its words; None if it is not a figure."""
        text, qualifier = cell.strip().lower(), "exact"
        for name, words in WORDS:
            for word in words:
                if text.startswith(word):
                    text, qualifier = text[len(word) :].strip(), name
        if text.endswith("+"):
            text, qualifier = text[:-1], "at-least"
        text = SPACES.sub("", text)
        both = RANGE.fullmatch(text)
        if both:
            low, high = self._number(both[1]), self._number(both[2])
            if low is None or high is None or QUALIFIERS[qualifier].form == "at-least":
                return None
            return Figure(None, low, high, "range")
        value = self._number(text)
        return None if value is None else Figure(value, qualifier=qualifier)

    def _number(self, text: str) -> float | None:
        plain = text.replace(self.thousands, "") if self.thousands else text
        plain = plain.replace(self.decimal, ".")
        return float(plain) if re.fullmatch(r"\d+(\.\d+)?", plain) else None


def guess_dates(cells: pd.Series, day_first: bool | None = None) -> Dates:
    """Format of the dates of a column; `day_first` decides if two are possible.

    If it is None, the order in which dates run backwards less often is taken.

    Examples
    --------
    >>> guess_dates(pd.Series(["01/02/2024", "23/02/2024"])).description
    'dates are day/month/year'
    """
    parts = [PARTS.fullmatch(cell) for cell in cells if not ISO.fullmatch(cell)]
    found = [(int(m[1]), int(m[2])) for m in parts if m]
    if not found:
        return Dates(day_first=True, iso=True, sure=True)
    first, second = max(a for a, _ in found), max(b for _, b in found)
    if day_first is None and (first > MONTHS_IN_A_YEAR) != (second > MONTHS_IN_A_YEAR):
        return Dates(day_first=first > MONTHS_IN_A_YEAR, iso=False, sure=True)
    if day_first is not None:
        return Dates(day_first=day_first, iso=False, sure=True)
    # Tables are mostly sorted by date.
    both = {order: Dates(order, iso=False, sure=False) for order in (True, False)}
    falls = {order: _falls(cells, dates) for order, dates in both.items()}
    return both[falls[True] <= falls[False]]


def _falls(cells: pd.Series, dates: Dates) -> int:
    days = [day for day in map(dates.read, cells) if day is not None]
    return sum(b < a for a, b in zip(days, days[1:], strict=False)) + len(cells) - len(days)


def guess_numbers(cells: pd.Series) -> Numbers:
    """Format of the numbers of a table.

    A mark that always has exactly three digits after it separates thousands.

    Examples
    --------
    >>> guess_numbers(pd.Series(["1.234.567", "890"])).description
    "'.' separates thousands"
    """
    text = "\n".join(SPACES.sub("", cell) for cell in cells)
    found = {mark: re.findall(rf"\d{re.escape(mark)}(\d+)", text) for mark in ",."}
    grouped = {m for m, tails in found.items() if tails and {len(t) for t in tails} == {THOUSANDS}}
    if "," in grouped:
        return Numbers(".", ",")
    if "." in grouped:
        return Numbers(",", ".")
    return Numbers("," if found[","] else ".", "")


def _day(year: int, month: int, day: int) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(year=year, month=month, day=day)
    except ValueError:
        return None
