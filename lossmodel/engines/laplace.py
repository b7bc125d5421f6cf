"""Nested Laplace approximation of a block's posterior.

Theta is (h, z): hyperparameters and latent vector. For given h the mode z*(h) is found by Newton
steps, and the hyperparameters' marginal is approximated by

    log p(h | y) = log p(h, z*(h), y) - log det H(h) / 2 + constant

(Tierney and Kadane 1986; Rue, Martino and Chopin 2009). It is maximised over h: the joint mode of
(h, z) will not do, since a noise scale can go to zero where the path follows the figures. Around
its maximum h is normal, and z given h is normal with mean ``z* + Z (h - h*)``, so that the
hyperparameters are integrated over.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky, eigh, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from lossmodel.curvature import Curvature, Expansion
from lossmodel.density import Density
from lossmodel.design.grid import Floats

__all__ = ["Laplace", "approximate"]

DECREMENT = 1e-7
NEWTON_STEPS = 60
CHORD_STEPS = 6
SETTLED = 1e-3
ROUGH = 1e-3
APPROACH = 300
HYPER_ITERATIONS = 25
HYPER_TOLERANCE = 0.02
FLOOR = 1e-6
FAR = 5.0
HUGE = 1e100
RIDGES = (0.0, 1e-10, 1e-7, 1e-4, 1e-1)
RISE = 0.2
PATIENCE = 3
AXIAL = 1.4
LOOSE = 0.8
Report = Callable[[str], None]


@dataclass(frozen=True)
class Laplace:
    """A normal approximation of the posterior of theta.

    Attributes
    ----------
    mode
        Shape (D,): maximum of the hyperparameters' marginal, and z* there.
    factor
        Lower triangular A with A A' the covariance; ``mode + A x`` of standard normal x draws.
    latent_precision
        Negative Hessian by z at the mode.
    hyper_covariance
        Of the hyperparameters, on their standard normal scale.
    log_evidence
        Laplace's approximation of log p(y).
    decrement
        Newton's decrement at the mode: half the rise that a further step promises.
    positive
        Whether the latent Hessian was positive definite.
    gradient
        Norm of the marginal's gradient before the last step, in posterior sds.
    expansions, gradients
        Second-order expansions and gradients used.
    """

    mode: Floats
    factor: Floats
    latent_precision: Floats
    hyper_covariance: Floats
    log_evidence: float
    decrement: float
    positive: bool
    gradient: float
    expansions: int
    gradients: int

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Independent draws, shape (size, D)."""
        return np.asarray(self.mode + rng.standard_normal((size, len(self.mode))) @ self.factor.T)


def approximate(
    density: Density, *, start: Floats | None = None, report: Report = lambda _: None
) -> Laplace:
    """Maximise the hyperparameters' marginal and expand around it.

    Parameters
    ----------
    start
        Where to begin, such as the mode of an earlier fit.
    report
        Told of each stage.
    """
    search = _Search(density, np.zeros(density.size) if start is None else start.copy(), report)
    with threadpool_limits(1):
        if start is None:
            search.approach()
        search.climb()
        return search.finish()


class _Search:
    """The hyperparameters' marginal, each evaluation from the last latent mode."""

    def __init__(self, density: Density, theta: Floats, report: Report) -> None:
        self.density, self.theta, self.report = density, theta, report
        self.hypers = len(density.design.layout.hyper)
        self.curvature = Curvature(density)
        self.expansions = self.gradients = 0
        self.unit = self._units()
        self.values: list[float] = []

    def climb(self) -> None:
        """Climb to where the marginal no longer rises by much."""
        bounds = list(zip(-FAR / self.unit, FAR / self.unit, strict=True))
        options = {"maxiter": HYPER_ITERATIONS, "ftol": 0.0, "gtol": HYPER_TOLERANCE}
        start = self.theta[: self.hypers] / self.unit
        # The optimiser is left by an exception: its own tests wait for an exact gradient.
        with suppress(_Flat):
            minimize(self._loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)

    def _loss(self, scaled: Floats) -> tuple[float, Floats]:
        start = np.concatenate([scaled * self.unit, self.theta[self.hypers :]])
        expansion, lower, *_ = self.settle(start, tolerance=ROUGH)
        value, gradient = self.marginal(expansion, lower)
        best = max(self.values, default=-np.inf)
        if value > best:
            self.theta = expansion.state.theta.copy()
        self.values.append(value)
        self.report(f"hyperparameters, step {len(self.values)}: log evidence {value:.1f}")
        recent = self.values[-PATIENCE:]
        if len(self.values) > PATIENCE and max(recent) < max(self.values[:-PATIENCE]) + RISE:
            raise _Flat
        return -value, -gradient * self.unit

    def _units(self) -> Floats:
        """Rough posterior sd of each hyperparameter: its prior and half of what bears on it.

        The optimiser's first steps are of this size.
        """
        layout, observed = self.density.design.layout, self.density.design.observed
        n = self.hypers
        bears = np.bincount(layout.scale_of, minlength=n + 1)[:n].astype(float)
        learned = observed.noise[observed.noise >= 0]
        bears += np.bincount(learned, minlength=n)[:n]
        return np.asarray(1 / np.sqrt(1 + bears * layout.hyper_sd**2 / 2))

    def settle(
        self, theta: Floats, *, tolerance: float = DECREMENT
    ) -> tuple[Expansion, Floats, float, bool]:
        """Latent mode for the hyperparameters of theta: Newton steps, each with chord steps.

        Returns
        -------
        expansion, lower, decrement, positive
            At the mode; the factor of its latent precision; how much a further step promises; and
            whether the precision was positive definite.
        """
        for _ in range(NEWTON_STEPS):
            expansion = self._expand(theta)
            lower, positive = _factorise(expansion, self.hypers)
            theta, first, last = self._chord(expansion, lower, tolerance)
            if last < tolerance and first < SETTLED:
                break
        if first >= tolerance:
            expansion = self._expand(theta)
            lower, positive = _factorise(expansion, self.hypers)
        return expansion, lower, last, positive

    def _chord(
        self, expansion: Expansion, lower: Floats, tolerance: float
    ) -> tuple[Floats, float, float]:
        """Newton steps with one factor; the first and the last decrement."""
        theta = expansion.state.theta
        value, gradient = expansion.value, expansion.gradient
        decrements: list[float] = []
        while len(decrements) <= CHORD_STEPS:
            step = np.zeros_like(theta)
            step[self.hypers :] = cho_solve((lower, True), gradient[self.hypers :])
            decrements.append(float(gradient @ step) / 2)
            if decrements[-1] < tolerance:
                break
            found = self._line(theta, step, value)
            if found is None:
                break
            theta, value, gradient, halvings = found
            if halvings:
                break
        return theta, decrements[0], decrements[-1]

    def _line(
        self, theta: Floats, step: Floats, value: float
    ) -> tuple[Floats, float, Floats, int] | None:
        """Halve the step until the density rises."""
        for halvings in range(40):
            candidate = theta + step * 0.5**halvings
            risen, gradient = self._evaluate(candidate)
            if risen >= value - FLOOR:
                return candidate, risen, gradient, halvings
        return None

    def _evaluate(self, theta: Floats) -> tuple[float, Floats]:
        self.gradients += 1
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.density(theta)

    def _expand(self, theta: Floats) -> Expansion:
        self.expansions += 1
        return self.curvature.expand(theta)

    def approach(self) -> None:
        """Come near the latent mode by gradients alone, which are cheap."""
        n = self.hypers

        def loss(latent: Floats) -> tuple[float, Floats]:
            value, gradient = self._evaluate(np.concatenate([self.theta[:n], latent]))
            return -value, -gradient[n:]

        options = {"maxiter": APPROACH, "maxcor": 20}
        found = minimize(loss, self.theta[n:], jac=True, method="L-BFGS-B", options=options)
        self.theta = np.concatenate([self.theta[:n], found.x])

    def marginal(self, expansion: Expansion, lower: Floats) -> tuple[float, Floats]:
        """Log marginal of the hyperparameters and its gradient.

        The gradient leaves out how the curvature moves with z*(h).
        """
        n, layout = self.hypers, self.density.design.layout
        observed = self.density.design.observed
        value = expansion.value - float(np.log(np.diag(lower)).sum())
        inverse = solve_triangular(lower, np.eye(len(lower)), lower=True)
        shrink = 1 - (inverse**2).sum(axis=0)
        by_scale = np.bincount(layout.scale_of[n:], shrink, minlength=n + 1)[:n]
        spread = expansion.jacobian[:, n:] @ inverse.T
        leverage = (spread**2).sum(axis=1)
        learned = observed.noise >= 0
        moved = expansion.by_log_sd * expansion.state.noise_share * leverage / 2
        by_scale += np.bincount(observed.noise[learned], moved[learned], minlength=n)[:n]
        if observed.bound >= 0:
            by_scale[observed.bound] += float(expansion.by_excess @ leverage) / 2
        return value, expansion.gradient[:n] - by_scale * layout.hyper_sd

    def _response(self, theta: Floats, lower: Floats) -> Floats:
        """Derivative of z* by h (implicit function), shape (D - H, H)."""
        n = self.hypers
        response = np.zeros((len(theta) - n, n))
        for k in range(n):
            step = np.zeros(len(theta))
            step[k] = FLOOR**0.5
            change = self._evaluate(theta + step)[1] - self._evaluate(theta - step)[1]
            response[:, k] = cho_solve((lower, True), change[n:] / (2 * step[k]))
        return response

    def _axial(self, expansion: Expansion, lower: Floats, value: float) -> tuple[Floats, Floats]:
        """Gradient and negative Hessian of the log marginal from two points on each axis.

        Values give the gradient and the diagonal, the analytic gradients what is off it.
        """
        n, theta = self.hypers, expansion.state.theta
        response = self._response(theta, lower)
        rise, bend, own = np.zeros(n), np.zeros((n, n)), np.zeros(n)
        for k in range(n):
            size = AXIAL * self.unit[k]
            values, slopes = [], []
            for sign in (1.0, -1.0):
                moved = theta.copy()
                moved[k] += sign * size
                moved[n:] += sign * size * response[:, k]
                near = self._expand(moved)
                at, slope = self.marginal(near, _factorise(near, n)[0])
                values.append(at)
                slopes.append(slope)
            rise[k] = (values[0] - values[1]) / (2 * size)
            own[k] = (2 * value - values[0] - values[1]) / size**2
            bend[k] = (slopes[1] - slopes[0]) / (2 * size)
        bend = (bend + bend.T) / 2
        np.fill_diagonal(bend, own)
        return rise, bend

    def finish(self) -> Laplace:
        """Curvature in h from axial points, one Newton step in h, and the joint factor."""
        n = self.hypers
        self.report("curvature of the hyperparameters")
        expansion, lower, *_ = self.settle(self.theta)
        value = self.marginal(expansion, lower)[0]
        rise, bend = self._axial(expansion, lower, value)
        covariance = _covariance(bend)
        step = covariance @ rise
        step *= min(1.0, 1.0 / max(np.max(np.abs(step) / self.unit, initial=0.0), 1e-12))
        start = expansion.state.theta
        response = self._response(start, lower)
        start = start + np.concatenate([step, response @ step])
        expansion, lower, decrement, positive = self.settle(start)
        value = self.marginal(expansion, lower)[0]
        theta = expansion.state.theta
        response = self._response(theta, lower)
        factor = np.zeros((len(theta), len(theta)))
        root = cholesky(covariance, lower=True) if n else covariance
        factor[:n, :n] = root
        factor[n:, :n] = response @ root
        factor[n:, n:] = solve_triangular(lower, np.eye(len(lower)), lower=True).T
        return Laplace(
            mode=theta,
            factor=factor,
            latent_precision=expansion.precision[n:, n:],
            hyper_covariance=covariance,
            log_evidence=value + float(np.log(np.diag(root)).sum()),
            decrement=decrement,
            positive=positive,
            gradient=float(np.linalg.norm(root.T @ rise)),
            expansions=self.expansions,
            gradients=self.gradients,
        )


class _Flat(Exception):  # noqa: N818 - not an error: the climb has ended
    """The marginal no longer rises."""


def _covariance(bend: Floats) -> Floats:
    """Inverse curvature of the hyperparameters; none of them is wider than its prior.

    A direction in which the marginal hardly bends, or upwards, keeps the prior's width. The
    diagonal comes from values of the marginal; correlations, from gradients that leave something
    out, are kept below LOOSE.
    """
    if not len(bend):
        return bend
    own = np.diag(bend)
    sd = 1 / np.sqrt(np.maximum(own, 1.0))
    correlation = np.clip(bend * np.outer(sd, sd), -LOOSE, LOOSE)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = eigh(correlation)
    raised = (vectors * np.maximum(values, 1 - LOOSE)) @ vectors.T
    covariance = np.linalg.inv(raised) * np.outer(sd, sd)
    widest = 1 / np.maximum(np.sqrt(np.diag(covariance)), 1.0)
    return np.asarray(covariance * np.outer(widest, widest))


def _factorise(expansion: Expansion, hypers: int) -> tuple[Floats, bool]:
    """Lower Cholesky factor of the latent precision; Gauss-Newton's where that is indefinite.

    Far from the mode entries can differ by so many orders of magnitude that even Gauss-Newton's
    loses its positive eigenvalues to rounding: then its diagonal grows until they are back.
    """
    try:
        return np.asarray(cholesky(expansion.precision[hypers:, hypers:], lower=True)), True
    except (np.linalg.LinAlgError, ValueError):
        safe = np.nan_to_num(expansion.gauss_newton()[hypers:, hypers:], posinf=HUGE, neginf=-HUGE)
    for ridge in RIDGES:
        raised = safe + np.diag(ridge * np.diag(safe))
        try:
            return np.asarray(cholesky(raised, lower=True)), False
        except np.linalg.LinAlgError:
            continue
    return np.diag(np.sqrt(np.diag(safe))), False
