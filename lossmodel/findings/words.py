"""Words of which the sentences of findings are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lossmodel.conflict.titles import category_title, party_title, total_title

if TYPE_CHECKING:
    from lossmodel.findings.columns import Columns

__all__ = [
    "category_of_party",
    "claimant_name",
    "day",
    "number",
    "series_name",
    "window",
]


def day(number: int) -> str:
    """A day since 1970 as a date.

    Examples
    --------
    >>> day(365)
    '1971-01-01'
    """
    return f"{pd.Timestamp(int(number), unit='D'):%Y-%m-%d}"


def number(value: float) -> str:
    """A figure as it was published, with separators.

    Examples
    --------
    >>> number(30890.0), number(1.221)
    ('30,890', '1.221')
    """
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.10g}"


def series_name(columns: Columns, place: int) -> str:
    """Titles of the claimant, party and category of a claim, and a scope that is not all."""
    losses = total_title(columns.conflict, columns.keys[columns.series[place]][1:])
    return f"{claimant_name(columns, place)} ({losses})"


def claimant_name(columns: Columns, place: int) -> str:
    """Short name of the claimant of a claim."""
    return columns.names[str(columns.keys[columns.series[place]][0])]


def category_of_party(columns: Columns, place: int) -> str:
    """What a claim counts, within a sentence: `killed of the North`."""
    _, party, category, _ = columns.keys[columns.series[place]]
    conflict = columns.conflict
    return f"{category_title(conflict, category)} of {party_title(conflict, party)}"


def window(columns: Columns, place: int) -> str:
    """First and last day of a claim's window; one day only once."""
    first, last = columns.start[place], columns.end[place]
    return day(last) if first == last else f"{day(first)} to {day(last)}"
