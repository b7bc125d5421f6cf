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
"""

import numpy as np
from threadpoolctl import threadpool_limits

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.nuts.conditional_map import ConditionalMap
from lossmodel.inference.nuts.coupling import Coupled, Coupling
from lossmodel.inference.nuts.figures import BENT_SDS, counts
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.nuts.held_sums import HeldSums
from lossmodel.inference.nuts.held_walks import HeldWalks
from lossmodel.inference.nuts.tight_sums import couplings_of
from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats

__all__ = ["Whitened"]

# Draws that tell what needs to be held.
DRAWS, SEED = 200, 1


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
        couplings: tuple[Coupling, ...] = couplings_of(density, laplace.mode)
        with threadpool_limits(1):
            of = counts(density, laplace.mode)
            spread = self._spread(Coupled(density, couplings))
            levels = HeldLevels(of).bent(spread)
            if walks := HeldWalks(of, laplace.mode, levels).bent(spread):
                couplings = (*couplings, walks)
            elif levels:
                couplings = (*couplings, levels)
            sums = HeldSums(of)
            if sums.bend(self._spread(Coupled(density, couplings))).sds >= BENT_SDS:
                couplings = (*couplings, sums)
        self._density = Coupled(density, couplings)

    def _spread(self, coupled: Coupled) -> Floats:
        """Draws of theta from a standard normal, shape (S, D)."""
        x = np.random.default_rng(SEED).standard_normal((DRAWS, self.size))
        return coupled.theta(self._map(x).theta)

    def theta(self, x: Floats) -> Floats:
        """The map, for x of shape (..., D)."""
        return self._density.theta(self._map(x).theta)

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """Log densities of x of shape (..., D), up to a constant, and their gradients."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            held = self._map(x)
            value, slope = self._density(held.theta)
            return value + held.volume, self._map.gradient(held, slope)
