"""What each claimant is expected to publish before its bias at the date of knowledge."""

from collections.abc import Callable

import numpy as np

from lossmodel.design import Design
from lossmodel.design.grid import Ints
from lossmodel.design.listing import LIST, MISSING, REGISTER, convolution
from lossmodel.reference.graph import Graph, Tensor

__all__ = ["listed", "windows"]

Reach = Callable[[Ints, Tensor], Tensor]


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
    pairs = design.pairs
    if not pairs.points:
        return graph.pt.zeros(len(design.terms))
    linear = graph.apply(design.pair_map, v).reshape((5, len(pairs.point)))
    dead = graph.apply(design.pair_window_map, prefix)
    points = graph.pt.zeros(pairs.points)
    for kind, reach in _Delays(graph, design).reaches().items():
        here = np.flatnonzero(pairs.kind == kind)
        if len(here):
            held = dead[here] * reach(here, linear[:, here])
            points = graph.pt.inc_subtensor(points[pairs.point[here]], held)
    claim, point, sign = design.listed.T
    return graph.scatter(len(design.terms), claim, sign * points[point])


class _Delays:
    """Share of the dead of some days who are held at the date of knowledge."""

    def __init__(self, graph: Graph, design: Design) -> None:
        self.graph, self.pairs, self.sd = graph, design.pairs, design.declared_log_sd

    def reaches(self) -> dict[int, Reach]:
        """How each kind of book comes to hold a name."""
        return {LIST: self._on_list, REGISTER: self._in_register, MISSING: self._still_missing}

    def _gone(self, here: Ints, linear: Tensor) -> Tensor:
        """Share of the dead who are first missing."""
        return self.graph.pt.sigmoid(linear[1]) * self.pairs.has_missing[here]

    def _declared(self, here: Ints, linear: Tensor) -> Tensor:
        """Share of the missing who have been declared dead."""
        return self.graph.ndtr((np.log(self.pairs.age[here]) - linear[4]) / self.sd)

    def _in_register(self, here: Ints, linear: Tensor) -> Tensor:
        gone = self._gone(here, linear)
        return (1 - gone) + gone * self._declared(here, linear)

    def _still_missing(self, here: Ints, linear: Tensor) -> Tensor:
        return self._gone(here, linear) * (1 - self._declared(here, linear))

    def _on_list(self, here: Ints, linear: Tensor) -> Tensor:
        graph, pt, age = self.graph, self.graph.pt, self.pairs.age[here]
        coverage, gone, sd = pt.sigmoid(linear[0]), self._gone(here, linear), pt.exp(linear[3])
        found = graph.ndtr((np.log(age) - linear[2]) / sd)
        nodes = convolution(age)
        wait = (nodes.log_wait - linear[4]) / self.sd
        chance = nodes.mass * pt.exp(-0.5 * wait**2) / (np.sqrt(2 * np.pi) * self.sd)
        heard = graph.ndtr((nodes.log_rest - linear[2]) / sd)
        late = (chance * heard).sum(axis=0)
        return coverage * ((1 - gone) * found + gone * late)
