"""Day effects: deviations of the losses of days from the path of the rates.

The path has knots some days apart, and between them losses rise and fall as well. A figure of fewer
days than lie between two knots tells of those days alone: they have a random effect of their own.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from lossmodel.model.design.battles import Battles, Span
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.tables.readings import counts_losses

__all__ = ["DayEffects", "day_effects_of", "means_and_sds"]

# Day effects of one party. With more the figures of days are a series that its path follows, and
# the time of a fit grows with the cube of their number. Judgement: as many as a war of years has
# knots at least.
MOST = 104

DayEffects = dict[str, list[Span]]


@dataclass
class _Short:
    """The short windows of a party: their first days and the days after their last ones."""

    inside: set[int] = field(default_factory=set)
    edges: set[int] = field(default_factory=set)

    def add(self, lo: int, hi: int) -> None:
        self.inside.update(range(lo, hi))
        self.edges.update((lo, hi))

    def remove(self, lo: int, hi: int) -> None:
        self.inside.difference_update(range(lo, hi))
        self.edges.update((lo, hi))

    def spans(self) -> Iterator[Span]:
        """Runs of days inside, divided at each edge."""
        begin = last = -1
        for day in sorted(self.inside):
            if begin < 0 or day > last + 1 or day in self.edges:
                if begin >= 0:
                    yield begin, last + 1
                begin = day
            last = day
        if begin >= 0:
            yield begin, last + 1


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
    short: dict[str, _Short] = {}
    windows = counts_losses(terms) & (terms["kind"] == "window")
    for party, days in terms.loc[windows, ["party", "days"]].itertuples(index=False):
        lo, hi = grid.span(days[0][0], days[-1][1])
        if 0 < hi - lo < grid.knot_days:
            for base in components(party):
                short.setdefault(base, _Short()).add(lo, hi)
    found: DayEffects = {}
    for base, days in short.items():
        for battle in battles.get(base, []):
            days.remove(*battle)
        spans = list(days.spans())
        if 0 < len(spans) <= MOST:
            found[base] = spans
    cuts = {day for spans in found.values() for span in spans for day in span}
    return found, replace(grid, cuts=tuple(sorted(cuts.union(grid.cuts))))


def means_and_sds(spans: list[Span], sd: float) -> tuple[Floats, Floats]:
    """Means and sds of the effects on the log rate, as multiples of the sd of one day.

    The days of a span are independent, so that the sd of its mean day falls with the root of their
    number. The means keep the mean of the losses on the path where one day has the sd that is
    given: that of a lognormal is exp(sd^2 / 2) times its median.

    Examples
    --------
    >>> means_and_sds([(0, 1), (3, 7)], 0.5)
    (array([-0.125  , -0.03125]), array([1. , 0.5]))
    """
    sds = np.array([hi - lo for lo, hi in spans]) ** -0.5
    return -((sd * sds) ** 2) / 2, sds
