"""What a variable with a heavier upper tail has more than the normal that it follows from."""

from dataclasses import dataclass

import numpy as np

from lossmodel.model.density.functions import Evaluated, Function
from lossmodel.model.design.grid import Floats
from lossmodel.model.design.latent import LETHALITY_TAIL, LatentProcesses

__all__ = ["FARTHEST", "FIRST", "Tail", "lethality_tail"]

# Sds above the mean at which the tail begins, and beyond which it is that of a normal again, so
# that no number overflows.
FIRST, FARTHEST = 2.0, 8.0


@dataclass(frozen=True, eq=False)
class Tail(Function):
    """``sd z (exp(c (z - 2)^3) - 1)`` from two sds on, and nothing below, with z the normal in sds.

    It has two continuous derivatives.

    Examples
    --------
    >>> Tail(0.0, 1.0, 0.15)(np.array([-3.0, 1.96, 3.0, 3.6])).value.round(2)
    array([0.  , 0.  , 0.49, 3.05])
    """

    mean: float
    sd: float
    c: float

    def _at(self, *x: Floats) -> Evaluated:
        z = (x[0] - self.mean) / self.sd
        above = np.clip(z - FIRST, 0.0, FARTHEST - FIRST)
        within = z < FARTHEST
        factor, bend = np.exp(self.c * above**3), 3 * self.c * above**2 * within
        slope = bend * (2 + bend * z) + 6 * self.c * above * z * within
        return Evaluated(
            self.sd * z * (factor - 1),
            lambda: (factor * (1 + bend * z) - 1,),
            lambda: {(0, 0): factor * slope / self.sd},
        )


def lethality_tail(latent: LatentProcesses) -> Tail:
    """What the level of an army's lethality has more than a normal, by that normal."""
    prior = latent.lethality_prior
    return Tail(prior.mean, prior.sd, LETHALITY_TAIL)
