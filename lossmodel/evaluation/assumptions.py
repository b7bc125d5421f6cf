"""The assumptions that a reader may change: which ones, to which values, and in which words.

``assumptions.toml`` has a sentence for each. An assumption is the mean of a prior, from one prior
sd below to one above, or an sd within values that are listed there. Its position is by how many
prior sds the mean moves, or the log of the new sd over that of the fit; 0 is the fit itself.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.own_bias import OWN, own_median
from lossmodel.model.prior import mean_limits, quantity_of
from lossmodel.posterior.prior_shift import direction, entries_of
from lossmodel.posterior.variance import LEAST_VARIANCE, slope
from lossmodel.text.numbers import factor, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.inference.run import Submodel
    from lossmodel.model.design import Design
    from lossmodel.model.design.grid import Floats, Ints
    from lossmodel.model.prior import Prior
    from lossmodel.model.priors import Priors
    from lossmodel.posterior.reported import Series

__all__ = ["CARRYING", "COMMON", "Assumption", "assumptions_of", "prior_title", "ranked"]

# Assumptions that a report lets the reader change: they fit on one screen, and their ten refits
# take the largest shipped war some ten minutes of computing.
CARRYING: Final = 5
# Steps of a slider from one end to the other: each moves a total by a twentieth of a posterior sd
# at the most, and none is passed over on a phone. Chosen by hand.
STEPS: Final = 40
COMMON: Final = "common.sd"


@dataclass(frozen=True)
class Assumption:
    """One assumption and the values that it may have.

    Attributes
    ----------
    prior
        The prior that it changes.
    title, sentence, unit
        Its words; the sentence has ``{new}`` and ``{own}`` for two values.
    values
        Least and largest value of an sd; empty for a mean, which is moved by its own sd.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> priors = Priors.default()
    >>> lists = next(a for a in assumptions_of(priors) if a.prior == "coverage.level")
    >>> lists.words(priors, -1.0)
    'lists of names typically reach 57% of the dead instead of 79%'
    >>> lists.changed(priors, -1.0)["coverage.level"].mean
    0.30000000000000004
    """

    prior: str
    title: str
    sentence: str
    unit: str
    values: tuple[float, ...] = ()

    @property
    def scaled(self) -> bool:
        """Whether it is an sd."""
        return bool(self.values)

    def ends(self, priors: Priors) -> tuple[float, float]:
        """Positions of the least and the largest value; that of the fit lies between them."""
        if not self.scaled:
            return -1.0, 1.0
        own = priors[self.prior].median
        least, most = min(*self.values, own), max(*self.values, own)
        return math.log(least / own), math.log(most / own)

    def positions(self, priors: Priors) -> Floats:
        """Positions of a slider, among them that of the fit."""
        low, high = self.ends(priors)
        return np.unique(np.append(np.linspace(low, high, STEPS + 1).round(9), 0.0))

    def value(self, priors: Priors, position: float) -> float:
        """The value at a position, in the unit of its quantity."""
        prior = priors[self.prior]
        if self.scaled:
            return prior.median * math.exp(position)
        if self.prior == OWN:
            return own_median(priors.entries, moved=position)
        return quantity_of(prior.mean + position * prior.sd, prior.scale)

    def text(self, priors: Priors, position: float) -> str:
        """The value at a position, in words."""
        return UNITS[self.unit](self.value(priors, position))

    def words(self, priors: Priors, position: float) -> str:
        """What another value means, as a clause after "if"."""
        new, own = (self.text(priors, at) for at in (position, 0.0))
        return self.sentence.format(new=new, own=own)

    def changed(self, priors: Priors, position: float) -> Priors:
        """The priors with the value at a position."""
        prior = priors[self.prior]
        mean = prior.mean + position * prior.sd
        if self.scaled:
            mean = prior.mean * math.exp(position)
        return priors.replace({self.prior: {"mean": mean}})

    def direction(self, design: Design, priors: Priors) -> tuple[Ints, Floats]:
        """Entries of theta that it is about, and by how much each moves with the position."""
        if self.scaled:
            where = entries_of(design, "common")
            return where, np.ones(len(where))
        return direction(design, priors, self.prior)

    def is_open(self, prior: Prior) -> bool:
        """Whether there is another value to change to."""
        if self.scaled:
            return prior.mean > 0
        low, high = mean_limits(prior)
        return prior.sd > 0 and low <= prior.mean - prior.sd and prior.mean + prior.sd <= high


def _times(value: float) -> str:
    return f"{factor(value)} times"


def _days(value: float) -> str:
    return f"{number(value)} days"


UNITS: Final = {"percent": percent, "times": _times, "days": _days, "number": factor}


def assumptions_of(priors: Priors) -> list[Assumption]:
    """All assumptions of the table that priors leave open."""
    return [a for a in _table() if a.prior in priors.entries and a.is_open(priors[a.prior])]


def prior_title(name: str) -> str:
    """The words of a prior with its name, or its name where it has none.

    Examples
    --------
    >>> prior_title("coverage.level")
    'coverage of name lists (coverage.level)'
    >>> prior_title("noise.list")
    'noise.list'
    """
    known = {assumption.prior: assumption.title for assumption in _table()}
    title = known.get(name)
    return name if title is None else f"{title[:1].lower()}{title[1:]} ({name})"


@cache
def _table() -> tuple[Assumption, ...]:
    text = (resources.files("lossmodel.evaluation") / "assumptions.toml").read_text("utf-8")
    rows: dict[str, dict[str, Any]] = tomllib.loads(text)
    return tuple(
        Assumption(name, **{**row, "values": tuple(row.get("values", ()))})
        for name, row in rows.items()
    )


def ranked(
    submodel: Submodel, priors: Priors, keys: Sequence[Series], most: int = CARRYING
) -> list[Assumption]:
    """The assumptions that carry most of the width of totals, the first of them first.

    With posterior covariance S and slope g of a log total, a mean that moves by one prior sd along
    v moves the log total by ``v' S g``, so that a mean that is itself uncertain by one prior sd
    has the share ``(v' S g)^2 / g' S g`` of the variance. An sd has that of its entries c,
    ``|(S g)_c|^2 / g' S g``. Shares are averaged over the totals.

    Parameters
    ----------
    keys
        Party, category and scope of the totals.
    most
        The number of assumptions at the most; those without any effect are left out.
    """
    design, root = submodel.design, submodel.laplace.covariance_root
    at_mode = SubmodelDraws(submodel.posterior.model, submodel.laplace.mode[None, None, :])
    shares: dict[Assumption, float] = {}
    for key in keys:
        half = root.T @ slope(at_mode, key)
        moved = np.asarray(root @ half) / math.sqrt(max(float(half @ half), LEAST_VARIANCE))
        for assumption in assumptions_of(priors):
            where, by = assumption.direction(design, priors)
            if len(where):
                own = moved[where] * by
                share = float((own**2).sum() if assumption.scaled else own.sum() ** 2)
                shares[assumption] = shares.get(assumption, 0.0) + share / len(keys)
    order = sorted(shares, key=lambda a: -shares[a])
    return [a for a in order if shares[a] > NOTHING][:most]


# A share of the variance that moves a total by a hundredth of a posterior sd.
NOTHING: Final = 1e-4
