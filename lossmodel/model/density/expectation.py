"""The model as one graph, from standard normals to the log likelihood of each observation.

    theta -> scales, v (affine) -> losses a day -> windows and triangles -> log expectations
          -> log noise sds -> log likelihoods

The equations stand in ``model.py``. This is the only place that says how they hang together:
value, gradient, Hessian, draws of named quantities and the PyMC model are made from it.
"""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from lossmodel.model.density.functions import (
    Decay,
    Exp,
    Floor,
    Log,
    LogNoise,
    LogSigmoid,
    Sigmoid,
    Times,
)
from lossmodel.model.density.likelihood import AtLeast, AtMost, Count, Point, Range
from lossmodel.model.density.operators import Graph, Map, Matrix, Node, picking
from lossmodel.model.density.reported_fraction import ReportedFraction
from lossmodel.model.design import Design
from lossmodel.model.design.assemble import KILLED, MISSING_DEAD, WOUNDED
from lossmodel.model.design.grid import Floats, Ints, interpolate
from lossmodel.model.design.observation import AT_LEAST, AT_MOST, COUNT, INTERVAL, Observations
from lossmodel.model.design.parameters import Linear

__all__ = ["TINY", "ModelGraph"]

# Losses that are always expected, so that logarithms are finite.
TINY = 1e-9
# Below all totals whose logarithm is wanted.
LEAST = 1e-300


class ModelGraph:
    """The graph of one submodel.

    Attributes
    ----------
    theta
        Standard normals, shape (D,).
    log_scales, v
        Logs of the learned scales, shape (H,), and all other quantities, shape (V,): everything
        else follows from these two.
    rate, lethality, missing
        Losses a day, shape (P T,), and shares of the killed and, for the parties that have them,
        of the missing dead. T are the cells of days.
    components
        Losses a day of each component and the parties, row by row, that have it.
    shares
        Share of each scope after the first, shape (T,).
    log_expected, log_noise
        Of each observation, shape (N,).
    log_slack
        Log of the mean slack of a bound, shape (1,).
    forms
        Form -> its observations and the map that gives their log likelihoods.
    log_likelihood
        Of each observation, shape (N,).
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
        self._expectations()
        self.log_noise = self._noise(design.observed)
        self.log_slack = self._slack(design.observed)
        self.forms = dict(self._forms(design.observed))
        self.log_likelihood = self.graph.linear(
            [(_gathering(i, len(design.terms)), form) for i, form in self.forms.values()]
        )

    @property
    def basis(self) -> tuple[Node, Node]:
        """From which everything but the scales and v follows."""
        return self.log_scales, self.v

    @property
    def outputs(self) -> list[Map]:
        """Log likelihoods of all observations, by form."""
        return [form for _, form in self.forms.values()]

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

    def _predictors(self) -> None:
        """All linear predictors: maps of v."""
        design, latent = self.design, self.design.latent
        has = np.flatnonzero(latent.missing >= 0)
        looks = len(design.triangle.vintages.kind)
        ledger = np.unique(design.series[design.series[:, 3] >= 0, 3])
        scopes = [row for s in latent.scopes for row in (s.logit_row, s.tau_row)]
        wanted = {
            "rate": self._path(latent.rate),
            "lethality": self._path(latent.lethality[latent.lethality >= 0]),
            "missing": self._path(latent.missing[has]),
            "ledger": self._path(ledger),
            "factor": picking(design.factor_row, self.v.size),
            "bias": design.bias,
            **{str(row): self._everywhere(row) for row in scopes if row >= 0},
            **{
                f"delay {k}": design.pair_map[k * looks : (k + 1) * looks] for k in range(5)
            },
        }  # fmt: skip
        wanted = {name: matrix for name, matrix in wanted.items() if matrix.shape[0]}
        parts = self.graph.parts(list(wanted.values()), self.v)
        self.predictors = dict(zip(wanted, parts, strict=True))

    def _path(self, rows: Ints) -> Matrix:
        """Cells of some rows of the path map."""
        return sparse.csr_array(self.design.daily[_cells_of(rows, self.design.grid.cells)])

    def _everywhere(self, row: int) -> Matrix:
        """One entry of v in each cell."""
        return picking(np.full(self.design.grid.cells, row), self.v.size)

    def _components(self) -> None:
        """Rates, and what they are made of."""
        latent, graph = self.design.latent, self.graph
        everyone = np.arange(len(latent.parties))
        self.rate = graph.map(Exp(latent.active.ravel()), self.predictors["rate"])
        self.lethality = self.missing = None
        if "lethality" not in self.predictors:
            self.components = {KILLED: (self.rate, everyone)}
            return
        self.lethality = graph.map(Sigmoid(), self.predictors["lethality"])
        killed = graph.map(Times(), self.rate, self.lethality)
        wounded = graph.linear([(None, self.rate), (_minus(killed), killed)])
        self.components = {KILLED: (killed, everyone), WOUNDED: (wounded, everyone)}
        if "missing" in self.predictors:
            has = np.flatnonzero(latent.missing >= 0)
            self.missing = graph.map(Sigmoid(), self.predictors["missing"])
            cells = _cells_of(has, self.design.grid.cells)
            dead = graph.map(Times(), graph.take([killed], cells), self.missing)
            self.components[MISSING_DEAD] = dead, has

    def _scopes(self) -> Iterator[Node]:
        """Share of each scope in all losses; a parent stands before its scopes."""
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
                own = graph.linear([(_minus(own), own)], 1.0)
            if scope.parent:
                own = graph.map(Times(), own, shares[scope.parent - 1])
            shares.append(own)
            yield own

    def losses(self, series: tuple[tuple[int, int, int], ...]) -> Node:
        """Losses a day of some (party, component, scope), row by row, shape (R T,).

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

    def _gathered(self, rows: list[tuple[Node, int]]) -> Node:
        """Rows of T cells put together: of each, its node and where in that it stands."""
        nodes = list(dict.fromkeys(node for node, _ in rows))
        starts = dict(zip(nodes, np.cumsum([0, *(node.size for node in nodes)]), strict=False))
        cells = self.design.grid.cells
        entries = [starts[node] + _cells_of([row], cells) for node, row in rows]
        return self.graph.take(nodes, np.concatenate(entries))

    def _running_sums(self) -> tuple[Ints, Node]:
        """Losses of all series up to each edge of cells, and the order in which these stand."""
        series, cells = self.design.series, self.design.grid.cells
        party, component, scope, ledger = series.T
        kinds = 2 * (scope > 0) + (ledger >= 0)
        groups = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
        nodes = []
        for here in groups:
            keys = zip(*(part[here].tolist() for part in (party, component, scope)), strict=True)
            losses = self.losses(tuple(keys))
            if (ledger[here] >= 0).any():
                biased = self.graph.map(Exp(), self.predictors["ledger"])
                rows = np.searchsorted(np.unique(ledger[ledger >= 0]), ledger[here])
                each = self.graph.take([biased], _cells_of(rows, cells))
                losses = self.graph.map(Times(), losses, each)
            nodes.append(losses)
        return np.concatenate(groups), self.graph.running_sum(nodes, cells)

    def _expectations(self) -> None:
        """Sums over windows and triangles, and the log of what they come to with its bias."""
        order, sums = self._running_sums()
        columns = _cells_of(order, self.design.grid.cells + 1)
        terms = [*self._windows(columns, sums), *self._reported(columns, sums)]
        logs = self.graph.map(Log(TINY), self.graph.linear(terms, TINY))
        bias = self.predictors["bias"]
        self.log_expected = self.graph.linear([(None, logs), (None, bias)])

    def _over(self, matrix: Matrix, columns: Ints) -> Matrix:
        """A map of losses up to edges, in days and in the order of the running sums."""
        return sparse.csr_array(matrix.tocsc()[:, columns] * float(self.design.grid.cell_days))

    def _windows(self, columns: Ints, sums: Node) -> Iterator[tuple[Matrix | None, Node]]:
        """Sums over days; those of the wounded or the missing may count in part."""
        design = self.design
        claim, factor = design.window[:, 0], design.window[:, 2]
        whole, part = np.flatnonzero(factor == 0), np.flatnonzero(factor > 0)
        height = len(design.terms)
        if len(whole):
            to_claim = _gathering(claim[whole], height)
            yield self._over(to_claim @ design.window_map[whole], columns), sums
        if not len(part):
            return
        # Windows of one claim and factor are one.
        triangle, which = np.unique(
            np.stack([claim[part], factor[part]]), axis=1, return_inverse=True
        )
        together = _gathering(which.ravel(), triangle.shape[1])
        over = self._over(together @ design.window_map[part], columns)
        counted = self.graph.linear([(over, sums)])
        factors = self.graph.map(Sigmoid(design.factor_sign), self.predictors["factor"])
        partial = self.graph.map(Times(), counted, self.graph.take([factors], triangle[1] - 1))
        yield _gathering(triangle[0], height), partial

    def _reported(self, columns: Ints, sums: Node) -> Iterator[tuple[Matrix | None, Node]]:
        """What lists, registers and stocks of the missing have learnt of."""
        design, graph = self.design, self.graph
        triangle = design.triangle
        if not len(triangle.claim):
            return
        losses = graph.linear([(self._over(design.pair_window_map, columns), sums)])
        fraction = ReportedFraction(triangle.vintages, design.declared_log_sd)
        delays = (self.predictors[f"delay {k}"] for k in range(5))
        learnt = self._learnt(graph.map(fraction, *delays))
        known = graph.map(Times(), losses, learnt)
        yield _gathering(triangle.claim, len(design.terms)), known

    def _learnt(self, fraction: Node) -> Node:
        """What each bin of the triangle adds to the vintage before, which is not negative."""
        now, before = self.design.triangle.now, self.design.triangle.before
        again = np.flatnonzero(before >= 0)
        if not len(again):
            return self.graph.take([fraction], now)
        where = (again, before[again])
        shape = (len(now), fraction.size)
        once = sparse.csr_array(sparse.coo_array((np.ones(len(again)), where), shape=shape))
        grown = self.graph.linear([(picking(now, fraction.size) - once, fraction)])
        return self.graph.map(Floor(0.0), grown)

    def _noise(self, observed: Observations) -> Node:
        """Log noise sd: of a learned scale or a fixed one, of rounding and published ranges."""
        learned = np.flatnonzero(observed.noise >= 0)
        height, hypers = len(observed.noise), self.log_scales.size
        where = (learned, observed.noise[learned])
        ones = np.ones(len(learned))
        rows = sparse.csr_array(sparse.coo_array((ones, where), shape=(height, hypers)))
        with np.errstate(divide="ignore"):
            fixed = np.where(observed.noise >= 0, 0.0, np.log(observed.fixed_noise))
        scales = self.graph.linear([(rows, self.log_scales)], fixed)
        return self.graph.map(LogNoise(observed.scale, observed.extra), scales)

    def _slack(self, observed: Observations) -> Node:
        row = np.zeros((1, self.log_scales.size))
        offset = np.array([np.log(max(observed.fixed_bound, TINY))])
        if observed.bound >= 0:
            row[0, observed.bound], offset = 1.0, np.zeros(1)
        return self.graph.linear([(sparse.csr_array(row), self.log_scales)], offset)

    def _forms(self, observed: Observations) -> Iterator[tuple[int, tuple[Ints, Map]]]:
        """Log likelihoods by form."""
        graph, y = self.graph, observed.log_value
        for form, i in observed.indices.items():
            nodes: list[Node] = [self.log_expected, self.log_noise]
            if len(i) < self.log_expected.size:
                nodes = [graph.take([node], i) for node in nodes]
            if form in (AT_LEAST, AT_MOST):
                nodes.append(graph.take([self.log_slack], np.zeros(len(i), dtype=np.int64)))
            likelihood = {
                COUNT: lambda i: Count(observed.value[i]),
                AT_LEAST: lambda i: AtLeast(y[i]),
                AT_MOST: lambda i: AtMost(y[i]),
                INTERVAL: lambda i: Range(y[i], observed.log_high[i]),
            }.get(form, lambda i: Point(y[i], observed.nu))
            yield form, (i, graph.map(likelihood(i), *nodes))

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
            positions, knots = design.coverage[stream]
            left, right, weight = interpolate(positions, at)
            here = np.arange(len(at))
            rows.add(here, knots[left], 1 - weight)
            rows.add(here, knots[right], weight)
            logit = self.graph.linear([(rows.matrix((len(at), self.v.size)), self.v)])
            return self.graph.map(LogSigmoid(), logit)
        rows.add(*design.biases[stream].weights(at, design.first_party(stream)))
        return self.graph.linear([(rows.matrix((len(at), self.v.size)), self.v)])

    def wounded_share(self, stream: int) -> Node | None:
        """Share of the wounded that a stream's word includes, shape (1,); None where it is known."""
        row = self.design.definition.get(stream)
        if row is None:
            return None
        if row not in self._definitions:
            logit = self.graph.take([self.v], np.array([row]))
            self._definitions[row] = self.graph.map(Sigmoid(), logit)
        return self._definitions[row]


def _minus(node: Node) -> Matrix:
    return sparse.csr_array(-sparse.eye_array(node.size))


def _gathering(where: Ints, size: int) -> Matrix:
    """The map that adds entries up at their places among ``size``."""
    return sparse.csr_array(picking(where, size).T)


def _cells_of(rows: Ints | list[int], cells: int) -> Ints:
    """Entries of some rows of so many cells each."""
    return np.asarray((np.asarray(rows)[:, None] * cells + np.arange(cells)).ravel())
