"""Days and months in words, the same under every locale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MONTHS", "date", "dates"]

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def date(day: pd.Timestamp) -> str:
    """A day in words."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def dates(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """A range of days in words, one day alone by its date."""
    return date(first) if first == last else f"{date(first)} to {date(last)}"
