"""Contents of the columns of a table: dates, figures, and numbers that count no losses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from lossmodel.importers.dates import guess_dates
from lossmodel.importers.headings import Meaning
from lossmodel.importers.keys import Keys
from lossmodel.importers.numbers import guess_numbers, is_missing
from lossmodel.importers.source import Source
from lossmodel.importers.words import TIMES

__all__ = ["SOME", "Content", "contents_of", "no_claims"]

# Share of cells that must be figures for a column to have figures, of which the others are errors.
SOME: Final = 0.5
# Forms that are dates only under a heading that says so: other numbers look like them.
NUMBERS: Final = ("year", "serial number of a spreadsheet", "seconds since 1970", "yearmonthday")


@dataclass(frozen=True)
class Content:
    """What the cells of a column are.

    Attributes
    ----------
    dates, figures
        Shares of its filled cells.
    filled
        Number of its filled cells.
    """

    dates: float
    figures: float
    filled: int


def contents_of(source: Source, meanings: Mapping[str, Meaning], keys: Keys) -> dict[str, Content]:
    """Heading -> contents of its column; a heading of days lets plain numbers be days."""
    found = {}
    for name in source.headings:
        cells = source.cells[name]
        counts = {c: n for c, n in cells.value_counts().items() if not is_missing(str(c))}
        filled = list(map(str, counts))
        numbers, dates = guess_numbers(filled), guess_dates(filled, inside=keys.span)
        figures = sum(counts[cell] for cell in filled if numbers.read(cell) is not None)
        named = meanings[name].role in TIMES
        days = sum(counts[c] for c in filled if _is_date(dates.read_either(c), named))
        total = sum(counts.values())
        found[name] = Content(days / max(total, 1), figures / max(total, 1), total)
    return found


def _is_date(window: object, named: bool) -> bool:
    return window is not None and (named or getattr(window, "form", "") not in NUMBERS)


def no_claims(source: Source, name: str, others: list[str]) -> str:
    """Why the cells of a column count no losses; empty if they may."""
    cells = source.cells[name]
    numbers = pd.to_numeric(cells, errors="coerce")
    values = numbers.dropna()
    if values.empty or len(values) < len(cells[cells != ""]):
        return ""
    unnamed = re.fullmatch(r"column \d+", name)
    whole = bool((values % 1 == 0).all())
    counted = whole and len(values) == len(cells) and values.nunique() == len(values)
    follows = counted and values.max() - values.min() == len(values) - 1
    # Two numbers that follow one another may be figures, unless they begin a count of rows.
    if follows and (len(values) > 2 or (unnamed and values.min() in (0, 1))):
        return "row numbers"
    if unnamed:
        return "it has no heading: --column 'column N=value,...' reads it"
    if not whole and values.abs().max() <= 180 and cells.str.contains(r"\.\d{3,}").mean() > SOME:
        return "decimals such as those of a coordinate"
    if whole and values.between(1900, 2100).all() and len(values) > 2:
        return "years"
    if len(others) > 1 and len(values) > 1:
        row = source.cells.loc[values.index[-1], others]
        # One row shows for nearly all columns that they are no sum.
        if pd.to_numeric(row, errors="coerce").fillna(0).sum() == values.iloc[-1]:
            rest = source.cells[others].apply(pd.to_numeric, errors="coerce").fillna(0)
            if (rest.sum(axis=1) == numbers).all():
                return "the sum of the other columns"
    return ""
