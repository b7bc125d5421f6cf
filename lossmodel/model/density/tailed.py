"""Normal variables with heavier tails."""

from dataclasses import dataclass

import numpy as np

from lossmodel.model.density.functions import Evaluated, Function
from lossmodel.model.design.grid import Floats

__all__ = ["FARTHEST", "OF_95", "Tailed"]

# Sds between which a normal has 95% of its probability.
OF_95 = 1.96
# Sds beyond which the tails are those of a normal again: no number overflows.
FARTHEST = 8.0


@dataclass(frozen=True, eq=False)
class Tailed(Function):
    """A variable with the mean and the 95% limits of a normal that it follows from.

    Tukey's h distribution (Tukey 1977; Hoaglin 1985, "Summarizing shape numerically"): with z the
    normal in sds from its mean, ``mean + sd z exp(h (z^2 - 1.96^2) / 2)``. Its tails are those of a
    power 1 / h, and half of it lies nearer to the mean than of a normal with the same limits, which
    it is where h is zero.

    Examples
    --------
    >>> Tailed(0.0, 1.0, 0.2)(np.array([0.5, 1.96, 3.0])).value.round(2)
    array([0.35, 1.96, 5.02])
    """

    mean: float
    sd: float
    h: Floats | float

    def _at(self, *x: Floats) -> Evaluated:
        z = (x[0] - self.mean) / self.sd
        square, within = np.minimum(z * z, FARTHEST**2), np.abs(z) < FARTHEST
        factor = np.exp(self.h / 2 * (square - OF_95**2))
        return Evaluated(
            self.mean + self.sd * z * factor,
            lambda: (factor * (1 + within * self.h * square),),
            lambda: {(0, 0): within * factor * self.h * z * (3 + self.h * square) / self.sd},
        )
