"""Coupling that holds the sums which figures know while the walk of a rate moves.

A figure of weeks fixes the sum of the losses in them, and its walk is known from the prior alone.
On the surface where the sum is constant the level falls as the walk widens, by the q of
``laplace/levels``: with a walk of a few sds that surface is far from a plane, and narrow beside it.
Chains stick there. The level is therefore written as ``level' - q``, with which the sums stay.
"""

import numpy as np

from lossmodel.inference.laplace.levels import Levels
from lossmodel.inference.nuts.coupling import Back
from lossmodel.model.density.density import Density
from lossmodel.model.density.operators import Node
from lossmodel.model.design.grid import Floats

__all__ = ["HeldLevels"]

# Mean of q from which a level is held: in sds of a sum that is known within 10%, half of one. The
# walks of long ledgers are known too well to bend so far, and each gradient costs more with q.
BENT = 0.05


class HeldLevels:
    """The shift of the levels of rates by minus q; its volume is one.

    Parameters
    ----------
    density, mode
        Of one submodel.
    draws
        Theta about as uncertain as the posterior, shape (S, D), which tells the levels of a q that
        matters.
    """

    def __init__(self, density: Density, mode: Floats, draws: Floats) -> None:
        self._density = density
        levels = Levels(density, mode)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            bent = levels.excess(draws).mean(axis=0) if len(levels.of) else np.zeros(0)
        # A mean that overflows, or is not a number, is of a level that is bent.
        self._levels = levels.only(~(np.abs(bent) < BENT))

    def __bool__(self) -> bool:
        """Whether any level is held."""
        return bool(self._levels.of)

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """Theta with the levels held; the rates follow from it, so that no scale is needed."""
        model, levels = self._density.model, self._levels
        node = model.predictors["rate"]
        rates = model.graph.evaluate({model.theta: theta}, [node])
        deviation = levels.deviation(rates[node])

        def back(gradient: Floats) -> Floats:
            by_rate = np.zeros_like(deviation)
            for of in levels.of:
                by_excess = -gradient[..., of.entry, None] / of.slope
                by_rate[..., of.party, :] += by_excess * of.by_deviation(
                    deviation[..., of.party, :]
                )
            seeds: dict[Node, Floats] = {node: by_rate.reshape(rates[node].shape)}
            return gradient + np.asarray(rates.adjoints(seeds)[model.theta])

        return levels.lowered(theta, deviation), 0.0, back
