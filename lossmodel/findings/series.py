"""Findings about the figures of one series: their windows and repetitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.findings.falls import FOLD
from lossmodel.findings.finding import Case
from lossmodel.findings.words import day, number, series_name, window
from lossmodel.tables.vocabulary import KINDS
from lossmodel.text.numbers import plural

if TYPE_CHECKING:
    from lossmodel.findings.columns import Columns, Ints, Mask
    from lossmodel.findings.finding import Material

__all__ = [
    "conflicting_figures",
    "fractions",
    "manyfold_revisions",
    "near_duplicates",
    "overlapping_windows",
    "revised_figures",
]

# A day without a loss in a count that has at least this many on each day around has a probability
# below 1e-4.
BUSY: Final = 10.0
NEAR: Final = 10  # days on either side
# Share of the figures of a series that chance, or a count that no longer moves, may repeat.
REPEATED: Final = 0.02
# Significant digits of a figure that two neighbouring days hardly have in common by chance.
DIGITS: Final = 4
# Windows that have a larger share of their days in common divide time in another way.
OVERLAP: Final = 0.1


def fractions(material: Material) -> Iterator[Case]:
    """Counts that are no whole numbers."""
    columns = material.columns
    numbers = material.table[["value", "low", "high"]].to_numpy(dtype=float)
    odd = np.nan_to_num(numbers) % 1 != 0
    quotient = columns.rule("kind", KINDS, "per_day") | columns.rule("kind", KINDS, "compares")
    for rows in columns.by_series(odd.any(axis=1) & ~quotient):
        first = int(rows[0])
        yield Case(
            f"{plural(len(rows), 'figure')} of {series_name(columns, first)} "
            f"{'are no whole numbers' if len(rows) > 1 else 'is no whole number'}: "
            f"{number(numbers[first][odd[first]][0])} in {columns.ids[first]}.",
            columns.named(rows),
        )


def conflicting_figures(material: Material) -> Iterator[Case]:
    """Different figures of one claimant for one window, published on one day."""
    return _again(material, later=False)


def revised_figures(material: Material) -> Iterator[Case]:
    """Figures of one claimant for one window, of which the latest published stands."""
    return _again(material, later=True, manyfold=False)


def manyfold_revisions(material: Material) -> Iterator[Case]:
    """Figures of one claimant for one window, where the later is many times the earlier or less."""
    return _again(material, later=True, manyfold=True)


def _again(material: Material, *, later: bool, manyfold: bool | None = None) -> Iterator[Case]:
    columns = material.columns
    published = columns.published
    before, after = columns.successive(columns.answer)
    same = (columns.start[before] == columns.start[after]) & (
        columns.end[before] == columns.end[after]
    )
    # A list that grows is a new vintage, and no other answer to the same question.
    counting = columns.accounted("counts_cases")
    same &= ~counting[after] | (columns.known[before] == columns.known[after])
    same &= (published[before] < published[after]) == later
    for pairs in _by_series(columns, before[same], after[same]):
        found = [p for p in pairs if _apart(columns, *p)]
        # The largest of them first: it is the one that a reader has to judge.
        found.sort(key=lambda pair: _fold(columns, *pair), reverse=True)
        if manyfold is not None:
            found = [p for p in found if (_fold(columns, *p) >= FOLD) is manyfold]
        if not found:
            continue
        a, b = found[0]
        says = f"gives both {_written(columns, a)} and {_written(columns, b)}"
        if later:
            says = (
                f"revised {_written(columns, a)} ({day(published[a])}) to {_written(columns, b)} "
                f"({day(published[b])})"
            )
        yield Case(
            f"{series_name(columns, a)} {says} for {window(columns, a)}{_more(found)}: "
            f"{columns.ids[a]} and {columns.ids[b]}.",
            _members(columns, found),
        )


def _written(columns: Columns, place: int) -> str:
    """A figure as it was published, or its limits."""
    low, high = float(columns.low[place]), float(columns.high[place])
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _apart(columns: Columns, a: int, b: int) -> bool:
    """Whether two figures differ by more than the rounding of those that are not called exact.

    Ranges differ where they have no number in common with the other.
    """
    between = max(columns.low[[a, b]]) - min(columns.high[[a, b]])
    if not columns.single[[a, b]].all():
        return bool(between > 0)
    exact = columns.exact[[a, b]].all()
    return bool(between > 0 if exact else between > max(columns.units([a, b])))


def _fold(columns: Columns, a: int, b: int) -> float:
    """How many times the one is the other of two figures, of ranges by their nearer limits."""
    least, most = float(min(columns.high[[a, b]])), float(max(columns.low[[a, b]]))
    return most / least if least > 0 else np.inf


def near_duplicates(material: Material) -> Iterator[Case]:
    """The same figure in two windows that differ by a day."""
    columns = material.columns
    value, start, end = columns.value, columns.start, columns.end
    chosen = (columns.window | columns.total) & (value > 0)
    # A list need not grow every day.
    chosen &= ~columns.accounted("counts_cases")
    before, after = columns.successive(chosen, columns.value)
    begins, ends = start[after] - start[before], end[after] - end[before]
    pair = (value[before] == value[after]) & (np.abs(begins) <= 1) & (np.abs(ends) <= 1)
    pair &= (begins != 0) | (ends != 0)
    before, after = before[pair], after[pair]
    # A round estimate that is quoted again on a later day is merged with the first.
    kept = ~(columns.accounted("assesses")[after] & material.merged[after])
    kept &= ~_rolls(columns)[after]
    sizes = np.bincount(columns.series[chosen])
    for pairs in _by_series(columns, before[kept], after[kept]):
        found = [p for p in pairs if _is_duplicate(columns, *p)]
        if not found or len(found) > max(1, REPEATED * sizes[columns.series[found[0][0]]]):
            continue
        a, b = found[0]
        yield Case(
            f"{series_name(columns, a)} has the same figure, {number(value[a])}, for "
            f"{window(columns, a)} and for {window(columns, b)}{_more(found)}: {columns.ids[a]} "
            f"and {columns.ids[b]}.",
            _members(columns, found),
        )


def _rolls(columns: Columns) -> Mask:
    """Whether each claim is of a window of several days in a series that has rolling ones."""
    several = columns.window & (columns.end > columns.start)
    before, after = columns.successive(several)
    shifted = (columns.start[after] - columns.start[before] == 1) & (
        columns.end[after] - columns.end[before] == 1
    )
    other = shifted & (columns.value[before] != columns.value[after])
    found: Mask = several & np.isin(columns.series, columns.series[before[other]])
    return found


def _is_duplicate(columns: Columns, a: int, b: int) -> bool:
    """Whether neither chance nor a day without losses explains that two figures are equal."""
    if columns.start[b] > columns.end[a]:
        return len(f"{columns.value[a]:.0f}".rstrip("0")) >= DIGITS
    return not columns.total[b] or _pace(columns, b) >= BUSY


def _pace(columns: Columns, place: int) -> float:
    """Least rise per day of the totals of a series around one of them, or else their mean."""
    rows = next(r for r in columns.totals if columns.series[r[0]] == columns.series[place])
    at = int(np.searchsorted(columns.end[rows], columns.end[place]))
    near = rows[max(at - NEAR, 0) : at + NEAR + 1]
    rises = np.diff(columns.value[near]) / np.diff(columns.end[near])
    mean = columns.value[place] / (columns.end[place] - columns.start[place] + 1)
    return float(rises[rises > 0].min(initial=mean))


def overlapping_windows(material: Material) -> Iterator[Case]:
    """Successive windows that have a day or a few in common."""
    columns = material.columns
    start, end = columns.start, columns.end
    before, after = columns.successive(columns.window & (end > start))
    common = end[before] - start[after] + 1
    shorter = np.minimum(end[before] - start[before], end[after] - start[after]) + 1
    few = (common > 0) & (common <= np.maximum(OVERLAP * shorter, 1))
    few &= (start[before] < start[after]) & (end[before] < end[after])
    for pairs in _by_series(columns, before[few], after[few]):
        a, b = pairs[0]
        days = f"{day(start[b])} to {day(end[a])} are"
        if start[b] == end[a]:
            days = f"{day(start[b])} is"
        yield Case(
            f"{days} in two successive windows of {series_name(columns, a)}, {window(columns, a)} "
            f"and {window(columns, b)}{_more(pairs)}: {columns.ids[a]} and {columns.ids[b]}.",
            _members(columns, pairs),
        )


def _by_series(columns: Columns, before: Ints, after: Ints) -> Iterable[list[tuple[int, int]]]:
    """Pairs of claims, together for each series."""
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    series = columns.series[before].tolist()
    for name, a, b in zip(series, before.tolist(), after.tolist(), strict=True):
        found[name].append((a, b))
    return found.values()


def _members(columns: Columns, pairs: list[tuple[int, int]]) -> tuple[str, ...]:
    return columns.named(dict.fromkeys(row for pair in pairs for row in pair))


def _more(pairs: list[tuple[int, int]]) -> str:
    return f", and {plural(len(pairs) - 1, 'more pair')}" if len(pairs) > 1 else ""
