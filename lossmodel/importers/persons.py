"""A table with one row per person who died, as counts by day, week or month and nothing else.

Only the day of death is read. No name, age, place or other cell goes into a claim, a note, an error
message or a file.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import load_conflict
from lossmodel.errors import UsageError
from lossmodel.importers.cover import DEATHS, NAMES
from lossmodel.importers.dates import guess_dates
from lossmodel.importers.events import FREQUENCIES
from lossmodel.importers.keys import Keys
from lossmodel.importers.names import slug
from lossmodel.importers.numbers import is_missing
from lossmodel.importers.result import Imported, claims_table, iso, rows_of
from lossmodel.importers.words import normal
from lossmodel.tables.problems import MISTYPED_DAY
from lossmodel.text.numbers import some

if TYPE_CHECKING:
    from lossmodel.importers.hints import Hints
    from lossmodel.importers.source import Source

__all__ = ["is_persons", "read_persons"]

# Headings, in the form of `words.normal`.
COUNTS: Final = frozenset(
    {
        *("count", "counts", "number", "n", "total", "value", "low", "high", "best"),
        *("deaths", "fatalities", "killed", "wounded", "casualties", "losses"),
        *("minimum", "maximum", "reported minimum", "reported maximum"),
    }
)
# Headings of columns that must not tell rows of several kinds apart.
MIXED: Final = frozenset(
    {"status", "fate", "outcome", "side", "party", "статус", "доля", "сторона"}
)
# Share of the cells with something in them that must be read; others may hide a format of days.
MOSTLY: Final = 0.8
SHOWN: Final = 5


def is_persons(columns: set[str]) -> bool:
    """Whether the columns are those of a list of persons: a name and a day, and no count.

    Examples
    --------
    >>> is_persons({"Full name", "Date of death", "age"}), is_persons({"name", "date", "killed"})
    (True, False)
    """
    headings = set(map(normal, columns))
    return bool(headings & NAMES and headings & set(DEATHS)) and not headings & COUNTS


def read_persons(source: Source, hints: Hints) -> Imported:
    """Claims of a list: how many of its persons died in each day, week or month.

    Windows without a death count zero, from the first death to the last. Rows that are equal in all
    columns are one person; rows without a day of death are left out and counted.

    Raises
    ------
    UsageError
        Claimant or party are not given, rows are of several kinds, too many days of death cannot
        be read, or one of them lies outside the war or after today.
    """
    if not hints.party or not hints.claimant:
        raise UsageError(
            f"{source.path} has one row per person: say whose list it is and of whose losses with "
            "--claimant and --party, and with --category if it is not of killed."
        )
    _check_one_kind(source)
    rows = source.cells.drop_duplicates()
    days, how = _days(source, rows, hints)
    category = hints.category or "killed"
    claims = _claims(days, hints, category)
    own = (hints.claimant, hints.party, category)
    known = set(load_conflict(hints.conflict).claimants["claimant"]) if hints.conflict else set()
    return Imported(
        claims=claims,
        base=hints.conflict,
        extra={
            "claimants": rows_of("claimants", [(hints.claimant,)] * (hints.claimant not in known)),
            "streams": rows_of("streams", [(*own, "list")]),
        },
        notes=(
            f"one row per person: {len(days):,} persons are counted by {hints.by or 'day'} of "
            "death, and no name or other cell is kept",
            *source.notes,
            f"{how}; published on {claims['published'].iloc[0]}, the last day of death (a guess)",
        ),
        heading="read as",
        left_out=_left_out(len(source.cells) - len(rows), len(rows) - len(days)),
    )


def _check_one_kind(source: Source) -> None:
    for column in source.cells:
        cells = source.cells[column]
        if normal(str(column)) in MIXED and cells[cells != ""].nunique() > 1:
            raise UsageError(
                f"{source.path} has rows of several kinds in column {str(column)!r}: import a file "
                "for each, with the persons of one party who died."
            )


def _days(source: Source, rows: pd.DataFrame, hints: Hints) -> tuple[pd.Series, str]:
    """Days of death of the rows that have one, and how they were read."""
    headings = {normal(str(column)): str(column) for column in rows}
    column = next(headings[name] for name in DEATHS if name in headings)
    cells = rows[column]
    dates = guess_dates(cells[cells != ""], hints.day_first)
    read = [dates.read(cell) for cell in cells]
    known = [None if window is None or window.days > 1 else window.start for window in read]
    days = pd.Series(known, index=rows.index, dtype="datetime64[ns]")
    missing = days.isna().to_numpy(dtype=bool)
    _check_inside(source, column, days[~missing], hints)
    # Of a blank cell or a month nothing is in doubt: the person is left out, and counted there.
    blank = np.array([is_missing(cell) for cell in cells], dtype=bool)
    unread = np.array([window is None for window in read], dtype=bool) & ~blank
    if missing.all() or unread.sum() > (1 - MOSTLY) * (~blank).sum():
        shown = missing if missing.all() else unread
        without = int(shown.sum())
        raise UsageError(
            f"{source.path} cannot be counted: {without:,} of {len(rows):,} persons "
            f"{'has' if without == 1 else 'have'} no day of death in column {column!r} that can be "
            f"read, such as 2024-02-23 or 23/02/2024 ({_rows(rows.index[shown])}). If days "
            "and months are in doubt, give --day-first or --month-first."
        )
    return days[~missing], "; ".join(dates.notes)


def _check_inside(source: Source, column: str, days: pd.Series, hints: Hints) -> None:
    """Refuse days outside the war: one mistyped year would be a century of days without a death."""
    last = pd.Timestamp(dt.datetime.now(tz=dt.UTC).date())
    first = pd.Timestamp.min
    if span := Keys(hints.conflict).span:
        first, last = pd.Timestamp(span[0]), min(last, pd.Timestamp(span[1]))
    outside = days[(days < first) | (days > last)]
    if outside.empty:
        return
    # A cell that was read as a day has no name in it.
    found = ", ".join(dict.fromkeys(iso(outside[:SHOWN])))
    since = f"from {first:%Y-%m-%d} " if span else ""
    raise UsageError(
        f"{source.path} {_rows(outside.index)}, column {column!r}: found {found}; allowed: "
        f"a day of death {since}to {last:%Y-%m-%d}, in the war and not after today. {MISTYPED_DAY}."
    )


def _rows(lines: pd.Index) -> str:
    """Rows in words, the first by number."""
    return f"row{'s' * (len(lines) > 1)} {some([*map(str, lines)], SHOWN)}"


def _claims(days: pd.Series, hints: Hints, category: str) -> pd.DataFrame:
    frequency = FREQUENCIES[hints.by or "day"]
    windows = days.dt.to_period(frequency)
    every = pd.period_range(windows.min(), windows.max(), freq=frequency)
    counts = windows.value_counts().reindex(every, fill_value=0)
    last = days.max()
    first = load_conflict(hints.conflict).start if hints.conflict else days.min()
    # A week or month may begin before the war.
    opening = pd.Series(every.start_time)
    starts = opening.where(opening >= first, first)
    ends = iso(pd.Series(every.end_time).dt.normalize().clip(upper=last))
    scope = [hints.scope] if hints.scope != "all" else []
    key = "-".join(map(slug, (hints.claimant, hints.party, category, *scope)))
    return claims_table(
        {
            "claim_id": key + "-" + ends,
            "claimant": hints.claimant,
            "party": hints.party,
            "category": category,
            "scope": hints.scope,
            "kind": "daily" if hints.by in (None, "day") else "period",
            "start": iso(starts),
            "end": ends,
            "known": f"{last:%Y-%m-%d}",
            "value": counts.to_numpy(dtype=float),
            "qualifier": "exact",
            "published": f"{last:%Y-%m-%d}",
            "published_inferred": "true",
        }
    )


def _left_out(again: int, without: int) -> pd.DataFrame:
    rows = [
        (again, "rows", "equal to another row in all columns"),
        (without, "rows", "without a day of death that can be read"),
    ]
    return pd.DataFrame([row for row in rows if row[0]], columns=["rows", "what", "why"])
