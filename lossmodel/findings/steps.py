"""Single steps of a series that are many times the ones around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.evidence.running_totals import rising
from lossmodel.findings.finding import Case
from lossmodel.findings.words import day, number, series_name, window
from lossmodel.text.numbers import plural

if TYPE_CHECKING:
    from lossmodel.findings.columns import Floats, Ints
    from lossmodel.findings.finding import Material

__all__ = ["large_steps"]

# A step is large at this many times the mean rate of all other days and the median of the steps
# around it. The heaviest day in the claims of the Battle of Britain has 7.2 times the mean of its
# series; a backlog of two weeks that is booked on one day has 14.
TIMES: Final = 10.0
AROUND: Final = 3  # steps on either side
FEWEST: Final = 7  # steps of a series, fewer do not say which step is usual
LEAST: Final = 50  # losses, fewer may be of one ship or one village


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
    # Lists and registers count by the day of the loss, and nothing is booked on another.
    counting = columns.accounted("counts_cases")
    for rows in columns.by_series(columns.window & ~counting):
        if len(rows) >= FEWEST:
            kept = rows[_disjoint(columns.start[rows].tolist(), columns.end[rows].tolist())]
            days = columns.end[kept] - columns.start[kept] + 1
            yield from _enough(_Steps(kept, columns.value[kept], days, running=False))
    # Assessments move by what their authors learn; a stream that nobody declared may be a count.
    moved = counting | (columns.accounted("assesses") & columns.declared)
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
