"""Marginals of the reported totals, where the posterior is not normal along them.

A total is known from figures only up to unknown biases and coverage, so that the posterior is wide
in its direction, and may be skewed and curved. The directions are made uncorrelated one after the
other. Along each the log marginal is

    log p(t) = log p(theta(t)) - log det H(theta(t)) / 2 - log det (A H(theta(t))^-1 A') / 2

with theta(t) the highest point where ``a' (theta - mode) = t``: Laplace's approximation in the
hyperplane, as for one unknown in Rue, Martino and Chopin (2009, section 3.2.3), with the levels of
rates in the coordinates of ``levels``. A has the row a', and those of the directions that are held.
Draws of the normal are moved to the quantiles of this marginal.

A total that lists know is their count over their coverage. Where the mode of a coverage is far from
its median, totals look narrower and lower around the mode than they are. The coverage of the
leading list of each party is then followed first, and held at its median while the totals are
followed. Otherwise it is followed after them, and they are held. Totals are followed one after the
other, each with those before it held.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from lossmodel.inference.laplace.levels import Levels
from lossmodel.inference.laplace.modes import Modes, Point, Secants
from lossmodel.inference.laplace.quantities import Slopes
from lossmodel.model.design.grid import Floats

__all__ = ["KNOTS", "LaplaceMarginal", "laplace_marginals"]

# In sds of the normal; 95% intervals end at 1.96. On a side where the log marginal has not fallen
# so far from its maximum, more knots follow, one sd apart: a normal has fallen by 2 there. Totals
# of the shipped war need up to three sds, which are doubled to be safe.
KNOTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
FALLEN, FARTHEST = 1.5, 6
# Rise of the log marginal above its value at the mode from which another mode is the higher one. In
# skewed totals of the shipped war it rises by up to 0.5.
HIGHER = 2.0
# Newton steps with one factor, factors, and divisions of a step by four. Where the precision is
# almost singular within the plane, a step may be 100 times too long. Soldiers of the shipped war
# take 75 expansions with 20 steps, and 97 with 8, for 13% more gradients. A second factor is enough
# four sds above the mode of a war of two lists.
STEPS, ROUNDS, DIVISIONS = 20, 8, 10
# Newton's decrement within the hyperplane. Log determinants change to first order with the distance
# from the mode: against 1e-7, quantiles of the soldiers of the shipped war are off by up to 0.03
# sds with 5e-4, 0.01 with 2e-4 and 0.005 with this, which takes 4% more gradients than 2e-4.
SETTLED = 5e-5
# The same by the factor of another point, so that the expansion which follows is mostly the last.
SURE = SETTLED / 10
# Range in sds beyond the last knots, and step, of the numerical quantiles: 6e-5 of a normal lie
# beyond the ends.
EDGE, STEP = 2.0, 0.01
# Least share of the variance of a total that is not explained by the totals before it.
OWN = 0.05
# Distance of the median of a coverage from its mode, in sds, from which it is followed first.
# Against nuts, medians of totals were off by up to 0.5 sds with 1.4 and 1.6 (soldiers of the
# shipped war), and by up to 0.2 if these were followed first; with 0.2 to 0.5 (artificial wars)
# they were off by up to 0.1, and by up to 0.3 if these were followed first.
FAR = 1.0


@dataclass(frozen=True)
class LaplaceMarginal:
    """The marginal of one quantity, and the shifts that give draws this marginal.

    Attributes
    ----------
    name
        Of the quantity.
    excess
        Log marginal relative to the normal's at the knots.
    across
        Shape (D,): a; its product with a step of the latent vector is standard normal.
    along
        Shape (D,): how the normal's mean moves with each standard deviation.
    curve
        Shape (knots, D): deviation of the conditional mode from that line at the same knots.
    knots
        Distances from the mode in standard deviations, evenly spaced by one.
    higher
        Shape (D,): a point where the marginal is much higher than at the mode, which is then not
        the highest mode; None where there is no such knot.
    reported
        Whether it is a total, and not the coverage of a list.
    """

    name: str
    excess: tuple[float, ...]
    across: Floats
    along: Floats
    curve: Floats
    knots: tuple[float, ...] = tuple(KNOTS)
    higher: Floats | None = None
    reported: bool = True

    @property
    def skew(self) -> float:
        """Median of the marginal, in standard deviations from the mode."""
        return float(self.quantiles(np.array([0.5]))[0])

    @property
    def width(self) -> float:
        """Log of the width of its 95% interval relative to the normal's."""
        ends = np.array([0.025, 0.975])
        return float(np.log(np.diff(self.quantiles(ends)) / np.diff(ndtri(ends)))[0])

    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles of the marginal at some probabilities, in sds from the mode.

        Examples
        --------
        >>> line = np.array([1.0])
        >>> normal = LaplaceMarginal("tanks", (0.0,) * 5, line, line, np.zeros((5, 1)))
        >>> np.round(normal.quantiles(np.array([0.025, 0.975])), 2).tolist()
        [-1.96, 1.96]
        """
        from scipy.interpolate import PchipInterpolator

        first, last = self.knots[0], self.knots[-1]
        grid = np.linspace(first - EDGE, last + EDGE, round((last - first + 2 * EDGE) / STEP) + 1)
        # Beyond the last knots the excess is extrapolated linearly.
        inside = PchipInterpolator(self.knots, self.excess)(np.clip(grid, first, last))
        steps = np.diff(self.excess)
        below, above = np.minimum(grid - first, 0), np.maximum(grid - last, 0)
        log_density = inside + steps[0] * below + steps[-1] * above - grid**2 / 2
        density = np.exp(log_density - log_density.max())
        total = np.cumsum(density)
        return np.asarray(np.interp(shares, (total - density / 2) / total[-1], grid))

    def shift(self, steps: Floats, rng: np.random.Generator) -> Floats:
        """Correction to steps of the latent vector, shape (S, D).

        Quantiles are stratified: the step of rank r of S goes to a random quantile between r / S
        and (r + 1) / S, so that limits of a total differ little between sets of draws.
        """
        normal = steps @ self.across
        order = normal.argsort().argsort()
        t = self.quantiles((order + rng.random(len(order))) / len(order))
        return np.asarray((t - normal)[:, None] * self.along + self._bend(t))

    def step(self, t: float) -> Floats:
        """The way of the conditional mode to a distance from the mode, shape (D,)."""
        return np.asarray(t * self.along + self._bend(np.array([t]))[0])

    def _bend(self, t: Floats) -> Floats:
        """Deviation of the conditional mode from its line, shape (S, D) for t of shape (S,)."""
        knots = np.array(self.knots)
        right = np.clip(np.searchsorted(knots, t), 1, len(knots) - 1)
        weight = (t - knots[right - 1])[:, None]
        return np.asarray(self.curve[right - 1] * (1 - weight) + self.curve[right] * weight)


def laplace_marginals(
    modes: Modes, point: Point, lists: Slopes, totals: Slopes
) -> list[LaplaceMarginal]:
    """Laplace marginals of reported totals and of the coverage of lists, in the order of draws.

    Parameters
    ----------
    modes, point
        Of one density, and its mode.
    lists, totals
        Derivative of each log coverage and log total by theta, shape (D,).
    """
    path = _Path(modes, point)
    leading = {
        quantity: slope
        for quantity, slope in lists.items()
        if abs(path.follow(point, quantity.name, _unit(point, slope)[None]).skew) > FAR
    }
    others = {quantity: slope for quantity, slope in lists.items() if quantity not in leading}
    found = _Sequence(path)
    found.follow(leading)
    # What totals share, as the mean of a role, moves with the first of them alone: without it held,
    # the totals of two sides that count their own each move it, and are a quarter too high.
    for quantity, slope in totals.items():
        found.hold()
        found.follow({quantity: slope}, reported=True)
    if others:
        found.hold()
        found.follow(others)
    return found.marginals


def _unit(point: Point, slope: Floats) -> Floats:
    """A slope over the sd of its quantity."""
    return np.asarray(slope / np.sqrt(slope @ point.newton(slope)))


class _Sequence:
    """Marginals of quantities that are made uncorrelated one after the other."""

    def __init__(self, path: "_Path") -> None:
        self._path, self._base = path, path.mode
        self._held = np.empty((0, len(path.mode.theta)))
        self.marginals: list[LaplaceMarginal] = []

    def follow(self, quantities: Slopes, *, reported: bool = False) -> None:
        """Add the marginals of quantities that the ones before do not determine."""
        mode = self._path.mode
        for quantity, slope in quantities.items():
            across = _unit(mode, slope)
            for before in self.marginals:
                across = across - (across @ before.along) * before.across
            own = float(across @ mode.newton(across))
            if own > OWN:
                rows = np.vstack([self._held, across / np.sqrt(own)])
                self.marginals.append(
                    self._path.follow(self._base, quantity.name, rows, reported=reported)
                )

    def hold(self) -> None:
        """Hold all quantities at their medians while others are followed."""
        new = self.marginals[len(self._held) :]
        if new:
            self._held = np.array([marginal.across for marginal in self.marginals])
            start = self._base.theta + sum(marginal.step(marginal.skew) for marginal in new)
            self._base = self._path.top(self._base, start, self._held)


class _Path:
    """Conditional modes of one density around its mode."""

    def __init__(self, modes: Modes, mode: Point) -> None:
        self.modes, self.mode = modes, mode
        self._levels = Levels(modes.density, mode.theta)
        self._mean_excess = self._levels.mean_excess(mode)

    def follow(
        self, base: Point, name: str, rows: Floats, *, reported: bool = False
    ) -> LaplaceMarginal:
        """Follow the conditional mode of one quantity to both sides of a point.

        Parameters
        ----------
        base
            The maximum where the quantities of all but the last row are held.
        rows
            Shape (K, D): A, whose last row is that of the quantity.
        """
        along = self.mode.newton(rows[-1])
        at_base = self._log_marginal(base, rows)
        found = {0: (0.0, np.zeros_like(along))}
        highest, best = 0.0, base
        for side in (-1, 1):
            for distance in range(1, FARTHEST + 1):
                t = side * distance
                # To lowest order the deviation grows with the square of the distance.
                before = found[t - side][1]
                starts = (
                    base.theta + t * along + before * times
                    for times in ((distance / max(distance - 1, 1)) ** 2, 1.0)
                )
                # It does not where the mode is left for another one.
                start = max(starts, key=lambda theta: self.modes.evaluate(theta)[0])
                top = self.top(base, start, rows)
                fall = self._log_marginal(top, rows) - at_base
                found[t] = fall + t**2 / 2, top.theta - base.theta - t * along
                if fall > highest:
                    highest, best = fall, top
                if distance >= KNOTS[-1] and not fall > highest - FALLEN:
                    break
        excess, curves = zip(*(found[t] for t in sorted(found)), strict=True)
        return LaplaceMarginal(
            name, excess, rows[-1], along, np.array(curves), tuple(map(float, sorted(found))),
            higher=best.theta if highest > HIGHER else None, reported=reported,
        )  # fmt: skip

    def _log_marginal(self, point: Point, rows: Floats) -> float:
        """Log marginal of quantities at the maximum of their hyperplane, up to a constant."""
        spread = float(np.linalg.slogdet(rows @ point.newton(rows.T))[1])
        turned = float(self._levels.slopes(point.expansion.gradient) @ self._mean_excess)
        return point.expansion.value - (point.log_det + spread) / 2 - turned

    def top(self, point: Point, theta: Floats, rows: Floats) -> Point:
        """The density expanded at its maximum where the products of rows and theta are held."""
        theta = self._climb(point, theta, rows)
        for _ in range(ROUNDS):
            point = self.modes.expand(theta, rows)
            higher = self._climb(point, theta, rows)
            if higher is theta:
                break
            theta = higher
        return point

    def _climb(self, point: Point, theta: Floats, rows: Floats) -> Floats:
        """Newton steps within the hyperplane with one factor; theta where it has converged."""
        along = point.newton(rows.T)
        along = along @ np.linalg.inv(rows @ along)

        def within(gradient: Floats) -> Floats:
            step = point.newton(gradient)
            return np.asarray(step - along @ (rows @ step))

        value, gradient = self.modes.evaluate(theta)
        steps = Secants(within)
        for _ in range(STEPS):
            step = steps.newton(gradient)
            if gradient @ step / 2 < (SURE if steps.pairs else SETTLED):
                break
            for _ in range(DIVISIONS):
                risen, steeper = self.modes.evaluate(theta + step)
                if risen > value:
                    break
                step = step / 4
            else:
                break
            steps.learn(step, gradient - steeper)
            theta, value, gradient = theta + step, risen, steeper
        return theta
