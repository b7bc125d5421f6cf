"""Figures of short windows: how much they scatter, and which days stand out from those nearby."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from lossmodel.evidence.rounding import least_not_none
from lossmodel.model.design.battles import Span
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.tables.readings import counts_losses

__all__ = [
    "ShortFigure",
    "ShortSeries",
    "scatter_of_days",
    "short_below",
    "short_series",
    "standing_out",
]

# Pairs of figures that the prior of the scatter counts for, and how many spacings of knots apart
# the windows of a pair may begin. Judgement: a few pairs say little, and in months the path moves.
PRIOR_PAIRS, NEAR = 4, 2
# Sds that a pair counts for at most, as days that stand out are not of the scatter; of normal ones
# 1% of the variance is lost. The median of squares of normals has this part of their mean.
LARGEST, MEDIAN = 3.0, 0.455
# Least scatter. Judgement: the losses of days of steady fighting differ by a tenth at least.
LEAST = 0.1
# Figures nearby from which one can stand out, as the median of fewer may be an exception itself,
# and most of them on either side, as losses rise and fall.
NEIGHBOURS, BESIDE = 3, 5
# The log of a count of none is taken as that of a half.
HALF = 0.5

Components = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class ShortFigure:
    """A figure of a short window.

    Attributes
    ----------
    first, days
        First day of the window, and the number of its days.
    log_rate
        Log of the losses per day, of none that of half a loss, or of what rounds to none.
    unit
        Losses that it counts as one: half the unit of a rounded zero.
    """

    first: int
    days: int
    log_rate: float
    unit: float = 1.0

    @property
    def count(self) -> float:
        """The losses in units, of none half of one."""
        return float(np.exp(self.log_rate) * self.days / self.unit)

    def sds_off(self, usual: float, scatter: float) -> float:
        """Sds by which it lies off a usual log rate, where that of a day scatters by this sd.

        It does so by the scatter of its days, and by the chance of its count, as if counts were
        Poisson (Anscombe 1948, The transformation of Poisson, binomial and negative-binomial data,
        Biometrika 35: 246-254). The variances add up.
        """
        missed, mean = self.log_rate - usual, float(np.exp(usual) * self.days / self.unit)
        by_chance = 2 * (math.sqrt(self.count + 3 / 8) - math.sqrt(mean + 3 / 8))
        if not by_chance:
            return 0.0
        return missed / math.hypot(scatter / math.sqrt(self.days), missed / by_chance)


@dataclass(frozen=True)
class ShortSeries:
    """The figures of short windows of one stream, by first day."""

    claimant: str
    party: str
    figures: Sequence[ShortFigure]


def short_below(grid: Grid) -> int:
    """Days from which a window is not short: a day is, also where knots are a day apart."""
    return max(grid.knot_days, min(2, grid.size))


def short_series(terms: pd.DataFrame, grid: Grid) -> Iterator[ShortSeries]:
    """Figures of such short windows, stream by stream."""
    points = terms[counts_losses(terms) & (terms["kind"] == "window") & (terms["form"] == "point")]
    columns = ["days", "value", "rounding_sd"]
    for (claimant, party, *_), rows in points.groupby(["claimant", "party", "category", "scope"]):
        found = []
        for days, value, rounding in rows[columns].itertuples(index=False):
            lo, hi = grid.span(days[0][0], days[-1][1])
            if 0 < hi - lo < short_below(grid):
                unit = 1.0 if value > 0 else float(least_not_none(rounding))
                log_rate = float(np.log(max(value, HALF * unit) / (hi - lo)))
                found.append(ShortFigure(lo, hi - lo, log_rate, unit))
        if found:
            own = sorted(found, key=lambda figure: (figure.first, figure.days, figure.log_rate))
            yield ShortSeries(str(claimant), str(party), own)


def scatter_of_days(
    series: Iterable[ShortSeries], grid: Grid, components: Components, *, prior: float
) -> dict[str, float]:
    """Sd of the log of one day's losses, by party, as its figures of short windows scatter.

    Of windows of m and n days with y and z dead, log(y / m) - log(z / n) has the variance
    sd^2 (1 / m + 1 / n) + 1 / y + 1 / z. Pairs are of one stream, next to each other.

    Parameters
    ----------
    series
        As from `short_series`.
    components
        As in `day_effects_of`.
    prior
        Sd where there are no such pairs.

    Examples
    --------
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> for values in ([200.0] * 40, [100.0, 400.0] * 20):
    ...     own = [ShortFigure(t, 1, float(np.log(y))) for t, y in enumerate(values)]
    ...     series = [ShortSeries("b", "a", own)]
    ...     scatter_of_days(series, grid, lambda party: [party], prior=0.5)["a"].__round__(1)
    0.1
    0.9
    """
    squares: dict[str, list[float]] = {}
    for own in series:
        found = []
        for one, other in pairwise(own.figures):
            if other.first - one.first <= NEAR * short_below(grid):
                square = (one.log_rate - other.log_rate) ** 2 - 1 / one.count - 1 / other.count
                found.append(square / (1 / one.days + 1 / other.days))
        for base in components(own.party):
            squares.setdefault(base, [prior**2] * PRIOR_PAIRS).extend(found)
    scatter = {}
    for base, of_base in squares.items():
        usual = max(float(np.median(of_base)) / MEDIAN, LEAST**2)
        mean = float(np.minimum(of_base, LARGEST**2 * usual).mean())
        scatter[base] = float(np.sqrt(max(mean, LEAST**2)))
    return scatter


def standing_out(
    series: Iterable[ShortSeries],
    grid: Grid,
    components: Components,
    spans: Mapping[str, Sequence[Span]],
    scatter: Mapping[str, float],
) -> dict[str, Floats]:
    """By how many sds days lie off the figures nearby, by party.

    Of a figure it is `ShortFigure.sds_off` the median of the nearest of its stream; of some days
    the median of the claimants, as one who alone has a day of heavy losses may err, and of a
    claimant the figure that lies off most. None is zero.

    Parameters
    ----------
    series
        As from `short_series`.
    components
        As in `day_effects_of`.
    spans
        Party -> half-open ranges of days, by first day.
    scatter
        Sd of the log of one day's losses, by party.

    Examples
    --------
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> values = [20.0, 200.0, 20.0, 20.0]
    >>> own = [ShortFigure(t, 1, float(np.log(y))) for t, y in enumerate(values)]
    >>> spans = {"a": [(day, day + 1) for day in range(4)]}
    >>> series = [ShortSeries("b", "a", own)]
    >>> standing_out(series, grid, lambda party: [party], spans, {"a": 0.5})["a"].round(1)
    array([0. , 4.5, 0. , 0. ])
    """
    begins = {party: np.array([lo for lo, _ in own]) for party, own in spans.items()}
    found: dict[str, list[dict[str, float]]] = {p: [{} for _ in own] for p, own in spans.items()}
    for own in series:
        bases = [base for base in components(own.party) if base in spans]
        for figure, usual in _beside(own.figures, NEAR * short_below(grid)):
            window = [figure.first, figure.first + figure.days]
            for base in bases:
                z = figure.sds_off(usual, scatter[base])
                inside = np.searchsorted(begins[base], window).tolist()
                for of_span in found[base][slice(*inside)]:
                    most = of_span.get(own.claimant, 0.0)
                    of_span[own.claimant] = max(most, z, key=abs)
    return {
        party: np.array([np.median([*z.values()]) if z else 0.0 for z in own])
        for party, own in found.items()
    }


def _beside(figures: Sequence[ShortFigure], reach: int) -> Iterator[tuple[ShortFigure, float]]:
    """Figures with the median log rate of the nearest ones of their stream, if they are enough."""
    first = np.array([figure.first for figure in figures])
    logs = np.array([figure.log_rate for figure in figures])
    near = np.searchsorted(first, [first - reach, first + reach + 1])
    for i, figure in enumerate(figures):
        lo, hi = max(near[0, i], i - BESIDE), min(near[1, i], i + 1 + BESIDE)
        others = np.concatenate([logs[lo:i], logs[i + 1 : hi]])
        if len(others) >= NEIGHBOURS:
            yield figure, float(np.median(others))
