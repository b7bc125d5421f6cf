"""Originals: the earlier figures of other claimants that a figure may repeat."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from lossmodel.conflict.durations import FORTNIGHT
from lossmodel.evidence.claim_records import Figure, Key
from lossmodel.evidence.relays import INTERCHANGED
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, AccountingRules

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict

__all__ = ["Found", "Original", "Originals", "TINY", "cell", "cell_unit"]

Ints = npt.NDArray[np.int64]
# Party, category and scope of a series.
Words = tuple[str, str, str]
Place = tuple[int, bool, bool, float, str]

# A repeated total is often dated by the day on which it is repeated. Staffs are quoted for days,
# agencies for a week or two.
STALE: Final = FORTNIGHT
# Of a shorter window a tenth may be out of date: nobody takes May for the middle of April.
STALE_PART: Final = 10
# Totals of the morning and of the evening are those of neighbouring days.
NEXT: Final = 1
# Pairs of figures that are compared at once: some 100 MB.
PAIRS: Final = 1_000_000
# Differences of doubles.
TINY: Final = 1e-9
# Sd of one day's figure of a ledger about its mean, as a share: the median of the prior of
# ``noise.ledger_day``.
DAY_SD: Final = 0.25
# Sd of the change of the log rate of losses in a fortnight: that of the prior of ``rate.walk_sd``.
WALK_SD: Final = 0.25


@dataclass(frozen=True, slots=True)
class Original:
    """A figure that may be repeated: printed, or between two printed totals of a ledger.

    Attributes
    ----------
    claimant
        Who published it.
    claim_id
        Its claim, or the nearest total of the ledger.
    value, sd
        Total of the window, and the standard deviation of one that is not in the table.
    """

    claimant: str
    claim_id: str
    value: float
    sd: float = 0.0


@dataclass(slots=True)
class Found:
    """Figures that one could repeat.

    Attributes
    ----------
    sizes
        Claimant -> number of its figures.
    near
        Those whose number, printed as the one is, may be the same.
    """

    sizes: dict[str, int]
    near: list[Original]

    def add(self, claimant: str, originals: Iterable[Original]) -> None:
        """Add figures of a claimant."""
        some = list(originals)
        if some:
            self.sizes[claimant] = self.sizes.get(claimant, 0) + len(some)
            self.near += some

    def of_one(self, claimant: str) -> Found:
        """Those of one claimant."""
        near = [original for original in self.near if original.claimant == claimant]
        return Found({claimant: self.sizes[claimant]}, near)


def cell_unit(figure: Figure) -> float:
    """Rounding unit of a figure's number; the sum of a remainder and its parts has none."""
    return figure.unit if figure.unit > 0 else 1.0


def cell(figure: Figure) -> tuple[float, float]:
    """Least and largest difference to a figure of a number that is printed as it is.

    "More than" is rounded down, "up to" is rounded up.
    """
    unit = cell_unit(figure)
    low, high = {"at-least": (0.0, unit), "at-most": (-unit, 0.0)}.get(
        figure.form, (-unit / 2, unit / 2)
    )
    slip = TINY * figure.value
    return low - slip, high + slip


class Originals:
    """All figures of a table, for the question which of them another could repeat.

    Parameters
    ----------
    figures
        Figures with relays attributed to their original claimants.
    conflict
        Its parties and streams.
    first
        First day of the conflict, from which totals run.
    """

    def __init__(self, figures: Iterable[Figure], conflict: Conflict, first: int) -> None:
        self.conflict = conflict
        self._accounting = cache(lambda key: ACCOUNTINGS[conflict.stream(*key[:3]).accounting])
        # Share of copies among the figures of a claimant, as far as they are known.
        self.habit: dict[str, float] = {}
        self._together: defaultdict[tuple[int, int, int], set[str]] = defaultdict(set)
        self._printed: defaultdict[Key, list[Figure]] = defaultdict(list)
        for figure in figures:
            if figure.form != "interval" and not figure.is_sum:
                self._printed[figure.key].append(figure)
                self._together[figure.published, *figure.window].add(figure.claimant)
        self._lines = {
            key: _Line(group, first)
            for key, group in self._printed.items()
            if self.accounting(key).sums_days
        }
        self._repeatable = cache(self._others)
        self._readable = cache(self._printed_of)

    def accounting(self, key: Key) -> AccountingRules:
        """Rules of the accounting of a series."""
        return self._accounting(key)

    def _others(self, words: Words, accounting: AccountingRules | None) -> list[Key]:
        return [
            key
            for key in self._printed
            if self._is_of(words, key) and accounting in (None, self.accounting(key))
        ]

    def _printed_of(self, words: Words, accounting: AccountingRules | None) -> _Printed:
        keys = self._repeatable(words, accounting)
        return _Printed(
            figure
            for key in keys
            for figure in self._printed[key]
            if key not in self._lines or figure.claim_id not in self._lines[key].names
        )

    def of(
        self, figures: Sequence[Figure], accounting: AccountingRules | None = None
    ) -> Iterator[tuple[Figure, Found]]:
        """Figures of one series, each with those that it could repeat.

        These were public before it, and are about its window and the same losses. Figures without
        any are left out.

        Parameters
        ----------
        accounting
            Only figures of streams with these rules.
        """
        key = figures[0].key
        lines = {
            other: self._lines[other]
            for other in self._repeatable(key[1:], accounting)
            if other[0] != key[0] and other in self._lines
        }
        printed = self._readable(key[1:], accounting)
        for figure, found in printed.of(figures, self._place_of):
            if KINDS[figure.kind].counts_losses:
                for (claimant, *_), line in lines.items():
                    found.add(claimant, line.originals(figure, claimant, _late(figure)))
            if found.sizes:
                yield figure, found

    def is_together(self, figure: Figure) -> bool:
        """Whether another claimant has a figure of the same window and day of publication."""
        return len(self._together[figure.published, *figure.window]) > 1

    def _place_of(self, figure: Figure) -> Place:
        """Order of publication.

        On one day a staff's is before a paper's, then that of a claimant who seldom repeats others.
        """
        rules, habit = self.accounting(figure.key), self.habit.get(figure.claimant, 0.0)
        return figure.published, rules.assesses, figure.relayed, habit, figure.claimant

    def _is_of(self, words: Words, other: Key) -> bool:
        """Whether a series may repeat another's numbers, in words of its own."""
        party, category, scope = words
        if scope != other[3] or not (category == other[2] or {category, other[2]} <= INTERCHANGED):
            return False
        return party == other[1] or party in self.conflict.components(other[1])


def _late(figure: Figure) -> int:
    """Days before its end at which a figure's original may end."""
    return min(STALE, figure.days // STALE_PART)


class _Printed:
    """Printed figures of several series, searched for many figures at once.

    A figure is compared with all those of its days. Loops over the pairs would take minutes where
    many claimants count each day.
    """

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = sorted(figures, key=lambda figure: figure.end)
        self._claimants = sorted({figure.claimant for figure in self._figures})
        self._number = {name: place for place, name in enumerate(self._claimants)}
        columns = [
            (f.end, f.start, f.published, KINDS[f.kind].stock, self._number[f.claimant], 0)
            for f in self._figures
        ]
        self._rows: Ints = np.array(columns, dtype=np.int64).reshape(-1, 6).T
        self._values = np.array([figure.value for figure in self._figures])
        streams = [(figure.key, figure.relayed) for figure in self._figures]
        # One figure of each stream, and the number of each figure's stream.
        self._examples = list(dict(zip(streams, self._figures, strict=True)).values())
        code = {stream: place for place, stream in enumerate(dict.fromkeys(streams))}
        self._streams: Ints = np.array([code[stream] for stream in streams], dtype=np.int64)

    def of(
        self, figures: Sequence[Figure], place_of: Callable[[Figure], Place]
    ) -> Iterator[tuple[Figure, Found]]:
        """Each of some figures of one series, with those here that it could repeat."""
        ends = self._rows[0]
        low = np.searchsorted(ends, [f.end - _late(f) for f in figures])
        high = np.searchsorted(ends, [f.end + NEXT + 1 for f in figures])
        ranks = self._ranks(figures, place_of)
        edges = np.searchsorted(np.cumsum(high - low), np.arange(0, (high - low).sum(), PAIRS))
        edges = np.unique([0, *edges.tolist(), len(figures)])
        for first, last in pairwise(edges.tolist()):
            some = slice(first, last)
            yield from self._some(figures[some], low[some], high[some], ranks[some])

    def _ranks(self, figures: Sequence[Figure], place_of: Callable[[Figure], Place]) -> Ints:
        """Order of publication within a day, of figures of one series and of those here."""
        own = {figure.relayed: place_of(figure)[1:] for figure in figures}
        others = [place_of(figure)[1:] for figure in self._examples]
        rank = {place: number for number, place in enumerate(sorted({*own.values(), *others}))}
        self._rows[5] = np.array([rank[place] for place in others], dtype=np.int64)[self._streams]
        return np.array([rank[own[figure.relayed]] for figure in figures], dtype=np.int64)

    def _some(
        self, figures: Sequence[Figure], low: Ints, high: Ints, rank: Ints
    ) -> Iterator[tuple[Figure, Found]]:
        count = high - low
        own = np.repeat(np.arange(len(figures)), count)
        other = np.arange(len(own)) - np.repeat(np.cumsum(count) - count - low, count)
        columns = [
            (f.start, 0 if KINDS[f.kind].running else NEXT, f.published, KINDS[f.kind].stock)
            for f in figures
        ]
        start, moved, published, stock = np.array(columns, dtype=np.int64).T[:, own]
        _, starts, days, stocks, claimants, ranks = self._rows[:, other]
        keep = (np.abs(starts - start) <= moved) & (stocks == stock)
        keep &= claimants != self._number.get(figures[0].claimant, -1)
        keep &= (days < published) | ((days == published) & (ranks < rank[own]))
        own, other, claimants = own[keep], other[keep], claimants[keep]
        cells = np.array([cell(figure) for figure in figures])
        value = self._values[other] - np.array([figure.value for figure in figures])[own]
        hit = (value >= cells[own, 0]) & (value <= cells[own, 1])
        near: list[list[Original]] = [[] for _ in figures]
        for place, number in zip(own[hit].tolist(), other[hit].tolist(), strict=True):
            figure = self._figures[number]
            near[place].append(Original(figure.claimant, figure.claim_id, figure.value))
        pairs, sizes = np.unique(own * len(self._claimants) + claimants, return_counts=True)
        width = max(1, len(self._claimants))
        edges = np.searchsorted(pairs // width, np.arange(len(figures) + 1)).tolist()
        names = [self._claimants[number] for number in (pairs % width).tolist()]
        numbers = sizes.tolist()
        for place, figure in enumerate(figures):
            some = slice(edges[place], edges[place + 1])
            counts = dict(zip(names[some], numbers[some], strict=True))
            yield figure, Found(counts, near[place])


class _Line:
    """Running totals of a ledger, and its total on the days between them."""

    def __init__(self, group: Iterable[Figure], first: int) -> None:
        totals = {
            f.end: f
            for f in sorted(group, key=lambda f: (f.published, f.claim_id))
            if f.form == "point" and f.start == first and not f.relayed
        }
        self.totals = [totals[day] for day in sorted(totals)]
        self.names = {figure.claim_id for figure in self.totals}
        self.first = first
        self._days = [first - 1, *(f.end for f in self.totals)]
        self._values = [0.0, *(f.value for f in self.totals)]

    def originals(self, figure: Figure, claimant: str, late: int) -> Iterator[Original]:
        """Its totals of a window, and of windows that end a little before."""
        last = min(figure.end + NEXT, figure.published)
        ends = range(figure.end - late, last + 1)
        running = figure.start == self.first
        shifts = (0,) if running else (-NEXT, 0, NEXT)
        for end in ends:
            for shift in shifts:
                before = figure.start - 1 + shift
                rise = self._rise(before, end, figure.published)
                if rise is not None:
                    yield Original(claimant, self._nearest(end), *rise)

    def _rise(self, before: int, end: int, published: int) -> tuple[float, float] | None:
        """Total of the days after one to another, with its sd; None where it is not known."""
        known = self._days[0] <= before < end <= self._days[-1]
        if not known:
            return None
        places = [bisect_left(self._days, day) for day in (before, end)]
        for place, day in zip(places, (before, end), strict=True):
            if place and self._days[place] == day and self.totals[place - 1].published > published:
                return None
        (low, low_variance), (high, high_variance) = (
            self._on(place, day) for place, day in zip(places, (before, end), strict=True)
        )
        return high - low, math.sqrt(low_variance + high_variance)

    def _on(self, place: int, day: int) -> tuple[float, float]:
        """Total on a day, straight between its neighbours, and its variance.

        It varies with the errors of single days, and because the rate between the two totals need
        not be even: halfway, its halves differ by a walk over half of the days.
        """
        if self._days[place] == day:
            return self._values[place], 0.0
        days = self._days[place] - self._days[place - 1]
        rate = (self._values[place] - self._values[place - 1]) / days
        since = day - self._days[place - 1]
        apart = since * (days - since) / days
        walk = WALK_SD * math.sqrt(days / FORTNIGHT / 2)
        spread = (rate * DAY_SD) ** 2 * apart + (rate * walk * apart) ** 2
        return self._values[place - 1] + rate * since, spread

    def _nearest(self, day: int) -> str:
        place = max(1, min(bisect_left(self._days, day), len(self.totals)))
        if place > 1 and day - self._days[place - 1] <= self._days[place] - day:
            place -= 1
        return self.totals[place - 1].claim_id
