"""Days, windows of days and knots.

Day 0 is the first day of the conflict. A window is a closed range of days; inside the package it
is the half-open range ``[lo, hi)``.

Rates are constant within a cell of a few days (half the spacing of the rate's knots; one day in
wars of up to a year), because nothing that is published for a long war tells the days of a week
apart. A sum over a window is a difference of prefix sums over cells, ``prefix(hi) - prefix(lo)``,
linear within a cell.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHORT_WAR = 366

__all__ = ["Floats", "Grid", "Ints", "interpolate", "knot_positions"]


@dataclass(frozen=True)
class Grid:
    """The days of the path.

    Parameters
    ----------
    start, until
        First and last day, both included.
    cell_days
        Days in a cell.
    """

    start: pd.Timestamp
    until: pd.Timestamp
    cell_days: int = 1

    @classmethod
    def over(cls, start: pd.Timestamp, until: pd.Timestamp, *, rate_days: int) -> "Grid":
        """Give the grid of a war whose rates have knots every ``rate_days``."""
        short = (until - start).days < SHORT_WAR
        return cls(start, until, 1 if short else max(1, rate_days // 2))

    @cached_property
    def size(self) -> int:
        """How many days there are."""
        return int((self.until - self.start).days) + 1

    @cached_property
    def cells(self) -> int:
        """How many cells there are; the last one may reach beyond the path."""
        return -(-self.size // self.cell_days)

    @cached_property
    def middles(self) -> Floats:
        """Middle of each cell, in days since the first one."""
        return np.asarray((np.arange(self.cells) + 0.5) * self.cell_days - 0.5, dtype=np.float64)

    @cached_property
    def cell_of(self) -> Ints:
        """Cell of each day."""
        return np.arange(self.size) // self.cell_days

    @cached_property
    def days(self) -> pd.DatetimeIndex:
        """The days themselves."""
        return pd.date_range(self.start, self.until, freq="D")

    def index(self, day: pd.Timestamp) -> int:
        """Days since the first one; may lie outside the path."""
        return int((day - self.start).days)

    def span(self, start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, int]:
        """Half-open range of a closed window, clipped to the path."""
        lo, hi = self.index(start), self.index(end) + 1
        return min(max(lo, 0), self.size), min(max(hi, 0), self.size)

    def part_active(self, first: int, last: int) -> Floats:
        """Share of each cell's days on the path that lie in ``first..last``, both included."""
        edges = np.arange(self.cells) * self.cell_days
        ends = np.minimum(edges + self.cell_days, self.size)
        inside = np.minimum(ends, last + 1) - np.maximum(edges, first)
        return np.asarray(np.clip(inside, 0, None) / (ends - edges), dtype=np.float64)

    def prefix_weights(self, day: Ints) -> tuple[Ints, Floats]:
        """Cell edge left of a day, and how far into the cell it lies (0 to 1)."""
        left = np.minimum(day // self.cell_days, self.cells - 1)
        return left, day / self.cell_days - left


def knot_positions(first: float, last: float, spacing: float) -> Floats:
    """Equally spaced knots of which the first and the last enclose ``[first, last]``.

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

    Returns
    -------
    left, right, weight
        Value at ``at[i]`` is ``(1 - weight[i]) * y[left[i]] + weight[i] * y[right[i]]``.
    """
    if len(positions) == 1:
        zeros = np.zeros(len(at), dtype=np.int64)
        return zeros, zeros, np.zeros(len(at))
    clipped = np.clip(at, positions[0], positions[-1])
    left = np.clip(np.searchsorted(positions, clipped, side="right") - 1, 0, len(positions) - 2)
    weight = (clipped - positions[left]) / (positions[left + 1] - positions[left])
    return left.astype(np.int64), (left + 1).astype(np.int64), weight
