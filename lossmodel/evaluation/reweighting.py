"""Totals under other priors from the pooled draws of a few refits, by importance weights.

The nodes are fits of the same figures under priors that differ in the means of a few priors, or in
an sd. In coordinates phi in which the likelihood is the same for all of them (theta of the fit, see
``prior_shift.direction``), node k has the posterior ``L(phi) p_k(phi) / Z_k``, and so has any other
position of the assumptions. With n_k draws of each node, a draw stands for position s with a weight
proportional to

    p_s(phi) / sum_k n_k p_k(phi) / Z_k,

the balance heuristic (Veach and Guibas 1995, Optimally combining sampling techniques for Monte
Carlo rendering, SIGGRAPH: 419-428), as the likelihood cancels. The Z_k follow from the draws
themselves: their weights at each node sum to one (multistate Bennett acceptance ratio: Shirts and
Chodera 2008, J. Chem. Phys. 129: 124105; Kong et al. 2003, JRSS B 65: 585-604).

Only ratios of normal densities are needed, which have one statistic of each draw per assumption:

    mean moved by s along v     log p_s / p_0 = s t - s^2 |v|^2 / 2,         t = v' phi
    sd times exp(s), n entries  log p_s / p_0 = q (1 - exp(-2 s)) / 2 - n s,  q = |phi|^2

so that the weights of 20,000 draws take a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import logsumexp, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossmodel.model.design.grid import Floats

__all__ = ["CARRIED", "Family", "Pool", "pooled"]

# Effective draws from which weights carry an answer. The standard error of a median of n draws is
# sqrt(pi / 2 / n) sds; three of them are then the tenth of a posterior sd that is promised.
CARRIED: Final = round(np.pi / 2 * (3 / 0.1) ** 2)


@dataclass(frozen=True, eq=False)
class Family:
    """Priors that differ in J assumptions.

    Attributes
    ----------
    scaled
        Whether an assumption is an sd and not a mean, shape (J,).
    sizes
        ``|v|^2`` of a mean, number of entries of an sd, shape (J,).

    Examples
    --------
    >>> family = Family(np.array([False, True]), np.array([1.0, 2.0]))
    >>> float(family.log_ratio(np.array([[0.5, 3.0]]), np.array([1.0, 0.0]))[0])
    0.0
    """

    scaled: NDArray[np.bool_]
    sizes: Floats

    def coefficients(self, position: Floats) -> tuple[Floats, float]:
        """Factors of the statistics, shape (J,), and what is subtracted from their sum."""
        factors = np.where(self.scaled, -np.expm1(-2 * position) / 2, position)
        lost = np.where(self.scaled, self.sizes * position, self.sizes * position**2 / 2)
        return factors, float(lost.sum())

    def log_ratio(self, statistics: Floats, position: Floats) -> Floats:
        """Log of the prior at a position over that of the fit, statistics of shape (N, J)."""
        factors, lost = self.coefficients(position)
        return np.asarray(statistics @ factors - lost)


@dataclass(frozen=True, eq=False)
class Pool:
    """Draws of all nodes.

    Attributes
    ----------
    family
        The priors that they may stand for.
    statistics
        Shape (N, J).
    log_shares
        Log of ``n_k / Z_k`` of each node, shape (K,).
    log_mixture
        Log of the mixture of the nodes' priors over the prior of the fit, shape (N,).
    """

    family: Family
    statistics: Floats
    log_shares: Floats
    log_mixture: Floats

    def weights(self, position: Floats) -> Floats:
        """Weights of the draws at a position, shape (N,), of sum one."""
        ratio = self.family.log_ratio(self.statistics, np.asarray(position, dtype=float))
        return np.asarray(softmax(ratio - self.log_mixture))


def pooled(family: Family, statistics: list[Floats], nodes: Floats) -> Pool:
    """Pool the draws of nodes.

    Parameters
    ----------
    statistics
        Of the draws of each node, shape (n_k, J).
    nodes
        Positions, shape (K, J).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> draws = [rng.normal(mean, size=(4000, 1)) for mean in (0.0, 1.0)]
    >>> pool = pooled(Family(np.zeros(1, bool), np.ones(1)), draws, np.array([[0.0], [1.0]]))
    >>> round(float(pool.weights([0.5]) @ pool.statistics[:, 0]), 1)
    0.5
    """
    every = np.concatenate(statistics)
    ratios = np.stack([family.log_ratio(every, node) for node in nodes])
    counts = np.array([len(some) for some in statistics], dtype=float)

    def log_shares(free: Floats) -> Floats:
        return np.asarray(np.concatenate([[0.0], free]) + np.log(counts))

    # Convex in the logs of 1 / Z_k, of which the first is nought.
    def value(free: Floats) -> tuple[float, Floats]:
        terms = ratios + log_shares(free)[:, None]
        total = logsumexp(terms, axis=0)
        shares = np.exp(terms - total).sum(axis=1)
        return float(total.sum() - counts[1:] @ free) / len(every), (shares - counts)[1:] / len(
            every
        )

    free = np.zeros(len(nodes) - 1)
    if len(free):
        from scipy.optimize import minimize

        free = minimize(value, free, jac=True, method="BFGS", options={"gtol": 1e-8}).x
    shares = log_shares(free)
    mixture = np.asarray(logsumexp(ratios + shares[:, None], axis=0))
    return Pool(family, every, shares, mixture)
