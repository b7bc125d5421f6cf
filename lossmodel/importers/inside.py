"""Records whose windows lie in the days of the war; a month in which it begins or ends is cut."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lossmodel.conflict.durations import CENTURY
from lossmodel.errors import UsageError
from lossmodel.importers.dates import Window
from lossmodel.importers.records import Record
from lossmodel.tables.problems import DAYS_OF_WAR, MISTYPED_DAY, Problems, quoted
from lossmodel.text.numbers import plural

__all__ = ["clip"]


def clip(
    records: list[Record],
    span: tuple[dt.date, dt.date] | None,
    path: Path,
    written: pd.Series,
    *,
    events: bool,
) -> tuple[list[Record], list[str]]:
    """Records whose windows lie in the war.

    A month or a week in which the war begins or ends is cut to it, as there were no losses before.

    Parameters
    ----------
    records
        Those of one table.
    span
        First and last day of the war; None while there is no conflict.
    path
        For messages.
    written
        The column of days as it was written; the index is the row.
    events
        Whether the rows are events.

    Raises
    ------
    ClaimsError
        Days lie outside the war.
    UsageError
        All of them do.
    """
    if span is None:
        return records, []
    outside = [record for record in records if not _touches(record.window, span)]
    if outside and len(outside) == len(records):
        first = min(record.window.start for record in outside)
        last = max(record.window.end for record in outside)
        raise UsageError(
            f"{path}: all dates, {first} to {last}, lie outside the conflict, which is "
            f"{_days_of(span)}. If another is meant, give --conflict; a new one begins with "
            "--start and ends with --end."
        )
    noun, later = (
        ("event", "; or leave the later events out of the file")
        if events
        else ("row", f"; of a later count give {span[1]}, and its day in a column published")
    )
    early = [record for record in outside if record.window.end < span[0]]
    late = [record for record in outside if record.window.end >= span[0]]
    problems = Problems()
    for found, where, limit, more in (
        (early, "before the first", span[0], ""),
        (late, "after the last", span[1], later),
    ):
        rows = [record.place.row for record in found]
        lie = f"{plural(len(set(rows)), noun)} {'lies' if len(set(rows)) == 1 else 'lie'}"
        problems.add(
            path.name,
            str(written.name),
            rows=rows,
            found=[quoted(written.get(r.place.row, r.window.start)) for r in found],
            allowed=f"{DAYS_OF_WAR}, {_days_of(span)}",
            remedy=f"{lie} {where} day, {limit}. {MISTYPED_DAY}, or that day of the war{more}",
        )
    problems.raise_if_any()
    kept = [replace(record, window=_cut(record.window, span)) for record in records]
    cut = sum(a.window != b.window for a, b in zip(records, kept, strict=True))
    return kept, [f"windows cut to the days of the war: {cut:,}"] * bool(cut)


def _days_of(span: tuple[dt.date, dt.date]) -> str:
    """First and last day of a war; without the last, which is a century away, if it goes on."""
    goes_on = (span[1] - span[0]).days >= CENTURY
    return f"from {span[0]} on" if goes_on else f"from {span[0]} to {span[1]}"


def _touches(window: Window, span: tuple[dt.date, dt.date]) -> bool:
    if window.form in ("start", "first and last day") or window.days == 1:
        return span[0] <= window.start and window.end <= span[1]
    return window.end >= span[0] and window.start <= span[1]


def _cut(window: Window, span: tuple[dt.date, dt.date]) -> Window:
    return Window(max(window.start, span[0]), min(window.end, span[1]), window.form)
