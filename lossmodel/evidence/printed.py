"""Printed figures, and which of them another figure could repeat."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from lossmodel.conflict.durations import FORTNIGHT
from lossmodel.evidence.claim_records import Figure
from lossmodel.tables.vocabulary import KINDS

__all__ = ["NEXT", "TINY", "Found", "Original", "Place", "Printed", "cell", "cell_unit", "late"]

Ints = npt.NDArray[np.int64]
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
    printed
        Whether both ends of its window are in the table.
    """

    claimant: str
    claim_id: str
    value: float
    sd: float = 0.0
    printed: bool = True


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


def late(figure: Figure) -> int:
    """Days before its end at which a figure's original may end."""
    return min(STALE, figure.days // STALE_PART)


class Printed:
    """Printed figures of several series, searched for many figures at once.

    A figure is compared with all those of its days. Loops over the pairs would take minutes where
    many claimants count each day.

    Parameters
    ----------
    place_of
        Day of publication of a figure, and its order within the day.
    """

    def __init__(self, figures: Iterable[Figure], place_of: Callable[[Figure], Place]) -> None:
        self._place_of = place_of
        self._figures = sorted(figures, key=lambda figure: figure.end)
        self._claimants = sorted({figure.claimant for figure in self._figures})
        self._number = {name: place for place, name in enumerate(self._claimants)}
        self._values = np.array([figure.value for figure in self._figures])
        streams = [(figure.key, figure.relayed) for figure in self._figures]
        # Figures of one stream have one place within a day.
        examples = dict(zip(streams, self._figures, strict=True))
        place = {stream: place_of(figure)[1:] for stream, figure in examples.items()}
        self._places = sorted(set(place.values()))
        rank = {stream: bisect_left(self._places, own) for stream, own in place.items()}
        columns = [
            (f.end, f.start, f.published, KINDS[f.kind].stock, self._number[f.claimant], rank[of])
            for f, of in zip(self._figures, streams, strict=True)
        ]
        self._rows: Ints = np.array(columns, dtype=np.int64).reshape(-1, 6).T

    def of(self, figures: Sequence[Figure]) -> Iterator[tuple[Figure, Found]]:
        """Each of some figures of one series, with those here that it could repeat."""
        ends = self._rows[0]
        low = np.searchsorted(ends, [f.end - late(f) for f in figures])
        high = np.searchsorted(ends, [f.end + NEXT + 1 for f in figures])
        places = {figure.relayed: self._place_of(figure)[1:] for figure in figures}
        rank = {relayed: bisect_left(self._places, place) for relayed, place in places.items()}
        ranks = np.array([rank[figure.relayed] for figure in figures], dtype=np.int64)
        edges = np.searchsorted(np.cumsum(high - low), np.arange(0, (high - low).sum(), PAIRS))
        edges = np.unique([0, *edges.tolist(), len(figures)])
        for first, last in pairwise(edges.tolist()):
            some = slice(first, last)
            yield from self._some(figures[some], low[some], high[some], ranks[some])

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
