"""Figures drawn anew from their likelihoods, and the likelihood of two sets of figures.

Windows, qualifiers, and the forms and rounding errors of the likelihoods are those of the figures
at hand. Rounding is an error in the likelihood: figures are not rounded once more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lossmodel.model.density.functions import Derivatives, Evaluated, Function, SecondDerivatives
from lossmodel.model.density.likelihood import AtLeast, AtMost, Count, Likelihood, Point, Range
from lossmodel.model.design.grid import Floats

__all__ = ["REPLICATED", "Twice", "replicated"]

# Log of a number of losses that no war reaches: the upper end of a range without one.
ENDLESS = 60.0
# NumPy draws no Poisson numbers of a mean above 9.2e18, which only a fit that ran away has.
LARGEST_RATE = 1e18


@dataclass(frozen=True, eq=False)
class Twice(Function):
    """Log likelihood of figures and, independently, of replicated ones with the same arguments."""

    figures: Function
    replicas: Function

    def _at(self, *x: Floats) -> Evaluated:
        both = self.figures(*x), self.replicas(*x)

        def first() -> Derivatives:
            slopes = zip(*(part.first() for part in both), strict=True)
            return tuple(one + other for one, other in slopes)

        def second() -> SecondDerivatives:
            one, other = (part.second() for part in both)
            none = np.zeros_like(both[0].value)
            return {key: one.get(key, none) + other.get(key, none) for key in {**one, **other}}

        return Evaluated(both[0].value + both[1].value, first, second)


def replicated(
    figures: Likelihood, mu: Floats, sd: Floats, log_slack: Floats, rng: np.random.Generator
) -> Likelihood:
    """The same likelihood with figures that are drawn from it.

    Parameters
    ----------
    mu, sd
        Log expectation and noise sd of one draw or of several, shape (..., n).
    log_slack
        Log of the mean slack of a bound, shape (..., 1).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> count = replicated(Count(*np.zeros((2, 2))), np.zeros(2), np.ones(2), np.zeros(1), rng)
    >>> isinstance(count, Count), count.y.shape
    (True, (2,))
    """
    found: Likelihood = REPLICATED[type(figures)](figures, mu, sd, log_slack, rng)
    return found


def _point(
    figures: Point, mu: Floats, sd: Floats, log_slack: Floats, rng: np.random.Generator
) -> Point:
    normal = np.isinf(figures.nu)
    z = rng.standard_normal(mu.shape) if normal else rng.standard_t(figures.nu, mu.shape)
    return replace(figures, y=mu + sd * z)


def _count(
    figures: Count, mu: Floats, sd: Floats, log_slack: Floats, rng: np.random.Generator
) -> Count:
    rate = rng.gamma(sd**-2.0, np.exp(mu - figures.log_unit) * sd**2)
    return replace(figures, y=rng.poisson(np.minimum(rate, LARGEST_RATE)).astype(float))


def _bound(
    figures: AtLeast, mu: Floats, sd: Floats, log_slack: Floats, rng: np.random.Generator
) -> AtLeast:
    wide = rng.random(mu.shape) < figures.wide_share
    slack = rng.exponential(np.where(wide, figures.wide_mean, np.exp(log_slack)))
    return replace(figures, y=mu + sd * rng.standard_normal(mu.shape) - figures.sign * slack)


def _range(
    figures: Range, mu: Floats, sd: Floats, log_slack: Floats, rng: np.random.Generator
) -> Range:
    """A range of the same width that holds a draw, at a place in it that is uniform.

    Of a range from nought only the upper end is known: the draw lies below or above it.
    """
    x = mu + sd * rng.standard_normal(mu.shape)
    from_zero = np.isneginf(figures.low)
    width = np.where(from_zero, 0.0, figures.high - figures.low)
    low = x - rng.random(mu.shape) * width
    above = x > figures.high
    return replace(
        figures,
        low=np.where(from_zero, np.where(above, figures.high, figures.low), low),
        high=np.where(from_zero, np.where(above, ENDLESS, figures.high), low + width),
    )


REPLICATED: dict[type, Callable[..., Any]] = {
    Point: _point,
    Count: _count,
    AtLeast: _bound,
    AtMost: _bound,
    Range: _range,
}
