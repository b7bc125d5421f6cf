"""Coordinates in which the posterior of a submodel is close to a standard normal.

The affine map of the Laplace fit leaves curved, narrow regions wherever figures fix a combination
of unknowns far better than each of them, since the set on which the combination is constant is not
affine:

    sums and definitions    the counts of a long ledger: decoupled first, see ``tight_sums``.
    losses of a figure      levels, the walk, the coverage of a list, delays: ``held_levels``.
    several windows         differences between their sums, which the walk follows: ``held_walks``.
    sums of parties         whose shares change while the sum stays: ``held_sums``.
    scale times normal      how well a normal z with a learned scale s is known depends on s: see
                            ``conditional_map``.

The second to fourth of these maps make a gradient dearer, and some posteriors less normal. Those
are kept, alone or together, that bring the posterior nearer to normal by the median of
``|s(x) + x|^2`` over draws x of a standard normal, with s the slope of the log density. Its mean is
a Fisher divergence; Seyboldt, Carlson and Carpenter (2024, "Preconditioning Hamiltonian Monte Carlo
by minimizing Fisher divergence") minimise the one over draws of the posterior. A few draws far out
do not decide a median.
"""

from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.nuts.conditional_map import ConditionalMap
from lossmodel.inference.nuts.coupling import Coupled, Coupling
from lossmodel.inference.nuts.figures import counts
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.nuts.held_sums import HeldSums
from lossmodel.inference.nuts.held_walks import HeldWalks
from lossmodel.inference.nuts.tight_sums import couplings_of
from lossmodel.model.density.density import Density, batches
from lossmodel.model.design.grid import Floats

__all__ = ["Whitened"]

# Draws that tell what needs to be held.
DRAWS, SEED = 200, 1
# Share of the divergence that a coupling has to leave at most: a gradient takes up to twice as long
# with it, with walks up to three times. Seconds for an effective draw by hmc with a coupling,
# relative to those without it, means of two seeds: levels of gaza2008 (share 0.31) 0.09, levels of
# tanks of kosovo1999 (0.36) 0.13, levels of civilians of maria2017 (0.54) 1.6, sums of gaza2008
# (0.98) 1.5, walks of the reports of Radford et al. (1.3) 3 to 5. Of three totals of two parties
# that nothing divides, levels alone leave 1.03 of it, sums 0.05, and both 0.004.
NEARER = 0.5


class Whitened:
    """The log density of x and its gradient, where theta is the map of x.

    Parameters
    ----------
    density, laplace
        Of one submodel.

    Attributes
    ----------
    size
        Length of x and of theta.
    """

    def __init__(self, density: Density, laplace: Laplace) -> None:
        self.size = density.size
        self._map = ConditionalMap(density.design, laplace)
        self._density = Coupled(density, couplings_of(density, laplace.mode))
        x = np.random.default_rng(SEED).standard_normal((DRAWS, self.size))
        with threadpool_limits(1):
            of, spread = counts(density, laplace.mode), self.theta(x)
            levels, sums = HeldLevels(of).bent(spread), HeldSums(of)
            walks = HeldWalks(of, laplace.mode, levels).bent(spread)
            # Where half of the draws overflow in each way, the one with the most maps is taken.
            of_figures = [*((each,) for each in (walks, levels) if each), ()]
            of_sums = [(sums,), ()] if sums else [()]
            ways = [(*some, *more) for some in of_figures for more in of_sums]
            self._density = min(
                (replace(self._density, couplings=(*self.couplings, *way)) for way in ways),
                key=lambda way: self._cost(way, x),
            )

    @property
    def couplings(self) -> tuple[Coupling, ...]:
        """In the order in which they move theta."""
        return self._density.couplings

    def theta(self, x: Floats) -> Floats:
        """The map, for x of shape (..., D)."""
        return self._density.theta(self._map(x).theta)

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """Log densities of x of shape (..., D), up to a constant, and their gradients."""
        return self._pulled_back(self._density, x)

    def _pulled_back(self, density: Coupled, x: Floats) -> tuple[Floats, Floats]:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            held = self._map(x)
            value, slope = density(held.theta)
            return value + held.volume, self._map.gradient(held, slope)

    def _cost(self, density: Coupled, x: Floats) -> float:
        """Divergence from a normal by its draws x, shape (S, D), more for each coupling."""
        parts = [self._pulled_back(density, x[some])[1] for some in batches(len(x))]
        with np.errstate(over="ignore", invalid="ignore"):
            squares = ((np.concatenate(parts) + x) ** 2).sum(axis=-1)
        divergence = np.median(np.where(np.isfinite(squares), squares, np.inf))
        return float(divergence / NEARER ** len(density.couplings))
