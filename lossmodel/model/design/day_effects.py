"""Day effects: deviations of the losses of days from the path of the rates.

The path has knots some days apart, and between them losses rise and fall as well. A figure of fewer
days than lie between two knots tells of those days alone: they have a random effect of their own.

Effects are normal, and would leave a day of heavy losses to the noise, whose tails are heavier: the
day would pass for an error, even if all claimants agree on it. Tails as heavy as the noise has are
those of normals of unequal variance, so a day that stands out has a wider effect.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from lossmodel.model.design.battles import Battles, Span, cut_at, windows_of
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.model.design.short_series import (
    scatter_of_days,
    short_below,
    short_series,
    standing_out,
)

__all__ = ["DayEffects", "day_effects_of", "means_and_sds", "widened"]

# Day effects of one party. With more the figures of days are a series that its path follows, and
# the time of a fit grows with the cube of their number; those stay that stand out. Judgement: as
# many as a war of years has knots at least.
MOST = 104
# Sds from which a day of a series stands out: in a hundred years of normal scatter two days do.
OUTLYING = 4.0

Components = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class DayEffects:
    """The effects of some half-open ranges of days on the log rate of one party.

    Attributes
    ----------
    spans
        The ranges, without common days.
    means, sds
        Of each effect, shape (S,).
    learned
        Whether sds are multiples of the learned one of one day. It is not learned from days that
        were chosen since they stand out: they would make it too large.
    stated
        Shape (S,): the effects as the figures of these days state them, against those nearby.
    """

    spans: list[Span]
    means: Floats
    sds: Floats
    learned: bool
    stated: Floats


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
    >>> terms["rounding_sd"] = 0.0
    >>> terms["days"] = [((days[0], days[1]),), ((days[2], days[3]),)]
    >>> grid = Grid(pd.Timestamp("1940-07-10"), pd.Timestamp("1940-10-31"), knot_days=7)
    >>> found, grid = day_effects_of(terms, grid, lambda party: [party], {}, sd=0.5, nu=5)
    >>> found["a"].spans, found["a"].sds, grid.cuts
    ([(8, 9), (9, 10), (10, 11)], array([1., 1., 1.]), (8, 9, 10, 11))
    """
    spans = dict[str, list[Span]]()
    for party, windows in windows_of(terms[terms["kind"] == "window"], grid, components).items():
        short = [(lo, hi) for lo, hi in windows if hi - lo < short_below(grid)]
        first, end = (0, grid.size) if active is None else active(party)
        divided = _divided(short, battles.get(party, []), grid.size)
        spans[party] = [(lo, hi) for lo, hi in divided if lo < end and first < hi]
    spans = {party: own for party, own in spans.items() if own}
    if not spans:
        return {}, grid
    series = list(short_series(terms, grid))
    scatter = scatter_of_days(series, grid, components, prior=sd)
    scatter = {party: scatter.get(party, sd) for party in spans}
    found: dict[str, DayEffects] = {}
    for party, z in standing_out(series, grid, components, spans, scatter).items():
        kept, learned = np.arange(len(z)), len(z) <= MOST
        if not learned:
            kept = np.argsort(-np.abs(z), kind="stable")[:MOST]
            kept = np.sort(kept[np.abs(z[kept]) > OUTLYING])
        if len(kept):
            own = [spans[party][i] for i in kept.tolist()]
            means, sds = means_and_sds(own, scatter[party])
            stated = z[kept] * scatter[party] * sds
            sds = sds * widened(z[kept], nu) * (1.0 if learned else scatter[party])
            found[party] = DayEffects(own, means, sds, learned, stated)
    return found, cut_at(grid, {party: effects.spans for party, effects in found.items()})


def _divided(windows: list[Span], battles: list[Span], size: int) -> list[Span]:
    """The days of windows but those of battles, divided wherever one of either begins or ends."""
    inside = np.zeros(size + 1, dtype=bool)
    for spans, value in ((windows, True), (battles, False)):
        for lo, hi in spans:
            inside[lo:hi] = value
    edges = sorted({day for span in (*windows, *battles) for day in span})
    return [(lo, hi) for lo, hi in pairwise(edges) if inside[lo]]


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
