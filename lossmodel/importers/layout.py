"""Days that are not in one column: in headings, or in a column each of year and month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lossmodel.errors import UsageError
from lossmodel.importers.columns import TIMED, Column, ColumnMap
from lossmodel.importers.dates import Dates, guess_dates
from lossmodel.importers.hints import Hints
from lossmodel.importers.keys import Keys
from lossmodel.importers.names import free_name
from lossmodel.importers.numbers import is_missing
from lossmodel.importers.source import Source
from lossmodel.importers.words import IGNORED, TIMES, normal

__all__ = ["across_columns", "with_last_day", "with_whole_dates"]

FEWEST: Final = 2  # days in headings
# Share of the cells of a column of periods that are some: others are totals and footnotes.
MOSTLY: Final = 0.6
SOME_YEAR: Final = 2000  # with which the name of a month is a date
DAYS: Final = frozenset({"day", "tag", "jour", "dia", "giorno", "день"})
# Forms of headings that are days; a number such as 20220224 is one only in a column of days.
IN_HEADINGS: Final = ("serial number of a spreadsheet", "seconds since 1970")


def with_whole_dates(source: Source) -> Source:
    """The table with a column `date` from its year, month and day, if these are apart.

    A table of years and weeks has ISO weeks. A table with a column of days is left as it is.
    """
    found: dict[str, str] = {}
    for name in source.headings:
        for part in ("year", "month", "week", "day"):
            if normal(name) in (DAYS if part == "day" else TIMES[part]):
                found.setdefault(part, name)
    if "day" in found and source.cells[found["day"]].str.len().max() > len("31.0"):
        return source
    dated = any(normal(name) in TIMES["date"] - DAYS for name in source.headings)
    rest = "month" if "month" in found else "week"
    if dated or "year" not in found or rest not in found or "date" in source.headings:
        return source
    wanted = ("year", "week") if rest == "week" else ("year", "month", "day")
    parts = [part for part in wanted if part in found]
    rows = zip(*(source.cells[found[part]] for part in parts), strict=True)
    cells = source.cells.copy()
    cells.insert(0, "date", [_whole(row, rest) for row in rows])
    note = f"dates are made of {', '.join(repr(found[part]) for part in parts)}"
    return replace(source, cells=cells, notes=(*source.notes, note))


def _whole(parts: tuple[str, ...], rest: str) -> str:
    year, second, *day = (part.removesuffix(".0") for part in parts)
    if not year or not second:
        return ""
    if rest == "week":
        return f"{year}-W{second.upper().lstrip('W').zfill(2)}"
    if second.isdigit():
        return "-".join([year, second.zfill(2), *(part.zfill(2) for part in day)])
    return " ".join([*day, second, year])


def with_last_day(
    source: Source, columns: ColumnMap, hints: Hints
) -> tuple[Source, ColumnMap, Hints]:
    """A table without days, whose figures are totals to the last day of the war, if that is given.

    A table with a heading of days has some that cannot be read, and is left as it is.
    """
    figures = [column for column in columns.columns.values() if column.is_figure]
    timed = any(column.read in TIMED for column in columns.columns.values())
    headed = any(normal(name) in words for name in source.headings for words in TIMES.values())
    if not hints.last_day or not figures or timed or headed or any(c.date for c in figures):
        return source, columns, hints
    name = free_name("last day", source.columns)
    note = f"no column has days: figures are totals to {hints.last_day}, the end of the war"
    cells = source.cells.assign(**{name: hints.last_day})
    last = Column("date", why="the end of the war, as no column has days")
    return (
        replace(source, cells=cells, notes=(*source.notes, note)),
        replace(columns, columns={**columns.columns, name: last}),
        hints if hints.kind else replace(hints, kind="cumulative"),
    )


def across_columns(source: Source, given: Mapping[str, Column], keys: Keys) -> dict[str, Column]:
    """Columns whose headings are days, and the column of names that goes with them.

    Raises
    ------
    UsageError
        The order of day and month in the headings cannot be told.
    """
    free = [name for name in source.headings if name not in given]
    dates = guess_dates(free, inside=keys.span)
    days = [name for name in free if (w := dates.read_either(name)) and w.form not in IN_HEADINGS]
    if len(days) < FEWEST:
        return {}
    doubtful = next((name for name in days if dates.read(name) is None), "")
    if doubtful:
        raise UsageError(
            f"{source.path}: the heading {doubtful!r} can be read as day/month or as month/day. "
            "Write the days of headings as YYYY-MM-DD."
        )
    others = [name for name in free if name not in days]
    if _has_periods(source, others):
        why = "a date of knowledge in the heading"
        return {name: Column("value", kind="period", known=name, why=why) for name in days}
    found = {name: Column("value", date=name, why="a day in the heading") for name in days}
    _check_rows(source, others, days)
    texts = [name for name in free if name not in days and normal(name) not in _numbers()]
    named = {column.read for column in given.values()}
    if texts and not named & {"claimant", "party", "category"}:
        found[texts[0]] = Column(_section(source, texts[0], keys), why="names of the rows")
    return found


def _has_periods(source: Source, others: list[str]) -> bool:
    """Whether rows are of periods, such as quarters of death: a first and a last day, or windows.

    Days in headings are then dates of knowledge: a reporting triangle.
    """
    roles = {role for name in others for role in ("start", "end") if normal(name) in TIMES[role]}
    if len(roles) == 2:
        return True
    dates = Dates()
    for name in others:
        cells = [cell for cell in source.cells[name] if not is_missing(cell)]
        wide = [cell for cell in cells if (w := dates.read_either(cell)) and w.days > 1]
        if len(wide) > MOSTLY * len(cells):
            return True
    return False


def _check_rows(source: Source, others: list[str], days: list[str]) -> None:
    """Refuse a table with times in its headings and in its rows, such as months by years."""
    dates = Dates()
    for name in others:
        cells = [cell for cell in source.cells[name].unique() if not is_missing(cell)]
        months = all(dates.read_either(f"{cell} {SOME_YEAR}") for cell in cells) and cells
        if months or any(normal(name) in words for words in TIMES.values()):
            raise UsageError(
                f"{source.path}: headings such as {days[0]!r} are times, and so is column "
                f"{name!r}. Give each figure a row of its own, with its whole date."
            )


def _numbers() -> frozenset[str]:
    return frozenset().union(*IGNORED.values())


def _section(source: Source, name: str, keys: Keys) -> str:
    """Section of a conflict in which most names of a column are; claimants by default."""
    cells = [cell for cell in source.cells[name].unique() if not is_missing(cell)]
    known = {
        section: sum(bool(keys.find(section, cell)) for cell in cells)
        for section in ("claimant", "party", "category")
    }
    return max(known, key=lambda section: known[section])
