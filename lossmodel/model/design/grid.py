"""Days, windows of days and knots.

Day 0 is the first day of the conflict. A window is a closed range of days; inside the package it
is the half-open range ``[lo, hi)``.

Rates are constant within a cell of a few days (half the spacing of the rate's knots; one day in
wars of up to a year): finer cells hardly change the totals of a long war, see ``SHORT_WAR``. Cuts
divide cells further. A sum over a window is a difference of prefix sums over cells,
``prefix(hi) - prefix(lo)``, linear within a cell.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.conflict.durations import FORTNIGHT, YEAR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Positions in days, increasing, and rows of v.
Knots = tuple[Floats, Ints]

# Knots of the rate in a war of any length: fewer could not follow a war of days or weeks.
LEAST_KNOTS = 12
# Steps of its walk in a war of any length, after which it wanders no farther from its mean: that of
# two years in fortnights.
MOST_STEPS = 52
# Knots of the rate, and of a slower walk: two and one for each day on which a window of a figure
# begins or ends, within these limits. The time of a fit grows with the cube of their number, and
# figures of years do not tell fortnights apart. The least are two for each step of the walk, or
# four years in fortnights, so that a campaign among years keeps its own; the most are 16 and 25
# years with the default spacing.
KNOTS_AN_EDGE, SLOW_KNOTS_AN_EDGE = 2, 1
KNOTS, SLOW_KNOTS = (2 * MOST_STEPS, 400), (26, 100)
# Days of a war from which its slow walks are stretched. Judgement: their priors are of wars of
# months to a few years, and a bias or a share of decades wanders no farther than in five years.
STEADY = 5 * 366
# Days up to which a war has cells of one day. Cells save time: a fit of the shipped war's people
# takes about three times as long with cells of one day instead of seven, and no headline total
# moves by more than 0.11 posterior sd. In the Battle of Britain, cells of seven days move the
# totals by less than 0.04.
SHORT_WAR = 366

__all__ = ["Floats", "Grid", "Ints", "Knots", "interpolate", "knot_positions", "knot_weights"]


@dataclass(frozen=True)
class Grid:
    """The days of a war from the first to the last, and the cells of days of constant rates.

    Parameters
    ----------
    start, until
        First and last day, both included.
    cell_days
        Days in a cell that is not cut.
    knot_days
        Days between the knots of the rate.
    bin_days
        Days in a bin of the reporting triangle, as many as between knots of daily figures.
    slow_knots
        Most knots of a slower walk.
    cuts
        Days of the war before which a new cell begins, besides every ``cell_days`` days.

    Examples
    --------
    >>> from dataclasses import replace
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-07-20"), cell_days=7)
    >>> grid.size, grid.cells, grid.middles
    (11, 2, array([ 3., 10.]))
    >>> grid.span(pd.Timestamp("1940-07-01"), pd.Timestamp("1940-07-12"))
    (0, 3)
    >>> replace(grid, cuts=(3, 4)).edges
    array([ 0,  3,  4,  7, 14])
    """

    start: pd.Timestamp
    until: pd.Timestamp
    cell_days: int = 1
    knot_days: int = 1
    bin_days: int = 1
    slow_knots: int = SLOW_KNOTS[1]
    cuts: tuple[int, ...] = ()

    @classmethod
    def over(
        cls, start: pd.Timestamp, until: pd.Timestamp, *, rate_days: int, edges: int
    ) -> "Grid":
        """The grid of a war whose rates have knots every ``rate_days`` days.

        In a short war they are closer, at a twelfth of its length; in a war of years with few
        figures, and in one of decades, wider apart.

        Parameters
        ----------
        edges
            Number of days on which windows of figures begin or end.

        Examples
        --------
        >>> start = pd.Timestamp("1900-01-01")
        >>> ends = [pd.Timestamp(end) for end in ("1900-01-24", "1901-12-31", "1999-12-31")]
        >>> [Grid.over(start, until, rate_days=14, edges=300).knot_days for until in ends]
        [2, 14, 91]
        >>> [Grid.over(start, until, rate_days=14, edges=100).knot_days for until in ends]
        [2, 14, 182]
        """
        days = (until - start).days + 1
        most, slow = (
            int(np.clip(each * edges, *limits))
            for each, limits in ((KNOTS_AN_EDGE, KNOTS), (SLOW_KNOTS_AN_EDGE, SLOW_KNOTS))
        )
        asked, least = (max(rate_days, days // knots) for knots in (most, KNOTS[1]))
        widest = max(1, days // LEAST_KNOTS)
        cell_days = 1 if days <= SHORT_WAR else max(1, asked // 2)
        return cls(start, until, cell_days, min(asked, widest), min(least, widest), slow)

    def slow_days(self, days: int) -> float:
        """Days between the knots of a slow walk: as many as asked, more where figures are few."""
        return float(max(days, self.size / self.slow_knots))

    def step(self, spacing: float, unit: float) -> float:
        """Sd of a step of a slow walk, relative to that of its change over a unit of days.

        Examples
        --------
        >>> start, ends = pd.Timestamp("1900-01-01"), ("1902-12-31", "1949-12-31")
        >>> [round(Grid(start, pd.Timestamp(end)).step(364, 91), 2) for end in ends]
        [2.0, 0.63]
        """
        return float(np.sqrt(spacing / (unit * self.stretch)))

    @property
    def stretch(self) -> float:
        """How many times longer than in a war of a few years slow changes take."""
        return max(1.0, self.size / STEADY)

    def years(self, days: Floats) -> Floats:
        """Years of the war, from its first day; in long wars fifths of its length.

        Examples
        --------
        >>> start, ends = pd.Timestamp("1900-01-01"), ("1902-12-31", "1949-12-31")
        >>> [Grid(start, pd.Timestamp(end)).years(np.array([366.0])).round(2) for end in ends]
        [array([1.]), array([0.1])]
        """
        return days / (YEAR * self.stretch)

    @cached_property
    def size(self) -> int:
        """Number of days."""
        return int((self.until - self.start).days) + 1

    @cached_property
    def walk_days(self) -> float:
        """Days in which a walk of the rate has the sd of its prior.

        A fortnight; a short war changes faster, and a long one does not wander without end.
        """
        longest = max(FORTNIGHT, self.size / MOST_STEPS)
        return min(longest, max(1.0, self.size / LEAST_KNOTS))

    @cached_property
    def cells(self) -> int:
        """Number T of cells; the last one may extend beyond the last day."""
        return len(self.edges) - 1

    @cached_property
    def edges(self) -> Ints:
        """First day of each cell, and the first day after the last one, shape (T + 1,)."""
        whole = np.arange(-(-self.size // self.cell_days) + 1) * self.cell_days
        return np.union1d(whole, np.array([day for day in self.cuts if day < self.size], dtype=int))

    @cached_property
    def widths(self) -> Ints:
        """Days of each cell, shape (T,)."""
        return np.diff(self.edges)

    @cached_property
    def middles(self) -> Floats:
        """Middle of each cell, in days since the first one, shape (T,)."""
        return np.asarray((self.edges[:-1] + self.edges[1:] - 1) / 2, dtype=np.float64)

    @cached_property
    def cell_of(self) -> Ints:
        """Cell of each day, shape (days,)."""
        return np.repeat(np.arange(self.cells), self.widths)[: self.size]

    @cached_property
    def days(self) -> pd.DatetimeIndex:
        """All days, as dates."""
        return pd.date_range(self.start, self.until, freq="D")

    def index(self, day: pd.Timestamp) -> int:
        """Days since the first one; negative before it, ``size`` or more after the last."""
        # A difference of timestamps takes twenty times as long.
        return int(day.toordinal() - self._first)

    @cached_property
    def _first(self) -> int:
        return int(self.start.toordinal())

    def span(self, start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, int]:
        """Half-open range [lo, hi) of a closed window, clipped to the days of the war."""
        lo, hi = self.index(start), self.index(end) + 1
        return min(max(lo, 0), self.size), min(max(hi, 0), self.size)

    def part_active(self, first: int, last: int) -> Floats:
        """Share of each cell's days that lie in ``first..last``, both included, shape (T,)."""
        begins, ends = self.edges[:-1], np.minimum(self.edges[1:], self.size)
        inside = np.minimum(ends, last + 1) - np.maximum(begins, first)
        return np.asarray(np.clip(inside, 0, None) / (ends - begins), dtype=np.float64)

    def sums_over(self, lo: Ints, hi: Ints) -> tuple[Ints, Ints, Floats]:
        """Sums over windows of days, as a map of prefix sums over cells of one day's losses.

        Parameters
        ----------
        lo, hi
            First day of each window, and the first one after it, each 0 to ``size``, shape (n,).

        Returns
        -------
        row, edge, weight
            Of each entry of the map: the window, the edge 0 to T of the prefix sum, and the weight
            in days. Besides the edges around both ends these are the edges between them at which
            the width of the cells changes.
        """
        row, widths = np.arange(len(lo)), self.widths
        change = np.flatnonzero(np.diff(widths)) + 1
        entries: list[tuple[Ints, Ints, Floats]] = []
        lefts = []
        for day, sign in ((lo, -1.0), (hi, 1.0)):
            left = np.clip(np.searchsorted(self.edges, day, side="right") - 1, 0, self.cells - 1)
            begun = (day - self.edges[left]).astype(float)
            before = np.where(left > 0, widths[left - 1], 0)
            entries += [(row, left, sign * (before - begun)), (row, left + 1, sign * begun)]
            lefts.append(left)
        first, last = (np.searchsorted(change, left) for left in lefts)
        count = np.maximum(last - first, 0)
        within = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)
        at = change[np.repeat(first, count) + within]
        entries.append((np.repeat(row, count), at, (widths[at - 1] - widths[at]).astype(float)))
        rows, edges, weights = (np.concatenate(part) for part in zip(*entries, strict=True))
        return rows, edges, weights


def knot_positions(first: float, last: float, spacing: float) -> Floats:
    """Equally spaced knots whose range is the shortest that includes ``[first, last]``.

    Parameters
    ----------
    first, last, spacing
        In days.

    Returns
    -------
    positions
        Shape (K,), K >= 1; a range shorter than half the spacing has one knot.

    Examples
    --------
    >>> knot_positions(0, 30, 14)
    array([ 0., 14., 28., 42.])
    """
    if last - first < spacing / 2:
        return np.array([(first + last) / 2])
    count = int(np.ceil((last - first) / spacing)) + 1
    return first + spacing * np.arange(count, dtype=float)


def interpolate(positions: Floats, at: Floats) -> tuple[Ints, Ints, Floats]:
    """Linear interpolation between knots, constant beyond the outer ones.

    Parameters
    ----------
    positions
        Positions of the knots, increasing, shape (K,).
    at
        Points, shape (n,).

    Returns
    -------
    left, right, weight
        Shape (n,) each: the value at ``at[i]`` is
        ``(1 - weight[i]) * y[left[i]] + weight[i] * y[right[i]]``.

    Examples
    --------
    >>> interpolate(np.array([0.0, 14.0, 28.0]), np.array([-3.0, 7.0, 21.0]))
    (array([0, 0, 1]), array([1, 1, 2]), array([0. , 0.5, 0.5]))
    """
    if len(positions) == 1:
        zeros = np.zeros(len(at), dtype=np.int64)
        return zeros, zeros, np.zeros(len(at))
    clipped = np.clip(at, positions[0], positions[-1])
    left = np.clip(np.searchsorted(positions, clipped, side="right") - 1, 0, len(positions) - 2)
    weight = (clipped - positions[left]) / (positions[left + 1] - positions[left])
    return left.astype(np.int64), (left + 1).astype(np.int64), weight


def knot_weights(knots: Knots, at: Floats) -> tuple[Ints, Ints, Floats]:
    """A walk on some days as a sparse map of v: (position in ``at``, row, weight).

    Examples
    --------
    >>> knot_weights((np.array([0.0, 10.0]), np.array([7, 8])), np.array([2.5]))
    (array([0, 0]), array([7, 8]), array([0.75, 0.25]))
    """
    positions, rows = knots
    here, (left, right, share) = np.arange(len(at), dtype=np.int64), interpolate(positions, at)
    row = np.concatenate([rows[left], rows[right]])
    return np.concatenate([here, here]), row, np.concatenate([1 - share, share])
