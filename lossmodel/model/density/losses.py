"""Losses and biases as a graph: the model without its observations.

theta -> scales, v (affine) -> linear predictors -> losses per day, scopes, biases
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from lossmodel.model.density.functions import (
    Decay,
    Exp,
    Log,
    LogSigmoid,
    Sigmoid,
    Softplus,
    Times,
    WeightedSum,
)
from lossmodel.model.density.graph import Graph
from lossmodel.model.density.operators import Matrix, Node, picking
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.windows import KILLED, MISSING_DEAD, WOUNDED

__all__ = ["LEAST", "LossGraph", "cells_of"]

# Below all totals whose logarithm is wanted.
LEAST = 1e-300


class LossGraph:
    """Losses and biases of one submodel, in a graph to which observations can be added.

    Attributes
    ----------
    theta
        Standard normals, shape (D,).
    log_scales, v
        Logs of the learned scales, shape (H,), and all other quantities, shape (V,): everything
        else follows from these two.
    quantities
        v with the gains of coverage after a war, which are softplus of their entries of v.
    predictors
        Linear predictors by name: maps of these quantities.
    rate, lethality, missing
        Losses per day, shape (P T,), and shares of the killed and, for the parties that have them,
        of the missing dead. T are the cells of days.
    components
        Losses per day of each component and the parties, row by row, that have it.
    shares
        Share of each scope after the first, shape (T,).
    """

    def __init__(self, design: Design) -> None:
        self.design, self.graph = design, Graph()
        self._losses: dict[tuple[tuple[int, int, int], ...], Node] = {}
        self._totals: dict[tuple[int, tuple[int, ...], int], Node] = {}
        self._biases: dict[tuple[int, tuple[int, ...]], Node] = {}
        self._definitions: dict[int, Node] = {}
        self._quantities()
        self._predictors()
        self._components()
        self.shares = list(self._scopes())

    @property
    def basis(self) -> tuple[Node, Node]:
        """Log scales and v, from which every later node follows."""
        return self.log_scales, self.v

    def _quantities(self) -> None:
        """Scales and v; a normal with a learned scale is multiplied by it first."""
        parameters, graph = self.design.parameters, self.graph
        hypers = len(parameters.hyper)
        self.theta = graph.input(parameters.size)
        scale = sparse.diags_array(parameters.hyper_sd, shape=(hypers, parameters.size))
        self.log_scales = graph.linear([(scale, self.theta)], parameters.hyper_mean)
        learned = np.flatnonzero(parameters.scale_of < hypers)
        by_column = parameters.matrix.tocsc()
        fixed = np.setdiff1d(np.arange(hypers, parameters.size), learned)
        rest = by_column[:, fixed] @ picking(fixed, parameters.size)
        terms: list[tuple[Matrix | None, Node]] = [(rest, self.theta)]
        if len(learned):
            scales = graph.take([graph.map(Exp(), self.log_scales)], parameters.scale_of[learned])
            scaled = graph.map(Times(), scales, graph.take([self.theta], learned))
            terms.append((by_column[:, learned], scaled))
        self.v = graph.linear(terms, parameters.offset)
        self.quantities = self._with_gains()

    def _with_gains(self) -> Node:
        """V, with gains of coverage after a war in place of the normals that they follow from."""
        gained = {coverage.after for coverage in self.design.coverage.values()} - {-1}
        if not gained:
            return self.v
        graph, rows = self.graph, np.array(sorted(gained), dtype=np.int64)
        gains = graph.map(Softplus(), graph.take([self.v], rows))
        return graph.with_entries(self.v, rows, gains)

    def _predictors(self) -> None:
        """All linear predictors: maps of v, with gains in place of theirs."""
        latent, series = self.design.latent, self.design.series
        scopes = [row for s in latent.scopes for row in (s.logit_row, s.tau_row)]
        wanted = {
            "rate": self._path(latent.rate),
            "lethality": self._path(latent.lethality[latent.lethality >= 0]),
            "missing": self._path(latent.missing[latent.missing >= 0]),
            "ledger": self._path(np.unique(series[series[:, 3] >= 0, 3])),
            **{str(row): self._everywhere(row) for row in scopes if row >= 0},
            **self._more_predictors(),
        }
        wanted = {name: matrix for name, matrix in wanted.items() if matrix.shape[0]}
        parts = self.graph.parts(list(wanted.values()), self.quantities)
        self.predictors = dict(zip(wanted, parts, strict=True))

    def _more_predictors(self) -> dict[str, Matrix]:
        """Further linear predictors, of observations; all are computed at once."""
        return {}

    def _path(self, rows: Ints) -> Matrix:
        """Cells of some rows of the map to daily linear predictors."""
        return sparse.csr_array(self.design.daily[cells_of(rows, self.design.grid.cells)])

    def _everywhere(self, row: int) -> Matrix:
        """One entry of v in each cell."""
        return picking(np.full(self.design.grid.cells, row), self.v.size)

    def _components(self) -> None:
        """Rates and their components: killed, wounded and missing dead."""
        latent, graph = self.design.latent, self.graph
        everyone = np.arange(len(latent.parties))
        self.rate = graph.map(Exp(latent.active.ravel()), self.predictors["rate"])
        self.lethality = self.missing = None
        if "lethality" not in self.predictors:
            self.components: dict[int, tuple[Node, Ints]] = {KILLED: (self.rate, everyone)}
            return
        self.lethality = graph.map(Sigmoid(), self.predictors["lethality"])
        killed = graph.map(Times(), self.rate, self.lethality)
        wounded = graph.map(WeightedSum((1.0, -1.0)), self.rate, killed)
        self.components = {KILLED: (killed, everyone), WOUNDED: (wounded, everyone)}
        if "missing" in self.predictors:
            has = np.flatnonzero(latent.missing >= 0)
            self.missing = graph.map(Sigmoid(), self.predictors["missing"])
            cells = cells_of(has, self.design.grid.cells)
            dead = graph.map(Times(), graph.take([killed], cells), self.missing)
            self.components[MISSING_DEAD] = dead, has

    def _scopes(self) -> Iterator[Node]:
        """Share of each scope in all losses; a parent comes before its scopes."""
        graph, cells = self.graph, self.design.grid.cells
        shares: list[Node] = []
        for scope in self.design.latent.scopes:
            own: Node
            if scope.logit_row >= 0:
                own = graph.map(Sigmoid(scope.active), self.predictors[str(scope.logit_row)])
            else:
                own = graph.linear([(sparse.csr_array((cells, self.v.size)), self.v)], scope.active)
            if scope.tau_row >= 0:
                since = self.design.grid.middles - scope.first
                decay = graph.map(Decay(since), self.predictors[str(scope.tau_row)])
                own = graph.map(Times(), own, decay)
            if scope.complement:
                own = graph.map(WeightedSum((-1.0,), 1.0), own)
            if scope.parent:
                own = graph.map(Times(), own, shares[scope.parent - 1])
            shares.append(own)
            yield own

    def losses(self, series: tuple[tuple[int, int, int], ...]) -> Node:
        """Losses per day of some (party, component, scope), row by row, shape (R T,).

        Scope 0 is the whole; all of the series are of it, or none.
        """
        if series not in self._losses:
            self._losses[series] = self._stacked(series)
        return self._losses[series]

    def _stacked(self, series: tuple[tuple[int, int, int], ...]) -> Node:
        rows = []
        for party, component, _ in series:
            node, parties = self.components[component]
            rows.append((node, int(np.flatnonzero(parties == party)[0])))
        losses = self._gathered(rows)
        if not any(scope for *_, scope in series):
            return losses
        shares = self._gathered([(self.shares[scope - 1], 0) for *_, scope in series])
        return self.graph.map(Times(), losses, shares)

    def _gathered(self, rows: Sequence[tuple[Node, int]]) -> Node:
        """Rows of T cells stacked: of each, its node and the index of the row in it."""
        nodes = list(dict.fromkeys(node for node, _ in rows))
        starts = dict(zip(nodes, np.cumsum([0, *(node.size for node in nodes)]), strict=False))
        cells = self.design.grid.cells
        entries = [starts[node] + cells_of([row], cells) for node, row in rows]
        return self.graph.take(nodes, np.concatenate(entries))

    # Quantities of the reports

    def total(self, party: int, components: tuple[int, ...], scope: int = 0) -> Node:
        """Log of a party's losses from the first to the last day, shape (1,)."""
        key = (party, components, scope)
        if key not in self._totals:
            days = np.bincount(self.design.grid.cell_of).astype(float)
            series = tuple((party, component, scope) for component in components)
            losses = self.losses(series)
            sums = self.graph.linear([(sparse.csr_array(np.tile(days, len(series))[None]), losses)])
            self._totals[key] = self.graph.map(Log(LEAST), sums)
        return self._totals[key]

    def log_bias(self, stream: int, cells: Ints | None = None) -> Node:
        """Log bias under the stream's own definition, of a list its log coverage.

        Parameters
        ----------
        cells
            The cells of days wanted; all where not given.
        """
        cells = np.arange(self.design.grid.cells) if cells is None else cells
        key = stream, tuple(cells.tolist())
        if key not in self._biases:
            self._biases[key] = self.log_bias_at(stream, self.design.grid.middles[cells])
        return self._biases[key]

    def log_bias_at(self, stream: int, at: Floats) -> Node:
        """The same at some days, counted from the first one."""
        design = self.design
        rows = Linear()
        if stream in design.coverage:
            rows.add(*design.coverage[stream].weights(at))
            logit = self.graph.linear([(rows.matrix((len(at), self.v.size)), self.quantities)])
            return self.graph.map(LogSigmoid(), logit)
        rows.add(*design.biases[stream].weights(at, design.first_party(stream)))
        return self.graph.linear([(rows.matrix((len(at), self.v.size)), self.v)])

    def walk(self, stream: int, cells: Ints) -> Matrix:
        """The part of the log bias that changes from day to day, in some cells, as a map of v.

        It is no node: the graph would grow with each stream that is asked for.
        """
        at = self.design.grid.middles[cells]
        walks = replace(self.design.biases[stream], constant=(), common={})
        rows = Linear()
        rows.add(*walks.weights(at, ""))
        return rows.matrix((len(at), self.v.size))

    def wounded_share(self, stream: int) -> Node | None:
        """Share of the wounded that a stream's word includes, shape (1,); None if known."""
        row = self.design.definition.get(stream)
        if row is None:
            return None
        if row not in self._definitions:
            logit = self.graph.take([self.v], np.array([row]))
            self._definitions[row] = self.graph.map(Sigmoid(), logit)
        return self._definitions[row]


def cells_of(rows: Ints | list[int], cells: int) -> Ints:
    """Entries of some rows of so many cells each."""
    return np.asarray((np.asarray(rows)[:, None] * cells + np.arange(cells)).ravel())
