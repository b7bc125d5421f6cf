"""Day effects: deviations of the losses of days from the path of the rates.

The path has knots some days apart, and between them losses rise and fall as well. A figure of fewer
days than lie between two knots tells of those days alone: they have a random effect of their own.

Effects are normal, and would leave a day of heavy losses to the noise, whose tails are heavier: the
day would pass for an error, even if all claimants agree on it. Tails as heavy as the noise has are
those of normals of unequal variance, so a day that stands out has a wider effect.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from lossmodel.model.design.battles import Battles, Span, cut_at, windows_of
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.tables.readings import counts_losses

__all__ = [
    "DayEffects",
    "ShortFigure",
    "day_effects_of",
    "means_and_sds",
    "scatter_of_days",
    "short_figures",
    "standing_out",
    "widened",
]

# Day effects of one party. With more the figures of days are a series that its path follows, and
# the time of a fit grows with the cube of their number; those stay that stand out. Judgement: as
# many as a war of years has knots at least.
MOST = 104
# Sds from which a day of a series stands out: in a hundred years of normal scatter two days do.
OUTLYING = 4.0

# Pairs of figures that the prior of the scatter counts for, and how many spacings of knots apart
# the windows of a pair may begin. Judgement: a few pairs say little, and in months the path moves.
PRIOR_PAIRS, NEAR = 4, 2
# Figures nearby from which one can stand out: the median of fewer may be an exception itself.
NEIGHBOURS = 3
# The log of a count of none is taken as that of a half.
HALF = 0.5

ShortFigure = tuple[int, int, float]
Components = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class DayEffects:
    """The effects of some half-open ranges of days on the log rate of one party.

    Attributes
    ----------
    spans
        The ranges, without common days.
    means, sds
        Of each effect, shape (S,); sds are multiples of the learned one of one day.
    """

    spans: list[Span]
    means: Floats
    sds: Floats


def day_effects_of(
    terms: pd.DataFrame,
    grid: Grid,
    components: Components,
    battles: Battles,
    *,
    sd: float,
    nu: float,
    active: Callable[[str], Span] | None = None,
) -> tuple[dict[str, DayEffects], Grid]:
    """Effects of days by party, and a grid with cells for them.

    They are of the days of windows shorter than the spacing of the knots, or of a day, divided
    wherever such a window begins or ends. Battles have effects of another kind. In a long series
    the days that stand out have effects alone.

    Parameters
    ----------
    terms
        The observations of the submodel.
    components
        From a party to the parties that it is the sum of, itself where it is none.
    battles
        Party -> half-open ranges of days.
    sd
        Sd of the log of one day's losses around the path, where figures do not show it.
    nu
        Degrees of freedom of the noise.
    active
        From a party to the half-open range of days on which it can have losses; all by default.

    Examples
    --------
    >>> days = pd.to_datetime(["1940-07-18", "1940-07-20", "1940-07-19", "1940-07-19"])
    >>> terms = pd.DataFrame({"party": ["a", "a"], "kind": "window", "accounting": "estimate"})
    >>> terms = terms.assign(claimant="b", category="killed", scope="all", form="point", value=9.0)
    >>> terms["days"] = [((days[0], days[1]),), ((days[2], days[3]),)]
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> found, grid = day_effects_of(terms, grid, lambda party: [party], {}, sd=0.5, nu=5)
    >>> found["a"].spans, found["a"].sds, grid.cuts
    ([(8, 9), (9, 10), (10, 11)], array([1., 1., 1.]), (8, 9, 10, 11))
    """
    spans = dict[str, list[Span]]()
    for party, windows in windows_of(terms[terms["kind"] == "window"], grid, components).items():
        short = [(lo, hi) for lo, hi in windows if hi - lo < _spacing(grid)]
        first, end = (0, grid.size) if active is None else active(party)
        divided = _divided(short, battles.get(party, []), grid.size)
        spans[party] = [(lo, hi) for lo, hi in divided if lo < end and first < hi]
    spans = {party: own for party, own in spans.items() if own}
    if not spans:
        return {}, grid
    figures = list(short_figures(terms, grid))
    scatter = scatter_of_days(figures, grid, components, prior=sd)
    scatter = {party: scatter.get(party, sd) for party in spans}
    found: dict[str, DayEffects] = {}
    for party, z in standing_out(figures, grid, components, spans, scatter).items():
        kept = np.arange(len(z))
        if len(z) > MOST:
            kept = np.argsort(-np.abs(z), kind="stable")[:MOST]
            kept = np.sort(kept[np.abs(z[kept]) > OUTLYING])
        if len(kept):
            own = [spans[party][i] for i in kept.tolist()]
            means, sds = means_and_sds(own, scatter[party])
            found[party] = DayEffects(own, means, sds * widened(z[kept], nu))
    return found, cut_at(grid, {party: effects.spans for party, effects in found.items()})


def _spacing(grid: Grid) -> int:
    """Days from which a window is not short: a day is, also where knots are a day apart."""
    return max(grid.knot_days, min(2, grid.size))


def _divided(windows: list[Span], battles: list[Span], size: int) -> list[Span]:
    """The days of windows but those of battles, divided wherever one of either begins or ends."""
    inside = np.zeros(size + 1, dtype=bool)
    for spans, value in ((windows, True), (battles, False)):
        for lo, hi in spans:
            inside[lo:hi] = value
    edges = sorted({day for span in (*windows, *battles) for day in span})
    return [(lo, hi) for lo, hi in pairwise(edges) if inside[lo]]


def short_figures(terms: pd.DataFrame, grid: Grid) -> Iterator[tuple[str, list[ShortFigure]]]:
    """Figures of such short windows, stream by stream.

    Yields
    ------
    party, figures
        Of each figure its first day, the number of its days and the losses, by first day.
    """
    points = terms[counts_losses(terms) & (terms["kind"] == "window") & (terms["form"] == "point")]
    for (_, party, *_), rows in points.groupby(["claimant", "party", "category", "scope"]):
        found = []
        for days, value in rows[["days", "value"]].itertuples(index=False):
            lo, hi = grid.span(days[0][0], days[-1][1])
            if 0 < hi - lo < _spacing(grid):
                found.append((lo, hi - lo, max(float(value), HALF)))
        if found:
            yield str(party), sorted(found)


def scatter_of_days(
    figures: Iterable[tuple[str, Sequence[ShortFigure]]],
    grid: Grid,
    components: Components,
    *,
    prior: float,
) -> dict[str, float]:
    """Sd of the log of one day's losses, by party, as its figures of short windows scatter.

    Of windows of m and n days with y and z dead, log(y / m) - log(z / n) has the variance
    sd^2 (1 / m + 1 / n) + 1 / y + 1 / z. Pairs are of one stream, next to each other.

    Parameters
    ----------
    figures
        As from `short_figures`.
    components
        As in `day_effects_of`.
    prior
        Sd where there are no such pairs.

    Examples
    --------
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> for values in ([200.0] * 40, [100.0, 400.0] * 20):
    ...     figures = [(day, 1, value) for day, value in enumerate(values)]
    ...     scatter_of_days([("a", figures)], grid, lambda p: [p], prior=0.5)["a"].__round__(1)
    0.1
    0.9
    """
    squares: dict[str, list[float]] = {}
    for party, own in figures:
        found = []
        for (lo, m, y), (next_lo, n, z) in pairwise(own):
            if next_lo - lo <= NEAR * _spacing(grid):
                found.append((np.log(y / m * n / z) ** 2 - 1 / y - 1 / z) / (1 / m + 1 / n))
        for base in components(party):
            squares.setdefault(base, []).extend(found)
    return {
        base: float(np.sqrt(max(PRIOR_PAIRS * prior**2 + sum(own), 0.0) / (PRIOR_PAIRS + len(own))))
        for base, own in squares.items()
    }


def standing_out(
    figures: Iterable[tuple[str, Sequence[ShortFigure]]],
    grid: Grid,
    components: Components,
    spans: Mapping[str, Sequence[Span]],
    scatter: Mapping[str, float],
) -> dict[str, Floats]:
    """By how many sds days lie off the figures nearby, by party.

    Of a figure it is its log against the median of its stream nearby; of some days the median of
    the streams, as a claimant who alone has a day of heavy losses may err. None is zero.

    Parameters
    ----------
    figures
        As from `short_figures`.
    components
        As in `day_effects_of`.
    spans
        Party -> half-open ranges of days, by first day.
    scatter
        Sd of the log of one day's losses, by party.

    Examples
    --------
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> figures = [("a", [(0, 1, 20.0), (1, 1, 200.0), (2, 1, 20.0), (3, 1, 20.0)])]
    >>> spans = {"a": [(day, day + 1) for day in range(4)]}
    >>> standing_out(figures, grid, lambda party: [party], spans, {"a": 0.5})["a"].round(1)
    array([0. , 4.6, 0. , 0. ])
    """
    begins = {party: np.array([lo for lo, _ in own]) for party, own in spans.items()}
    found: dict[str, list[list[float]]] = {party: [[] for _ in own] for party, own in spans.items()}
    for party, own in figures:
        first, days, values = (np.array(column) for column in zip(*own, strict=True))
        logs, reach = np.log(values / days), NEAR * _spacing(grid)
        near = np.searchsorted(first, [first - reach, first + reach + 1])
        bases = [base for base in components(party) if base in spans]
        for i, (lo, m, y) in enumerate(own):
            others = np.delete(logs[near[0, i] : near[1, i]], i - near[0, i])
            if len(others) < NEIGHBOURS:
                continue
            missed = float(logs[i] - np.median(others))
            for base in bases:
                z = missed / np.sqrt(scatter[base] ** 2 / m + 1 / y)
                inside = np.searchsorted(begins[base], [lo, lo + m]).tolist()
                for of_span in found[base][slice(*inside)]:
                    of_span.append(z)
    return {
        party: np.array([np.median(z) if z else 0.0 for z in own]) for party, own in found.items()
    }


def widened(z: Floats, nu: float) -> Floats:
    """Factors on the sds of effects that lie z sds out, for tails of a Student-t; at least one.

    In its scale mixture of normals the expected precision has the factor (nu + 1) / (nu + z^2)
    (Lange, Little and Taylor 1989, Robust statistical modeling using the t distribution, Journal of
    the American Statistical Association 84: 881-896). A normal of that precision has the slope of
    the t at z.

    Examples
    --------
    >>> widened(np.array([0.0, 1.0, 7.0, -7.0]), nu=5), widened(np.array([7.0]), nu=np.inf)
    (array([1., 1., 3., 3.]), array([1.]))
    """
    if np.isinf(nu):
        return np.ones(len(z))
    return np.asarray(np.sqrt(np.maximum((nu + np.square(z)) / (nu + 1), 1.0)))


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
