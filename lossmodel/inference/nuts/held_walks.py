"""Walks of rates that move with everything else that the figures of several windows depend on.

Figures of several windows of one war fix the differences between their sums, too, which no level
can follow: the walks do. In the coordinates y of the walks, deviations from the mode in sds of
their steps there, with J the slopes of the figures by y and W their information, of which the
levels take a part,

    W' = W - W S (I + S' W S)^-1 S' W,    J' W' J = T diag(l) T' + the rest,

T are the directions that figures fix far better than the prior does. They move as their
conditional mode does, by the part r of the figures' log losses that is not linear (see
``held_levels``):

    y = y' - T (1 + l)^-1 T' J' W' r(y' - T T' y'),

with r where the directions themselves stand at the mode: they are known too well to matter there,
and the shift then depends on other coordinates alone, so that the volume is one. A step of a walk
is a normal times a learned scale, by which the shift is divided. The levels follow last, by the r
of the moved walks and by the part K J of the moves that is linear in them.
"""

from copy import copy

import numpy as np

from lossmodel.inference.nuts.coupling import Back
from lossmodel.inference.nuts.figures import Counts, Nonlinear
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.model.density.graph import Evaluation
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["HeldWalks"]

# Precision that figures add to the prior's, in units of it, from which a direction is known well:
# its sd is less than a fifth of the prior's.
KNOWN = 30.0
# Mean size of the shift of a direction, in its posterior sds, from which it is shifted: the daily
# tanks of the shipped war have 0.3, civilians 2.4, yearly windows beside another's year 6.
BENT_SDS = 0.4


class HeldWalks:
    """The shift of the walks of rates, and of the levels after them.

    Parameters
    ----------
    of
        The figures of one submodel.
    theta
        The mode, shape (D,).
    levels
        Those that are held.
    """

    def __init__(self, of: Counts, theta: Floats, levels: HeldLevels) -> None:
        parameters = of.design.parameters
        self._model, self._parameters, self._levels = of.model, parameters, levels
        walks = [
            np.arange(group.start, group.stop)
            for name, group in parameters.groups.items()
            if name.startswith("rate.walk ")
        ]
        self._steps: Ints = np.concatenate([np.zeros(0, dtype=np.int64), *walks])
        scales = parameters.scales(theta)[self._steps]
        self._sds, self._at_mode = scales, theta[self._steps] * scales
        slopes = of.by(parameters.matrix.tocsc()[:, self._steps]) * scales
        informed = of.information[:, None] * levels.slopes
        rest = np.diag(of.information) - informed @ levels.by_figure
        known, directions = np.linalg.eigh(slopes.T @ rest @ slopes)
        kept = known > KNOWN
        self._directions, known = directions[:, kept], known[kept]
        moved = slopes @ self._directions
        self._nonlinear = Nonlinear(of, -(moved / (1 + known)).T @ rest)
        self._by_level = levels.by_figure @ moved
        self._precision = 1 + known

    def __bool__(self) -> bool:
        """Whether any direction is held."""
        return bool(self._directions.size)

    def bent(self, draws: Floats) -> "HeldWalks":
        """Those directions whose shift matters, at theta of shape (S, D), see ``HeldLevels``."""
        scale = self._parameters.scales(draws)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            mean = np.abs(self._shift(draws, scale)[0]).mean(axis=0) * np.sqrt(self._precision)
        kept, some = ~(mean < BENT_SDS), copy(self)
        some._directions, some._precision = self._directions[:, kept], self._precision[kept]
        some._nonlinear, some._by_level = self._nonlinear.some(kept), self._by_level[:, kept]
        return some

    def _along(self, of_directions: Floats, scale: Floats) -> Floats:
        """Steps of theta for moves along the directions, shapes (..., steps) and (..., K)."""
        moved = (of_directions @ self._directions.T) * self._sds
        return np.asarray(moved / scale[..., self._steps])

    def _by_direction(self, by_theta: Floats, scale: Floats) -> Floats:
        """The gradient by moves along the directions, shape (..., K), from that by theta."""
        by_step = by_theta[..., self._steps] / scale[..., self._steps]
        return np.asarray((by_step * self._sds) @ self._directions)

    def _shift(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats, Evaluation]:
        """Moves along the directions, (..., K), and the graph without deviations along them.

        Second are these deviations, as steps of theta.
        """
        steps, model = self._steps, self._model
        deviation = (theta[..., steps] * scale[..., steps] - self._at_mode) / self._sds
        own = self._along(deviation @ self._directions, scale)
        others = theta.copy()
        others[..., steps] -= own
        there = model.graph.evaluate({model.theta: others}, self._nonlinear.nodes)
        return self._nonlinear.at(there), own, there

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """As ``Coupling.move``."""
        steps, entries = self._steps, self._levels.entries
        shift, own, there = self._shift(theta, scale)
        along = self._along(shift, scale)
        walked = theta.copy()
        walked[..., steps] += along
        moved, _, levels_back = self._levels.move(walked, scale)
        moved[..., entries] -= shift @ self._by_level.T

        def back(gradient: Floats) -> Floats:
            after = levels_back(gradient)
            by_shift = self._by_direction(after, scale) - gradient[..., entries] @ self._by_level
            by_others = np.asarray(
                there.adjoints(self._nonlinear.seeds(by_shift))[self._model.theta]
            )
            by_own = -self._by_direction(by_others, scale) @ self._directions.T / self._sds
            by_log, scaled = np.zeros_like(gradient), scale[..., steps] * by_own
            by_log[..., steps] = by_others[..., steps] * own - after[..., steps] * along
            by_log[..., steps] += scaled * theta[..., steps]
            before = after + by_others
            before[..., steps] += scaled
            before[..., : len(self._parameters.hyper)] += self._parameters.by_hyper(by_log)
            return np.asarray(before)

        return moved, 0.0, back
