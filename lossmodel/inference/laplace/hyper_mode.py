"""Maximum of the hyperparameters' Laplace marginal, and the curvature there.

Two stages:

1. Quasi-Newton steps with the update of Broyden, Fletcher, Goldfarb and Shanno (Nocedal and Wright
   2006, chapter 6) lead to within a few tenths of a posterior sd of the maximum. Their curvature
   depends on the path, so that rounding errors are visible in it.
2. The curvature is measured: one point a short step away on each axis tells how the gradient
   changes and, by the rise of the marginal itself, which part of the gradient is left out (see
   ``Modes.slope``). Newton steps follow until the decrement is small. Where the maximum turns out
   to be some way off, the curvature is measured again there.

Near a fork of the latent mode, where a figure is either followed or taken for an outlier, the
marginal can have two maxima a few tenths of a posterior sd apart; then the start decides.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from lossmodel.inference.laplace.modes import Modes, Point
from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats
from lossmodel.system.stages import Stage

__all__ = ["HyperMode", "Report", "find_hyper_mode", "rough_sds"]

# Newton's decrement at the latent modes, in units of log density. A decrement d is a distance of
# sqrt(2 d) posterior sds: 0.2 on the way, 0.0005 where curvatures are measured.
ROUGH, SETTLED = 0.02, 1e-7
# The first stage takes 1 to 11 steps in the submodels of the shipped conflicts.
CLIMB_STEPS = 30
# It ends where a step promises less than this, 0.2 posterior sds, ...
RISE = 0.02
# ... where several steps in turn bring less, ...
PATIENCE = 3
# ... or where the largest step allowed, in rough posterior sds, has become this short.
WIDEST, NARROWEST = 4.0, 0.05
# Hyperparameters are standard normal a priori: one in two million lies farther out.
FAR = 5.0
# The second stage ends where Newton's decrement is this small, 0.0045 posterior sds, ...
CLOSE = 1e-5
# ... and the last measurement was made within 0.1 posterior sds. With 0.2 the modes of the shipped
# tanks from two starts lay 0.017 posterior sds apart, with 0.1 and 0.06 less than 0.01.
NEAR = 5e-3
# Most Newton steps after a measurement, and most measurements. One to three and one to two are
# usual; more are only taken near a fork.
POLISH, MEASUREMENTS = 5, 3
# Distance of the points of a measurement and largest Newton step, in rough posterior sds. The
# error of the gradient grows with the square of the distance: 0.25 moved the mode of one submodel
# near a fork by 0.1 posterior sds, 0.05 by as little as 0.1 does.
PROBE, LONGEST = 0.1, 0.5
# Least curvature, relative to that of a rough posterior sd: twice as wide at most.
FLATTEST = 0.25
# For displays of progress: share of the way that one of its 10 to 25 steps leaves open.
OPEN = 0.9
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
    """Maximise the marginal from a point on.

    Parameters
    ----------
    modes, start
        Of the density; the latent vector of the start is at its mode.
    report
        Called with the stage at each point.
    """
    climb = _Climb(modes, start, report)
    climb.rise()
    return climb.polish()


@dataclass(frozen=True, eq=False)
class _Place:
    """A point, with derivatives of its latent mode and log marginal by the hyperparameters."""

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
        done = 1 - OPEN**self.steps
        self.report(Stage(f"hyperparameters, step {self.steps}", done, detail=True))
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
        return HyperMode(place.point, place.mode_sensitivity, place.slope + missing, self.curvature)

    def _newton_steps(self, missing: Floats) -> None:
        """Follow the corrected gradient until its decrement is small, or falls no more."""
        self.radius = LONGEST
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
        """Curvature of the marginal, and the part that its approximate gradient leaves out.

        Along a short step the gradient is linear, and the rise its mean times the step.
        """
        sizes = PROBE * self.unit
        # Numbers alone are kept: a point of a large submodel takes a hundred megabytes.
        moved = (self._move(step, SETTLED) for step in np.diag(sizes))
        found = [(place.slope, place.point.value) for place in moved]
        slopes = np.array([slope for slope, _ in found]).reshape(len(found), len(sizes))
        fall = (self.best.slope - slopes) / sizes[:, None]
        rises = np.array([value for _, value in found]) - self.best.point.value
        mean = (self.best.slope + np.diag(slopes)) / 2
        return self._raised((fall + fall.T) / 2), rises / sizes - mean

    def _raised(self, curvature: Floats) -> Floats:
        """Curvature with no direction wider than some rough posterior sds."""
        units = np.outer(self.unit, self.unit)
        values, vectors = eigh(curvature * units)
        return np.asarray((vectors * np.maximum(values, FLATTEST)) @ vectors.T / units)
