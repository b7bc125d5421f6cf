"""Day effects: deviations of the losses of days from the path of the rates.

The path has knots some days apart, and between them losses rise and fall as well. A figure of fewer
days than lie between two knots tells of those days alone: they have a random effect of their own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from lossmodel.model.design.battles import Battles, Span, cut_at, windows_of
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.tables.readings import counts_losses

__all__ = [
    "DayEffects",
    "day_effects_of",
    "laws_of_days",
    "means_and_sds",
    "scatter_of_days",
    "widened_days",
]

# Day effects of one party. With more the figures of days are a series that its path follows, and
# the time of a fit grows with the cube of their number. Judgement: as many as a war of years has
# knots at least.
MOST = 104

# Pairs of figures that the prior of the scatter counts for, and how many spacings of knots apart
# the windows of a pair may begin. Judgement: a few pairs say little, and in months the path moves.
PRIOR_PAIRS, NEAR = 4, 2
# Figures nearby from which one can stand out: the median of fewer may be an exception itself.
NEIGHBOURS = 3
# The log of a count of none is taken as that of a half.
HALF = 0.5

DayEffects = dict[str, list[Span]]
_Figure = tuple[int, int, float]


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


def laws_of_days(
    terms: pd.DataFrame,
    grid: Grid,
    components: Callable[[str], Iterable[str]],
    *,
    effects: DayEffects,
    sd: float,
    nu: float,
) -> dict[str, tuple[Floats, Floats]]:
    """Means of the effects on the log rate, and sds as multiples of the learned one, by party.

    Parameters
    ----------
    terms, components
        As in `day_effects_of`.
    effects
        Ranges of days with an effect by party.
    sd
        Median of the prior of the sd of one day.
    nu
        Degrees of freedom of the noise.
    """
    if not effects:
        return {}
    scatter = scatter_of_days(terms, grid, components, prior=sd)
    scatter = {party: scatter.get(party, sd) for party in effects}
    widened = widened_days(terms, grid, components, effects=effects, scatter=scatter, nu=nu)
    found = {}
    for party, spans in effects.items():
        means, sds = means_and_sds(spans, scatter[party])
        found[party] = means, sds * widened[party]
    return found


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
    squares: dict[str, list[float]] = {}
    for party, figures in _short_figures(terms, grid):
        found = []
        for (lo, m, y), (next_lo, n, z) in pairwise(figures):
            if next_lo - lo <= NEAR * grid.knot_days:
                found.append((np.log(y / m * n / z) ** 2 - 1 / y - 1 / z) / (1 / m + 1 / n))
        for base in components(party):
            squares.setdefault(base, []).extend(found)
    return {
        base: float(np.sqrt(max(PRIOR_PAIRS * prior**2 + sum(own), 0.0) / (PRIOR_PAIRS + len(own))))
        for base, own in squares.items()
    }


def widened_days(
    terms: pd.DataFrame,
    grid: Grid,
    components: Callable[[str], Iterable[str]],
    *,
    effects: DayEffects,
    scatter: Mapping[str, float],
    nu: float,
) -> dict[str, Floats]:
    """Factors on the sds of day effects, by party, above one where figures stand out.

    Effects are normal, and would leave a day of heavy losses to the noise, whose tails are heavier:
    the day would pass for an error, even if all claimants agree on it. Tails as heavy as the noise
    has are those of normals of unequal variance; of an effect that lies z sds out it has the factor
    (nu + z^2) / (nu + 1) (Lange, Little and Taylor 1989, Robust statistical modeling using the t
    distribution, Journal of the American Statistical Association 84: 881-896). The z of a figure is
    that of its log against the median of its stream nearby, and that of a day the median of its
    streams: a claimant who alone has a day of heavy losses may err.

    Parameters
    ----------
    terms, components
        As in `day_effects_of`.
    effects
        Ranges of days with an effect by party.
    scatter
        Sd of the log of one day's losses, by party, see `scatter_of_days`.
    nu
        Degrees of freedom of the noise.

    Returns
    -------
    factors
        One for each range of days, none below one.
    """
    apart: dict[str, list[list[float]]] = {p: [[] for _ in spans] for p, spans in effects.items()}
    for party, figures in _short_figures(terms, grid):
        begins, days, values = (np.array(column) for column in zip(*figures, strict=True))
        logs = np.log(values / days)
        for i, (lo, m, y) in enumerate(figures):
            near = np.abs(begins - lo) <= NEAR * grid.knot_days
            near[i] = False
            if near.sum() < NEIGHBOURS:
                continue
            missed = float(logs[i] - np.median(logs[near]))
            for base in set(components(party)) & set(effects):
                z = missed / np.sqrt(scatter[base] ** 2 / m + 1 / y)
                for span, own in zip(effects[base], apart[base], strict=True):
                    if lo <= span[0] and span[1] <= lo + m:
                        own.append(z)
    found = {}
    for base, spans in apart.items():
        z = np.array([np.median(own) if own else 0.0 for own in spans])
        factor = np.ones(len(z)) if np.isinf(nu) else np.sqrt((nu + z**2) / (nu + 1))
        found[base] = np.maximum(factor, 1.0)
    return found


def _short_figures(terms: pd.DataFrame, grid: Grid) -> Iterator[tuple[str, list[_Figure]]]:
    """Party and figures of each stream: first day, days and number of its short windows."""
    points = terms[counts_losses(terms) & (terms["kind"] == "window") & (terms["form"] == "point")]
    for (_, party, *_), rows in points.groupby(["claimant", "party", "category", "scope"]):
        found = []
        for days, value in rows[["days", "value"]].itertuples(index=False):
            lo, hi = grid.span(days[0][0], days[-1][1])
            if 0 < hi - lo < grid.knot_days:
                found.append((lo, hi - lo, max(float(value), HALF)))
        if found:
            yield str(party), sorted(found)


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
