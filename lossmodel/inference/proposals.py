"""Proposals for importance sampling, adapted to weighted draws."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import gammaln

from lossmodel.inference.weights import effective, normalised
from lossmodel.model.design.grid import Floats

__all__ = ["Proposal", "adapted", "standard"]

# A fit of mean and covariance to D unknowns needs some effective draws for each; weights are
# flattened until there are.
PER_UNKNOWN, FEWEST = 4, 200
# A mean that is this many standard errors from zero is moved.
MOVED = 2.0
# Least variance of an adapted direction, against a collapse onto few draws.
NARROWEST = 0.05
# Factors on the sds of directions that are wider than those of the Laplace fit, and on those of the
# noise scales: tails of a proposal must not be lighter than those of the posterior. Of 36 runs on
# nine small submodels 29 had even weights with 1.3 and four proposals held, 26 with 1.2 and two.
WIDER, WIDER_SCALES = 1.3, 1.1
# Directions this wide, mostly a level that few figures hold, have tails that a normal lacks: along
# them the proposal is a Student-t. Not in all adapted directions, since each t makes the weights of
# a normal a little uneven: 4% of the effective draws with 5 degrees of freedom.
HEAVY_FROM, NU = 1.5, 5.0
# Log ratio of the densities of a t and of a normal at their centres.
T_OVER_NORMAL = float(gammaln((NU + 1) / 2) - gammaln(NU / 2) - np.log(NU / 2) / 2)
# Difference from one that is a rounding error of a variance.
SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Proposal:
    """A standard normal but in some directions: normal with another sd there, or Student-t.

    Attributes
    ----------
    mean
        Shape (D,).
    directions, sds
        Orthonormal columns, shape (D, R), and the scales in them. Along those of ``HEAVY_FROM`` and
        more the distribution is a t with ``NU`` degrees of freedom.
    """

    mean: Floats
    directions: Floats
    sds: Floats

    @property
    def _heavy(self) -> NDArray[np.bool_]:
        return self.sds >= HEAVY_FROM

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Independent draws, shape (size, D)."""
        x = rng.standard_normal((size, len(self.mean)))
        along = x @ self.directions
        wide = along * self.sds
        wide[:, self._heavy] /= np.sqrt(rng.chisquare(NU, (size, int(self._heavy.sum()))) / NU)
        return np.asarray(x + (wide - along) @ self.directions.T + self.mean)

    def log_density(self, x: Floats) -> Floats:
        """Up to the constant of a standard normal of D dimensions."""
        apart = x - self.mean
        along = apart @ self.directions
        rest = np.einsum("ij,ij->i", apart, apart) - np.einsum("ij,ij->i", along, along)
        squares = (along / self.sds) ** 2
        heavy = self._heavy
        found = -rest / 2 - squares[:, ~heavy].sum(axis=1) / 2 - np.log(self.sds).sum()
        found -= (NU + 1) / 2 * np.log1p(squares[:, heavy] / NU).sum(axis=1)
        return np.asarray(found + heavy.sum() * T_OVER_NORMAL)


def standard(size: int) -> Proposal:
    """A standard normal of so many dimensions."""
    return Proposal(np.zeros(size), np.empty((size, 0)), np.empty(0))


def adapted(x: Floats, ratios: Floats, hypers: int) -> Proposal:
    """A proposal with the mean and covariance of the weighted draws, where these are not noise.

    Directions whose variance could be one, for all that so many draws can tell (the limits of
    Marchenko and Pastur 1967), keep the variance one.

    Parameters
    ----------
    x, ratios
        Draws, shape (S, D), and their log ratios of target and proposal, shape (S,).
    hypers
        The first entries, which are noise scales.
    """
    size = x.shape[1]
    weights = _flattened(ratios, min(max(PER_UNKNOWN * size, FEWEST), len(x) / 4))
    worth = effective(weights)
    mean = weights @ x
    apart = x - mean
    values, vectors = eigh(apart.T @ (apart * weights[:, None]))
    spread = np.sqrt(size / worth)
    real = (values < (1 - min(spread, 1.0)) ** 2) | (values > (1 + spread) ** 2)
    mean = np.where(np.abs(mean) > MOVED / np.sqrt(worth), mean, 0.0)
    values = np.where(real, np.maximum(values, NARROWEST), 1.0)
    values *= np.where(values > 1, WIDER**2, 1.0)
    widened = np.ones(size)
    widened[:hypers] = WIDER_SCALES
    root = widened[:, None] * vectors * np.sqrt(values)
    values, vectors = eigh(root @ root.T)
    real = np.abs(values - 1) > SAME
    return Proposal(mean, vectors[:, real], np.sqrt(values[real]))


def _flattened(ratios: Floats, least: float) -> Floats:
    """Weights to the largest power up to one that leaves so many effective draws."""
    low, high = 0.0, 1.0
    weights = normalised(ratios)
    if effective(weights) >= least:
        return weights
    for _ in range(30):
        power = (low + high) / 2
        if effective(normalised(ratios, power)) >= least:
            low = power
        else:
            high = power
    return normalised(ratios, low)
