"""Parties whose figures state a lethality that armies seldom have.

The prior of lethality is of armies in wars on land. Where a ship is lost with its men, or captives
are killed, the dead are many times the wounded, and under that prior a fit would take the figures
of one or the other for an error. So the sd of the level is learned, in the simplest way: it is such
that the figures are no further than some sds from the mean, and at least that of the prior. This is
the most likely sd of a single deviation, but for its factor (type II maximum likelihood), and is
continuous in the figures: there is no ratio at which an estimate jumps.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from lossmodel.model.design.grid import Grid
from lossmodel.model.prior import Prior
from lossmodel.tables.readings import counts_losses

__all__ = ["widened_lethality"]

# Distance of stated figures from the mean, in sds of the prior, from which it is widened: one army
# in twenty has so unusual a lethality.
USUAL = 2.0
# Sds of chance by which a ratio of small counts is taken nearer to the prior.
OF_CHANCE = 2.0
# Part of the days of two figures that they must share to be compared.
SHARED = 0.8
HALF = 0.5
COMPARED = ("killed", "wounded")


class _Count(NamedTuple):
    """What one stream counts over a range of days [lo, hi)."""

    lo: int
    hi: int
    value: float


def widened_lethality(
    terms: pd.DataFrame, grid: Grid, components: Callable[[str], Iterable[str]], prior: Prior
) -> dict[str, float]:
    """Factors on the sd of the prior of the level of lethality, of parties where it is above one.

    Adversaries know of few wounded, so that their figures do not count. Of several pairs of figures
    the one nearest to the prior does.

    Parameters
    ----------
    terms
        The observations of the submodel.
    components
        From a party to the parties that it is the sum of, itself where it is none.
    prior
        Of the level, on the logit scale.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> day, end = pd.Timestamp("1916-05-31"), pd.Timestamp("1916-06-01")
    >>> terms = pd.DataFrame({"category": ["killed", "wounded"], "value": [6094.0, 510.0]})
    >>> terms = terms.assign(claimant="a", party="p", scope="all", accounting="ledger", role="self")
    >>> terms = terms.assign(form="point", kind="window", days=[((day, end),)] * 2)
    >>> prior = Priors.default()["lethality.level"]
    >>> found = widened_lethality(terms, Grid(day, end), lambda party: [party], prior)
    >>> round(found["p"], 1)
    3.2
    """
    counted = terms["category"].isin(COMPARED) & (terms["role"] != "adversary")
    counted &= (terms["form"] == "point") & counts_losses(terms)
    away: dict[str, list[float]] = {}
    for (party, _), rows in terms[counted].groupby(["party", "scope"]):
        if len(list(components(str(party)))) == 1:
            away.setdefault(str(party), []).extend(_away(*p, prior) for p in _pairs(rows, grid))
    nearest = {party: min(sds) / USUAL for party, sds in away.items() if sds}
    return {party: factor for party, factor in nearest.items() if factor > 1}


def _pairs(rows: pd.DataFrame, grid: Grid) -> Iterator[tuple[float, float]]:
    """Dead and wounded of about the same days."""
    killed, wounded = (
        [_count(stream, grid) for _, stream in rows[rows["category"] == name].groupby("claimant")]
        for name in COMPARED
    )
    for dead in killed:
        for hurt in wounded:
            both = min(dead.hi, hurt.hi) - max(dead.lo, hurt.lo)
            if both >= SHARED * (max(dead.hi, hurt.hi) - min(dead.lo, hurt.lo)):
                yield dead.value, hurt.value


def _count(stream: pd.DataFrame, grid: Grid) -> _Count:
    """All that a stream counts: the sum of increments or of windows apart, or the longest one."""
    spans = [grid.span(days[0][0], days[-1][1]) for days in stream["days"]]
    whole = min(lo for lo, _ in spans), max(hi for _, hi in spans)
    values = stream["value"].to_numpy(dtype=float)
    apart = sum(hi - lo for lo, hi in spans) <= whole[1] - whole[0]
    if apart or (stream["kind"] == "vintage").all():
        return _Count(*whole, float(values.sum()))
    longest = max(range(len(spans)), key=lambda i: (spans[i][1] - spans[i][0], i))
    return _Count(*spans[longest], float(values[longest]))


def _away(dead: float, wounded: float, prior: Prior) -> float:
    """Distance of the logit of a stated lethality from the mean of its prior, in sds."""
    chance = np.hypot((dead + HALF) ** -0.5, (wounded + HALF) ** -0.5)
    apart = abs(np.log((dead + HALF) / (wounded + HALF)) - prior.mean)
    away = max(apart - OF_CHANCE * chance, 0.0)
    # A constant is not learned, from whatever figures.
    return float(away / prior.sd) if prior.sd else 0.0
