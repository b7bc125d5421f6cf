"""Parties whose figures state a lethality that armies seldom have.

The prior of lethality is of armies in wars on land. Where a ship is lost with its men, or captives
are killed, the dead are many times the wounded, and under that prior a fit would take the figures
of one or the other for an error. So the sd of the level is learned, in the simplest way: it is such
that the figures are no further than some sds from the mean, and at least that of the prior. This is
the most likely sd of a single deviation, but for its factor (type II maximum likelihood). It
follows the numbers of a pair without a jump; which figures are a pair is a matter of their days and
words.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.model.design.grid import Grid
from lossmodel.model.prior import Prior
from lossmodel.tables.readings import counts_losses
from lossmodel.tables.vocabulary import ACCOUNTINGS, names_with

__all__ = ["widened_lethality"]

# Distance of stated figures from the mean, in sds of the prior, from which it is widened: one army
# in twenty has so unusual a lethality.
USUAL = 2.0
# Sds of chance by which a ratio of small counts is taken nearer to the prior.
OF_CHANCE = 2.0
# Part of the days of two figures that they must share to be compared.
SHARED = 0.8
# A count of none has a logarithm, and a range from none begins here.
HALF = 0.5
KILLED, WOUNDED, CASUALTIES = "killed", "wounded", "casualties"
Days = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Count:
    """What a claimant counts over some days of the war, shape (days,).

    ``error`` is the sd of its rounding. ``partial``: it is of those whom a list has reached.
    """

    claimant: str
    days: Days
    value: float
    error: float
    partial: bool

    def has_days_of(self, other: "_Count") -> bool:
        """Whether most of the days of both are those of either."""
        both, either = (self.days & other.days).sum(), (self.days | other.days).sum()
        return bool(both >= SHARED * either)


@dataclass(frozen=True)
class _Pair:
    """Dead and wounded of about the same days."""

    dead: _Count
    wounded: _Count

    @property
    def people(self) -> float:
        return self.dead.value + self.wounded.value

    def log_ratio(self, prior: Prior) -> float:
        """Log of dead to wounded less the mean of its prior, which is the logit of lethality."""
        dead, wounded = self.dead.value + HALF, self.wounded.value + HALF
        return float(np.log(dead / wounded) - prior.mean)

    def sds(self, prior: Prior) -> float:
        """Distance from the mean of the prior beyond that of chance, in its sds."""
        chance = np.hypot((self.dead.value + HALF) ** -0.5, (self.wounded.value + HALF) ** -0.5)
        return float(max(abs(self.log_ratio(prior)) - OF_CHANCE * chance, 0.0) / prior.sd)

    def is_whole(self) -> bool:
        """Whether neither count is of some alone, or one list has both."""
        partial = self.dead.partial, self.wounded.partial
        return not any(partial) or all(partial) and self.dead.claimant == self.wounded.claimant

    def is_bound(self, prior: Prior) -> bool:
        """Whether names that a list has not could only make it more unusual."""
        less, other = self.dead, self.wounded
        if self.log_ratio(prior) < 0:
            less, other = other, less
        return less.partial and not other.partial


def widened_lethality(
    terms: pd.DataFrame, grid: Grid, components: Callable[[str], Iterable[str]], prior: Prior
) -> dict[str, float]:
    """Factors on the sd of the prior of the level of lethality, of parties where it is above one.

    Adversaries know of few wounded, so that their figures do not count. Wounded that a claimant
    does not give are its casualties less its dead, if these are more than rounding makes. A range
    counts as its geometric mean. The names on a list are some of the dead, so that they say how
    many there are at least. A constant and a prior of the user stay as they are.

    Of several pairs of figures the one nearest to the prior decides, as far as it is of as many
    people as the largest pair: a skirmish does not speak for a battle.

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
    >>> terms = terms.assign(form="point", kind="window", days=[((day, end),)] * 2, n_days=2)
    >>> terms = terms.assign(known=end, low=np.nan, high=np.nan, rounding_sd=0.0)
    >>> prior = Priors.default()["lethality.level"]
    >>> found = widened_lethality(terms, Grid(day, end), lambda party: [party], prior)
    >>> round(found["p"], 1)
    3.2
    """
    if not prior.may_adapt:
        return {}
    counted = terms["category"].isin((KILLED, WOUNDED, CASUALTIES)) & counts_losses(terms)
    counted &= (terms["role"] != "adversary") & terms["form"].isin(("point", "interval"))
    pairs: dict[str, list[_Pair]] = {}
    for (name, _), rows in terms[counted].groupby(["party", "scope"]):
        party, *others = components(str(name))
        if not others:
            pairs.setdefault(party, []).extend(_pairs(rows, grid))
    sds = {party: _sds(several, prior) for party, several in pairs.items()}
    return {party: away / USUAL for party, away in sds.items() if away > USUAL}


def _sds(pairs: list[_Pair], prior: Prior) -> float:
    """Distance of a party's figures from the prior: zero where there are none."""
    whole = [pair for pair in pairs if pair.is_whole()]
    bounds = [pair for pair in pairs if not pair.is_whole() and pair.is_bound(prior)]
    if not whole + bounds:
        return 0.0
    most = max(pair.people for pair in whole + bounds)
    of_most = min(pair.sds(prior) for pair in whole + bounds if pair.people == most)
    if not most:
        return of_most
    return min(
        of_most + (pair.sds(prior) - of_most) * pair.people / most for pair in whole or bounds
    )


def _pairs(rows: pd.DataFrame, grid: Grid) -> Iterator[_Pair]:
    """Dead and wounded of about the same days, of one claimant or of two."""
    counts: dict[str, list[_Count]] = {KILLED: [], WOUNDED: []}
    for _, of_claimant in rows.groupby("claimant"):
        found = {
            str(category): _count(stream, grid)
            for category, stream in of_claimant.groupby("category")
        }
        for category, other in ((KILLED, WOUNDED), (WOUNDED, KILLED)):
            if category in found:
                counts[category].append(found[category])
            elif rest := _rest(found.get(CASUALTIES), found.get(other)):
                counts[category].append(rest)
    for dead, wounded in product(counts[KILLED], counts[WOUNDED]):
        if dead.has_days_of(wounded):
            yield _Pair(dead, wounded)


def _rest(both: _Count | None, one: _Count | None) -> _Count | None:
    """Of casualties those who are not of one kind, if they are more than rounding makes."""
    if both is None or one is None or one.partial or not both.has_days_of(one):
        return None
    value, error = both.value - one.value, float(np.hypot(both.error, one.error))
    if value <= OF_CHANCE * error:
        return None
    return replace(both, value=value, error=error)


def _count(stream: pd.DataFrame, grid: Grid) -> _Count:
    """All that a stream counts: of windows that overlap the longest, and of these the latest."""
    stream = stream.sort_values(["n_days", "known"], kind="stable", ascending=False)
    low, high = (np.maximum(stream[name].to_numpy(dtype=float), HALF) for name in ("low", "high"))
    values = stream["value"].to_numpy(dtype=float)
    values = np.where(np.isnan(values), np.sqrt(low * high), values)
    of_list = (stream["kind"] == "vintage").to_numpy()
    total, variance, counted = 0.0, 0.0, np.zeros(grid.size, dtype=bool)
    for windows, value, error, increment in zip(
        stream["days"], values, stream["rounding_sd"], of_list, strict=True
    ):
        days = np.zeros(grid.size, dtype=bool)
        for window in windows:
            days[slice(*grid.span(*window))] = True
        # The increments of a list are of the same days, as known on others.
        if increment or not (days & counted).any():
            total, variance = total + value, variance + error**2
            counted |= days
    partial = bool(stream["accounting"].isin(names_with(ACCOUNTINGS, "has_coverage")).any())
    claimant = str(stream["claimant"].iloc[0])
    return _Count(claimant, counted, float(total), float(np.sqrt(variance)), partial)
