"""What each claimant is expected to publish before its bias at the date of knowledge."""

from collections.abc import Callable

import numpy as np

from lossmodel.model.density.pymc.graph import Graph, Tensor
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Ints
from lossmodel.model.design.reporting import LIST, MISSING, REGISTER, convolution

__all__ = ["listed", "windows"]

ReportedFraction = Callable[[Ints, Tensor], Tensor]


def windows(graph: Graph, design: Design, v: Tensor, prefix: Tensor) -> Tensor:
    """Sums of ledgers and estimates over their days, shape (N,)."""
    pt = graph.pt
    signed = design.factor_sign * pt.sigmoid(v[design.factor_row])
    factors = pt.concatenate([pt.ones(1), signed])
    claim, factor = design.window[:, 0], design.window[:, 2]
    sums = graph.apply(design.window_map, prefix)
    return graph.scatter(len(design.terms), claim, factors[factor] * sums)


def listed(graph: Graph, design: Design, v: Tensor, prefix: Tensor) -> Tensor:
    """What lists, registers and stocks of the missing hold, shape (N,)."""
    triangle = design.triangle
    if not triangle.points:
        return graph.pt.zeros(len(design.terms))
    linear = graph.apply(design.pair_map, v).reshape((5, len(triangle.point)))
    dead = graph.apply(design.pair_window_map, prefix)
    points = graph.pt.zeros(triangle.points)
    for kind, reported_fraction in _Delays(graph, design).reported_fractions().items():
        here = np.flatnonzero(triangle.kind == kind)
        if len(here):
            held = dead[here] * reported_fraction(here, linear[:, here])
            points = graph.pt.inc_subtensor(points[triangle.point[here]], held)
    claim, point, sign = design.listed.T
    return graph.scatter(len(design.terms), claim, sign * points[point])


class _Delays:
    """Share of the dead of some days who are held at the date of knowledge."""

    def __init__(self, graph: Graph, design: Design) -> None:
        self.graph, self.triangle, self.sd = graph, design.triangle, design.declared_log_sd

    def reported_fractions(self) -> dict[int, ReportedFraction]:
        """How each kind of book comes to hold a name."""
        return {LIST: self._on_list, REGISTER: self._in_register, MISSING: self._still_missing}

    def _gone(self, here: Ints, linear: Tensor) -> Tensor:
        """Share of the dead who are first missing."""
        return self.graph.pt.sigmoid(linear[1]) * self.triangle.has_missing[here]

    def _declared(self, here: Ints, linear: Tensor) -> Tensor:
        """Share of the missing who have been declared dead."""
        return self.graph.ndtr((np.log(self.triangle.elapsed[here]) - linear[4]) / self.sd)

    def _in_register(self, here: Ints, linear: Tensor) -> Tensor:
        gone = self._gone(here, linear)
        return (1 - gone) + gone * self._declared(here, linear)

    def _still_missing(self, here: Ints, linear: Tensor) -> Tensor:
        return self._gone(here, linear) * (1 - self._declared(here, linear))

    def _on_list(self, here: Ints, linear: Tensor) -> Tensor:
        graph, pt, elapsed = self.graph, self.graph.pt, self.triangle.elapsed[here]
        coverage, gone, sd = pt.sigmoid(linear[0]), self._gone(here, linear), pt.exp(linear[3])
        found = graph.ndtr((np.log(elapsed) - linear[2]) / sd)
        nodes = convolution(elapsed)
        wait = (nodes.log_wait - linear[4]) / self.sd
        chance = nodes.mass * pt.exp(-0.5 * wait**2) / (np.sqrt(2 * np.pi) * self.sd)
        heard = graph.ndtr((nodes.log_rest - linear[2]) / sd)
        late = (chance * heard).sum(axis=0)
        return coverage * ((1 - gone) * found + gone * late)
