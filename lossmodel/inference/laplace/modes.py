"""Modes of the latent vector for given hyperparameters, and the Laplace marginal of these.

For given h the mode z*(h) is found by Newton steps, and

    log p(h | y) = log p(h, z*(h), y) - log det P(h) / 2 + constant

with P the latent precision there (Tierney and Kadane 1986). P is clipped: see ``Expansion``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from lossmodel.errors import UsageError
from lossmodel.inference.laplace.factors import Factor, cholesky_factor, regularised
from lossmodel.model.density.curvature import moved_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.expansion import Expander, Expansion
from lossmodel.model.density.layout import is_large
from lossmodel.model.density.slopes import moved_by
from lossmodel.model.design.grid import Floats

__all__ = ["Modes", "Point", "Secants"]

# Most expansions for one mode, and most steps between two of them. A gradient takes a fifteenth of
# the time of an expansion.
NEWTON_STEPS = 60
QUASI_STEPS = 20
# Steps between two expansions without a smaller decrement, after which a new one is worth more.
IDLE_STEPS = 3
# Halvings of a step: to a millionth of a millionth of it.
HALVINGS = 40
# Fall of the log density that counts as none: a thousandth of the rounding error of a published
# log evidence, far above that of a sum of hundreds of log likelihoods (1e-12).
FLOOR = 1e-6
# Precision that is added across a plane, in units of the normal's at the mode: it need only exceed
# the negative curvature there.
RAISED = 10.0


@dataclass(frozen=True, eq=False)
class Point:
    """The density expanded at one theta, and the factor of its latent precision.

    Attributes
    ----------
    factor
        Cholesky factor of the clipped precision of the D - H latent unknowns.
    positive
        Whether the clipped precision was positive definite; if not, ``factor`` is that of the
        Gauss-Newton approximation.
    """

    expansion: Expansion
    factor: Factor
    positive: bool

    @property
    def theta(self) -> Floats:
        """Where it is, shape (D,)."""
        return self.expansion.theta

    @property
    def hypers(self) -> int:
        """Number of hyperparameters."""
        return len(self.theta) - self.factor.size

    @cached_property
    def step(self) -> Floats:
        """Newton's step from here, shape (D,), zero for hyperparameters."""
        return self.newton(self.expansion.gradient)

    @property
    def hessian_positive(self) -> bool:
        """Whether the negative Hessian itself is positive definite."""
        return cholesky_factor(self.expansion.latent) is not None

    def newton(self, gradient: Floats) -> Floats:
        """Newton's step for a gradient, with the precision of this point."""
        step = np.zeros_like(gradient)
        step[self.hypers :] = self.factor.solve(gradient[self.hypers :])
        return step

    @property
    def decrement(self) -> float:
        """Newton's decrement g' P^-1 g / 2: the rise that a Newton step promises."""
        return float(self.expansion.gradient @ self.step) / 2

    @property
    def log_det(self) -> float:
        """Log determinant of the clipped precision."""
        return self.factor.log_det

    @property
    def value(self) -> float:
        """Log marginal of the hyperparameters, with the rise that a Newton step promises."""
        return self.expansion.value + self.decrement - self.log_det / 2


class Secants:
    """Newton steps with a point's precision, as corrected by the steps that were taken.

    Parameters
    ----------
    newton
        Newton's step for a gradient, a symmetric map.
    """

    def __init__(self, newton: Callable[[Floats], Floats]) -> None:
        self._newton = newton
        self.pairs: list[tuple[Floats, Floats]] = []

    def learn(self, step: Floats, fall: Floats) -> None:
        """Keep a step in the latent vector, and the fall of the gradient along it."""
        if step @ fall > 0:
            self.pairs.append((step, fall))

    def newton(self, gradient: Floats) -> Floats:
        """Newton's step, shape (D,): the two loops of L-BFGS."""
        rest, shares = gradient, []
        for step, fall in reversed(self.pairs):
            shares.append((step @ rest) / (step @ fall))
            rest = rest - shares[-1] * fall
        found = self._newton(rest)
        for (step, fall), share in zip(self.pairs, reversed(shares), strict=True):
            found = found + step * (share - (fall @ found) / (step @ fall))
        return found


class Modes:
    """Latent modes of one density, with counts of expansions and gradients."""

    def __init__(self, density: Density) -> None:
        self.density = density
        self.hypers = len(density.design.parameters.hyper)
        self.large = is_large(density.design)
        self.expand_at = Expander(density, apart=self.large)
        self.expansions = self.gradients = 0

    def evaluate(self, theta: Floats) -> tuple[float, Floats]:
        """Log density and gradient; -inf, with an undefined gradient, where it overflows."""
        self.gradients += 1
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            value, gradient = self.density(theta)
        return (value if np.isfinite(value) else -np.inf), gradient

    def expand(self, theta: Floats, held: Floats | None = None) -> Point:
        """Second-order expansion at theta.

        Parameters
        ----------
        held
            Shape (K, D): rows whose products with theta are held. The precision across their plane
            is raised, which changes neither steps within the plane nor its log determinant there.
            Without it the precision may be indefinite across the plane alone. Large submodels have
            no room for these dense products, and do without.
        """
        self.expansions += 1
        expansion = self.expand_at(theta)
        precision = expansion.clipped
        if held is not None and not self.large:
            across = held[:, self.hypers :]
            precision = precision + RAISED * across.T @ across
        factor = cholesky_factor(precision)
        if factor is not None:
            return Point(expansion, factor, positive=True)
        return Point(expansion, regularised(expansion.gauss_newton()), positive=False)

    def find_mode(self, theta: Floats, *, tolerance: float, near: Point | None = None) -> Point:
        """The latent mode for the hyperparameters of theta.

        Parameters
        ----------
        tolerance
            On Newton's decrement.
        near
            A point whose factor is used for the first steps.
        """
        if near is not None:
            theta = self.newton_steps(near, self.bent(near, theta), tolerance)
        for _ in range(NEWTON_STEPS):
            point = self.expand(theta)
            if point.decrement < tolerance:
                break
            theta = self.newton_steps(point, theta, tolerance)
        return point

    def bent(self, near: Point, theta: Floats) -> Floats:
        """Theta, or if it is higher the same way from a point with normals times their scales.

        Where figures fix a walk, these products are the same for all scales, and a straight line in
        the normals misses them by the square of the change: in a submodel of 100,000 figures by a
        decrement of 60,000, from which 15 expansions led back to the mode. Small submodels need no
        better start than the line.
        """
        if not self.large:
            return theta
        before, scales = (self.density.design.parameters.scales(x) for x in (near.theta, theta))
        ratio = (scales / before)[self.hypers :]
        moved = theta.copy()
        moved[self.hypers :] += near.theta[self.hypers :] * np.log(ratio)
        moved[self.hypers :] /= ratio
        return max((theta, moved), key=lambda x: self.evaluate(x)[0])

    def newton_steps(self, point: Point, theta: Floats, tolerance: float) -> Floats:
        """Steps from theta on with the factor of one point, as long as they get shorter.

        The factor is not the Hessian's: it is clipped, and of another point. So steps are those of
        L-BFGS with the factor in place of its first matrix (Nocedal and Wright 2006, section 7.2).
        """
        if theta is point.theta:
            value, gradient = point.expansion.value, point.expansion.gradient
        else:
            theta, value, gradient = self._finite(point, theta)
        least, idle, steps = np.inf, 0, Secants(point.newton)
        for _ in range(QUASI_STEPS):
            step = steps.newton(gradient)
            decrement = float(gradient @ step) / 2
            idle = 0 if decrement < least else idle + 1
            if decrement < tolerance / 10 or idle == IDLE_STEPS:
                break
            found = self._line(theta, step, value)
            if found is None:
                break
            moved, value, risen, halvings = found
            steps.learn(moved - theta, gradient - risen)
            theta, gradient, least = moved, risen, min(least, decrement)
            if halvings:
                break
        return theta

    def _finite(self, point: Point, theta: Floats) -> tuple[Floats, float, Floats]:
        """Theta, with the latent vector nearer to that of the point where the density overflows."""
        for _ in range(HALVINGS):
            value, gradient = self.evaluate(theta)
            if np.isfinite(value):
                return theta, value, gradient
            theta = theta.copy()
            theta[self.hypers :] = (theta[self.hypers :] + point.theta[self.hypers :]) / 2
        name = self.density.design.name
        raise UsageError(
            f"{name}: the probability of the figures is too small to be computed; a prior of noise "
            "or of bias is too narrow for them."
        )

    def _line(
        self, theta: Floats, step: Floats, value: float
    ) -> tuple[Floats, float, Floats, int] | None:
        """Halve the step until the density rises."""
        for halvings in range(HALVINGS):
            candidate = theta + step * 0.5**halvings
            risen, gradient = self.evaluate(candidate)
            if risen >= value - FLOOR:
                return candidate, risen, gradient, halvings
        return None

    def mode_sensitivity(self, point: Point) -> Floats:
        """Derivative of z* by h (implicit function), as columns of theta, shape (D, H)."""
        mode_sensitivity = np.zeros((len(point.theta), self.hypers))
        mode_sensitivity[: self.hypers] = np.eye(self.hypers)
        across = -point.expansion.across[self.hypers :]
        mode_sensitivity[self.hypers :] = point.factor.solve(across)
        return mode_sensitivity

    def slope(self, point: Point, mode_sensitivity: Floats) -> Floats:
        """Gradient of the log marginal by h, shape (H,).

        Of the derivative of the log determinant it has the part that comes from the densities of
        the figures, and leaves out second derivatives of their log expectations.
        """
        n, parameters = self.hypers, self.density.design.parameters
        observed, expansion = self.density.design.observed, point.expansion
        noise_share = expansion.noise_share
        curved_by = partial(moved_curvature, self.density.model, expansion.evaluation)
        leverage = point.factor.leverage(expansion)
        shrink = 1 - point.factor.variances
        by_log_det = np.bincount(parameters.scale_of[n:], shrink, minlength=n + 1)[:n].astype(float)
        learned = observed.noise >= 0
        moved = curved_by(log_noise=1.0) * noise_share * leverage / 2
        by_log_det += np.bincount(observed.noise[learned], moved[learned], minlength=n)[:n]
        if observed.bound >= 0:
            by_log_det[observed.bound] += float(curved_by(log_slack=1.0) @ leverage) / 2
        by_log_det *= parameters.hyper_sd
        by_log_det += (
            (curved_by(log_expected=1.0) * leverage) @ moved_by(expansion, mode_sensitivity) / 2
        )
        return np.asarray(mode_sensitivity.T @ expansion.gradient - by_log_det)
