"""Kinds of figures: by option, heading, cell or window, else by how often they fall."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final, NamedTuple

from lossmodel.errors import UsageError
from lossmodel.importers.records import Record
from lossmodel.tables.problems import Problems, one_of, quoted
from lossmodel.tables.vocabulary import KINDS
from lossmodel.text.escape import shell

__all__ = ["guess_kinds"]

# Share of steps in which running totals do not fall, with room for corrections and misprints.
RISING: Final = 0.95
# Share of changes in which figures of single days fall: 0.43 to 0.59 in the eight daily series of
# the shipped wars that change more than once. Of the 81 running totals there, one has more.
FALLING: Final = 0.4
# No running total there falls more often. Six of them fall in a quarter of their changes or more,
# of which five stay above their first figure; all of the daily series fall below theirs.
CORRECTED: Final = 2
# Rises of one category, without a fall, that tell running totals from new counts of days that
# follow one another: those of three days rise twice with chance 1/6.
ENOUGH: Final = 5
KINDS_OF_ROWS: Final = ("daily", "cumulative", "period", "correction")
OF_WINDOWS: Final = ("period", "average")
# Forms of windows with a name, which may be the time of a running total.
PERIODS: Final = ("week", "ISO week", "month", "quarter", "year")
# Forms of windows that the table states, also if they are one day long or cut to one.
STATED: Final = (*("start", "first and last day", "sum of events"), *PERIODS)
# Days between figures from which a single day is not likely the window of one that falls.
APART: Final = 6


def guess_kinds(records: list[Record], given: str, path: Path) -> tuple[list[Record], list[str]]:
    """Records with their kinds, and how they were found.

    Parameters
    ----------
    records
        Those of one table.
    given
        The kind that the user gave, for figures whose column or row has none.
    path
        The file, for messages.

    Raises
    ------
    ClaimsError
        A kind is not known, or does not fit the window of its figure.
    UsageError
        Figures of single days leave the kind open, or those of weeks, months or years never fall.
    """
    problems = Problems()
    found: dict[int, Record] = {}
    notes: list[str] = []
    open_ = [i for i, record in enumerate(records) if not (record.kind or given)]
    for i, record in enumerate(records):
        found[i] = replace(record, kind=record.kind or given)
    wide = [i for i in open_ if records[i].window.days > 1]
    if wide:
        _check_windows([records[i] for i in wide], path)
        found |= {i: replace(records[i], kind="period") for i in wide}
        notes.append(
            "figures of windows are totals of their window (a guess: if they are means per day, "
            f"give --kind average{_rising(records, wide)})"
        )
    single = [i for i in open_ if records[i].window.days == 1]
    groups = [list(group) for _, group in groupby(single, key=lambda i: records[i].position)]
    # Columns that fall come first and those of one figure last: they are taken to be as the others.
    groups.sort(key=lambda group: _tells([records[i] for i in group]))
    rises = _rises(records[i] for i in single)
    kinds: set[str] = set()
    for members in groups:
        kind, why = _guess([records[i] for i in members], path, kinds, rises)
        kinds.add(kind)
        found |= {i: replace(records[i], kind=kind) for i in members}
        notes.append(f"figures of {records[members[0]].place.column!r} are {kind}: {why}")
    whole = [found[i] for i in range(len(records))]
    for record in whole:
        _check(record, path.name, problems)
    problems.raise_if_any()
    said = [record for record in records if record.kind]
    if given and len(said) < len(records):
        notes.append(f"{'other ' * bool(said)}figures are {given}, as given")
    return whole, [*dict.fromkeys(notes)]


def _check_windows(records: list[Record], path: Path) -> None:
    """Refuse figures of weeks, months or years that never fall: a heading of weeks says when only.

    Each column tells of itself. A table with first and last days says of which days figures are.
    """
    named = [record for record in records if record.window.form in PERIODS]
    for _, group in groupby(named, key=lambda record: record.position):
        column = list(group)
        steps, rises = _steps(column), _rises(column)
        if rises >= ENOUGH and not any(step.falls for step in steps):
            raise UsageError(
                f"{path}: are the figures of {column[0].place.column!r} running totals, or new "
                f"counts of a {column[0].window.form} each? They never fall in {len(steps)} steps, "
                f"and rise in {rises}. Give --kind cumulative or --kind period."
            )


def _rising(records: list[Record], members: list[int]) -> str:
    steps = _steps(records[i] for i in members)
    if len(steps) < 2 or any(step.falls for step in steps):
        return ""
    return "; they never fall: if they are running totals, --kind cumulative"


class _Step(NamedTuple):
    """A figure, the one before it in its series, and the first of the series."""

    first: Record
    before: Record
    after: Record

    @property
    def falls(self) -> bool:
        return _size(self.after) < _size(self.before)

    @property
    def returns(self) -> bool:
        """Whether it falls to the first figure or below it."""
        return self.falls and _size(self.after) <= _size(self.first)

    @property
    def days(self) -> int:
        return (self.after.window.end - self.before.window.end).days


def _steps(records: Iterable[Record]) -> list[_Step]:
    """Steps from day to day of each series; of one day the figure that was published last."""
    series: dict[tuple[object, ...], dict[dt.date, Record]] = {}
    for record in sorted(records, key=lambda r: (r.window.end, r.published, _size(r))):
        series.setdefault(record.series, {})[record.window.end] = record
    return [
        _Step(figures[0], before, after)
        for figures in (list(days.values()) for days in series.values())
        for before, after in pairwise(figures)
    ]


def _tells(records: list[Record]) -> int:
    """How little the steps of a column tell of its kind: 0 if some fall, 2 if there are none."""
    steps = _steps(records)
    return 0 if any(step.falls for step in steps) else 1 if steps else 2


def _rises(records: Iterable[Record]) -> int:
    """Most steps that rise in one category; those of several categories rise together."""
    rising = Counter(s.after.category for s in _steps(records) if _size(s.after) > _size(s.before))
    return max(rising.values(), default=0)


def _guess(records: list[Record], path: Path, others: set[str], rises: int) -> tuple[str, str]:
    """Kind of the figures of a column, and the reason.

    `others` are the kinds of other columns, `rises` the most steps of a category of the table that
    rise.
    """
    steps = _steps(records)
    if not steps and len(others) == 1:
        return next(iter(others)), "as those of other columns (a guess: it has one figure)"
    place = records[0].place
    keys = {(record.claimant, record.party, record.category, record.scope) for record in records}
    if not steps and len(keys) < len(records):
        return "cumulative", "they are of one day and published anew (a guess)"
    if not steps:
        raise UsageError(
            f"{path} row {place.row}, column {place.column}: with one figure per series the kind "
            "cannot be guessed: give --kind cumulative, --kind daily, --kind period or --kind "
            "average."
        )
    falls = [step for step in steps if step.falls]
    changes = sum(_size(step.after) != _size(step.before) for step in steps)
    apart = sorted(step.days for step in steps)[len(steps) // 2]
    why = f"they fall in {len(falls)} of {len(steps)} steps"
    said = f"{why.capitalize()}, which are mostly {apart} day{'s' * (apart != 1)} apart"
    if not falls and "daily" in others:
        if _rises(records) < ENOUGH:
            return "daily", f"{why}, but those of other columns do (a guess)"
        raise _question(path, place.column, f"{said}, but those of other columns do")
    if not falls and rises < ENOUGH and apart < APART:
        raise _question(path, place.column, f"{said}: too few to tell")
    often = len(falls) >= FALLING * changes
    if not falls or (len(falls) <= (1 - RISING) * len(steps) and not often):
        return "cumulative", f"{why} (a guess)"
    returns = any(step.returns for step in falls)
    if often and (len(falls) > CORRECTED or (changes > 1 and returns)) and apart < APART:
        return "daily", f"{why} (a guess)"
    fall = min(falls, key=lambda step: step.after.place.row)
    # Sizes, not cells: no message shows a cell of a table that may name persons.
    sizes = f"{_size(fall.after):,.10g} after {_size(fall.before):,.10g}"
    raise _question(path, place.column, f"{said}, such as row {fall.after.place.row}: {sizes}")


def _question(path: Path, column: str, why: str) -> UsageError:
    return UsageError(
        f"{path}: are the figures of {column!r} running totals, perhaps with corrections, or "
        f"figures of one day each, or of a week or month? {why}. Give --kind cumulative or --kind "
        "daily, or say of the column of dates with --column 'HEADING=week-ending', week-starting "
        "or month. If the rows are of several kinds, write that of each into a column kind: "
        f"{', '.join(KINDS_OF_ROWS)}."
    )


def _size(record: Record) -> float:
    figure = record.figure
    return figure.value if figure.value is not None else float(figure.high or 0)


def _check(record: Record, file: str, problems: Problems) -> None:
    if record.kind not in KINDS:
        problems.add(
            file,
            "kind",
            rows=[record.place.row],
            found=quoted(record.kind),
            allowed=one_of(KINDS),
            remedy="Correct it",
        )
    elif record.kind in OF_WINDOWS and record.window.form not in STATED and record.window.days == 1:
        problems.add(
            file,
            record.place.column,
            rows=[record.place.row],
            found=f"kind {record.kind} with one day, {record.window.end}",
            allowed="a window such as a week or a month",
            remedy="Say of the column of days with --column 'HEADING=week-ending', week-starting "
            "or month which window it means, or add a column of first days",
        )
    elif KINDS[record.kind].single_day and record.window.days > 1:
        problems.add(
            file,
            record.place.column,
            rows=[record.place.row],
            found=f"kind {record.kind} in a window of {record.window.days} days",
            allowed="period, average or cumulative",
            remedy="Give another --kind, or --column "
            f"{shell(f'{record.place.column}=value,kind=average')} for means per day",
        )
