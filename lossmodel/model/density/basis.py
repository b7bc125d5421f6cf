"""The quantities by which second derivatives are summed, and Jacobians by them."""

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from lossmodel.model.density.derivatives import Jacobians
from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.layout import Layout, has_long_windows, layout_of
from lossmodel.model.density.operators import Map, Matrix, Node
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Basis"]


class Basis:
    """Log scales and v, and in large submodels the sums up to the edges of cells.

    The sums are in it where figures are more than edges, and of long windows: a figure then depends
    on the edges of its window, and not on all unknowns of the days between.

    Attributes
    ----------
    within
        Derivatives of the sums by log scales and v; None where they are not in the basis.
    expected, noise
        Derivatives of log expectations and of log noise sds and slack.
    """

    def __init__(self, model: ModelGraph, design: Design, *, apart: bool) -> None:
        self.model = model
        graph, quantities = model.graph, tuple[Node, ...](model.basis)
        self.within: Jacobians | None = None
        if apart and has_long_windows(design):
            self.within = Jacobians(graph, quantities, model.sums.inputs)
            quantities = (*quantities, model.sums)
        bounds = [] if model.list_bounds is None else [model.list_bounds]
        self.expected = Jacobians(graph, quantities, [model.ordered_expected, *bounds])
        self.noise = Jacobians(graph, quantities, [model.ordered_noise, model.log_slack])

    @property
    def inner_maps(self) -> list[Map]:
        """Maps that the sums need, and expectations do not need besides."""
        others = {node.index for node in self.expected.maps}
        within = [] if self.within is None else self.within.maps
        return [node for node in within if node.index not in others]

    def edges(self, within: Mapping[int, Matrix], rows: Ints) -> Floats:
        """Derivative of the sums by some log scales and v, shape (edges, rows)."""
        sums = self.model.sums
        inputs = [within[node.index].tocsc()[:, rows] for node in sums.inputs]
        return np.ascontiguousarray(sums.forward([x.toarray().T for x in inputs]).T)

    def ceilings(self) -> Matrix:
        """Derivative of the arguments of the ceilings, shape (C, basis)."""
        ceilings = self.model.design.parameters.ceilings
        before = self.model.log_scales.size
        none, after = (
            sparse.csr_array((ceilings.shape[0], size))
            for size in (before, self.expected.size - before - ceilings.shape[1])
        )
        return sparse.csr_array(sparse.hstack([none, ceilings, after], format="csr"))

    def layout(self, design: Design) -> Layout:
        """The unknowns of one claimant and the shared ones."""
        model = self.model
        hypers, height = model.log_scales.size, model.v.size
        touched = self.expected.structure(model.ordered_expected)[model.place]
        through = np.zeros(0, dtype=np.int64)
        if self.within is not None:
            found = (self.within.structure(node) for node in model.sums.inputs)
            through = np.unique(np.concatenate([f.nonzero()[1] for f in found])) - hypers
        by_v = sparse.csr_array(touched[:, hypers : hypers + height])
        return layout_of(design, by_v, through)
