"""Levels of rates that move with everything else that a figure depends on.

A figure fixes the losses that it counts, within its noise and its bias: their level, times a walk
within its days, the share of the dead, the coverage of a list and the share of it that was reported
by a day. Where all but the level are known from the prior alone, the unknowns that agree with the
figure lie on a curved surface, as narrow as the figure is exact: chains stick there, and draws of a
normal miss it. With m_i the log of the losses of a party that figure i counts, at quantities v that
are affine in standard normals of given scales, and w_i the information of the figure on m_i at the
mode, the level of the party is written as

    level = level' - q,   q = sum_i w_i [m_i(v) - m_i(v*) - m_i'(v*) (v - v*)] / sum_i w_i.

All m_i have slope one in the level, so that q does not depend on it and the volume is one; mode and
curvature at the mode stay. It is an additive coupling, see ``coupling``.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

import numpy as np

from lossmodel.inference.laplace.levels import MOST, parties_of_figures, slope_of_level
from lossmodel.inference.nuts.coupling import Back
from lossmodel.model.density.curvature import clipped_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.operators import Node
from lossmodel.model.design.grid import Floats

__all__ = ["HeldLevels"]

# Mean size of q from which a level is held: in sds of a sum that is known within 10%, half of one.
# The walks of long ledgers are known too well to bend so far, and each gradient costs more with q.
BENT = 0.05
# Share of a party in the losses that a figure counts below which it tells nothing of them.
LEAST = 1e-6


@dataclass(frozen=True)
class _Level:
    """The level of one party, and the q that its figures give.

    Attributes
    ----------
    entry, slope
        Entry of theta, and by how much the level moves with it.
    counted, weights
        Log of the losses that its figures count, shape (n,), and their weights, whose sum is one.
    at_mode, by_value
        Weighted mean of the logs at the mode, and its derivatives by v there, shape (V,).
    """

    entry: int
    slope: float
    counted: Node
    weights: Floats
    at_mode: float
    by_value: Floats


class HeldLevels:
    """The shift of the levels of rates by minus q; its volume is one.

    Parameters
    ----------
    density, mode
        Of one submodel.
    """

    def __init__(self, density: Density, mode: Floats) -> None:
        self._density, self._values = density, density.design.parameters.values(mode)
        self._levels = list(self._found(mode))

    def __bool__(self) -> bool:
        """Whether any level is held."""
        return bool(self._levels)

    def _found(self, mode: Floats) -> Iterator[_Level]:
        """The levels of parties that have figures which tell something of them."""
        design, model, graph = self._density.design, self._density.model, self._density.model.graph
        observation, party = parties_of_figures(design)
        figures = {p: np.unique(observation[party == p]) for p in range(len(design.latent.parties))}
        nodes = {p: model.counted(p, of) for p, of in figures.items() if len(of)}
        at_mode = graph.evaluate({model.v: self._values}, list(nodes.values()))
        losses = {p: np.exp(at_mode[node]) for p, node in nodes.items()}
        every = np.zeros(len(design.terms))
        for p, of_party in losses.items():
            every[figures[p]] += of_party
        information = clipped_curvature(model, self._density.evaluate(mode))
        for p, counted in nodes.items():
            of = figures[p]
            entry = design.parameters.groups.get(f"rate.level {design.latent.parties[p]}")
            share = losses[p] / np.maximum(every[of], np.finfo(float).tiny)
            weights = np.where(share > LEAST, information[of] * share**2, 0.0)
            if entry is None or not weights.sum() > 0:
                continue
            if len(of) > MOST:
                first = np.sort(np.argsort(-weights, kind="stable")[:MOST])
                weights, counted = weights[first], model.counted(p, of[first])
            weights = weights / weights.sum()
            there = graph.evaluate({model.v: self._values}, [counted])
            yield _Level(
                entry.start, slope_of_level(design, entry.start), counted, weights,
                float(there[counted] @ weights),
                np.asarray(there.adjoints({counted: weights})[model.v]),
            )  # fmt: skip

    def bent(self, draws: Floats) -> "HeldLevels":
        """Those levels whose q matters.

        Parameters
        ----------
        draws
            Theta about as uncertain as the posterior, shape (S, D).
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            mean = np.abs(self.excess(draws)).mean(axis=0)
        some = copy(self)
        # A mean that overflows, or is not a number, is of a level that is bent.
        some._levels = [of for of, q in zip(self._levels, mean, strict=True) if not q < BENT]
        return some

    def excess(self, theta: Floats) -> Floats:
        """The q of each level at theta of shape (S, D), shape (S, levels)."""
        model, values = self._density.model, self._density.design.parameters.values(theta)
        there = model.graph.evaluate({model.v: values}, [of.counted for of in self._levels])
        columns = [self._of(of, there[of.counted], values) for of in self._levels]
        return np.stack(columns, axis=-1) if columns else np.zeros((len(theta), 0))

    def hold(self, theta: Floats) -> Floats:
        """Theta of shape (S, D) with the levels lowered by q."""
        return self.move(theta, np.ones(0))[0]

    def _of(self, of: _Level, counted: Floats, values: Floats) -> Floats:
        straight = of.at_mode + (values - self._values) @ of.by_value
        return np.asarray(counted @ of.weights - straight)

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """As ``Coupling.move``; v follows from theta, so that no scale is needed."""
        model, nodes = self._density.model, [of.counted for of in self._levels]
        there = model.graph.evaluate({model.theta: theta}, [model.v, *nodes])
        moved = theta.copy()
        for of in self._levels:
            moved[..., of.entry] -= self._of(of, there[of.counted], there[model.v]) / of.slope

        def back(gradient: Floats) -> Floats:
            seeds: dict[Node, Floats] = {model.v: np.zeros_like(there[model.v])}
            for of in self._levels:
                by_excess = -gradient[..., of.entry, None] / of.slope
                seeds[of.counted] = by_excess * of.weights
                seeds[model.v] -= by_excess * of.by_value
            return gradient + np.asarray(there.adjoints(seeds)[model.theta])

        return moved, 0.0, back
