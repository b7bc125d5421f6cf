"""Maximum of the hyperparameters' Laplace marginal, and the curvature there.

Quasi-Newton steps (Broyden, Fletcher, Goldfarb and Shanno) lead to the neighbourhood of the
maximum. Their curvature depends on the path, so that rounding errors show in it. It is therefore
measured anew: the marginal and its approximate gradient at one point on each axis tell the curvature and by
how much the approximate gradient is off. Newton steps with these end where the decrement is small.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from lossmodel.inference.laplace.modes import Modes, Point
from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats

__all__ = ["HyperMode", "Report", "find_hyper_mode", "rough_sds"]

# On Newton's decrement of the latent vector: while far from the maximum, and close to it.
ROUGH, SETTLED = 0.02, 1e-7
CLIMB_STEPS = 30
# The climb ends where a step promises or brings less than this.
RISE = 0.02
PATIENCE = 3
WIDEST, NARROWEST = 4.0, 0.05
FAR = 5.0
# Half the square of a hundredth of a posterior sd.
CLOSE = 5e-5
PROBE = 0.1
POLISH, MEASUREMENTS = 8, 3
NEAR = 1.25e-3
Report = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class HyperMode:
    """The marginal of the hyperparameters around its maximum.

    Attributes
    ----------
    point
        The density expanded at the mode of the latent vector.
    mode_sensitivity
        Derivative of that mode by the hyperparameters, shape (D, H).
    slope
        Gradient of the log marginal, shape (H,).
    curvature
        Negative Hessian of the log marginal, shape (H, H), positive definite.
    """

    point: Point
    mode_sensitivity: Floats
    slope: Floats
    curvature: Floats


def rough_sds(density: Density) -> Floats:
    """Rough posterior sd of each hyperparameter, shape (H,).

    A log scale that n normals have has the Fisher information 2 n; half of it is counted, since
    neither normals nor residuals are observed without error.
    """
    parameters, observed = density.design.parameters, density.design.observed
    n = len(parameters.hyper)
    bears = np.bincount(parameters.scale_of, minlength=n + 1)[:n].astype(float)
    learned = observed.noise[observed.noise >= 0]
    bears += np.bincount(learned, minlength=n)[:n]
    return np.asarray(1 / np.sqrt(1 + bears * parameters.hyper_sd**2 / 2))


def find_hyper_mode(modes: Modes, start: Point, report: Report) -> HyperMode:
    """Maximise the marginal from a point on."""
    climb = _Climb(modes, start, report)
    climb.rise()
    return climb.polish()


@dataclass(frozen=True, eq=False)
class _Place:
    """A point with what its latent mode and the log marginal do as hyperparameters move."""

    point: Point
    mode_sensitivity: Floats
    slope: Floats


class _Climb:
    """Steps in h, each from where the latent mode is expected to have moved to."""

    def __init__(self, modes: Modes, start: Point, report: Report) -> None:
        self.modes, self.report = modes, report
        self.unit = rough_sds(modes.density)
        self.curvature = np.diag(1 / self.unit**2)
        self.radius = 1.0
        self.steps = 0
        self.best = self._place(start)

    def _place(self, point: Point) -> _Place:
        self.report(f"hyperparameters, step {self.steps}: log evidence {point.value:.1f}")
        self.steps += 1
        mode_sensitivity = self.modes.mode_sensitivity(point)
        return _Place(point, mode_sensitivity, self.modes.slope(point, mode_sensitivity))

    def _move(self, step: Floats, tolerance: float) -> _Place:
        theta = self.best.point.theta + self.best.mode_sensitivity @ step
        return self._place(self.modes.find_mode(theta, tolerance=tolerance, near=self.best.point))

    def rise(self) -> None:
        """Quasi-Newton steps until they promise or bring little."""
        idle = 0
        while self.steps <= CLIMB_STEPS and self.radius > NARROWEST and idle < PATIENCE:
            step = self._step(self.best.slope)
            promise = float(self.best.slope @ step - step @ self.curvature @ step / 2)
            if promise < RISE:
                break
            idle = 0 if self._try(step, promise) > RISE else idle + 1

    def _step(self, slope: Floats) -> Floats:
        step = np.linalg.solve(self.curvature, slope)
        step *= min(1.0, self.radius / np.max(np.abs(step) / self.unit, initial=1e-9))
        here = self.best.point.theta[: self.modes.hypers]
        return np.asarray(np.clip(here + step, -FAR, FAR) - here)

    def _try(self, step: Floats, promise: float) -> float:
        """Go there if it is higher; learn the curvature either way. Gives the rise."""
        found = self._move(step, ROUGH)
        rise = found.point.value - self.best.point.value
        self._learn(step, self.best.slope - found.slope)
        if rise > promise / 2:
            self.radius = min(WIDEST, 2 * self.radius)
        elif rise < 0:
            self.radius = min(self.radius, float(np.max(np.abs(step) / self.unit))) / 3
        if rise > 0:
            self.best = found
        return rise

    def _learn(self, step: Floats, fall: Floats) -> None:
        """Broyden, Fletcher, Goldfarb and Shanno's update of the curvature."""
        if step @ fall > 0:
            by_step = self.curvature @ step
            self.curvature += np.outer(fall, fall) / (step @ fall)
            self.curvature -= np.outer(by_step, by_step) / (step @ by_step)

    def polish(self) -> HyperMode:
        """Newton steps with a measured curvature until they are short.

        What was measured some way off is measured again.
        """
        self.best = self._move(np.zeros(self.modes.hypers), SETTLED)
        for _ in range(MEASUREMENTS):
            start = self.best.point.theta[: self.modes.hypers]
            self.curvature, missing = self._measure()
            self._newton_steps(missing)
            moved = self.best.point.theta[: self.modes.hypers] - start
            if moved @ self.curvature @ moved / 2 < NEAR:
                break
        place = self.best
        return HyperMode(
            place.point, place.mode_sensitivity, place.slope + missing, self.curvature
        )

    def _newton_steps(self, missing: Floats) -> None:
        """Follow the corrected gradient until its decrement is small, or falls no more."""
        self.radius = 1.0
        for _ in range(POLISH):
            slope = self.best.slope + missing
            before = self._decrement(slope)
            if before < CLOSE:
                break
            step = self._step(slope)
            found = self._move(step, SETTLED)
            if self._decrement(found.slope + missing) < before:
                self.best = found
            else:
                self.radius = float(np.max(np.abs(step) / self.unit)) / 3

    def _decrement(self, slope: Floats) -> float:
        return float(slope @ np.linalg.solve(self.curvature, slope)) / 2

    def _measure(self) -> tuple[Floats, Floats]:
        """Curvature of the marginal, and what its approximate gradient leaves out.

        Along a short step the gradient is linear, and the rise its mean times the step.
        """
        sizes = PROBE * self.unit
        places = [self._move(step, SETTLED) for step in np.diag(sizes)]
        slopes = np.array([place.slope for place in places]).reshape(-1, len(sizes))
        fall = (self.best.slope - slopes) / sizes[:, None]
        rises = np.array([place.point.value for place in places]) - self.best.point.value
        mean = (self.best.slope + np.diag(slopes)) / 2
        values, vectors = eigh((fall + fall.T) / 2) if len(sizes) else (sizes, fall)
        curvature = (vectors * np.maximum(values, 1.0)) @ vectors.T
        return curvature, rises / sizes - mean
