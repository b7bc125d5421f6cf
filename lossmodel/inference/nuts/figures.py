"""The losses that figures count, by party, and how far their logs are from linear.

Three maps use them, ``held_levels``, ``held_walks`` and ``held_sums``: each shifts some unknowns by
the part of the figures' log losses that is not linear around the mode.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lossmodel.inference.laplace.levels import MOST, parties_of_figures, slope_of_level
from lossmodel.model.density.curvature import clipped_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.graph import Evaluation
from lossmodel.model.density.operators import Matrix, Node
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.streams import stream_table
from lossmodel.tables.vocabulary import AUXILIARY

__all__ = ["Counts", "Nonlinear", "OfParty", "counts"]

# Share of a party in the losses that a figure counts below which it tells nothing of them: below
# the rounding of any figure.
LEAST = 1e-6
# Sums whose slopes are taken at once: each needs all nodes of the graph.
AT_ONCE = 16


@dataclass(frozen=True)
class OfParty:
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


@dataclass(frozen=True)
class Counts:
    """What the figures of a submodel count, around a mode.

    Attributes
    ----------
    design, model
        Of the submodel.
    mode
        The quantities v at the mode, shape (V,).
    information
        Of each figure on the log of what it counts, shape (N,); zero of those that are left out.
    parties
        Those about whom there are figures.
    """

    design: Design
    model: ModelGraph
    mode: Floats
    information: Floats
    parties: tuple[OfParty, ...]

    def by_levels(self) -> sparse.csr_array:
        """Slopes of the figures by the levels of rates in theta, shape (N, D)."""
        slopes = Linear()
        for of in self.parties:
            group = self.design.parameters.groups.get(f"rate.level {self.name(of)}")
            if group is not None:
                slope = slope_of_level(self.design, group.start)
                slopes.add(of.figures, group.start, slope * of.share)
        return slopes.matrix((len(self.information), self.design.size))

    def by_biases(self, *, common: bool = True) -> sparse.csr_array:
        """Slopes of the figures by the levels of their biases in theta, shape (N, D).

        Parameters
        ----------
        common
            With the common mode of each party, which moves one party of a sum alone.
        """
        design = self.design
        count, height = design.bias.shape
        models = design.streams["observation_model"]
        figures, levels = np.zeros(count), np.zeros(height)
        stream_of = stream_table(design.terms, design.grid)[1]
        daily = Linear()
        for of in self.parties:
            figures[of.figures] = 1.0
            for i, share in zip(of.figures.tolist(), of.share.tolist(), strict=True):
                stream = int(stream_of[i])
                if stream in design.biases and models[stream] not in AUXILIARY:
                    rows, weights = design.biases[stream].level(self.name(of))
                    levels[rows] = 1.0
                    if models[stream] == "ledger":
                        daily.add(i, rows, weights * share)
        if not common:
            levels[[row for bias in design.biases.values() for row in bias.common.values()]] = 0.0
        kept = sparse.diags_array(levels)
        whole = sparse.diags_array(figures) @ design.bias + daily.matrix((count, height))
        # Those with a learned scale are no levels.
        parameters = design.parameters
        fixed = (parameters.scale_of == len(parameters.hyper)).astype(float)
        return sparse.csr_array(whole @ kept @ parameters.matrix @ sparse.diags_array(fixed))

    def following(self, slopes: Floats, prior: Floats) -> Floats:
        """How far conditional modes move with the log of each figure, shape (K, N).

        With S the slopes, shape (N, K), W the information and P the precision of the prior, (K, K):
        ``(P + S' W S)^-1 S' W``.
        """
        informed = self.information[:, None] * slopes
        return np.asarray(np.linalg.solve(prior + slopes.T @ informed, informed.T))

    def by(self, directions: Matrix) -> Floats:
        """Slopes of the figures by directions in v, shapes (V, K) and (N, K).

        Of a figure about a sum of parties it is the mean of theirs.
        """
        found = np.zeros((len(self.information), directions.shape[1]))
        here = np.flatnonzero(self.information)
        for first in range(0, len(here) if found.size else 0, AT_ONCE):
            some = here[first : first + AT_ONCE]
            picked = np.zeros((len(some), len(found)))
            picked[np.arange(len(some)), some] = 1.0
            found[some] = Nonlinear(self, picked).by_value @ directions
        return found

    def name(self, of: OfParty) -> str:
        """Name of a party."""
        return self.design.latent.parties[of.number]


def counts(density: Density, mode: Floats) -> Counts:
    """What the figures count around a mode, theta of shape (D,).

    Of each party the figures with the most information on it.
    """
    design, model, graph = density.design, density.model, density.model.graph
    values = design.parameters.values(mode)
    information = clipped_curvature(model, density.evaluate(mode))
    observation, party = parties_of_figures(design)
    figures = {p: np.unique(observation[party == p]) for p in range(len(design.latent.parties))}
    nodes = {p: model.counted(p, of) for p, of in figures.items() if len(of)}
    at_mode = graph.evaluate({model.v: values}, list(nodes.values()))
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
            found.append(OfParty(p, of, node, share))
        elif len(most):
            found.append(OfParty(p, of[most], model.counted(p, of[most]), share[most]))
    used = np.zeros(len(information), dtype=bool)
    for each in found:
        used[each.figures] = True
    return Counts(design, model, values, np.where(used, information, 0.0), tuple(found))


class Nonlinear:
    """Weighted sums of the figures' log losses, without their linear part around the mode.

    Of a figure about a sum of parties, the log is the mean of theirs, weighted by their shares.

    Parameters
    ----------
    of
        The figures.
    weights
        Of each figure in each of K sums, shape (K, N).

    Attributes
    ----------
    by_value
        Slopes of the sums by v at the mode, shape (K, V).
    """

    def __init__(self, of: Counts, weights: Floats) -> None:
        self._v, self._mode = of.model.v, of.mode
        self._counted = [each.counted for each in of.parties]
        self._weights = [weights[:, each.figures] * each.share for each in of.parties]
        graph = of.model.graph
        logs, slopes = [np.zeros(0)], [np.zeros((0, self._v.size))]
        for first in range(0, len(weights), AT_ONCE):
            seeds = [by[first : first + AT_ONCE] for by in self._weights]
            there = graph.evaluate({self._v: np.tile(of.mode, (len(seeds[0]), 1))}, self._counted)
            pairs = list(zip(self._counted, seeds, strict=True))
            logs.append(np.sum([(there[node] * seed).sum(axis=-1) for node, seed in pairs], axis=0))
            slopes.append(np.asarray(there.adjoints(dict(pairs))[self._v]))
        self._at_mode, self.by_value = np.concatenate(logs), np.concatenate(slopes)

    @property
    def nodes(self) -> Sequence[Node]:
        """Nodes of the graph from which they follow."""
        return [self._v, *self._counted]

    def at(self, there: Evaluation) -> Floats:
        """Their values, shape (..., K), where the graph is evaluated."""
        pairs = zip(self._counted, self._weights, strict=True)
        whole = sum(there[node] @ by.T for node, by in pairs)
        return np.asarray(whole - self._at_mode - (there[self._v] - self._mode) @ self.by_value.T)

    def seeds(self, by: Floats) -> Mapping[Node, Floats]:
        """Adjoints of the nodes from those of the sums, shape (..., K)."""
        pairs = zip(self._counted, self._weights, strict=True)
        return {node: by @ weights for node, weights in pairs} | {self._v: -by @ self.by_value}

    def some(self, kept: Ints | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "Nonlinear":
        """Some of the sums."""
        found = copy(self)
        found._weights = [by[kept] for by in self._weights]
        found._at_mode, found.by_value = self._at_mode[kept], self.by_value[kept]
        return found
