"""Losses as observations count them: over their windows, in part, and as far as they are reported.

An observation counts losses of daily series over windows of days. Those of the wounded or the
missing may count in part; those of lists, registers and stocks of the missing as far as they had
been reported by a day.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lossmodel.model.density.functions import Floor, Sigmoid, Times
from lossmodel.model.density.losses import LossGraph
from lossmodel.model.density.operators import Matrix, Node, gathering, picking
from lossmodel.model.density.reported_fraction import ReportedFraction
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["CountedLosses"]


class CountedLosses:
    """Losses of some series in some sums of a submodel.

    Parameters
    ----------
    model
        With the predictors of factors and delays.
    sums, columns
        Losses up to each edge of cells, and the column of each in the maps of the design.
    """

    def __init__(self, model: LossGraph, sums: Node, columns: Ints) -> None:
        self._model, self._sums, self._columns = model, sums, columns

    def sums(
        self, row: Ints, size: int, series: NDArray[np.bool_], nothing: Floats | float
    ) -> Node:
        """Sums of the losses of series.

        Parameters
        ----------
        row
            Row of the result of each sum of the design, -1 for none.
        size
            Number of the rows.
        series
            Which series count.
        nothing
            What is added, shape (size,).
        """
        terms = [*self._windows(row, size, series), *self._reported(row, size, series)]
        return self._model.graph.linear(terms, nothing)

    def _over(self, matrix: Matrix) -> Matrix:
        """A map of losses up to edges, in the order of the running sums."""
        return sparse.csr_array(matrix.tocsc()[:, self._columns])

    def _windows(
        self, row: Ints, size: int, series: NDArray[np.bool_]
    ) -> Iterator[tuple[Matrix | None, Node]]:
        """Sums over days; those of the wounded or the missing may count in part."""
        design, graph = self._model.design, self._model.graph
        to, factor = row[design.window[:, 0]], design.window[:, 2]
        here = (to >= 0) & series[design.window[:, 1]]
        whole, part = np.flatnonzero(here & (factor == 0)), np.flatnonzero(here & (factor > 0))
        if len(whole):
            together = gathering(to[whole], size) @ design.window_map[whole]
            yield self._over(together), self._sums
        if not len(part):
            return
        # Windows of one sum and factor are one.
        pairs, which = np.unique(np.stack([to[part], factor[part]]), axis=1, return_inverse=True)
        together = gathering(which.ravel(), pairs.shape[1]) @ design.window_map[part]
        counted = graph.linear([(self._over(together), self._sums)])
        factors = graph.map(Sigmoid(design.factor_sign), self._model.predictors["factor"])
        partial = graph.map(Times(), counted, graph.take([factors], pairs[1] - 1))
        yield gathering(pairs[0], size), partial

    def _reported(
        self, row: Ints, size: int, series: NDArray[np.bool_]
    ) -> Iterator[tuple[Matrix | None, Node]]:
        """Reported losses of lists, registers and stocks of the missing."""
        design, graph = self._model.design, self._model.graph
        triangle = design.triangle
        to = row[triangle.claim]
        here = np.flatnonzero((to >= 0) & series[triangle.series])
        if not len(here):
            return
        losses = graph.linear([(self._over(design.pair_window_map[here]), self._sums)])
        learnt = self._learnt
        if len(here) < learnt.size:
            learnt = graph.take([learnt], here)
        yield gathering(to[here], size), graph.map(Times(), losses, learnt)

    @cached_property
    def _learnt(self) -> Node:
        """Reported share of each entry, or its increment since the vintage before, if positive."""
        design, graph = self._model.design, self._model.graph
        triangle = design.triangle
        form = ReportedFraction(triangle.vintages, design.declared_log_sd)
        delays = (self._model.predictors[f"delay {k}"] for k in range(5))
        fraction = graph.map(form, *delays)
        now, before = triangle.now, triangle.before
        again = np.flatnonzero(before >= 0)
        if not len(again):
            return graph.take([fraction], now)
        where = (again, before[again])
        shape = (len(now), fraction.size)
        once = sparse.csr_array(sparse.coo_array((np.ones(len(again)), where), shape=shape))
        grown = graph.linear([(picking(now, fraction.size) - once, fraction)])
        return graph.map(Floor(0.0), grown)
