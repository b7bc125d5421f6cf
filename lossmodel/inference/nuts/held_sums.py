"""Levels of all parties of a sum that move together, so that the sum stays where figures have it.

A figure about a sum of parties fixes ``log(exp(m_1) + exp(m_2) + ...)``, where the m_p are the logs
of the losses that it counts of each. ``HeldLevels`` follows their mean, weighted by their shares
q_p at the mode. What is left,

    e = log sum exp(m_p) - log sum exp(m_p*) - sum q_p (m_p - m_p*),

depends on the differences between the parties alone: it stays where the levels of all of them move
by as much. With S the slopes of all figures by such moves and by the levels of biases, W their
information and P the precision of the prior of both,

    theta = theta' - (P + S' W S)^-1 S' W e(theta'),

so that the sum is held while the shares of the parties change. The volume is one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from lossmodel.inference.laplace.levels import slope_of_level
from lossmodel.inference.nuts.coupling import Back
from lossmodel.inference.nuts.figures import Counts, OfParty
from lossmodel.model.density.graph import Evaluation
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Bend", "HeldSums"]


class Bend(NamedTuple):
    """How far the log of a sum of parties moves as its division among them changes.

    Attributes
    ----------
    sds
        In sds of a level that all sums of these parties tell; 0 where there are no sums.
    parties
        Those of the sum.
    divided
        Whether any figure is about fewer of them than the sum is.
    """

    sds: float
    parties: tuple[str, ...]
    divided: bool


class HeldSums:
    """The shift of levels by which figures about sums of parties are held.

    Parameters
    ----------
    of
        The figures of one submodel.
    """

    def __init__(self, of: Counts) -> None:
        self._model = of.model
        about = np.zeros(len(of.information), dtype=np.int64)
        for each in of.parties:
            about[each.figures] += 1
        sums = np.flatnonzero(about > 1)
        place = np.full(len(about), -1)
        place[sums] = np.arange(len(sums))
        parties = [each for each in of.parties if (place[each.figures] >= 0).any()]
        self._nodes = [each.counted for each in parties]
        # Entries of each party's node that are of sums, and which sums.
        self._own: list[tuple[Ints, Ints]] = []
        for each in parties:
            here = np.flatnonzero(place[each.figures] >= 0)
            self._own.append((here, place[each.figures[here]]))
        self._sums = len(sums)
        at_mode = self._logs(of.model.graph.evaluate({of.model.v: of.mode}, self._nodes))
        self._whole = np.logaddexp.reduce(at_mode, axis=0)
        self._at_mode, self._share = at_mode, np.exp(at_mode - self._whole)
        # Sums that share a party, directly or by others, are of one group.
        together = (self._share > 0).astype(float)
        self._group = connected_components(sparse.csr_array(together @ together.T))[1]
        self._entries, self._by_sum = self._shifts(of, sums, parties)
        # Sd of a level that all sums of a group tell, for each sum.
        group = self._group[together.argmax(axis=0)] if len(parties) else sums
        told = np.bincount(group, of.information[sums])[group]
        self._sd = 1 / np.sqrt(np.maximum(told, np.finfo(float).tiny))
        self._names = [of.name(each) for each in parties]
        # Parties that have a figure of their own.
        self._alone = np.array([bool((place[each.figures] < 0).any()) for each in parties])

    def _shifts(self, of: Counts, sums: Ints, parties: Sequence[OfParty]) -> tuple[Ints, Floats]:
        """Entries of theta that move, and by how much for each sum, shape (entries, sums)."""
        parameters, count = of.design.parameters, len(of.information)
        if not len(sums):
            return np.zeros(0, dtype=np.int64), np.zeros((0, len(sums)))
        levels = of.by_levels().tocsc()
        groups = [parameters.groups.get(f"rate.level {of.name(each)}") for each in parties]
        moves, slopes, precisions = [], [], []
        for component in range(self._group.max() + 1):
            members = [g for g, n in zip(groups, self._group, strict=True) if n == component]
            entries = np.array([group.start for group in members if group is not None])
            # A party without losses of its own cannot follow the others.
            if len(entries) < len(members):
                continue
            steps = 1 / np.array([slope_of_level(of.design, entry) for entry in entries.tolist()])
            move = np.zeros(parameters.size)
            move[entries] = steps
            moves.append(move)
            slopes.append(levels @ move)
            precisions.append(steps @ steps)
        biases = of.by_biases(common=False).tocsc()
        own = np.flatnonzero(np.abs(biases).sum(axis=0) > 0)
        moved = np.array(slopes).reshape(-1, count).T
        by = np.hstack([moved, biases[:, own].toarray()])
        prior = np.diag([*precisions, *np.ones(len(own))])
        shift = of.following(by, prior)[:, sums]
        every = np.array(moves).reshape(-1, parameters.size).T @ shift[: len(moves)]
        every[own] += shift[len(moves) :]
        kept = np.flatnonzero(np.abs(every).sum(axis=1) > 0)
        return kept, every[kept]

    def __bool__(self) -> bool:
        """Whether any sum is held."""
        return len(self._entries) > 0

    def bend(self, draws: Floats) -> Bend:
        """How far the sum that moves most does so with the shares of its parties.

        Parameters
        ----------
        draws
            Of theta, shape (S, D), of which the mean is taken.
        """
        if not self:
            return Bend(0.0, (), True)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            there = self._model.graph.evaluate({self._model.theta: draws}, self._nodes)
            mean = np.abs(self._excess(self._logs(there))[0]).mean(axis=0) / self._sd
        # A mean that overflows, or is not a number, is of a sum that moves.
        moved = np.where(np.isnan(mean), np.inf, mean)
        most = int(moved.argmax())
        has = self._share[:, most] > 0
        names = tuple(name for name, counted in zip(self._names, has, strict=True) if counted)
        group = self._group == self._group[has.argmax()]
        return Bend(float(moved[most]), names, bool((group & self._alone).any()))

    def _logs(self, there: Evaluation) -> Floats:
        """Log of what each sum counts of each party, shape (parties, ..., sums)."""
        batch = there[self._nodes[0]].shape[:-1] if self._nodes else ()
        found = np.full((len(self._nodes), *batch, self._sums), -np.inf)
        for logs, node, (here, which) in zip(found, self._nodes, self._own, strict=True):
            logs[..., which] = there[node][..., here]
        return found

    def _excess(self, logs: Floats) -> tuple[Floats, Floats]:
        """The excess e above, shape (..., sums), and its slopes by the logs."""
        apart = (len(logs), *[1] * (logs.ndim - 2), self._sums)
        share, at_mode = self._share.reshape(apart), self._at_mode.reshape(apart)
        whole = np.logaddexp.reduce(logs, axis=0)
        # A party that a sum does not count has the log of zero, here and at the mode.
        moved = np.where(share > 0, logs, 0.0) - np.where(share > 0, at_mode, 0.0)
        excess = whole - self._whole - (share * moved).sum(axis=0)
        return excess, np.exp(logs - whole) - share

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """As ``Coupling.move``; v follows from theta, so that no scale is needed."""
        model = self._model
        there = model.graph.evaluate({model.theta: theta}, self._nodes)
        excess, slopes = self._excess(self._logs(there))
        moved = theta.copy()
        moved[..., self._entries] -= excess @ self._by_sum.T

        def back(gradient: Floats) -> Floats:
            by_logs = slopes * (-gradient[..., self._entries] @ self._by_sum)
            seeds = {}
            for node, by, (here, which) in zip(self._nodes, by_logs, self._own, strict=True):
                seeds[node] = np.zeros_like(there[node])
                seeds[node][..., here] = by[..., which]
            return np.asarray(gradient + there.adjoints(seeds)[model.theta])

        return moved, 0.0, back
