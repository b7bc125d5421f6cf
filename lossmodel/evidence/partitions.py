"""Counts by period of death at several dates of knowledge: a reporting triangle in a stream.

A sum over all periods at one date is the running total of that date: each name is in both. So a
stream that has both would count its names twice. Names are counted once where the triangle and the
totals share none:

- the periods at a date of knowledge, and their growth up to the next date;
- totals after the last date of the triangle, as their growth since;
- of the names known at its first date, what there are more figures of: the periods, or the totals
  up to then, to which the sum over the periods is the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lossmodel.evidence.claim_records import Figure

__all__ = ["Partition", "partitions"]


@dataclass(frozen=True)
class Partition:
    """The counts of one date of knowledge, by periods that follow each other from the first day.

    Attributes
    ----------
    known
        The date of knowledge, in days since 1970.
    tiles
        The periods' counts, in order.
    total
        The running total of that date, if it is published.
    """

    known: int
    tiles: tuple[Figure, ...]
    total: Figure | None

    @property
    def sum(self) -> Figure:
        """The running total of the date: as published, or the sum over its periods."""
        if self.total is not None:
            return self.total
        last = self.tiles[-1]
        low, high = (sum(getattr(f, name) for f in self.tiles) for name in ("low", "high"))
        return replace(
            last, start=self.tiles[0].start, value=sum(f.value for f in self.tiles), low=low,
            high=high, unit=max(f.unit for f in self.tiles),
            members=self.members,
        )  # fmt: skip

    @property
    def members(self) -> tuple[str, ...]:
        """Claims of its periods."""
        return tuple(name for figure in self.tiles for name in figure.members)

    def figure(self, start: int) -> Figure | None:
        """The count of the period that begins on a day."""
        return next((figure for figure in self.tiles if figure.start == start), None)


def partitions(points: Iterable[Figure], first: int) -> list[Partition]:
    """Dates of knowledge whose counts divide all days so far, in order.

    The periods of one date go on at the next, where there may be more of them: a date with others
    is left to be read window by window.

    Parameters
    ----------
    points
        Counts of one series, at most one per date of knowledge and window.
    first
        First day of the conflict, in days since 1970.
    """
    dates: defaultdict[int, list[Figure]] = defaultdict(list)
    for figure in points:
        if figure.form == "point":
            dates[figure.known].append(figure)
    kept: list[Partition] = []
    for known in sorted(dates, reverse=True):
        found = _partition(known, dates[known], first)
        if found is not None and (not kept or _goes_on(found, kept[-1])):
            kept.append(found)
    return kept[::-1]


def _partition(known: int, figures: Sequence[Figure], first: int) -> Partition | None:
    """The counts of one date by periods; None where there are fewer than two, or days between."""
    shortest: dict[int, Figure] = {}
    for figure in sorted(figures, key=lambda f: -f.end):
        shortest[figure.start] = figure
    tiles, day = [], first
    while day in shortest:
        tiles.append(shortest[day])
        day = tiles[-1].end + 1
    last = max(figure.end for figure in figures)
    if len(tiles) < 2 or day <= last:
        return None
    total = next((f for f in figures if f.window == (first, last)), None)
    return Partition(known, tuple(tiles), total)


def _goes_on(earlier: Partition, later: Partition) -> bool:
    return all(
        (there := later.figure(tile.start)) is not None and there.end >= tile.end
        for tile in earlier.tiles
    )
