"""Marginals of the reported totals, where the posterior is not normal along them.

A total is known from figures only up to unknown biases and coverage, so that the posterior is wide
in its direction, and may be skewed and curved. The directions are made uncorrelated one after the
other. Along each the log marginal is

    log p(t) = log p(theta(t)) - log det H(theta(t)) / 2 - log(a' H(theta(t))^-1 a) / 2

with theta(t) the highest point where ``a' (theta - mode) = t``: Laplace's approximation in the
hyperplane, as for one unknown in Rue, Martino and Chopin (2009, section 3.2.3), with the levels of
rates in the coordinates of ``levels``. Draws of the normal are moved to the quantiles of this
marginal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from lossmodel.inference.laplace.levels import Levels
from lossmodel.inference.laplace.modes import Modes, Point
from lossmodel.model.density.density import Density
from lossmodel.model.density.operators import Node
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats
from lossmodel.model.design.windows import KILLED, WOUNDED

__all__ = ["KNOTS", "LaplaceMarginal", "Total", "laplace_marginals", "reported", "slopes_of"]

# In sds of the normal; 95% intervals end at 1.96. On a side where the log marginal has not fallen
# so far from its maximum, more knots follow, one sd apart: a normal has fallen by 2 there. Totals
# of the shipped war need up to three sds, which are doubled to be safe.
KNOTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
FALLEN, FARTHEST = 1.5, 6
# Rise of the log marginal above its value at the mode from which another mode is the higher one. In
# skewed totals of the shipped war it rises by up to 0.5.
HIGHER = 2.0
# Newton steps with one factor, factors, and divisions of a step by four; more are hardly ever used.
STEPS, ROUNDS, HALVINGS = 8, 5, 4
# Newton's decrement within the hyperplane. Log determinants change to first order with the distance
# from the mode: against 1e-6, medians of the marginals of soldiers are off by up to 0.10 sds. With
# 1e-4 it is 0.05, and the whole fit takes 3% longer.
SETTLED = 0.002
# Range in sds beyond the last knots, and step, of the numerical quantiles: 6e-5 of a normal lie
# beyond the ends.
EDGE, STEP = 2.0, 0.01
# Least share of the variance of a total that is not explained by the totals before it.
OWN = 0.05
# Log totals of parties that can have no losses lie below this: these are logs of about 1e-300.
LOG_LEAST = -600.0


class Total(NamedTuple):
    """The log of a party's losses up to the last day, as a node of one entry."""

    name: str
    node: Node


@dataclass(frozen=True)
class LaplaceMarginal:
    """The marginal of one log total, and the shifts that give draws this marginal.

    Attributes
    ----------
    name
        Of the total.
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
    """

    name: str
    excess: tuple[float, ...]
    across: Floats
    along: Floats
    curve: Floats
    knots: tuple[float, ...] = tuple(KNOTS)
    higher: Floats | None = None

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
        knots = np.array(self.knots)
        right = np.clip(np.searchsorted(knots, t), 1, len(knots) - 1)
        weight = (t - knots[right - 1])[:, None]
        curve = self.curve[right - 1] * (1 - weight) + self.curve[right] * weight
        return np.asarray((t - normal)[:, None] * self.along + curve)


def reported(density: Density, theta: Floats) -> list[Total]:
    """Log totals of killed and wounded of the parties that can have losses."""
    model, design = density.model, density.design
    totals = [
        Total(_name(design, party, component), model.total(party, (component,)))
        for component in sorted({KILLED, WOUNDED} & model.components.keys())
        for party in range(len(design.latent.parties))
    ]
    found = model.graph.evaluate({model.theta: theta}, [t.node for t in totals], apart=True)
    return [total for total in totals if found[total.node][0] > LOG_LEAST]


def _name(design: Design, party: int, component: int) -> str:
    category = ("killed", "wounded")[component] if design.people else design.name
    return f"{category} {design.latent.parties[party]}"


def laplace_marginals(
    modes: Modes, point: Point, slopes: Mapping[Total, Floats]
) -> list[LaplaceMarginal]:
    """Laplace marginals of the reported totals at a mode.

    Parameters
    ----------
    slopes
        Derivative of each log total by theta, shape (D,), zero for hyperparameters.
    """
    found: list[LaplaceMarginal] = []
    levels = Levels(modes.density, point.theta)
    mean_excess = levels.mean_excess(point)
    for total, slope in slopes.items():
        sd = float(np.sqrt(slope @ point.newton(slope)))
        across = slope / sd
        for before in found:
            across = across - (across @ before.along) * before.across
        own = float(across @ point.newton(across))
        if own > OWN:
            across = across / np.sqrt(own)
            found.append(_laplace_marginal(modes, point, total.name, across, levels, mean_excess))
    return found


def slopes_of(density: Density, theta: Floats) -> dict[Total, Floats]:
    """Derivative of each reported log total by theta, shape (D,), hyperparameters held."""
    found = {}
    for total in reported(density, theta):
        found[total] = density.slope(total.node, theta)
        found[total][: len(density.design.parameters.hyper)] = 0
    return found


def _laplace_marginal(
    modes: Modes, point: Point, name: str, across: Floats, levels: Levels, mean_excess: Floats
) -> LaplaceMarginal:
    """Follow the conditional mode of one total to both sides of its mode."""
    along = point.newton(across)
    at_mode = _marginal(point, across)
    found = {0: (0.0, np.zeros_like(along))}
    highest, best = 0.0, point
    for side in (-1, 1):
        for distance in range(1, FARTHEST + 1):
            t = side * distance
            # To lowest order the deviation grows with the square of the distance.
            before = found[t - side][1]
            starts = (
                point.theta + t * along + before * times
                for times in ((distance / max(distance - 1, 1)) ** 2, 1.0)
            )
            # It does not where the mode is left for another one.
            start = max(starts, key=lambda theta: modes.evaluate(theta)[0])
            top = _top(modes, point, start, across)
            turned = float(levels.slopes(top.expansion.gradient) @ mean_excess)
            fall = _marginal(top, across) - at_mode - turned
            found[t] = fall + t**2 / 2, top.theta - point.theta - t * along
            if fall > highest:
                highest, best = fall, top
            if distance >= KNOTS[-1] and not fall > highest - FALLEN:
                break
    excess, curves = zip(*(found[t] for t in sorted(found)), strict=True)
    knots = tuple(map(float, sorted(found)))
    higher = best.theta if highest > HIGHER else None
    return LaplaceMarginal(name, excess, across, along, np.array(curves), knots, higher)


def _marginal(point: Point, across: Floats) -> float:
    """Log marginal of a total at the maximum of its hyperplane, up to a constant."""
    spread = float(np.log(across @ point.newton(across)))
    return point.expansion.value - (point.log_det + spread) / 2


def _top(modes: Modes, point: Point, theta: Floats, across: Floats) -> Point:
    """The density expanded at its maximum for a fixed total."""
    theta = _climb(modes, point, theta, across)
    for _ in range(ROUNDS):
        point = modes.expand(theta)
        higher = _climb(modes, point, theta, across)
        if higher is theta:
            break
        theta = higher
    return point


def _climb(modes: Modes, point: Point, theta: Floats, across: Floats) -> Floats:
    """Newton steps within the hyperplane with one factor; theta itself where it has converged."""
    along = point.newton(across)
    along = along / (across @ along)
    value, gradient = modes.evaluate(theta)
    for _ in range(STEPS):
        step = point.newton(gradient)
        step = step - (across @ step) * along
        if gradient @ step / 2 < SETTLED:
            break
        for _ in range(HALVINGS):
            risen, steeper = modes.evaluate(theta + step)
            if risen > value:
                break
            step = step / 4
        else:
            break
        theta, value, gradient = theta + step, risen, steeper
    return theta
