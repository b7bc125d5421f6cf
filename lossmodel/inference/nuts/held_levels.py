"""Levels of rates and of biases that move with everything else that a figure depends on.

A figure fixes the losses that it counts, within its noise and its bias: their level, times a walk
within its days, the share of the dead, the coverage of a list and the share of it that was reported
by a day. Where all but the level are known from the prior alone, the unknowns that agree with the
figure lie on a curved surface, as narrow as the figure is exact: chains stick there, and draws of a
normal miss it. Figures of different claimants about different days lie on a surface each, and no
level of a rate can follow all of them: the levels of their biases then follow, too.

With m_i the log of the losses that figure i counts, at quantities v that are affine in standard
normals of given scales, r_i the part of m_i that is not linear around the mode v*, w_i the
information of the figure on m_i there and S its slopes by the levels theta_L of rates and biases,

    theta_L = theta_L' - K r,   r_i = m_i(v) - m_i(v*) - m_i'(v*) (v - v*),
                                K = (I + S' W S)^-1 S' W,

which is how far the conditional mode of the levels moves, where figures are normal and I is the
precision of the prior. The slope of m_i by a level is constant, so that r does not depend on levels
and the volume is one; mode and curvature at the mode stay. Of a figure about a sum of parties, r_i
is the mean of theirs. It is an additive coupling, see ``coupling``.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from lossmodel.inference.laplace.levels import MOST, parties_of_figures, slope_of_level
from lossmodel.inference.nuts.coupling import Back
from lossmodel.model.density.curvature import clipped_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.operators import Node
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.streams import stream_table
from lossmodel.tables.vocabulary import AUXILIARY

__all__ = ["HeldLevels"]

# Mean size of a shift, in logs of figures, from which a level is held: in sds of a sum that is
# known within 10%, half of one. The walks of long ledgers are known too well to bend so far, and
# each gradient costs more with the shift.
BENT = 0.05
# Share of a party in the losses that a figure counts below which it tells nothing of them.
LEAST = 1e-6
# Levels whose slopes are taken at once: each needs all nodes of the graph.
AT_ONCE = 16


@dataclass(frozen=True)
class _Party:
    """What the figures of one party count.

    Attributes
    ----------
    number, figures
        Of the party and of its n figures.
    counted
        Log of the losses that each counts.
    share
        Share of the party in all that each counts, shape (n,).
    """

    number: int
    figures: Ints
    counted: Node
    share: Floats


class HeldLevels:
    """The shift of the levels of rates and biases that keeps figures near their expectations.

    Parameters
    ----------
    density, mode
        Of one submodel.
    """

    def __init__(self, density: Density, mode: Floats) -> None:
        self._model, self._mode = density.model, density.design.parameters.values(mode)
        information = clipped_curvature(density.model, density.evaluate(mode))
        parties = _parties(density, self._mode, information)
        slopes = _slopes(density.design, parties)
        self._entries = np.flatnonzero(np.abs(slopes).sum(axis=0) > 0)
        slopes = slopes[:, self._entries].toarray()
        precision = np.eye(len(self._entries)) + slopes.T @ (information[:, None] * slopes)
        by_figure = np.linalg.solve(precision, (information[:, None] * slopes).T)
        self._counted = [of.counted for of in parties]
        self._by_figure = [by_figure[:, of.figures] * of.share for of in parties]
        self._group = connected_components(np.abs(slopes).T @ np.abs(slopes))[1]
        self._largest = np.abs(slopes).max(axis=0, initial=0.0)
        self._at_mode, self._by_value = self._straight()

    def __bool__(self) -> bool:
        """Whether any level is held."""
        return len(self._entries) > 0

    def _straight(self) -> tuple[Floats, Floats]:
        """The weighted logs at the mode, shape (L,), and their slopes by v, shape (L, V)."""
        graph, v = self._model.graph, self._model.v
        logs, slopes = [np.zeros(0)], [np.zeros((0, v.size))]
        for first in range(0, len(self._entries), AT_ONCE):
            seeds = [by[first : first + AT_ONCE] for by in self._by_figure]
            there = graph.evaluate({v: np.tile(self._mode, (len(seeds[0]), 1))}, self._counted)
            pairs = list(zip(self._counted, seeds, strict=True))
            logs.append(np.sum([(there[node] * seed).sum(axis=-1) for node, seed in pairs], axis=0))
            slopes.append(np.asarray(there.adjoints(dict(pairs))[v]))
        return np.concatenate(logs), np.concatenate(slopes)

    def bent(self, draws: Floats) -> "HeldLevels":
        """Those levels whose shift matters, and those that the same figures depend on.

        Parameters
        ----------
        draws
            Theta about as uncertain as the posterior, shape (S, D).
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            mean = np.abs(self.excess(draws)).mean(axis=0)
        # A mean that overflows, or is not a number, is of a level that is bent.
        kept, some = np.isin(self._group, self._group[~(mean < BENT)]), copy(self)
        some._group = self._group[kept]
        some._entries, some._largest = self._entries[kept], self._largest[kept]
        some._at_mode, some._by_value = self._at_mode[kept], self._by_value[kept]
        some._by_figure = [by[kept] for by in self._by_figure]
        return some

    def excess(self, theta: Floats) -> Floats:
        """The shift of each level at theta of shape (S, D), in logs of figures, shape (S, L)."""
        v = self._model.v
        there = self._model.graph.evaluate({self._model.theta: theta}, [v, *self._counted])
        shift = self._shift([there[node] for node in self._counted], there[v])
        return np.asarray(shift * self._largest)

    def hold(self, theta: Floats) -> Floats:
        """Theta of shape (S, D) with the levels shifted."""
        return self.move(theta, np.ones(0))[0]

    def _shift(self, counted: list[Floats], values: Floats) -> Floats:
        bent = sum(logs @ by.T for logs, by in zip(counted, self._by_figure, strict=True))
        return np.asarray(bent - self._at_mode - (values - self._mode) @ self._by_value.T)

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """As ``Coupling.move``; v follows from theta, so that no scale is needed."""
        model, nodes = self._model, self._counted
        there = model.graph.evaluate({model.theta: theta}, [model.v, *nodes])
        moved = theta.copy()
        moved[..., self._entries] -= self._shift([there[node] for node in nodes], there[model.v])

        def back(gradient: Floats) -> Floats:
            by_shift = -gradient[..., self._entries]
            seeds = {
                node: by_shift @ by for node, by in zip(nodes, self._by_figure, strict=True)
            } | {model.v: -by_shift @ self._by_value}
            return gradient + np.asarray(there.adjoints(seeds)[model.theta])

        return moved, 0.0, back


def _parties(density: Density, mode: Floats, information: Floats) -> list[_Party]:
    """The figures of each party that tell most of it."""
    design, model, graph = density.design, density.model, density.model.graph
    observation, party = parties_of_figures(design)
    figures = {p: np.unique(observation[party == p]) for p in range(len(design.latent.parties))}
    nodes = {p: model.counted(p, of) for p, of in figures.items() if len(of)}
    at_mode = graph.evaluate({model.v: mode}, list(nodes.values()))
    every = np.zeros(len(design.terms))
    for p, node in nodes.items():
        every[figures[p]] += np.exp(at_mode[node])
    found = []
    for p, node in nodes.items():
        of = figures[p]
        share = np.exp(at_mode[node]) / np.maximum(every[of], np.finfo(float).tiny)
        weights = np.where(share > LEAST, information[of] * share**2, 0.0)
        most = np.sort(np.argsort(-weights, kind="stable")[:MOST])
        most = most[weights[most] > 0]
        if len(most) == len(of):
            found.append(_Party(p, of, node, share))
        elif len(most):
            found.append(_Party(p, of[most], model.counted(p, of[most]), share[most]))
    return found


def _slopes(design: Design, parties: list[_Party]) -> sparse.csc_array:
    """Slopes of the figures by the levels of rates and of biases in theta, shape (N, D)."""
    rates = Linear()
    for of in parties:
        group = design.parameters.groups.get(f"rate.level {design.latent.parties[of.number]}")
        if group is not None:
            rates.add(of.figures, group.start, slope_of_level(design, group.start) * of.share)
    # Those with a learned scale are no levels.
    fixed = (design.parameters.scale_of == len(design.parameters.hyper)).astype(float)
    biases = _of_biases(design, parties) @ design.parameters.matrix @ sparse.diags_array(fixed)
    return sparse.csc_array(biases + rates.matrix(biases.shape))


def _of_biases(design: Design, parties: list[_Party]) -> sparse.csr_array:
    """Slopes of figures by the rows of v that are levels of their biases, shape (N, V)."""
    count, height = design.bias.shape
    models, figures, levels = design.streams["observation_model"], np.zeros(count), np.zeros(height)
    stream_of = stream_table(design.terms, design.grid)[1]
    daily = Linear()
    for of in parties:
        figures[of.figures] = 1.0
        for i, share in zip(of.figures.tolist(), of.share.tolist(), strict=True):
            stream = int(stream_of[i])
            if stream in design.biases and models[stream] not in AUXILIARY:
                rows, weights = design.biases[stream].level(design.latent.parties[of.number])
                levels[rows] = 1.0
                if models[stream] == "ledger":
                    daily.add(i, rows, weights * share)
    whole = sparse.diags_array(figures) @ design.bias @ sparse.diags_array(levels)
    return sparse.csr_array(whole + daily.matrix((count, height)))
