"""Days as they are written in tables and settings."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from lossmodel.arguments import FIRST_YEAR, LAST_YEAR

__all__ = ["day_remedy", "parse_day"]

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_day(word: str) -> dt.date | None:
    """Read a day written as YYYY-MM-DD; None for any other text.

    Examples
    --------
    >>> parse_day("2022-02-24"), parse_day("24.2.2022")
    (datetime.date(2022, 2, 24), None)
    """
    if not _DAY.fullmatch(word) or not FIRST_YEAR <= int(word[:4]) <= LAST_YEAR:
        return None
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        return None


def day_remedy(word: str) -> str:
    """How to correct a text that is no day.

    Examples
    --------
    >>> day_remedy("2022-02-30")
    'There is no such day in the calendar'
    """
    if not _DAY.fullmatch(word):
        return "Write year, month and day as in 2022-02-24"
    if FIRST_YEAR <= int(word[:4]) <= LAST_YEAR:
        return "There is no such day in the calendar"
    return f"Give a year from {FIRST_YEAR} to {LAST_YEAR}"
