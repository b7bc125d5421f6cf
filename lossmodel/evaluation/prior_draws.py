"""Draws from the priors, and random walks between knots."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lossmodel.model.priors import Prior, Priors

__all__ = ["Floats", "Sampler", "delay_factor", "knots_of"]

Floats = NDArray[np.float64]
# Prior medians of a delay below which the days of a war make it shorter.
MEDIANS_OF_DELAY = 3.0


def knots_of(first: float, last: float, spacing: float) -> Floats:
    """Days of the knots that enclose an interval of days, shape (n,).

    An interval shorter than half the spacing has one knot, in its middle.

    Examples
    --------
    >>> knots_of(0, 20, 14), knots_of(0, 6, 14)
    (array([ 0., 14., 28.]), array([3.]))
    """
    if last - first < spacing / 2:
        return np.array([(first + last) / 2])
    return first + spacing * np.arange(np.ceil((last - first) / spacing) + 1)


@dataclass
class Sampler:
    """Draws each quantity from its prior once and keeps the value.

    Attributes
    ----------
    priors
        The table of priors.
    rng
        Source of all draws.
    prefix
        First word of every name in `parameters`.
    parameters
        Name -> drawn value, on the quantity's own scale.

    Examples
    --------
    >>> sampler = Sampler(Priors.default(), np.random.default_rng(1))
    >>> sampler.quantity("noise.estimate") == sampler.quantity("noise.estimate")
    True
    >>> 0 < sampler.quantity("lethality.level", "north") < 1
    True
    """

    priors: Priors
    rng: np.random.Generator
    prefix: str = ""
    parameters: dict[str, float] = field(default_factory=dict)

    def quantity(self, name: str, key: str = "") -> float:
        """A quantity on its own scale; the same value for the same name and key."""
        label = " ".join(filter(None, (self.prefix, name, key)))
        if label not in self.parameters:
            self.parameters[label] = self.priors[name].draw(self.rng)
        return self.parameters[label]

    def logit(self, name: str, key: str = "") -> float:
        """The logit of a share."""
        share = self.quantity(name, key)
        return float(np.log(share) - np.log1p(-share))

    def normal(self, sd: float, key: str, mean: float = 0.0) -> float:
        """A normal draw; the same value for the same key."""
        label = " ".join(filter(None, (self.prefix, key)))
        if label not in self.parameters:
            self.parameters[label] = float(mean + sd * self.rng.standard_normal())
        return self.parameters[label]

    def walk(self, at: Floats, *, knots: Floats, level: float, sd: float) -> Floats:
        """A random walk on the days `at`, shape (n,), linear between knots.

        Its mean over the knots is `level`, the sd of its steps `sd`.
        """
        steps = sd * self.rng.standard_normal(len(knots) - 1)
        path = np.concatenate([[0.0], np.cumsum(steps)])
        return np.asarray(np.interp(at, knots, level + path - path.mean()))


def delay_factor(prior: Prior, days: int) -> float:
    """Factor on the median of a list's delay in few days, but where losses are secret.

    The model states this too: the simulator is an independent statement of it.
    """
    if prior.name.endswith(".censored") or not prior.may_adapt:
        return 1.0
    return min(1.0, days / (MEDIANS_OF_DELAY * prior.median))
