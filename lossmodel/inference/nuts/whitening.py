"""Coordinates in which the posterior of a block is close to a standard normal.

The affine map of the Laplace fit leaves bent ridges wherever figures fix a combination of unknowns
far better than each of them, since what keeps the combination still is not affine:

    sums and definitions    what a long ledger counts: straightened first, see ``tight_sums``.
    scale times normal      how well a normal z with a learned scale s is known hangs on s.
    shares and delays       of one undefined word, of one list: curved conditional modes.

So theta is taken apart: hyperparameters h; singles g, which enter through a share or a delay; then
for each learned scale the normals z that have it; and all others, o. Each follows from those before
it, in units u = s z / s* of the scale at the mode, with d the deviation from the mode and x
standard normal:

    h = h* + C x_h
    g = g* + Z (h - h*) + F x
    u = Q [(1 + t) / (r^-2 + t) Q' m + (r^-2 + t)^(-1/2) x],    m = u* + R d + Z (h - h*)
    o = o* + R d + Z (h - h*) + F x

where r = s / s*. The precision of u given all before it is I / r^2, the prior's, plus what the
figures tell, Q diag(t) Q': so both its mean and its spread are those at every scale, be it known
from the figures (t large: u stays as s moves) or from the prior (t small: z stays). To x of all
after g is added the sum of curves c_d(x_d), the shift of their conditional mode as the d-th of g
moves, where that is not linear. Each step moves a coordinate by a function of earlier ones, so that
the log determinant is that of the spreads of u, over r, and a constant, which is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import cholesky, eigh, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.nuts.coupling import Back, Coupled
from lossmodel.inference.nuts.tight_sums import couplings_of
from lossmodel.model.density.density import Density
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats

__all__ = ["Whitened"]

BENT = 1.0
"""Second difference of the gradient above which a coordinate gets a curve."""
REACH, STEP = 3.0, 1.0
EVALUATIONS = 60


@dataclass(frozen=True)
class _Plain:
    """Unknowns with no learned scale: ``d = R d_before + Z (h - h*) + F x``."""

    mode_sensitivity: Floats
    by_hyper: Floats
    covariance_root: Floats


@dataclass(frozen=True)
class _Scaled:
    """Unknowns with a learned scale, rotated by Q' to where they are independent.

    Attributes
    ----------
    mean, mode_sensitivity, by_hyper
        Of their conditional mode, times Q'.
    rotation
        Q.
    known
        t: precision that the figures add to the prior's.
    hyper, pace
        Number of the scale, and how its log moves with the hyperparameter.
    """

    mean: Floats
    mode_sensitivity: Floats
    by_hyper: Floats
    rotation: Floats
    known: Floats
    hyper: int
    pace: float


@dataclass(frozen=True)
class _Held:
    """What the way back needs of the way forth."""

    theta: Floats
    x: Floats
    parts: list[tuple[Floats, Floats, float] | None]
    volume: float


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
        self._density = Coupled(density, couplings_of(density, laplace.mode))
        self.size, self.gradients = density.size, 0
        self._arrange(density.design, laplace)
        with threadpool_limits(1):
            self._curves()

    def _arrange(self, design: Design, laplace: Laplace) -> None:
        """The order of the unknowns, and each part given those before it."""
        parameters, hypers = design.parameters, len(design.parameters.hyper)
        own = parameters.scale_of < hypers
        single = _singles(design) & ~own
        self._single = np.flatnonzero(single)
        scales = [int(k) for k in np.unique(parameters.scale_of[own])]
        groups = [self._single, *(np.flatnonzero(parameters.scale_of == k) for k in scales)]
        rest = np.setdiff1d(np.arange(hypers, self.size), np.concatenate(groups))
        groups.append(rest)
        self._order = np.concatenate(groups)
        self._rest = self._order[len(self._single) :]
        self._ends = np.cumsum([0, *map(len, groups)])
        self._hyper_mode, self._mode = laplace.mode[:hypers], laplace.mode[self._order]
        self._root = laplace.covariance_root[:hypers, :hypers]
        here = self._order - hypers
        # Upper triangular, with ``upper' d`` standard normal: each given those before it.
        precision = laplace.latent_precision[np.ix_(here, here)]
        upper = cholesky(precision[::-1, ::-1], lower=True)[::-1, ::-1]
        self._parts: list[_Plain | _Scaled] = []
        pace = np.zeros((len(here), hypers))
        scaled = own[self._order]
        of = parameters.scale_of[self._order][scaled]
        pace[scaled, of] = parameters.hyper_sd[of]
        latent = laplace.covariance_root[hypers:, :hypers][here]
        by_hyper = np.linalg.solve(self._root.T, latent.T).T if hypers else latent
        by_hyper = by_hyper + self._mode[:, None] * pace
        for number, (start, end) in enumerate(zip(self._ends[:-1], self._ends[1:], strict=True)):
            block = upper[start:end, start:end]
            covariance_root = _inverse_transpose(block)
            mode_sensitivity = -covariance_root @ upper[:start, start:end].T
            own_part = by_hyper[start:end] - mode_sensitivity @ by_hyper[:start]
            if 0 < number <= len(scales):
                hyper = scales[number - 1]
                self._parts.append(
                    _scaled(
                        block @ block.T, mode_sensitivity, own_part, self._mode[start:end], hyper,
                        float(parameters.hyper_sd[hyper]),
                    )
                )  # fmt: skip
            else:
                self._parts.append(_Plain(mode_sensitivity, own_part, covariance_root))

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

    def _shift(self, x: Floats) -> tuple[Floats, Back]:
        """What the curves add to x_o, and the way back of gradients; straight beyond the knots."""
        at = x[self.curved]
        inside = np.clip(at, -REACH, REACH)
        piece = np.clip(((inside + REACH) // STEP).astype(int), 0, len(self._at) - 2)
        t, one = inside - self._at[piece], np.ones(len(at))
        slopes = np.stack([3 * t * t, 2 * t, one, 0 * one], axis=1)
        powers = np.stack([t**3, t * t, t, one], axis=1) + slopes * (at - inside)[:, None]
        held = self._spline[np.arange(len(at)), piece].reshape(-1, len(self._rest))

        def back(gradient: Floats) -> Floats:
            return np.asarray((slopes * (held @ gradient).reshape(-1, 4)).sum(axis=1))

        return powers.ravel() @ held, back

    def theta(self, x: Floats) -> Floats:
        """The map, for x of shape (D,)."""
        return self._density.theta(self._mapped(self._bent(x)[0]).theta)

    def _bent(self, x: Floats) -> tuple[Floats, Back]:
        shift, back = self._shift(x)
        bent = x.copy()
        bent[self._rest] += shift
        return bent, back

    def _mapped(self, x: Floats) -> _Held:
        moved = self._root @ x[: len(self._root)]
        own, deviation = x[self._order], np.empty(len(self._order))
        latent = np.empty_like(deviation)
        parts: list[tuple[Floats, Floats, float] | None] = []
        volume = 0.0
        for part, start, end in zip(self._parts, self._ends[:-1], self._ends[1:], strict=True):
            mean = part.mode_sensitivity @ deviation[:start] + part.by_hyper @ moved
            if isinstance(part, _Plain):
                deviation[start:end] = mean + part.covariance_root @ own[start:end]
                latent[start:end] = self._mode[start:end] + deviation[start:end]
                parts.append(None)
                continue
            mean += part.mean
            growth = part.pace * float(moved[part.hyper])
            precision = np.exp(-2 * growth) + part.known
            turned = (1 + part.known) / precision * mean + own[start:end] / np.sqrt(precision)
            product = part.rotation @ turned
            deviation[start:end] = product - self._mode[start:end]
            latent[start:end] = product * np.exp(-growth)
            volume -= 0.5 * float(np.log(precision).sum()) + (end - start) * growth
            parts.append((mean, precision, growth))
        theta = np.empty(self.size)
        theta[: len(moved)] = self._hyper_mode + moved
        theta[self._order] = latent
        return _Held(theta, own, parts, volume)

    def _back(self, held: _Held, slope: Floats) -> Floats:
        """The gradient by x from that by theta, that of the volume included."""
        by_latent, by_before = slope[self._order], np.zeros(len(self._order))
        moved, by_own = slope[: len(self._root)].copy(), np.empty(len(self._order))
        for number in range(len(self._parts) - 1, -1, -1):
            part, kept = self._parts[number], held.parts[number]
            here = slice(self._ends[number], self._ends[number + 1])
            if isinstance(part, _Plain):
                by_mean = by_before[here] + by_latent[here]
                by_own[here] = part.covariance_root.T @ by_mean
            elif kept is not None:
                mean, precision, growth = kept
                spread = 1 / np.sqrt(precision)
                turned = part.rotation.T @ (by_before[here] + by_latent[here] * np.exp(-growth))
                by_mean = turned * (1 + part.known) / precision
                by_own[here] = turned * spread
                by_log = -by_mean * mean - 0.5 * by_own[here] * held.x[here] - 0.5
                fall = float(by_log @ (-2 * np.exp(-2 * growth) / precision))
                stay = float(by_latent[here] @ held.theta[self._order[here]])
                moved[part.hyper] += part.pace * (fall - stay - (here.stop - here.start))
            by_before[: here.start] += part.mode_sensitivity.T @ by_mean
            moved += part.by_hyper.T @ by_mean
        gradient = np.empty(self.size)
        gradient[: len(moved)] = self._root.T @ moved
        gradient[self._order] = by_own
        return gradient

    def _straight(self, x: Floats) -> tuple[float, Floats]:
        """The density where no coordinate has a curve."""
        self.gradients += 1
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            held = self._mapped(x)
            value, slope = self._density(held.theta)
            return value + held.volume, self._back(held, slope)

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Log density of x of shape (D,), up to a constant, and its gradient."""
        bent, back = self._bent(x)
        value, gradient = self._straight(bent)
        gradient[self.curved] += back(gradient[self._rest])
        return value, gradient


def _scaled(
    precision: Floats,
    mode_sensitivity: Floats,
    by_hyper: Floats,
    mode: Floats,
    hyper: int,
    pace: float,
) -> _Scaled:
    """Unknowns with a learned scale, of whose precision one is the prior's."""
    values, rotation = eigh(precision)
    known = np.maximum(values - 1, 0.0)
    mean = rotation.T @ mode
    by_hyper = rotation.T @ by_hyper
    # What their own scale does at the mode is in the map.
    by_hyper[:, hyper] -= 2 * mean / (1 + known) * pace
    rotation = np.ascontiguousarray(rotation)
    return _Scaled(mean, rotation.T @ mode_sensitivity, by_hyper, rotation, known, hyper, pace)


def _singles(design: Design) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Unknowns on their own that enter through a share or a delay."""
    rows = np.zeros(design.parameters.matrix.shape[0], dtype=bool)
    rows[design.factor_row] = True
    rows[design.pair_map.tocsr().indices] = True
    for scope in design.latent.scopes:
        rows[[row for row in (scope.logit_row, scope.tau_row) if row >= 0]] = True
    moves = abs(design.parameters.matrix).T @ rows.astype(float) > 0
    alone = np.zeros(design.size, dtype=bool)
    for group in design.parameters.groups.values():
        alone[group] = group.stop - group.start == 1
    alone[: len(design.parameters.hyper)] = False
    return np.asarray(moves & alone)


def _inverse_transpose(upper: Floats) -> Floats:
    inverse = solve_triangular(upper, np.eye(len(upper)))
    return np.ascontiguousarray(inverse.T)
