"""Normal variables with heavier tails."""

from dataclasses import dataclass

import numpy as np

from lossmodel.model.density.functions import Evaluated, Function
from lossmodel.model.design.grid import Floats
from lossmodel.model.prior import Prior

__all__ = ["FARTHEST", "OF_95", "Tailed", "lethality_tails"]

# Sds between which a normal has 95% of its probability.
OF_95 = 1.96
# Tail of the lethality of an army. Judgement: the armies of `data/history/lethality.csv` do not
# tell it from zero (log likelihoods within 0.15), but they are of campaigns on land, while ships go
# down with their crews, garrisons hold out to the last and the defeated are killed: at Jutland
# Britain had twelve dead for each wounded, 5.9 sds from the mean. That is one army in 1,300 here,
# and one in 500 million for a normal.
OF_LETHALITY = 0.2
# Sds beyond which the tails are those of a normal again: no number overflows.
FARTHEST = 8.0


@dataclass(frozen=True, eq=False)
class Tailed(Function):
    """A variable with the mean and the 95% limits of a normal that it follows from.

    Tukey's h distribution (Tukey 1977; Hoaglin 1985, "Summarizing shape numerically"): with z the
    normal in sds from its mean, ``mean + sd z exp(h (z^2 - 1.96^2) / 2)``. Its tails are those of a
    power 1 / h, and half of it lies nearer to the mean than of a normal with the same limits.

    Examples
    --------
    >>> Tailed(0.0, 1.0, 0.2)(np.array([0.5, 1.96, 3.0])).value.round(2)
    array([0.35, 1.96, 5.02])
    """

    mean: float
    sd: float
    h: float

    def _at(self, *x: Floats) -> Evaluated:
        z = (x[0] - self.mean) / self.sd
        square, within = np.minimum(z * z, FARTHEST**2), np.abs(z) < FARTHEST
        factor = np.exp(self.h / 2 * (square - OF_95**2))
        return Evaluated(
            self.mean + self.sd * z * factor,
            lambda: (factor * (1 + within * self.h * square),),
            lambda: {(0, 0): within * factor * self.h * z * (3 + self.h * square) / self.sd},
        )


def lethality_tails(prior: Prior) -> Tailed:
    """Logit of an army's lethality, level and walk, with the tails that armies have.

    Parameters
    ----------
    prior
        Of the level.
    """
    return Tailed(prior.mean, prior.sd, OF_LETHALITY)
