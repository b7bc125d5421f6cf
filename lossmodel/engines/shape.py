"""How far a posterior is from the normal that the Laplace fit takes it for.

Three looks at the exact density:

- along the direction of each reported total, with all else at its highest there (a ridge may be
  bent): for a normal the log density falls by t^2 / 2 at t standard deviations;
- over draws of the hyperparameters: their log marginal against the split normal drawn from, and
  what the difference does to the reported totals;
- over draws of all unknowns.

The last two give the shape k of the generalised Pareto distribution of the largest importance
ratios (Vehtari, Simpson, Gelman, Yao and Gabry 2024).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.stats import norm

from lossmodel.density import State
from lossmodel.design.block import WOUNDED
from lossmodel.design.grid import Floats
from lossmodel.engines.modes import Modes, Point

__all__ = ["Ridge", "Shape", "look", "pareto_k", "stretched"]

KNOTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
RIDGE_STEPS = 4
# On Newton's decrement: of ridges, of the latent modes of drawn hyperparameters.
SETTLED, NEAR = 0.02, 0.2
# An expansion costs more the larger the block; of a large one few draws of the hyperparameters must
# do, and then it is the totals that tell.
FEWEST, MOST, COST = 16, 24, 9000
DRAWS = 40
EDGE, GRID = 4.0, 401
SEED = 1


@dataclass(frozen=True)
class Ridge:
    """The density along the direction of one reported total.

    Attributes
    ----------
    name
        Of the total.
    excess
        Log density relative to the normal's at -2, -1, 0, 1 and 2 standard deviations.
    """

    name: str
    excess: tuple[float, ...]

    @property
    def deviation(self) -> float:
        """Largest difference from the normal's log density."""
        return max(abs(e) for e in self.excess)

    @property
    def skew(self) -> float:
        """Median of the density along the ridge, in standard deviations from the mode."""
        return float(self._quantiles(np.array([0.5]))[0])

    @property
    def width(self) -> float:
        """Log of the width of its 95% interval relative to the normal's."""
        normal = norm.ppf([0.025, 0.975])
        ends = self._quantiles(np.array([0.025, 0.975]))
        return float(np.log((ends[1] - ends[0]) / (normal[1] - normal[0])))

    def _quantiles(self, shares: Floats) -> Floats:
        grid = np.linspace(-EDGE, EDGE, GRID)
        density = np.exp(np.interp(grid, KNOTS, self.excess) - grid**2 / 2)
        return np.asarray(np.interp(shares, np.cumsum(density) / density.sum(), grid))


@dataclass(frozen=True)
class Shape:
    """What was found.

    Attributes
    ----------
    hyper_k, full_k
        Shape of the largest importance ratios, of the hyperparameters and of all unknowns.
    hyper_share
        Effective share of the draws of hyperparameters if they are weighted by their ratios.
    hyper_shift
        By how many posterior sd such weights would move a reported total, at most.
    """

    ridges: tuple[Ridge, ...]
    hyper_k: float
    hyper_share: float
    hyper_shift: float
    full_k: float


def stretched(x: Floats, *, factor: Floats, stretch: Floats) -> tuple[Floats, Floats]:
    """Standard normal draws as steps from the mode; those of hyperparameters split at the mode.

    Parameters
    ----------
    x
        Shape (S, D).
    factor
        Of the covariance of theta, shape (D, D).
    stretch
        Shape (2, H): by how much each hyperparameter's sd is larger below and above its mode.

    Returns
    -------
    steps, log_volume
        Shapes (S, D) and (S,): the log density of a step is ``-|x|^2 / 2 - log_volume``.
    """
    n = stretch.shape[1]
    moved = x[:, :n] @ factor[:n, :n].T
    ratio = np.where(moved > 0, stretch[1], stretch[0])
    bent = x.copy()
    bent[:, :n] = solve_triangular(factor[:n, :n], (moved * ratio).T, lower=True).T
    return bent @ factor.T, np.log(ratio).sum(axis=1)


def look(modes: Modes, point: Point, *, factor: Floats, stretch: Floats) -> Shape:
    """Look at the density around a mode.

    Parameters
    ----------
    factor, stretch
        As in ``stretched``.
    """
    several = int(np.clip(COST // len(factor), FEWEST, MOST))
    x = np.random.default_rng(SEED).standard_normal((max(DRAWS, several), len(factor)))
    steps, volume = stretched(x, factor=factor, stretch=stretch)
    fullness = (x**2).sum(axis=1) / 2 + volume
    slopes = dict(_slopes(point.expansion.state))
    ridges = [_ridge(modes, point, name, slope) for name, slope in slopes.items()]
    ratios = _values(modes, point.theta + steps[:DRAWS]) + fullness[:DRAWS]
    # The same draws of the hyperparameters, the others at their mode.
    n = modes.hypers
    x[:, n:] = 0
    steps, volume = stretched(x[:several], factor=factor, stretch=stretch)
    near = [modes.settle(point.theta + step, tolerance=NEAR, near=point) for step in steps]
    marginals = np.array([there.value for there in near])
    of_hypers = marginals + (x**2).sum(axis=1)[:several] / 2 + volume
    weights = np.exp(of_hypers - of_hypers.max())
    weights /= weights.sum()
    sds = np.array([np.linalg.norm(factor.T @ slope) for slope in slopes.values()])
    totals = np.array([_log_totals(there.expansion.state) for there in near])
    shifts = (weights @ totals - totals.mean(axis=0)) / sds
    return Shape(
        ridges=tuple(ridges),
        hyper_k=pareto_k(of_hypers),
        hyper_share=float(1 / (weights**2).sum() / several),
        hyper_shift=float(np.abs(shifts).max(initial=0.0)),
        full_k=pareto_k(ratios),
    )


def _reported(state: State) -> Iterator[tuple[str, int, int]]:
    """Name, party and component of each total that can be other than zero."""
    design = state.design
    categories = ["killed", "wounded"] if design.people else [design.name]
    for number, party in enumerate(design.paths.parties):
        for component, category in enumerate(categories):
            if state.losses[component, number].sum() > 0:
                yield f"{category} {party}", number, component


def _log_totals(state: State) -> Floats:
    return np.log([state.losses[part, party].sum() for _, party, part in _reported(state)])


def _slopes(state: State) -> Iterator[tuple[str, Floats]]:
    """Derivative of the log of each party's total to the end by theta, hyperparameters held."""
    design, density = state.design, state.density
    paths = design.paths
    for name, number, component in _reported(state):
        losses = state.losses[component, number]
        share, by_path = losses / losses.sum(), np.zeros_like(state.path)
        by_path[paths.rate[number]] = share
        if (row := paths.lethality[number]) >= 0:
            kappa = state.kappa[number]
            by_path[row] = share * (-kappa if component == WOUNDED else 1 - kappa)
        by_scaled = density.matrix_back @ (density.path_back @ by_path.ravel())
        yield name, by_scaled * state.scales[design.layout.scale_of]


def _ridge(modes: Modes, point: Point, name: str, slope: Floats) -> Ridge:
    """Follow the ridge from the mode to both sides."""
    along = point.newton(slope)
    sd = float(np.sqrt(slope @ along))
    excess = np.zeros(len(KNOTS))
    for side in (-1, 1):
        bend = np.zeros_like(along)
        for distance in (1, 2):
            t = side * distance
            # A bend grows with the square of the distance.
            start = point.theta + t * along / sd + bend * (4 if distance == 2 else 1)
            theta, value = _top(modes, point, start, slope / sd)
            bend = theta - point.theta - t * along / sd
            excess[2 + t] = value - point.expansion.value + t**2 / 2
    return Ridge(name, tuple(excess.tolist()))


def _top(modes: Modes, point: Point, theta: Floats, across: Floats) -> tuple[Floats, float]:
    """Newton's steps that leave a total where it is, as long as the density rises."""
    along = point.newton(across)
    value, gradient = modes.evaluate(theta)
    for _ in range(RIDGE_STEPS):
        step = point.newton(gradient)
        step -= (across @ step) * along
        if gradient @ step / 2 < SETTLED:
            break
        risen, steeper = modes.evaluate(theta + step)
        if not risen > value:
            risen, steeper = modes.evaluate(theta + step / 4)
            step = step / 4
        if not risen > value:
            break
        theta, value, gradient = theta + step, risen, steeper
    return theta, value


def _values(modes: Modes, thetas: Floats) -> Floats:
    """Log density of several theta, without its gradient."""
    of_figures = np.array([modes.density.figures(theta).log_density.sum() for theta in thetas])
    return np.asarray(of_figures - (thetas**2).sum(axis=1) / 2)


def pareto_k(log_ratios: Floats) -> float:
    """Shape of the generalised Pareto distribution of the largest ratios.

    The estimate of Zhang and Stephens (2009) with the weak prior of Vehtari et al. (2024).

    Examples
    --------
    >>> pareto_k(np.zeros(100))
    -inf
    """
    ratios = np.exp(np.sort(log_ratios) - np.max(log_ratios))
    size = int(np.ceil(min(0.2 * len(ratios), 3 * np.sqrt(len(ratios)))))
    tail = ratios[-size:] - ratios[-size - 1]
    if tail[-1] <= 0:
        return float("-inf")
    count = 30 + int(np.sqrt(size))
    quarter = max(tail[int(size / 4 + 0.5) - 1], np.finfo(float).tiny)
    grid = 1 - np.sqrt(count / (np.arange(1, count + 1) - 0.5))
    theta = 1 / tail[-1] + grid / (3 * quarter)
    shapes = np.log1p(-theta[:, None] * tail).mean(axis=1)
    profile = size * (np.log(-theta / shapes) - shapes - 1)
    weights = 1 / np.exp(profile[None] - profile[:, None]).sum(axis=1)
    k = float(np.log1p(-(theta @ weights) * tail).mean())
    return (k * size + 0.5 * 10) / (size + 10)
