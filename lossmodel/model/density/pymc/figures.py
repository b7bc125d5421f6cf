"""Densities of published figures around their expectations."""

from functools import partial

import numpy as np

from lossmodel.model.density.pymc.graph import Graph, Tensor
from lossmodel.model.design.grid import Ints
from lossmodel.model.design.observation import (
    AT_LEAST,
    AT_MOST,
    COUNT,
    INTERVAL,
    POINT,
    Observations,
)

__all__ = ["figure_densities"]


def figure_densities(graph: Graph, seen: Observations, mu: Tensor, scales: Tensor) -> Tensor:
    """Log density of each figure, shape (N,)."""
    return _Figures(graph, seen, mu, scales).log_density()


class _Figures:
    """One method a form of figure."""

    def __init__(self, graph: Graph, seen: Observations, mu: Tensor, scales: Tensor) -> None:
        self.graph, self.seen, self.mu = graph, seen, mu
        noise = graph.pt.where(seen.noise >= 0, scales[seen.noise], seen.fixed_noise)
        self.sigma = graph.pt.sqrt((noise * seen.scale) ** 2 + seen.extra)
        self.slack = scales[seen.bound] if seen.bound >= 0 else seen.fixed_bound

    def log_density(self) -> Tensor:
        form, pt = self.seen.form, self.graph.pt
        densities = (
            (POINT, self._point),
            (COUNT, self._count),
            (AT_LEAST, partial(self._bound, -1.0)),
            (AT_MOST, partial(self._bound, 1.0)),
            (INTERVAL, self._range),
        )
        figures = pt.zeros(len(form))
        for kind, density in densities:
            here = np.flatnonzero(form == kind)
            if len(here):
                figures = pt.set_subtensor(figures[here], density(here))
        return figures

    def _point(self, here: Ints) -> Tensor:
        pm, y = self.graph.pm, self.seen.log_value[here]
        centre = {"mu": self.mu[here], "sigma": self.sigma[here]}
        if np.isinf(self.seen.nu):
            return pm.logp(pm.Normal.dist(**centre), y)
        # A Python number would be taken in single precision, and its gamma function too.
        nu = self.graph.pt.constant(np.float64(self.seen.nu))
        return pm.logp(pm.StudentT.dist(nu=nu, **centre), y)

    def _count(self, here: Ints) -> Tensor:
        pm, pt = self.graph.pm, self.graph.pt
        count = pm.NegativeBinomial.dist(mu=pt.exp(self.mu[here]), alpha=self.sigma[here] ** -2)
        # A constant of floats: averages times days need not be whole.
        return pm.logp(count, pt.constant(self.seen.value[here]))

    def _bound(self, sign: float, here: Ints) -> Tensor:
        """An exponentially modified normal; of an at-least figure the mirror image.

        PyMC's own turns normal where the excess is small against the noise.
        """
        sigma, pace = self.sigma[here], 1 / self.slack
        beyond = sign * (self.seen.log_value[here] - self.mu[here])
        tail = self.graph.log_ndtr(beyond / sigma - sigma * pace)
        return self.graph.pt.log(pace) + pace * (sigma**2 * pace / 2 - beyond) + tail

    def _range(self, here: Ints) -> Tensor:
        pt, graph, mu, sigma = self.graph.pt, self.graph, self.mu[here], self.sigma[here]
        log_low, log_high = self.seen.log_value[here], self.seen.log_high[here]
        from_zero = np.isneginf(log_low)
        low = (np.where(from_zero, log_high, log_low) - mu) / sigma
        high = (log_high - mu) / sigma
        # Of a range above the mean the mirror image has the smaller tails.
        above = (low + high > 0) & ~from_zero
        upper = graph.log_ndtr(pt.where(above, -low, high))
        lower = graph.log_ndtr(pt.where(above, -high, low))
        # A range from zero has no lower part, and its gradient must not meet log(1 - 1).
        without = pt.log1mexp(pt.where(from_zero, -1.0, lower - upper))
        return upper + pt.where(from_zero, 0.0, without)
