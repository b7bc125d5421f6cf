"""Normal variables with a heavier upper tail."""

from dataclasses import dataclass

import numpy as np

from lossmodel.model.density.functions import Evaluated, Function
from lossmodel.model.design.grid import Floats

__all__ = ["FARTHEST", "Tailed"]

# Sds beyond which the tail is that of a normal again: no number overflows.
FARTHEST = 8.0


@dataclass(frozen=True, eq=False)
class Tailed(Function):
    """A variable with a heavier upper tail, by the normal that it follows from.

    With z the normal in sds from its mean, ``mean + sd z exp(h z^2 / 2)`` above the mean, Tukey's h
    distribution (Tukey 1977; Hoaglin 1985, "Summarizing shape numerically"), whose tail is that of
    a power 1 / h. Below the mean, and where h is zero, it is the normal itself.

    Examples
    --------
    >>> Tailed(0.0, 1.0, 0.1)(np.array([-3.0, 0.5, 1.96, 3.5])).value.round(2)
    array([-3.  ,  0.51,  2.38,  6.46])
    """

    mean: float
    sd: float
    h: Floats | float

    def _at(self, *x: Floats) -> Evaluated:
        z = (x[0] - self.mean) / self.sd
        above = np.clip(z, 0.0, FARTHEST)
        bend, within = self.h * above**2, z < FARTHEST
        factor = np.exp(bend / 2)
        return Evaluated(
            self.mean + self.sd * z * factor,
            lambda: (factor * (1 + within * bend),),
            lambda: {(0, 0): within * factor * self.h * above * (3 + bend) / self.sd},
        )
