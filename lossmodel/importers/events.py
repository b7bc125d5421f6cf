"""Events summed to windows, so that each death is in one window and no window overlaps another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

import pandas as pd

from lossmodel.importers.dates import Window
from lossmodel.importers.numbers import Figure
from lossmodel.importers.records import Record
from lossmodel.tables.vocabulary import QUALIFIERS

__all__ = ["FREQUENCIES", "sum_events"]

FREQUENCIES: Final = {"day": "D", "week": "W-SUN", "month": "M"}


def sum_events(records: list[Record], by: str) -> tuple[list[Record], list[str]]:
    """Records of windows, each the sum of the events in it.

    Windows that an event spans become one: no part of a figure is assigned by guess.

    Parameters
    ----------
    records
        A record per event and figure.
    by
        `day`, `week` or `month`.

    Returns
    -------
    records
        Of kind period, or daily where a window is a day.
    notes
        What was summed.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        of = (record.position, record.claimant, record.party, record.category, record.scope)
        groups.setdefault(of, []).append(record)
    found: list[Record] = []
    joined = 0
    for group in groups.values():
        sums: dict[tuple[dt.date, dt.date], list[Record]] = {}
        for record in group:
            sums.setdefault(_period(record.window, by), []).append(record)
        for window, members in _merged(sums).items():
            joined += _periods(window, by) > 1
            found.append(_sum(members, window))
    notes = [f"{len(records):,} figures of events are summed by {by} to {len(found):,}"]
    if joined:
        notes.append(f"{joined:,} of these are windows of several {by}s, as events span them")
    return found, notes


@lru_cache(maxsize=100_000)
def _period(window: Window, by: str) -> tuple[dt.date, dt.date]:
    first = pd.Period(window.start, freq=FREQUENCIES[by])
    last = pd.Period(window.end, freq=FREQUENCIES[by])
    return first.start_time.date(), last.end_time.date()


def _periods(window: Window, by: str) -> int:
    spanned = pd.period_range(window.start, window.end, freq=FREQUENCIES[by])
    return len(spanned)


def _merged(sums: dict[tuple[dt.date, dt.date], list[Record]]) -> dict[Window, list[Record]]:
    """Windows that overlap, as one."""
    found: list[tuple[dt.date, dt.date, list[Record]]] = []
    for start, end in sorted(sums):
        if found and start <= found[-1][1]:
            first, last, members = found.pop()
            found.append((first, max(last, end), [*members, *sums[start, end]]))
        else:
            found.append((start, end, list(sums[start, end])))
    return {Window(start, end, "sum of events"): members for start, end, members in found}


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
