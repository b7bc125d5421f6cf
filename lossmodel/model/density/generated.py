"""Draws of a submodel as quantities: daily losses, log biases, coverage, definitions."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.operators import Linear, Node
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.windows import KILLED, WOUNDED

__all__ = ["SubmodelDraws", "components_of"]

# Walks of biases whose draws are kept, the last ones used, each of some megabytes. Streams of the
# same sides and roles share one; others drift by themselves.
WALKS = 16


def components_of(category: str) -> tuple[int, ...]:
    """The components of losses whose sum a category is.

    Examples
    --------
    >>> components_of("casualties") == (KILLED, WOUNDED)
    True
    """
    return {"wounded": (WOUNDED,), "casualties": (KILLED, WOUNDED)}.get(category, (KILLED,))


@dataclass(frozen=True, eq=False, repr=False)
class SubmodelDraws:
    """Draws of theta of one submodel, and the quantities that follow from them.

    S are all draws of all chains, D the entries of theta, V those of v and T the cells of days.
    The draws do not change. The private dictionaries are caches: they keep the values of nodes that
    several quantities have in common, totals, and walks that several streams have, from their first
    use.

    Parameters
    ----------
    model
        The graph of the submodel.
    theta
        Shape (chains, draws, D).

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> draws = SubmodelDraws(ModelGraph(design), np.zeros((1, 3, design.size)))
    >>> draws.daily("germany", "aircraft").shape == (3, design.grid.size)
    True
    >>> bool(np.allclose(draws.daily("germany", "aircraft").sum(axis=1),
    ...                  draws.total("germany", "aircraft")))
    True
    """

    model: ModelGraph
    theta: Floats
    _kept: dict[Node, Floats] = field(default_factory=dict)
    _totals: dict[tuple[str, str, str], Floats] = field(default_factory=dict)
    _walks: dict[bytes, Floats] = field(default_factory=dict)

    @property
    def design(self) -> Design:
        """The submodel as arrays."""
        return self.model.design

    @cached_property
    def flat(self) -> Floats:
        """All draws, chain after chain, shape (S, D)."""
        return np.asarray(self.theta.reshape(-1, self.theta.shape[-1]), dtype=float)

    @cached_property
    def values(self) -> Floats:
        """All quantities v, shape (S, V), contiguous in memory by quantity."""
        return np.asfortranarray(self.design.parameters.values(self.flat))

    def columns(self, rows: Ints) -> Floats:
        """The quantities of some rows of v, shape (S, rows)."""
        return np.asarray(self.values.T[rows].T)

    def draws(self, node: Node) -> Floats:
        """Draws of a node of the graph that follows from v, shape (S, n)."""
        if isinstance(node, Linear) and node.inputs == (self.model.v,):
            # The graph grows with each stream that is asked for, and would be gone through.
            return node.forward([self.values])
        given = {self.model.v: self.values, **self._kept}
        return self.model.graph.evaluate(given, [node], apart=True)[node]

    def _keep(self, node: Node) -> None:
        if node not in self._kept:
            self._kept[node] = self.draws(node)

    def cells(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses per day in each cell, shape (S, T)."""
        latent = self.design.latent
        p, number = latent.parties.index(party), latent.scope_index.get((party, scope), 0)
        found = np.zeros(1)
        for component in components_of(category):
            # The node has all parties, and most are needed.
            self._keep(self.model.components[component][0])
            if number:
                self._keep(self.model.shares[number - 1])
            found = found + self.draws(self.model.losses(((p, component, number),)))
        return np.asarray(found)

    def daily(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses on each day, shape (S, days)."""
        return np.asarray(self.cells(party, category, scope).T[self.design.grid.cell_of].T)

    def total(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses from the first to the last day, shape (S,)."""
        key = (party, category, scope)
        if key not in self._totals:
            days = np.bincount(self.design.grid.cell_of)
            self._totals[key] = np.asarray(self.cells(*key) @ days)
        return self._totals[key]

    def bias(self, stream: int, cells: Ints | None = None) -> Floats:
        """Log bias under the stream's own definition, shape (S, cells); all cells by default."""
        return self.draws(self.model.log_bias(stream, cells))

    def bias_factor(self, stream: int, cells: Ints) -> Floats:
        """The bias itself, shape (S, cells); its walks, which streams may share, are kept."""
        if stream in self.design.coverage:
            return np.asarray(np.exp(self.bias(stream, cells)))
        bias = self.design.biases[stream]
        rows, weights = bias.level(self.design.first_party(stream))
        level = self.columns(rows) @ weights
        walks = (rows.tobytes() for _, rows in bias.walks)
        key = b" ".join([cells.tobytes(), str(bias.unsettled).encode(), *walks])
        walk = self._walks.pop(key, None)
        if walk is None:
            walk = np.exp((self.model.walk(stream, cells) @ self.values.T).T)
        if len(self._walks) == WALKS:
            self._walks.pop(next(iter(self._walks)))
        self._walks[key] = walk  # as the latest
        return np.asarray(np.exp(level)[:, None] * walk)

    def mean_bias(self, stream: int) -> Floats:
        """Mean of the log bias over all days, shape (S,); of a list, of its log coverage."""
        design, grid = self.design, self.design.grid
        days = np.bincount(grid.cell_of) / len(grid.cell_of)
        if stream in design.coverage:
            return np.asarray(self.draws(self.model.log_bias(stream)) @ days)
        party = design.first_party(stream)
        where, column, weight = design.biases[stream].weights(grid.middles, party)
        weights = np.bincount(column, weight * days[where])
        rows = np.flatnonzero(weights)
        return np.asarray(self.columns(rows) @ weights[rows])

    def wounded_share(self, stream: int) -> Floats:
        """Share of the wounded that a stream counts, shape (S,); NaN for equipment."""
        samples = len(self.flat)
        if not self.design.people:
            return np.full(samples, np.nan)
        node = self.model.wounded_share(stream)
        if node is not None:
            return self.draws(node)[:, 0]
        category = self.design.streams.at[stream, "category"]
        return np.full(samples, 0.0 if category in ("killed", "missing") else 1.0)
