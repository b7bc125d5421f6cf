"""Words of which the sentences of findings are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from lossmodel.findings.columns import Columns

__all__ = ["day", "number", "series_name", "window"]


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
    """Claimant, party, category and scope of a claim; a scope only where it is not all."""
    claimant, party, category, scope = columns.keys[columns.series[place]]
    part = "" if scope == "all" else f", scope {scope}"
    return f"{claimant} ({party} {category}{part})"


def window(columns: Columns, place: int) -> str:
    """First and last day of a claim's window; one day only once."""
    first, last = columns.start[place], columns.end[place]
    return day(last) if first == last else f"{day(first)} to {day(last)}"
