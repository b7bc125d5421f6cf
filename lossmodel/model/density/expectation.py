"""The model as one graph, from standard normals to the log likelihood of each observation.

    theta -> scales, v (affine) -> losses per day -> windows and triangles -> log expectations
          -> log noise sds -> log likelihoods

The equations are those of ``model.py``. This graph is their only statement in code: the value,
gradient, Hessian, draws of named quantities and PyMC model follow from it.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
from scipy import sparse

from lossmodel.model.density.counted import CountedLosses
from lossmodel.model.density.functions import (
    Exp,
    Log,
    LogNoise,
    LogOdds,
    OrOne,
    Probit,
    Times,
    WeightedSum,
)
from lossmodel.model.density.likelihood import Likelihood
from lossmodel.model.density.losses import LossGraph, cells_of
from lossmodel.model.density.operators import Map, Matrix, Node, RunningSum, gathering, picking
from lossmodel.model.density.own_or_copied import own_or_copied
from lossmodel.model.density.replicas import Twice
from lossmodel.model.density.reported_fraction import ReportedFraction
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.observation import INTERVAL, Observations

__all__ = ["TINY", "ModelGraph"]

# Losses that are always expected, so that logarithms are finite.
TINY = 1e-9


class ModelGraph(LossGraph):
    """The graph of one submodel, with the log likelihood of each of its observations.

    Parameters
    ----------
    design
        One submodel as arrays.
    replicas
        Form -> likelihood of a second set of the same observations, independent of the first.

    Attributes
    ----------
    log_expected, log_noise
        Of each observation, shape (N,); of shares of cases the log odds and their noise.
    log_slack
        Log of the mean slack of a bound, shape (1,).
    sums
        Losses of each daily series up to each edge of cells.
    by_form, place, sum_place
        The order of the observations by form, the index of each observation in it, and that of
        each sum: of the observations, and after them of those that divide them.
    ordered_expected, ordered_noise
        Log expectation and log noise sd in that order: all likelihoods follow from them and the
        slack.
    forms
        Form -> its observations and the map that gives their log likelihoods.
    log_likelihood
        Of each observation, shape (N,).
    ceilings
        Factors of the prior density besides that of theta, on the log scale, shape (C,); None
        without any.
    list_bounds, named
        Log density of the latest counts of lists as cut off, shape (B,), None without any; and its
        concave term, by the log of the losses over the count.
    """

    def __init__(self, design: Design, replicas: Mapping[int, Likelihood] | None = None) -> None:
        observed, self.replicas = design.observed, replicas or {}
        self.by_form = np.concatenate(list(observed.indices.values()))
        self.place = np.argsort(self.by_form)
        # Of all sums: those of the observations in their order, then those they are divided by, and
        # those that bound lists.
        others = len(design.comparisons.against) + len(design.list_bounds.sums)
        self.sum_place = np.concatenate([self.place, len(self.by_form) + np.arange(others)])
        super().__init__(design)
        self._expectations()
        self.ordered_noise = self._noise(observed)
        self.log_noise = self.graph.take([self.ordered_noise], self.place)
        self.log_slack = self._slack(observed)
        self.forms = dict(self._forms(observed))
        self.log_likelihood = self.graph.linear(
            [(gathering(i, len(design.terms)), form) for i, form in self.forms.values()]
        )
        self.ceilings = self._ceilings()
        self.list_bounds = self._list_bounds()

    @cached_property
    def range_variance(self) -> Floats:
        """Variance of a uniform distribution over each range, on the log scale.

        It is infinite for sums of parties: what a range says of a sum is not normal in its parties,
        as each has its own share of it.
        """
        design, where = self.design, self.forms[INTERVAL][0]
        width = design.observed.log_high[where] - design.observed.log_value[where]
        of_one = design.terms["party"].isin(design.latent.parties).to_numpy()[where]
        return np.where(of_one, width**2 / 12, np.inf)

    @property
    def figures(self) -> list[Map]:
        """Log likelihoods of all observations, by form."""
        return [form for _, form in self.forms.values()]

    @property
    def outputs(self) -> list[Map]:
        """All terms of the log density but that of theta: of figures, ceilings and list bounds."""
        others = (self.ceilings, self.list_bounds)
        return [*self.figures, *(each for each in others if each is not None)]

    def _more_predictors(self) -> dict[str, Matrix]:
        """Logits of factors, log biases of observations, and delays."""
        design, bins = self.design, len(self.design.triangle.vintages.kind)
        delays = {f"delay {k}": design.pair_map[k * bins : (k + 1) * bins] for k in range(5)}
        factor = picking(design.factor_row, self.v.size)
        selection = picking(design.comparisons.selection, self.v.size)
        bias = design.bias[self.by_form]
        return {"factor": factor, "bias": bias, "selection": selection, **delays}

    def _running_sums(self) -> tuple[Ints, RunningSum]:
        """Order of the series, and in it the losses of each up to each edge of cells."""
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
                each = self.graph.take([biased], cells_of(rows, cells))
                losses = self.graph.map(Times(), losses, each)
            nodes.append(losses)
        return np.concatenate(groups), self.graph.running_sum(nodes, cells)

    def _expectations(self) -> None:
        """Sums over windows and the triangle, and the log expectations with their biases."""
        order, sums = self._running_sums()
        self.sums = sums
        columns = cells_of(order, self.design.grid.cells + 1)
        self._counted = CountedLosses(self, sums, columns)
        every = np.ones(len(self.design.series), dtype=bool)
        size = len(self.sum_place)
        self._all_sums = self._counted.sums(self.sum_place, size, every, self._nothing())
        self._all_logs = self.graph.map(Log(TINY), self._all_sums)
        logs = self._divided(self._all_logs)
        bias = self.predictors["bias"]
        self.ordered_expected = self._as_odds(self.graph.map(WeightedSum((1.0, 1.0)), logs, bias))
        self.log_expected = self.graph.take([self.ordered_expected], self.place)

    def counted(self, party: int, figures: Ints) -> Node:
        """Log of the losses of one party that each of some observations counts, without its bias.

        Parameters
        ----------
        party
            Number of the party.
        figures
            Numbers of observations, shape (n,).

        Returns
        -------
        node
            Shape (n,); of a sum of parties, the log of the part of this one.
        """
        row = np.full(len(self.sum_place), -1)
        row[figures] = np.arange(len(figures))
        own = self.design.series[:, 0] == party
        return self.graph.map(Log(TINY), self._counted.sums(row, len(figures), own, 0.0))

    @property
    def reported(self) -> list[Map]:
        """Shares of the dead that lists report; no level of rates or of biases is in them."""
        maps = (node for node in self.graph.nodes if isinstance(node, Map))
        return [node for node in maps if isinstance(node.function, ReportedFraction)]

    def _nothing(self) -> Floats | float:
        """Sums without losses: almost zero, but one where an observation has no sum."""
        compared = self.design.comparisons
        if not len(compared.whole):
            return TINY
        found = np.full(len(self.sum_place), TINY)
        found[self.place[compared.whole]] = 1.0
        return found

    def _divided(self, logs: Node) -> Node:
        """Logs of the sums of the observations, less those of the sums that divide them."""
        above, count = self.design.comparisons.against, len(self.by_form)
        if logs.size == count:
            return logs
        where = (self.place[above], np.arange(len(above)))
        shape = (count, logs.size - count)
        less = sparse.coo_array((np.full(len(above), -1.0), where), shape=shape)
        both = sparse.hstack([sparse.eye_array(count), less], format="csr")
        return self.graph.linear([(sparse.csr_array(both), logs)])

    def _as_odds(self, logs: Map) -> Node:
        """Log expectations, of shares of cases as log odds that differ by their selection."""
        compared, graph = self.design.comparisons, self.graph
        if not len(compared.shares):
            return logs
        where = self.place[compared.shares]
        odds = graph.map(LogOdds(compared.sharpness), graph.take([logs], where))
        selected = graph.map(WeightedSum((1.0, 1.0)), odds, self.predictors["selection"])
        return graph.with_entries(logs, where, selected)

    def _noise(self, observed: Observations) -> Map:
        """Log noise sd: of a learned scale or a fixed one, of rounding and published ranges."""
        scales = self._scales(observed.noise[self.by_form])
        noise = LogNoise(observed.noise_factor[self.by_form], observed.extra[self.by_form])
        return self.graph.map(noise, scales)

    def _ceilings(self) -> Map | None:
        parameters = self.design.parameters
        if not len(parameters.margin):
            return None
        below = self.graph.linear([(parameters.ceilings, self.v)], parameters.margin)
        return self.graph.map(Probit(), below)

    def _list_bounds(self) -> Map | None:
        """Log density of the latest counts of lists, cut off at the losses that there were.

        With T the losses, E the expected count, s the sd of the bound and sigma that of the count:
        ``log Phi((log T - log count) / s) - log Phi((log T - log E) / sqrt(sigma^2 + s^2))``, or
        nought with the probability that the count is no bound.
        """
        bounds, graph = self.design.list_bounds, self.graph
        if not len(bounds.sums):
            return None
        losses = graph.take([self._all_logs], self.sum_place[bounds.sums])
        pace = sparse.csr_array(sparse.diags_array(1 / bounds.sd))
        room = graph.linear([(pace, losses)], -bounds.log_count / bounds.sd)
        expected = graph.take([self._all_sums], self.place)
        counted = graph.map(Log(TINY), graph.linear([(bounds.parts, expected)]))
        noise = LogNoise(bounds.factor, bounds.sd**2 + bounds.extra)
        log_sd = graph.map(noise, self._scales(bounds.noise))
        least = graph.map(WeightedSum((1.0, -1.0)), losses, counted)
        pace_of_count = graph.map(Exp(), graph.map(WeightedSum((-1.0,)), log_sd))
        chance = graph.map(Probit(), graph.map(Times(), least, pace_of_count))
        self.named = graph.map(Probit(), room)
        cut = graph.map(WeightedSum((1.0, -1.0)), self.named, chance)
        return graph.map(OrOne(bounds.unchecked), cut)

    def _slack(self, observed: Observations) -> Node:
        if observed.bound >= 0:
            return self._scales(np.array([observed.bound]))
        none = sparse.csr_array((1, self.log_scales.size))
        fixed = np.array([np.log(max(observed.fixed_bound, TINY))])
        return self.graph.linear([(none, self.log_scales)], fixed)

    def _scales(self, numbers: Ints) -> Node:
        """Logs of learned scales by number; zero for -1."""
        if (numbers >= 0).all():
            return self.graph.take([self.log_scales], numbers)
        learned = np.flatnonzero(numbers >= 0)
        where = (learned, numbers[learned])
        shape = (len(numbers), self.log_scales.size)
        rows = sparse.coo_array((np.ones(len(learned)), where), shape=shape)
        return self.graph.linear([(sparse.csr_array(rows), self.log_scales)])

    def _forms(self, observed: Observations) -> Iterator[tuple[int, tuple[Ints, Map]]]:
        """Log likelihoods by form."""
        graph, start = self.graph, 0
        for form, i in observed.indices.items():
            here = np.arange(start, start + len(i))
            both = (self.ordered_expected, self.ordered_noise)
            nodes: list[Node] = [graph.take([node], here) for node in both]
            start += len(i)
            figures = own_or_copied(observed, form, i)
            if figures.has_slack:
                nodes.append(graph.take([self.log_slack], np.zeros(len(i), dtype=np.int64)))
            again = self.replicas.get(form)
            function = figures if again is None else Twice(figures, again)
            yield form, (i, graph.map(function, *nodes))
