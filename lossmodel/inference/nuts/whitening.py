"""Coordinates in which the posterior of a submodel is close to a standard normal.

The affine map of the Laplace fit leaves curved, narrow regions wherever figures fix a combination
of unknowns far better than each of them, since the set on which the combination is constant is not
affine:

    sums and definitions    the counts of a long ledger: decoupled first, see ``tight_sums``.
    losses of a figure      the level, the walk, the coverage of a list: ``held_levels``.
    scale times normal      how well a normal z with a learned scale s is known depends on s: see
                            ``conditional_map``.
    shares and delays       of one undefined word, of one list: curved conditional modes.

For the last, a sum of curves c_d(x_d) is added to x of all unknowns after the singles g: the shift
of their conditional mode as the d-th of g moves, where that is not linear.
"""

from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_limits

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.nuts.conditional_map import ConditionalMap
from lossmodel.inference.nuts.coupling import Back, Coupled, Coupling
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.nuts.tight_sums import couplings_of
from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats

__all__ = ["Whitened"]

# Second difference of the gradient, one sd to both sides, above which a coordinate gets a curve. As
# precisions are one, the conditional mode of the others is then half an sd off a straight line.
NONLINEAR = 1.0
# Knots of the curves, in sds; 1 of 370 draws lies beyond the last ones, where curves are straight.
REACH, STEP = 3.0, 1.0
# Gradients for one knot. Curves need not be exact, since the sampler corrects for their errors.
EVALUATIONS = 60
# Draws that tell whether a level needs to be held.
DRAWS, SEED = 200, 1


class Whitened:
    """The log density of x and its gradient, where theta is the map of x.

    Parameters
    ----------
    density, laplace
        Of one submodel.

    Attributes
    ----------
    size
        Length of x and of theta.
    gradients
        Number spent on the curves.
    curved
        Entries of theta that have a curve.
    """

    def __init__(self, density: Density, laplace: Laplace) -> None:
        self.size, self.gradients = density.size, 0
        self._map = ConditionalMap(density.design, laplace)
        couplings: tuple[Coupling, ...] = couplings_of(density, laplace.mode)
        spread = self._spread(Coupled(density, couplings))
        if levels := HeldLevels(density, laplace.mode).bent(spread):
            couplings = (*couplings, levels)
        self._density = Coupled(density, couplings)
        self._rest = self._map.rest
        with threadpool_limits(1):
            self._curves()

    def _spread(self, coupled: Coupled) -> Floats:
        """Draws of theta from a standard normal, shape (S, D)."""
        x = np.random.default_rng(SEED).standard_normal((DRAWS, self.size))
        return coupled.theta(self._map(x).theta)

    def _curves(self) -> None:
        """Find the single unknowns on which the others depend nonlinearly, and their curves."""
        from scipy.interpolate import CubicSpline

        self.curved = np.zeros(0, dtype=np.int64)
        at_mode = self._without_curves(np.zeros(self.size))[1]
        curved = [
            i for i in map(int, self._map.singles) if self._nonlinearity(i, at_mode) > NONLINEAR
        ]
        self._at = np.arange(-REACH, REACH + STEP / 2, STEP)
        curves = [np.stack(list(self._curve(i))) for i in curved]
        self._spline = np.stack(
            [np.moveaxis(CubicSpline(self._at, c, bc_type="natural").c, 1, 0) for c in curves]
        ) if curved else np.zeros((0, len(self._at) - 1, 4, len(self._rest)))  # fmt: skip
        self.curved = np.array(curved, dtype=np.int64)

    def _nonlinearity(self, i: int, at_mode: Floats) -> float:
        step = np.zeros(self.size)
        step[i] = 1.0
        sides = self._without_curves(step)[1] + self._without_curves(-step)[1]
        return float(np.linalg.norm(sides - 2 * at_mode))

    def _curve(self, i: int) -> Iterator[Floats]:
        """Conditional mode of the rest at each knot of the i-th coordinate."""
        sides = [self._side(i, sign) for sign in (-1.0, 1.0)]
        yield from reversed(sides[0])
        yield np.zeros(len(self._rest))
        yield from sides[1]

    def _side(self, i: int, sign: float) -> list[Floats]:
        found = [np.zeros(len(self._rest))]
        for knot in self._at[self._at > 0]:
            guess = 2 * found[-1] - found[-2] if len(found) > 1 else found[-1]
            found.append(self._conditional(i, sign * knot, guess))
        return found[1:]

    def _conditional(self, i: int, at: float, guess: Floats) -> Floats:
        from scipy.optimize import minimize

        def loss(rest: Floats) -> tuple[Floats, Floats]:
            x = np.zeros(self.size)
            x[i], x[self._rest] = at, rest
            value, gradient = self._without_curves(x)
            return -value, -gradient[self._rest]

        options = {"maxfun": EVALUATIONS, "maxcor": 20, "gtol": 1e-2}
        return np.asarray(minimize(loss, guess, jac=True, method="L-BFGS-B", options=options).x)

    def _shift(self, x: Floats) -> tuple[Floats, Back]:
        """The sum of the curves, and the map of gradients back; linear beyond the knots."""
        at = x[..., self.curved]
        inside = np.clip(at, -REACH, REACH)
        piece = np.clip(((inside + REACH) // STEP).astype(int), 0, len(self._at) - 2)
        t, one = inside - self._at[piece], np.ones_like(at)
        slopes = np.stack([3 * t * t, 2 * t, one, 0 * one], axis=-1)
        powers = np.stack([t**3, t * t, t, one], axis=-1) + slopes * (at - inside)[..., None]
        held = self._spline[np.arange(len(self.curved)), piece]

        def back(gradient: Floats) -> Floats:
            by_power = np.einsum("...ckr,...r->...ck", held, gradient)
            return np.asarray((slopes * by_power).sum(axis=-1))

        return np.einsum("...ck,...ckr->...r", powers, held), back

    def theta(self, x: Floats) -> Floats:
        """The map, for x of shape (..., D)."""
        return self._density.theta(self._map(self._curved(x)[0]).theta)

    def _curved(self, x: Floats) -> tuple[Floats, Back]:
        shift, back = self._shift(x)
        moved = x.copy()
        moved[..., self._rest] += shift
        return moved, back

    def _without_curves(self, x: Floats) -> tuple[Floats, Floats]:
        """The density where no coordinate has a curve."""
        self.gradients += x.size // self.size
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            held = self._map(x)
            value, slope = self._density(held.theta)
            return value + held.volume, self._map.gradient(held, slope)

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """Log densities of x of shape (..., D), up to a constant, and their gradients."""
        moved, back = self._curved(x)
        value, gradient = self._without_curves(moved)
        gradient[..., self.curved] += back(gradient[..., self._rest])
        return value, gradient
