"""Draws that contradict the figures, and their way back.

A figure informs the log of a sum of exponentials of walks, each the product of a scale that is
learned and of standard normals. Around the mode this is linear. Where few figures stand beside many
unknowns, draws are far from the mode, and may miss by factors what a precise figure says: a war of
eight years, of which each year's dead are known to some percent, had draws with two dead in one of
them.

The normal approximation does say what the log expectations mu are: normal around those of the mode,
with the covariance of J z, with J their slopes there and z the steps of the latent vector around
its mode given the scales. Each draw theta is moved by least to the mu that it stands for,

    minimise |theta' - theta|^2 + sum_i w_i (mu_i(theta') - mu_i)^2,

with w the curvatures of the log likelihood, by Gauss-Newton steps. So are draws by randomised
maximum likelihood (Oliver, He and Reynolds 1996; Bardsley, Solonen, Haario and Laine 2014,
"Randomize-then-optimize"), from a prior sample and a perturbed figure.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.model.density.curvature import clipped_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.expansion import Expander
from lossmodel.model.density.predictive import values_at
from lossmodel.model.density.slopes import jacobian
from lossmodel.model.design.grid import Floats

__all__ = ["FAIL", "Settled", "settled"]

# Fall of the log likelihood from the mode to half of the draws, in units for each figure, and some
# more for tables of few: half a unit where it is normal and figures decide, less where the prior
# does. In 30 submodels of past wars and of tables of strangers it was up to 0.8 units a figure, in
# seven, some of which were off by factors, from 2 to 8. Above the first limit draws are moved; the
# fit fails if they are then above the second.
DOUBT, FAIL, MORE = 1.0, 4.0, 5.0
# Up to which product of unknowns and squared figures draws are moved: a thousand of them take some
# ten seconds at this limit, as with 200 figures and 1,000 unknowns.
MOST_WORK = 4e7
# Gauss-Newton steps, of which two were enough in the tables above, and divisions by three of each.
STEPS, DIVISIONS = 5, 6


@dataclass(frozen=True, eq=False)
class Settled:
    """Draws, and how far they contradict the figures.

    Attributes
    ----------
    theta
        Shape (S, D).
    fall
        How far the log likelihood of half of the draws lies below that of the mode, or more.
    figures
        Number of figures.
    """

    theta: Floats
    fall: float
    figures: int

    def contradicts(self, limit: float = DOUBT) -> list[str]:
        """That draws contradict the figures, in words; empty where they do not.

        Parameters
        ----------
        limit
            In units of log likelihood for each figure.

        Examples
        --------
        >>> draws = Settled(np.zeros((2, 3)), fall=30.0, figures=10)
        >>> draws.contradicts(), draws.contradicts(FAIL)
        (['draws contradict the figures (log likelihood lower by 30, 10 figures)'], [])
        """
        if self.fall <= limit * self.figures + MORE:
            return []
        words = f"log likelihood lower by {self.fall:.0f}, {self.figures} figures"
        return [f"draws contradict the figures ({words})"]


def settled(density: Density, laplace: Laplace, drawn: Floats, held: Floats) -> Settled:
    """Draws of a fit that contradict the figures less.

    Parameters
    ----------
    drawn, held
        Draws of the fit, shape (S, D), and the same with their levels held, which are the result
        unless they contradict the figures.
    """
    found = _measured(density, laplace.mode, held)
    if found.figures**2 * density.size > MOST_WORK or not found.contradicts():
        return found
    moved = _measured(density, laplace.mode, _Moving(density, laplace, drawn).moved())
    return min(found, moved, key=lambda draws: draws.fall)


def _measured(density: Density, mode: Floats, theta: Floats) -> Settled:
    likelihood = density.model.log_likelihood
    ((at_mode,), (drawn,)) = (values_at(density, at, [likelihood]) for at in (mode[None], theta))
    fall = float(np.median(at_mode.sum() - drawn.sum(axis=1)))
    return Settled(theta, fall, likelihood.size)


class _Moving:
    """Draws on their way, and what they are held to."""

    def __init__(self, density: Density, laplace: Laplace, theta: Floats) -> None:
        self.density, self.theta = density, theta
        parameters, mode = density.design.parameters, laplace.mode
        self.hypers = hypers = len(parameters.hyper)
        expansion = Expander(density)(mode)
        curvature = clipped_curvature(density.model, expansion.evaluation)
        self.informed = np.flatnonzero(curvature > 0)
        self.variance = 1 / curvature[self.informed]
        self.slopes = jacobian(expansion)[self.informed, hypers:]
        # Slopes are those of the mode times these.
        self.scales = (parameters.scales(theta) / parameters.scales(mode))[:, hypers:]
        root: Any = laplace.covariance_root[:, :hypers]
        root = root if isinstance(root, np.ndarray) else root.toarray()
        steps = theta - mode
        of_mode = np.linalg.solve(root[:hypers].T, root[hypers:].T)
        around = steps[:, hypers:] - steps[:, :hypers] @ of_mode
        at_mode = self._expected(mode[None])
        self.meant = at_mode + around @ self.slopes.T

    def _expected(self, theta: Floats) -> Floats:
        """Log expectations of the figures that inform, shape (S, N)."""
        (found,) = values_at(self.density, theta, [self.density.model.log_expected])
        return found[:, self.informed]

    def _costs(self, moved: Floats, apart: Floats) -> Floats:
        return np.asarray((moved**2).sum(axis=1) + (apart**2 / self.variance).sum(axis=1))

    def moved(self) -> Floats:
        """The draws at the end of the steps."""
        moved = np.zeros((len(self.theta), self.theta.shape[1] - self.hypers))
        apart = self._expected(self.theta) - self.meant
        costs = self._costs(moved, apart)
        for _ in range(STEPS):
            step = self._steps(moved, apart)
            for _ in range(DIVISIONS):
                new = moved + step
                new_apart = self._expected(self._at(new)) - self.meant
                new_costs = self._costs(new, new_apart)
                lower = new_costs < costs
                moved[lower], apart[lower], costs[lower] = (
                    part[lower] for part in (new, new_apart, new_costs)
                )
                step = np.where(lower[:, None], 0.0, step / 3)
                if lower.all():
                    break
        return self._at(moved)

    def _steps(self, moved: Floats, apart: Floats) -> Floats:
        """Gauss-Newton steps of all draws, each with the slopes at its scales."""
        found = np.empty_like(moved)
        for s, scales in enumerate(self.scales):
            own = self.slopes * scales
            gram = own @ own.T + np.diag(self.variance)
            found[s] = own.T @ np.linalg.solve(gram, own @ moved[s] - apart[s]) - moved[s]
        return found

    def _at(self, moved: Floats) -> Floats:
        theta = self.theta.copy()
        theta[:, self.hypers :] += moved
        return theta
