"""Day effects: deviations of the losses of days from the path of the rates.

The path has knots some days apart, and between them losses rise and fall as well. A figure of fewer
days than lie between two knots tells of those days alone: they have a random effect of their own.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from lossmodel.model.design.battles import Battles, Span, cut_at, windows_of
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.tables.readings import counts_losses

__all__ = ["DayEffects", "day_effects_of", "means_and_sds", "scatter_of_days"]

# Day effects of one party. With more the figures of days are a series that its path follows, and
# the time of a fit grows with the cube of their number. Judgement: as many as a war of years has
# knots at least.
MOST = 104

# Pairs of figures that the prior of the scatter counts for, and how many spacings of knots apart
# the windows of a pair may begin. Judgement: a few pairs say little, and in months the path moves.
PRIOR_PAIRS, NEAR = 4, 2
# The log of a count of none is taken as that of a half.
HALF = 0.5

DayEffects = dict[str, list[Span]]


def day_effects_of(
    terms: pd.DataFrame, grid: Grid, components: Callable[[str], Iterable[str]], battles: Battles
) -> tuple[DayEffects, Grid]:
    """Half-open ranges of days with an effect by party, and a grid with cells for them.

    They are the days of windows shorter than the spacing of the knots, divided wherever such a
    window begins or ends. Battles have effects of another kind.

    Parameters
    ----------
    terms
        The observations of the submodel.
    components
        From a party to the parties that it is the sum of, itself where it is none.
    battles
        Party -> half-open ranges of days.

    Examples
    --------
    >>> days = pd.to_datetime(["1940-07-18", "1940-07-20", "1940-07-19", "1940-07-19"])
    >>> terms = pd.DataFrame({"party": ["a", "a"], "kind": "window", "accounting": "estimate"})
    >>> terms["days"] = [((days[0], days[1]),), ((days[2], days[3]),)]
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> found, grid = day_effects_of(terms, grid, lambda party: [party], {})
    >>> found, grid.cuts
    ({'a': [(8, 9), (9, 10), (10, 11)]}, (8, 9, 10, 11))
    """
    found: DayEffects = {}
    for party, windows in windows_of(terms[terms["kind"] == "window"], grid, components).items():
        short = [(lo, hi) for lo, hi in windows if hi - lo < grid.knot_days]
        spans = _divided(short, battles.get(party, []), grid.size)
        if 0 < len(spans) <= MOST:
            found[party] = spans
    return found, cut_at(grid, found)


def _divided(windows: list[Span], battles: list[Span], size: int) -> list[Span]:
    """The days of windows but those of battles, divided wherever one of either begins or ends."""
    inside = np.zeros(size + 1, dtype=bool)
    for spans, value in ((windows, True), (battles, False)):
        for lo, hi in spans:
            inside[lo:hi] = value
    edges = sorted({day for span in (*windows, *battles) for day in span})
    return [(lo, hi) for lo, hi in pairwise(edges) if inside[lo]]


def scatter_of_days(
    terms: pd.DataFrame, grid: Grid, components: Callable[[str], Iterable[str]], *, prior: float
) -> dict[str, float]:
    """Sd of the log of one day's losses, by party, as its figures of short windows scatter.

    Of windows of m and n days with y and z dead, log(y / m) - log(z / n) has the variance
    sd^2 (1 / m + 1 / n) + 1 / y + 1 / z. Pairs are of one stream, next to each other.

    Parameters
    ----------
    terms, components
        As in `day_effects_of`.
    prior
        Sd where there are no such pairs.

    Examples
    --------
    >>> days = [((day, day),) for day in pd.date_range("1940-07-18", periods=40)]
    >>> terms = pd.DataFrame({"party": "a", "claimant": "b", "category": "killed", "days": days})
    >>> terms = terms.assign(kind="window", accounting="ledger", form="point", scope="all")
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> for values in (200.0, [100.0, 400.0] * 20):
    ...     table = terms.assign(value=values)
    ...     scatter_of_days(table, grid, lambda party: [party], prior=0.5)["a"].__round__(1)
    0.1
    0.9
    """
    points = terms[counts_losses(terms) & (terms["kind"] == "window") & (terms["form"] == "point")]
    squares: dict[str, list[float]] = {}
    for (_, party, *_), rows in points.groupby(["claimant", "party", "category", "scope"]):
        found = []
        for days, value in rows[["days", "value"]].itertuples(index=False):
            lo, hi = grid.span(days[0][0], days[-1][1])
            if 0 < hi - lo < grid.knot_days:
                found.append((lo, hi - lo, max(float(value), HALF)))
        for (lo, m, y), (next_lo, n, z) in pairwise(sorted(found)):
            if next_lo - lo <= NEAR * grid.knot_days:
                square = (np.log(y / m * n / z) ** 2 - 1 / y - 1 / z) / (1 / m + 1 / n)
                for base in components(str(party)):
                    squares.setdefault(base, []).append(square)
    return {
        base: float(np.sqrt(max(PRIOR_PAIRS * prior**2 + sum(own), 0.0) / (PRIOR_PAIRS + len(own))))
        for base, own in squares.items()
    }


def means_and_sds(spans: list[Span], sd: float) -> tuple[Floats, Floats]:
    """Means and sds of the effects on the log rate, as multiples of the sd of one day.

    The days of a span are independent, so that the sd of its mean day falls with the root of their
    number. The means keep the mean of the losses on the path where one day has the sd that is
    given, such as that of `scatter_of_days`: the mean of a lognormal is exp(sd^2 / 2) times its
    median.

    Examples
    --------
    >>> means_and_sds([(0, 1), (3, 7)], 0.5)
    (array([-0.125  , -0.03125]), array([1. , 0.5]))
    """
    sds = np.array([hi - lo for lo, hi in spans]) ** -0.5
    return -((sd * sds) ** 2) / 2, sds
