"""Coordinates in which the posterior of a block is close to a standard normal.

The affine map of the Laplace fit leaves bent ridges wherever figures fix a combination of unknowns
far better than each of them, since what keeps the combination still is not affine:

    scale times normal    a walk's steps ``u = s z`` are offset by those of another path. When the
                          loosely known scale s moves at fixed z, all of u moves.
    shares and delays     of one undefined word a ledger of 1,600 days tells the level within
                          0.2%; the share of the wounded that the word includes bends it by more.

So theta = (h, g, o) is taken apart: hyperparameters h; first the normals g that have a learned
scale and are hardly known better than it, and those that enter through a share or a delay; then all
others, o, in response, of those with a learned scale the product:

    h = h* + C x_h
    g = g* + Z_g (h - h*) + F_g x_g
    r_o(h) o = o* + R (r_g(h) g - g*) + Z_o (h - h*) + F_o (x_o + sum_d c_d(x_d))

with r(h) the ratio of each scale to that at the mode. The curves c_d are the shift of the
conditional mode of the others as the d-th of g moves, where that is not linear. Each step moves a
coordinate by a function of earlier ones, so that the log determinant is that of 1 / r_o(h) and a
constant, which is left out.
"""

from collections.abc import Iterator

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from lossmodel.density import Density
from lossmodel.design import Design
from lossmodel.design.grid import Floats
from lossmodel.engines.laplace import Laplace

__all__ = ["Whitened"]

LOOSE = 0.8
"""Posterior variance of normals with a learned scale above which they come first."""
BENT = 1.0
"""Second difference of the gradient above which a coordinate gets a curve."""
REACH, STEP = 3.0, 1.0
EVALUATIONS = 60


class Whitened:
    """The log density of x and its gradient, where theta is the map of x.

    Parameters
    ----------
    density, laplace
        Of one block.

    Attributes
    ----------
    size
        Length of x and of theta.
    gradients
        How many were spent on the curves.
    curved
        Which entries of theta have a curve.
    """

    def __init__(self, density: Density, laplace: Laplace) -> None:
        self._density, self.size, self.gradients = density, density.size, 0
        self._linear(density.design, laplace)
        with threadpool_limits(1):
            self._curves()

    def _linear(self, design: Design, laplace: Laplace) -> None:
        layout, mode, precision = design.layout, laplace.mode, laplace.latent_precision
        hypers = self._hypers = len(layout.hyper)
        self._mode, self._root = mode, laplace.factor[:hypers, :hypers]
        own = layout.scale_of < hypers
        variance = (laplace.factor**2).sum(axis=1)
        loose = np.zeros(self.size, dtype=bool)
        for group in layout.groups.values():
            loose[group] = own[group] & (variance[group].mean() > LOOSE)
        single = _singles(design)
        self._first = np.flatnonzero(loose | single)
        self._rest = np.setdiff1d(np.arange(hypers, self.size), self._first)
        self._single = np.flatnonzero(single)
        first, rest = self._first - hypers, self._rest - hypers
        cross = precision[np.ix_(rest, first)]
        lower = cholesky(precision[np.ix_(rest, rest)], lower=True)
        self._response = -cho_solve((lower, True), cross)
        self._rest_factor = _inverse_transpose(lower)
        marginal = precision[np.ix_(first, first)] + cross.T @ self._response
        self._first_factor = _inverse_transpose(cholesky(marginal, lower=True))
        # How the log scale of an entry moves with each hyperparameter.
        pace = np.zeros((self.size, hypers))
        pace[own, layout.scale_of[own]] = layout.hyper_sd[layout.scale_of[own]]
        self._first_pace, self._rest_pace = pace[self._first], pace[self._rest]
        self._volume = -self._rest_pace.sum(axis=0)
        root = laplace.factor[hypers:, :hypers]
        by_hyper = np.linalg.solve(self._root.T, root.T).T if hypers else root
        # Of u, in units of the scale at the mode.
        scaled = by_hyper + mode[hypers:, None] * pace[hypers:]
        self._first_by_hyper = by_hyper[first]
        self._rest_by_hyper = scaled[rest] - self._response @ scaled[first]

    def _curves(self) -> None:
        """Find which of the single unknowns bend the others, and how."""
        self.curved = np.zeros(0, dtype=np.int64)
        still = self._straight(np.zeros(self.size))[1]
        bent = [i for i in map(int, self._single) if self._bend(i, still) > BENT]
        self._at = np.arange(-REACH, REACH + STEP / 2, STEP)
        curves = [np.stack(list(self._curve(i))) for i in bent]
        self._spline = np.stack(
            [np.moveaxis(CubicSpline(self._at, c, bc_type="natural").c, 1, 0) for c in curves]
        ) if bent else np.zeros((0, len(self._at) - 1, 4, len(self._rest)))  # fmt: skip
        self.curved = np.array(bent, dtype=np.int64)

    def _bend(self, i: int, still: Floats) -> float:
        step = np.zeros(self.size)
        step[i] = 1.0
        return float(np.linalg.norm(self._straight(step)[1] + self._straight(-step)[1] - 2 * still))

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
        def loss(rest: Floats) -> tuple[float, Floats]:
            x = np.zeros(self.size)
            x[i], x[self._rest] = at, rest
            value, gradient = self._straight(x)
            return -value, -gradient[self._rest]

        options = {"maxfun": EVALUATIONS, "maxcor": 20, "gtol": 1e-2}
        return np.asarray(minimize(loss, guess, jac=True, method="L-BFGS-B", options=options).x)

    def _shift(self, x: Floats) -> tuple[Floats, Floats]:
        """What the curves add to x_o, and its derivative by each x_d; straight beyond the knots."""
        at = x[self.curved]
        inside = np.clip(at, -REACH, REACH)
        piece = np.clip(((inside + REACH) // STEP).astype(int), 0, len(self._at) - 2)
        t = inside - self._at[piece]
        a, b, c, d = np.moveaxis(self._spline[np.arange(len(at)), piece], 1, 0)
        t = t[:, None]
        slopes = (3 * a * t + 2 * b) * t + c
        values = ((a * t + b) * t + c) * t + d + slopes * (at - inside)[:, None]
        return values.sum(axis=0), slopes

    def theta(self, x: Floats) -> Floats:
        """The map, for x of shape (D,)."""
        return self._mapped(self._bent(x)[0])[0]

    def _bent(self, x: Floats) -> tuple[Floats, Floats]:
        shift, slopes = self._shift(x)
        bent = x.copy()
        bent[self._rest] += shift
        return bent, slopes

    def _mapped(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Theta, and the ratios of the scales to those at the mode, of g and o."""
        first, rest, mode, hypers = self._first, self._rest, self._mode, self._hypers
        moved = self._root @ x[:hypers]
        with np.errstate(over="ignore"):
            up, down = np.exp(self._first_pace @ moved), np.exp(-self._rest_pace @ moved)
        theta = np.empty_like(x)
        theta[:hypers] = mode[:hypers] + moved
        theta[first] = mode[first] + self._first_by_hyper @ moved + self._first_factor @ x[first]
        held = self._response @ (up * theta[first] - mode[first])
        held += self._rest_by_hyper @ moved + self._rest_factor @ x[rest]
        theta[rest] = down * (mode[rest] + held)
        return theta, up, down

    def _straight(self, x: Floats) -> tuple[float, Floats]:
        """The density where no coordinate has a curve."""
        self.gradients += 1
        theta, up, down = self._mapped(x)
        first, rest, hypers = self._first, self._rest, self._hypers
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            value, slope = self._density(theta)
        by_rest = slope[rest] * down
        held = self._response.T @ by_rest
        by_first = slope[first] + held * up
        moved = slope[:hypers] + self._volume
        moved = moved + self._first_by_hyper.T @ by_first + self._rest_by_hyper.T @ by_rest
        moved = moved + self._first_pace.T @ (held * up * theta[first])
        moved = moved - self._rest_pace.T @ (slope[rest] * theta[rest])
        gradient = np.empty_like(x)
        gradient[:hypers] = self._root.T @ moved
        gradient[first] = self._first_factor.T @ by_first
        gradient[rest] = self._rest_factor.T @ by_rest
        return value + float(self._volume @ (self._root @ x[:hypers])), gradient

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Log density of x of shape (D,), up to a constant, and its gradient."""
        bent, slopes = self._bent(x)
        value, gradient = self._straight(bent)
        gradient[self.curved] += slopes @ gradient[self._rest]
        return value, gradient


def _singles(design: Design) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Unknowns on their own that enter through a share or a delay."""
    rows = np.zeros(design.layout.matrix.shape[0], dtype=bool)
    rows[design.factor_row] = True
    rows[design.pair_map.tocsr().indices] = True
    for scope in design.paths.scopes:
        rows[[row for row in (scope.logit_row, scope.tau_row) if row >= 0]] = True
    moves = abs(design.layout.matrix).T @ rows.astype(float) > 0
    alone = np.zeros(design.size, dtype=bool)
    for group in design.layout.groups.values():
        alone[group] = group.stop - group.start == 1
    alone[: len(design.layout.hyper)] = False
    return np.asarray(moves & alone)


def _inverse_transpose(lower: Floats) -> Floats:
    inverse = solve_triangular(lower, np.eye(len(lower)), lower=True)
    return np.ascontiguousarray(inverse.T)
