"""Events summed to windows, so that each death is in one window and no window overlaps another.

A set of events records each that it finds, so that days without one, between its first and its last
event, are part of a window; and all of its figures are as it was on one day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

import pandas as pd

from lossmodel.importers.dates import DAY, Window
from lossmodel.importers.numbers import Figure
from lossmodel.importers.records import Record
from lossmodel.importers.releases import Release
from lossmodel.tables.vocabulary import QUALIFIERS
from lossmodel.text.numbers import plural

__all__ = ["FREQUENCIES", "as_of_one_day", "sum_events"]

FREQUENCIES: Final = {"day": "D", "week": "W-SUN", "month": "M"}
FORM: Final = "sum of events"
Days = tuple[dt.date, dt.date]
Series = tuple[int, str, str, str, str]


def sum_events(
    records: list[Record], by: str, *, rows: Iterable[Window] = (), is_set: bool = False
) -> tuple[list[Record], list[str]]:
    """Records of windows, each the sum of the events in it.

    Windows that an event spans become one: no part of a figure is assigned by guess.

    Parameters
    ----------
    records
        A record per event and figure.
    by
        `day`, `week` or `month`.
    rows
        Windows of all rows, also of those without a figure.
    is_set
        Whether the table is a public set of events, which has all that its makers found. Other
        tables may lack days.

    Returns
    -------
    records
        Of kind period, or daily where a window is a day.
    notes
        What was summed.
    """
    groups: dict[Series, list[Record]] = {}
    for record in records:
        groups.setdefault(record.series, []).append(record)
    sums: dict[Series, list[Record]] = {}
    for of, group in groups.items():
        parts: dict[Days, list[Record]] = {}
        for record in group:
            parts.setdefault(_period(record.window, by), []).append(record)
        sums[of] = [_sum(members, window) for window, members in _merged(parts).items()]
    found = [record for group in sums.values() for record in group]
    joined = sum(_periods(record.window, by) > 1 for record in found)
    notes = [f"{len(records):,} figures of events are summed by {by} to {len(found):,}"]
    if joined:
        notes.append(f"{joined:,} of these are windows of several {by}s, as events span them")
    gaps = _gaps(sums, {_period(window, by) for window in rows}, is_set=is_set)
    none = [gap for of_series in gaps.values() for gap in of_series]
    if none:
        first, last = max(none, key=lambda gap: (gap[1] - gap[0], gap[0]))
        how = "are left open, as the table may lack some"
        remedy = "if there was none, add a row of 0"
        if is_set:
            how = "are in the window of the next or last, as a set has all events that it found"
            remedy = "if the file lacks these days, correct start"
            found = [record for of, group in sums.items() for record in _over(group, gaps[of])]
        notes.append(
            f"days without an event {how}: {plural(len(none), 'window')}, the longest {first} to "
            f"{last} ({remedy})"
        )
    return found, notes


def as_of_one_day(
    records: list[Record], sums: list[Record], release: Release | None = None
) -> tuple[list[Record], list[str]]:
    """Sums of a public set, all published and known on the day of its last upload.

    Without one the days are those of the release, and without that, or if an event is later, the
    last day that is counted. Both are guesses.

    Parameters
    ----------
    records
        A record per event and figure.
    sums
        Their sums by window.
    release
        The version that the name of the file says.

    Returns
    -------
    sums
        With their days.
    notes
        Where the days come from.
    """
    uploads = [record.published for record in records if record.published]
    last = max(record.window.end for record in records)
    if uploads:
        published = known = max(dt.date.fromisoformat(max(uploads)), last)
        why = f"on {known}, the last upload of an event"
    elif release is not None and last <= release.known:
        published, known = release.published, release.known
        why = (
            f"about {known}, and published about {published}, as the name of the file says "
            f"version {release.version}: {release.why}"
        )
    else:
        published = known = max(record.window.end for record in sums)
        why = f"on {known}, the last day that is counted (a guess)"
    guessed = {} if uploads else {"published_inferred": "true"}
    found = [
        replace(
            record,
            window=record.window._replace(end=min(record.window.end, known)),
            published=f"{published}",
            known=record.known or f"{known}",
            texts={**record.texts, **guessed},
        )
        for record in sums
    ]
    return found, [f"figures are as the set was {why}"]


def _gaps(
    sums: dict[Series, list[Record]], rows: set[Days], *, is_set: bool
) -> dict[Series, list[Days]]:
    """Days without a window of each series between its own, or between the first and last of a set.

    Where a row has no figure in the column of a series, its losses are not known.
    """
    read: dict[int, set[Days]] = {}
    for (position, *_), group in sums.items():
        read.setdefault(position, set()).update((r.window.start, r.window.end) for r in group)
    # Windows that an event spans are one, so that a row may be a part of one that was read.
    unread = {
        position: {
            row
            for row in rows - done
            if not any(start <= row[0] and row[1] <= end for start, end in done)
        }
        for position, done in read.items()
    }
    windows = [record.window for group in sums.values() for record in group]
    found: dict[Series, list[Days]] = {}
    for of, group in sums.items():
        own = [(r.window.start, r.window.end) for r in group]
        span = windows if is_set else [record.window for record in group]
        free, last = min(w.start for w in span), max(w.end for w in span)
        gaps = found.setdefault(of, [])
        for start, end in [*sorted([*own, *unread[of[0]]]), (last + DAY, last)]:
            if free < start:
                gaps.append((free, start - DAY))
            free = max(free, end + DAY)
    return found


def _over(group: list[Record], gaps: list[Days]) -> list[Record]:
    """Sums of a series whose windows have the gap before them, and the last that behind it, too.

    A window of a month and one of zero after it say the same of the sum of both. The sum alone asks
    less of the path of losses, which is never zero.
    """
    starts = {end + DAY: start for start, end in gaps}
    begun = {record.window.start for record in group}
    ends = {start - DAY: end for start, end in gaps if end + DAY not in begun}
    found = []
    for record in group:
        start, end, _ = record.window
        wide = Window(starts.get(start, start), ends.get(end, end), FORM)
        if wide == record.window:
            found.append(record)
            continue
        before = [f"{wide.start} to {start - DAY}"] * (wide.start < start)
        after = [f"{end + DAY} to {wide.end}"] * (wide.end > end)
        note = {"note": f"no event of the set from {' and from '.join([*before, *after])}"}
        found.append(replace(record, kind="period", window=wide, texts=note))
    return found


@lru_cache(maxsize=100_000)
def _period(window: Window, by: str) -> Days:
    first = pd.Period(window.start, freq=FREQUENCIES[by])
    last = pd.Period(window.end, freq=FREQUENCIES[by])
    return first.start_time.date(), last.end_time.date()


def _periods(window: Window, by: str) -> int:
    spanned = pd.period_range(window.start, window.end, freq=FREQUENCIES[by])
    return len(spanned)


def _merged(sums: dict[Days, list[Record]]) -> dict[Window, list[Record]]:
    """Windows that overlap, as one."""
    found: list[tuple[dt.date, dt.date, list[Record]]] = []
    for start, end in sorted(sums):
        if found and start <= found[-1][1]:
            first, last, members = found.pop()
            found.append((first, max(last, end), [*members, *sums[start, end]]))
        else:
            found.append((start, end, list(sums[start, end])))
    return {Window(start, end, FORM): members for start, end, members in found}


def _sum(members: list[Record], window: Window) -> Record:
    kind = "daily" if window.days == 1 else "period"
    first = min(members, key=lambda r: (r.window, r.place))
    figure = _total([member.figure for member in members])
    days = {name: max(getattr(m, name) for m in members) for name in ("published", "known")}
    return replace(first, kind=kind, window=window, figure=figure, texts={}, **days)


def _total(figures: Iterable[Figure]) -> Figure:
    """Sum of figures; a bound or a range of one makes one of the sum."""
    figures = list(figures)
    low = sum(_limit(figure, low=True) for figure in figures)
    high = sum(_limit(figure, low=False) for figure in figures)
    values = [figure.value for figure in figures]
    words = {figure.qualifier for figure in figures}
    bounds = {word for word in words if QUALIFIERS[word].is_bound}
    if bounds:
        word = bounds.pop() if len(bounds) == 1 else "about"
        total = low if word == "at-least" else high
        return Figure(total, qualifier=word)
    if low == high:
        return Figure(low, qualifier="about" if "about" in words else "exact")
    value = None if None in values else float(sum(v for v in values if v is not None))
    return Figure(value, low, high, "range")


def _limit(figure: Figure, *, low: bool) -> float:
    limit = figure.low if low else figure.high
    return limit if limit is not None else float(figure.value or 0)
