"""Findings about the figures of one series: their windows, sums, repetitions and steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.evidence.running_totals import rising
from lossmodel.findings.finding import Case
from lossmodel.findings.words import day, number, plural, series_name, window
from lossmodel.tables.vocabulary import KINDS

if TYPE_CHECKING:
    from lossmodel.findings.columns import Columns, Floats, Ints, Mask
    from lossmodel.findings.finding import Material

__all__ = [
    "broken_sums",
    "conflicting_figures",
    "fractions",
    "large_steps",
    "near_duplicates",
    "overlapping_windows",
    "revised_figures",
]

# Figures that are not rounded may still differ from their sum by revisions too small to be printed:
# as in evidence, by a tenth of a percent.
TOLERANCE: Final = 1e-3
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
# A step is large at this many times the mean rate of all other days and the median of the steps
# around it. The heaviest day in the claims of the Battle of Britain has 6 times the mean of its
# series; a backlog of two weeks that is booked on one day has 14.
TIMES: Final = 8.0
AROUND: Final = 3  # steps on either side
FEWEST: Final = 7  # steps of a series, fewer do not say which step is usual
LEAST: Final = 50  # losses, fewer may be of one ship or one village


def fractions(material: Material) -> Iterator[Case]:
    """Counts that are no whole numbers."""
    columns = material.columns
    numbers = material.table[["value", "low", "high"]].to_numpy(dtype=float)
    odd = np.nan_to_num(numbers) % 1 != 0
    for rows in columns.by_series(odd.any(axis=1) & ~columns.rule("kind", KINDS, "per_day")):
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
    return _again(material, later=True)


def _again(material: Material, *, later: bool) -> Iterator[Case]:
    columns = material.columns
    value, published = columns.value, columns.published
    before, after = columns.successive(columns.window | columns.total)
    same = (columns.start[before] == columns.start[after]) & (
        columns.end[before] == columns.end[after]
    )
    # A list that grows is a new vintage, and no other answer to the same question.
    counting = columns.accounted("counts_cases")
    same &= ~counting[after] | (columns.known[before] == columns.known[after])
    same &= (value[before] != value[after]) & ((published[before] < published[after]) == later)
    for pairs in _by_series(columns, before[same], after[same]):
        found = [p for p in pairs if _apart(columns, *p)]
        if not found:
            continue
        a, b = found[0]
        says = f"gives both {number(value[a])} and {number(value[b])}"
        if later:
            says = (
                f"revised {number(value[a])} ({day(published[a])}) to {number(value[b])} "
                f"({day(published[b])})"
            )
        yield Case(
            f"{series_name(columns, a)} {says} for {window(columns, a)}{_more(found)}: "
            f"{columns.ids[a]} and {columns.ids[b]}.",
            _members(columns, found),
        )


def _apart(columns: Columns, a: int, b: int) -> bool:
    """Whether two figures differ by more than the rounding of those that are not called exact."""
    exact = columns.exact[[a, b]].all()
    return bool(exact) or abs(columns.value[a] - columns.value[b]) > max(columns.units([a, b]))


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


@dataclass(frozen=True, slots=True)
class _Sum:
    """A total and the figures of shorter windows that cover its days once each."""

    total: float
    added: float
    pieces: list[int]
    ends: tuple[int, ...]  # its claim, or the two totals that it is between

    @property
    def apart(self) -> float:
        return abs(self.total - self.added)


def broken_sums(material: Material) -> Iterator[Case]:
    """Figures of shorter windows that do not add up to the total of their days."""
    columns = material.columns
    totals = {int(columns.series[rows[0]]): rows for rows in columns.totals}
    # Days of death as known soon after and as known later are different counts.
    for rows in columns.by_series(columns.window & ~columns.accounted("counts_cases")):
        running = totals.get(int(columns.series[rows[0]]), rows[:0])
        longer = rows[columns.end[rows] > columns.start[rows]]
        if not (len(running) or len(longer)):
            continue
        sums = [s for s in _sums(columns, rows, longer, running) if _differs(columns, s)]
        if sums:
            yield _broken(columns, sums)


def _broken(columns: Columns, sums: list[_Sum]) -> Case:
    worst = max(sums, key=lambda s: s.apart)
    first, last, whole = worst.pieces[0], worst.pieces[-1], worst.ends[-1]
    says = f"{columns.ids[whole]} says {number(worst.total)}"
    if len(worst.ends) > 1:
        says = f"the total rises by {number(worst.total)} from {columns.ids[worst.ends[0]]} to "
        says += columns.ids[whole]
    days, ids = day(columns.end[last]), columns.ids[first]
    if first != last:
        days, ids = f"{day(columns.start[first])} to {days}", f"{ids} to {columns.ids[last]}"
    more = f"; {plural(len(sums) - 1, 'more total')} differ" if len(sums) > 1 else ""
    name = series_name(columns, whole)
    return Case(
        f"{plural(len(worst.pieces), 'figure')} of {name} for {days} ({ids}) add up to "
        f"{number(worst.added)}, but {says}{more}.",
        columns.named([*worst.pieces, *worst.ends]),
    )


def _differs(columns: Columns, found: _Sum) -> bool:
    """Whether a sum differs from its total by more than rounding."""
    rounded = sum(columns.units(found.pieces)) + sum(columns.units(found.ends))
    return found.apart > max(rounded / 2, TOLERANCE * found.total)


def _sums(columns: Columns, rows: Ints, longer: Ints, running: Ints) -> Iterator[_Sum]:
    """Totals of a series whose days are covered by shorter windows."""
    # The shortest window from each day on, of equal ones the latest published.
    next_piece: dict[int, int] = {}
    for row in rows[np.lexsort((columns.published[rows], -columns.end[rows]))].tolist():
        next_piece[int(columns.start[row])] = row
    for row in longer.tolist():
        pieces = _tiles(columns, next_piece, int(columns.start[row]), int(columns.end[row]))
        if len(pieces) > 1:
            value = float(columns.value[row])
            yield _Sum(value, float(columns.value[pieces].sum()), pieces, (row,))
    values = columns.corrected(running)
    for at, row in enumerate(running.tolist()):
        ends = (int(running[at - 1]), row) if at else (row,)
        begin = int(columns.end[ends[0]]) + 1 if at else columns.first
        step = float(values[at] - values[at - 1]) if at else float(values[at])
        pieces = _tiles(columns, next_piece, begin, int(columns.end[row])) if step >= 0 else []
        if pieces:
            yield _Sum(step, float(columns.value[pieces].sum()), pieces, ends)


def _tiles(columns: Columns, next_piece: dict[int, int], begin: int, end: int) -> list[int]:
    """Shortest windows one after another that cover some days exactly; none where they do not."""
    found = []
    while begin <= end:
        piece = next_piece.get(begin)
        if piece is None:
            return []
        found.append(piece)
        begin = int(columns.end[piece]) + 1
    return found if begin == end + 1 else []


def large_steps(material: Material) -> Iterator[Case]:
    """Steps of a series that are many times the ones around them."""
    columns = material.columns
    for steps in _all_steps(material):
        far = steps.rates >= TIMES * steps.others
        far &= steps.losses >= LEAST
        far[0] &= not steps.running
        large = [k for k in np.flatnonzero(far).tolist() if steps.rates[k] >= TIMES * steps.near(k)]
        if not large:
            continue
        k = max(large, key=lambda k: float(steps.losses[k]))
        place = int(steps.places[k])
        rose = f"rises by {number(steps.losses[k])} to {day(columns.end[place])}"
        if not steps.running:
            rose = f"has {number(steps.losses[k])} for {window(columns, place)}"
        more = f", and {plural(len(large) - 1, 'more step')}" if len(large) > 1 else ""
        yield Case(
            f"{series_name(columns, place)} {rose}, {steps.rates[k] / steps.usual(k):,.0f} times "
            f"the mean of its other days{more}: {columns.ids[place]}.",
            columns.named(steps.places[large]),
        )


@dataclass(frozen=True)
class _Steps:
    """Losses of successive windows of one series, or between its totals."""

    places: Ints
    losses: Floats
    days: Ints
    running: bool

    @property
    def rates(self) -> Floats:
        return self.losses / self.days

    @property
    def others(self) -> Floats:
        """Mean per day of all other steps, for each step."""
        found: Floats = (self.losses.sum() - self.losses) / (self.days.sum() - self.days)
        return found

    def usual(self, k: int) -> float:
        return max(float(self.others[k]), 1 / float(self.days.sum()))

    def near(self, k: int) -> float:
        """Median rate of the steps around one."""
        around = [
            j for j in range(k - AROUND, k + AROUND + 1) if 0 <= j < len(self.days) and j != k
        ]
        return float(np.median(self.rates[around]))


def _all_steps(material: Material) -> Iterator[_Steps]:
    """Steps of each series that has enough of them, of its windows and of its totals."""
    columns = material.columns
    for rows in columns.by_series(columns.window):
        if len(rows) >= FEWEST:
            kept = rows[_disjoint(columns.start[rows].tolist(), columns.end[rows].tolist())]
            days = columns.end[kept] - columns.start[kept] + 1
            yield from _enough(_Steps(kept, columns.value[kept], days, running=False))
    # Assessments and lists move by what their authors learn; an accounting that nobody declared
    # may be of a running total.
    moved = columns.accounted("counts_cases") | (columns.accounted("assesses") & columns.declared)
    for rows in columns.totals:
        if moved[rows[0]] or len(rows) < FEWEST:
            continue
        values = columns.corrected(rows)
        if (np.diff(values) < 0).any():
            risen = rising(values.tolist(), [(0,)] * len(rows))
            rows, values = rows[risen], values[risen]
        days = np.diff(columns.end[rows], prepend=columns.first - 1)
        yield from _enough(_Steps(rows, np.diff(values, prepend=0.0), days, running=True))


def _enough(steps: _Steps) -> Iterator[_Steps]:
    if len(steps.days) >= FEWEST:
        yield steps


def _disjoint(start: list[int], end: list[int]) -> list[int]:
    """Positions of windows that do not overlap, the earliest and shortest first."""
    kept: list[int] = []
    for k in range(len(start)):
        if kept and (start[k], end[k]) == (start[kept[-1]], end[kept[-1]]):
            kept[-1] = k  # published later
        elif not kept or start[k] > end[kept[-1]]:
            kept.append(k)
    return kept


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
