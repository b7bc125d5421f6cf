"""One draw from each prior, and random walks between knots."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lossmodel.model.priors import Priors

__all__ = ["Floats", "Sampler", "knots_of"]

Floats = NDArray[np.float64]


def knots_of(first: float, last: float, spacing: float) -> Floats:
    """Places of knots that enclose a stretch of days; one in the middle where it is short."""
    if last - first < spacing / 2:
        return np.array([(first + last) / 2])
    return first + spacing * np.arange(np.ceil((last - first) / spacing) + 1)


@dataclass
class Sampler:
    """Draws quantities from their priors, and remembers what it drew.

    Attributes
    ----------
    parameters
        Name -> drawn value, on the quantity's own scale.
    """

    priors: Priors
    rng: np.random.Generator
    prefix: str = ""
    parameters: dict[str, float] = field(default_factory=dict)

    def quantity(self, name: str, key: str = "") -> float:
        """The quantity itself: drawn when first asked for, the same ever after."""
        label = " ".join(filter(None, (self.prefix, name, key)))
        if label not in self.parameters:
            prior = self.priors[name]
            z = prior.mean + prior.sd * self.rng.standard_normal()
            scales = {"log": np.exp, "logit": expit, "natural": float}
            self.parameters[label] = float(scales[prior.scale](z))
        return self.parameters[label]

    def logit(self, name: str, key: str = "") -> float:
        """The same on the logit scale, of a prior that lives there."""
        share = self.quantity(name, key)
        return float(np.log(share) - np.log1p(-share))

    def normal(self, sd: float, key: str, mean: float = 0.0) -> float:
        """A normal deviation under a name of its own, drawn once."""
        label = " ".join(filter(None, (self.prefix, key)))
        if label not in self.parameters:
            self.parameters[label] = float(mean + sd * self.rng.standard_normal())
        return self.parameters[label]

    def walk(self, at: Floats, *, knots: Floats, level: float, sd: float) -> Floats:
        """A random walk around its level, interpolated between knots on the days `at`."""
        steps = sd * self.rng.standard_normal(len(knots) - 1)
        path = np.concatenate([[0.0], np.cumsum(steps)])
        return np.asarray(np.interp(at, knots, level + path - path.mean()))
