"""Rows of a table that have claims, with their windows; the others are counted by reason."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.columns import TIMED, Column
from lossmodel.importers.dates import DAY, Dates, Window, guess_dates, why_no_date
from lossmodel.importers.keys import Keys
from lossmodel.importers.left_out import LeftOut
from lossmodel.importers.numbers import is_missing
from lossmodel.importers.source import Source
from lossmodel.importers.words import TIMES, TOTALS, normal
from lossmodel.tables.problems import Problems, quoted

__all__ = ["Rows", "claim_rows"]

# Words of totals that stand before others: "Total (7 days)".
FIRST_WORDS: Final = TOTALS - {"all", "mean", "average", "median", "overall"}
WEEK: Final = 7
OF_DAYS: Final = frozenset().union(*TIMES.values())
NAMED: Final = ("claimant", "party")  # of which a word of totals may be the name


@dataclass(frozen=True)
class Rows:
    """Rows that have claims.

    Attributes
    ----------
    cells
        Their cells; the index is the row in the file.
    windows
        Row -> its window.
    days
        Role `published` or `known` -> row -> day.
    left_out
        The other rows.
    notes
        How dates were read.
    """

    cells: pd.DataFrame
    windows: Mapping[int, Window]
    days: Mapping[str, Mapping[int, dt.date]]
    left_out: LeftOut
    notes: tuple[str, ...]


def claim_rows(
    source: Source,
    columns: Mapping[str, Column],
    *,
    day_first: bool | None,
    keys: Keys,
    problems: Problems,
) -> Rows:
    """Rows of a table that have claims, each with its window.

    Parameters
    ----------
    source, columns
        The table, and how its columns are read.
    day_first
        Order of day and month, if the user gave it.
    keys
        Names of the conflict, which are no words of totals, and the days of the war, which may
        decide the order of day and month.
    problems
        Where cells that are no dates are noted.

    Raises
    ------
    UsageError
        There is no column of dates, or their order of day and month cannot be told.
    """
    left_out, span = LeftOut(), keys.span
    by_role = {column.read: name for name, column in columns.items() if not column.is_figure}
    timed = [name for name, column in columns.items() if column.read in TIMED]
    figures = [name for name, column in columns.items() if column.is_figure]
    across = bool(figures) and all(columns[name].date for name in figures)
    if not timed and not across:
        raise UsageError(
            f"{source.path} has no column of dates, such as 2024-02-23 or 23/02/2024: "
            f"{_no_dates(source)}"
        )
    cells = _without_totals(_once(source, left_out), timed, columns, figures, left_out, keys)
    cells = _without_texts(cells, timed, figures, left_out)
    formats = {
        name: _format(source, cells[name], name, day_first, span)
        for name in [*timed, *(by_role[r] for r in ("published", "known") if r in by_role)]
    }
    read = {
        name: _windows(source, cells[name], name, dates, problems)
        for name, dates in formats.items()
    }
    windows = {
        int(str(row)): window
        for row in cells.index
        if (window := _window(int(str(row)), columns, read, timed)) is not None
    }
    for row in cells.index:
        if int(str(row)) not in windows and not across:
            problems.add(
                source.path.name,
                timed[0],
                rows=[int(str(row))],
                found=quoted(cells.loc[row, timed[0]]),
                allowed="a date like the others",
                remedy="Give the date, or remove the row",
            )
    _check_ends(source.path.name, cells, columns, read, problems)
    days: dict[str, Mapping[int, dt.date]] = {
        role: {row: window.end for row, window in read[by_role[role]].items()}
        for role in ("published", "known")
        if role in by_role
    }
    notes = [f"{name}: {note}" for name, dates in formats.items() for note in dates.notes]
    return Rows(cells, windows, days, left_out, tuple(notes))


def _no_dates(source: Source) -> str:
    """Why no column has dates: the first cell under a heading of days, else what to do."""
    headings = [name for name in source.headings if normal(name) in OF_DAYS]
    for name in headings:
        for row, cell in source.cells[name].items():
            if not is_missing(cell):
                return f"row {row}, column {name} is none{why_no_date(cell)}."
    return (
        "it is neither a known format nor a table with dates in rows. If a column has them, say "
        "which with --column 'HEADING=date'; totals of a war that is over need new with --end."
    )


def _once(source: Source, left_out: LeftOut) -> pd.DataFrame:
    """Rows without those that are equal to another in all cells."""
    again = source.cells.duplicated()
    for row in source.cells.index[again]:
        left_out.add("rows", "equal to another row in all columns, so one", int(str(row)))
    return source.cells[~again]


def _without_totals(
    cells: pd.DataFrame,
    timed: list[str],
    columns: Mapping[str, Column],
    figures: list[str],
    left_out: LeftOut,
    keys: Keys,
) -> pd.DataFrame:
    """Rows without those of totals: a word for it in a column of days, of names, or the first.

    Where all figures of a table are of "all", there are no others of which they are totals; and a
    word that the user or the conflict names, as a party "All", is no total.
    """
    looked = [
        name
        for name, column in columns.items()
        if name in timed
        or column.read in ("claimant", "party", "category")
        or (name == cells.columns[0] and column.read != "claim_id")
    ]
    is_total = pd.Series(False, index=cells.index)
    filled = cells[figures].map(lambda cell: not is_missing(cell)).any(axis=1)
    for name in looked:
        words = cells[name].map(normal)
        here = words.isin(TOTALS) | words.map(lambda w: w.split(" ")[0] in FIRST_WORDS)
        if (section := columns[name].read) in NAMED:
            here &= ~cells[name].map(lambda c: bool(keys.given(c) or keys.find(section, c)))
        if name in timed or not here[filled].all():
            is_total |= here
    for row in cells.index[is_total]:
        left_out.add("rows", "totals of other rows", int(str(row)))
    return cells[~is_total]


def _without_texts(
    cells: pd.DataFrame, timed: list[str], figures: list[str], left_out: LeftOut
) -> pd.DataFrame:
    """Rows without footnotes, which are texts behind the last row of figures, and blank ones."""
    if not timed:
        return cells
    named = cells[figures].map(lambda cell: not is_missing(cell)).any(axis=1)
    dated = cells[timed].map(_may_be_date).any(axis=1)
    last = max(
        (i for i, (a, b) in enumerate(zip(named, dated, strict=True)) if a and b), default=-1
    )
    kept = []
    for i, row in enumerate(cells.index):
        if dated.iloc[i]:
            kept.append(row)
        elif i > last and not named.iloc[i]:
            left_out.add("rows", "footnotes", int(str(row)))
        elif not named.iloc[i] and not any(cells.iloc[i][timed]):
            left_out.add("rows", "without a date and a figure", int(str(row)))
        else:
            kept.append(row)
    return cells.loc[kept]


def _may_be_date(cell: str) -> bool:
    return Dates().read_either(cell) is not None


def _format(
    source: Source,
    cells: pd.Series,
    name: str,
    day_first: bool | None,
    span: tuple[dt.date, dt.date] | None,
) -> Dates:
    filled = [cell for cell in cells if not is_missing(cell)]
    dates = guess_dates(filled, day_first, inside=span)
    both = [cell for cell in filled if dates.read(cell) is None and dates.read_either(cell)]
    if both and dates.day_first is None:
        row = next(row for row, cell in cells.items() if cell == both[0])
        raise UsageError(
            f"{source.path} row {row}, column {name}: {both[0]!r} can be read as day/month or as "
            "month/day, or begins with the year, and no other cell decides. Say which with "
            "--day-first or --month-first, or write days as YYYY-MM-DD."
        )
    return dates


def _windows(
    source: Source, cells: pd.Series, name: str, dates: Dates, problems: Problems
) -> dict[int, Window]:
    known: dict[str, Window | None] = {}
    found = {}
    for row, cell in cells.items():
        if is_missing(cell):
            continue
        if cell not in known:
            known[cell] = dates.read(cell)
        window = known[cell]
        if window is not None:
            found[int(str(row))] = window
            continue
        problems.add(
            source.path.name,
            name,
            rows=[int(str(row))],
            found=quoted(cell),
            allowed="a date like the others",
            remedy="Add the year" if "year" in why_no_date(cell) else "Correct or remove the row",
        )
    return found


def _check_ends(
    file: str,
    cells: pd.DataFrame,
    columns: Mapping[str, Column],
    read: Mapping[str, Mapping[int, Window]],
    problems: Problems,
) -> None:
    """Note windows without their last day, and those that end before they start."""
    by_role = {column.read: name for name, column in columns.items()}
    if not {"start", "end"} <= set(by_role):
        return
    first, last = (read[by_role[role]] for role in ("start", "end"))
    if not first:
        return
    for row in sorted(first.keys() | last.keys()):
        # Rows with a kind may have one that needs no start.
        lacking = "end" if row not in last else "" if row in first or "kind" in by_role else "start"
        turned = not lacking and row in first and first[row].start > last[row].end
        if lacking and is_missing(str(cells.at[row, by_role[lacking]])):
            problems.add(
                file,
                by_role[lacking],
                rows=[row],
                found=quoted(cells.at[row, by_role[lacking]]),
                allowed="the first and the last day of a window",
                remedy="Give the day, or remove the row",
            )
        if turned:
            problems.add(
                file,
                by_role["end"],
                rows=[row],
                found=quoted(cells.at[row, by_role["end"]]),
                allowed=f"a day from {by_role['start']} on, {first[row].start}",
                remedy="Correct one of the days",
            )


def _window(
    row: int,
    columns: Mapping[str, Column],
    read: Mapping[str, Mapping[int, Window]],
    timed: list[str],
) -> Window | None:
    """Window of a row from its columns of days."""
    found = {columns[name].read: read[name][row] for name in timed if row in read[name]}
    if "end" in found:
        end = found["end"]
        return Window(
            found.get("start", end).start, end.end, "start" if "start" in found else end.form
        )
    if "start" in found:
        return found["start"]
    if "week-ending" in found:
        end_day = found["week-ending"].end
        return Window(end_day - (WEEK - 1) * DAY, end_day, "week")
    if "week-starting" in found:
        first = found["week-starting"].start
        return Window(first, first + (WEEK - 1) * DAY, "week")
    if "month" in found:
        day = found["month"].start
        last = calendar.monthrange(day.year, day.month)[1]
        return Window(day.replace(day=1), day.replace(day=last), "month")
    return found.get("date")
