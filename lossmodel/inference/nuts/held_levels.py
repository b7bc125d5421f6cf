"""Levels of rates and of biases that move with everything else that a figure depends on.

A figure fixes the losses that it counts, within its noise and its bias: their level, times a walk
within its days, the share of the dead, the coverage of a list and the share of it that was reported
by a day. Where all but the level are known from the prior alone, the unknowns that agree with the
figure lie on a curved surface, as narrow as the figure is exact: chains stick there, and draws of a
normal miss it. Figures of different claimants about different days lie on a surface each, and no
level of a rate can follow all of them: the levels of their biases then follow, too.

With m_i the log of the losses that figure i counts, at quantities v that are affine in standard
normals of given scales, r_i the part of m_i that is not linear around the mode v*, w_i the
information of the figure on m_i there and S its slopes by the levels theta_L of rates and biases,

    theta_L = theta_L' - K r,   r_i = m_i(v) - m_i(v*) - m_i'(v*) (v - v*),
                                K = (I + S' W S)^-1 S' W,

which is how far the conditional mode of the levels moves, where figures are normal and I is the
precision of the prior. The slope of m_i by a level is constant, so that r does not depend on levels
and the volume is one; mode and curvature at the mode stay. Of a figure about a sum of parties, r_i
is the mean of theirs. It is an additive coupling, see ``coupling``.
"""

from copy import copy

import numpy as np
from scipy.sparse.csgraph import connected_components

from lossmodel.inference.nuts.coupling import Back
from lossmodel.inference.nuts.figures import Counts, Nonlinear
from lossmodel.model.density.density import batches
from lossmodel.model.density.graph import Evaluation
from lossmodel.model.density.operators import Node
from lossmodel.model.design.grid import Floats

__all__ = ["HeldLevels"]

# Mean size of a shift, in logs of figures, from which a level is shifted: of a sum that is known
# within 10%, half an sd. Levels that move less are left out, as each costs time.
BENT = 0.05


class HeldLevels:
    """The shift of the levels of rates and biases that keeps figures near their expectations.

    Parameters
    ----------
    of
        The figures of one submodel.

    Attributes
    ----------
    entries
        Of theta: the L levels.
    slopes, by_figure
        S and K above, shapes (N, L) and (L, N).
    """

    def __init__(self, of: Counts) -> None:
        self._model = of.model
        slopes = (of.by_levels() + of.by_biases()).tocsc()
        self.entries = np.flatnonzero(np.abs(slopes).sum(axis=0) > 0)
        self.slopes = slopes[:, self.entries].toarray()
        self.by_figure = of.following(self.slopes, np.eye(len(self.entries)))
        self._nonlinear = Nonlinear(of, self.by_figure)
        self._group = connected_components(np.abs(self.slopes).T @ np.abs(self.slopes))[1]

    def __bool__(self) -> bool:
        """Whether any level is held."""
        return len(self.entries) > 0

    def bent(self, draws: Floats) -> "HeldLevels":
        """Those levels whose shift matters, and those that the same figures depend on.

        Parameters
        ----------
        draws
            Theta about as uncertain as the posterior, shape (S, D).
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            mean = np.abs(self.excess(draws)).mean(axis=0)
        # A mean that overflows, or is not a number, is of a level that is bent.
        kept, some = np.isin(self._group, self._group[~(mean < BENT)]), copy(self)
        some._group, some.entries = self._group[kept], self.entries[kept]
        some.slopes, some.by_figure = self.slopes[:, kept], self.by_figure[kept]
        some._nonlinear = self._nonlinear.some(kept)
        return some

    def _evaluate(self, theta: Floats) -> Evaluation:
        return self._model.graph.evaluate({self._model.theta: theta}, self._nonlinear.nodes)

    def excess(self, theta: Floats) -> Floats:
        """The shift of each level at theta of shape (S, D), in logs of figures, shape (S, L)."""
        there = self._evaluate(theta)
        return np.asarray(self._nonlinear.at(there) * np.abs(self.slopes).max(axis=0, initial=0.0))

    def hold(self, theta: Floats) -> tuple[Floats, dict[Node, Floats]]:
        """Theta of shape (S, D) with the levels shifted, and nodes that this does not change.

        These are the shares that lists report, which take most of the time of an evaluation.
        """
        moved = theta.copy()
        known: dict[Node, Floats] = {}
        for some in batches(len(theta)):
            there = self._evaluate(theta[some])
            moved[some, self.entries] -= self._nonlinear.at(there)
            for node in self._model.reported:
                if node in there:
                    known.setdefault(node, np.empty((len(theta), node.size)))[some] = there[node]
        return moved, known

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """As ``Coupling.move``; v follows from theta, so that no scale is needed."""
        there, nonlinear = self._evaluate(theta), self._nonlinear
        moved = theta.copy()
        moved[..., self.entries] -= nonlinear.at(there)

        def back(gradient: Floats) -> Floats:
            seeds = nonlinear.seeds(-gradient[..., self.entries])
            return np.asarray(gradient + there.adjoints(seeds)[self._model.theta])

        return moved, 0.0, back
