"""A normal distribution below a soft ceiling, such as the bias of a side's count of its own dead.

The density of x ~ Normal(mean, sd^2) times Phi((at - x) / soft) is that of x given a draw of
Normal(at, soft^2) above it: an extended skew-normal one. With s^2 = sd^2 + soft^2, a = (at - mean)
/ s and l = phi(a) / Phi(a) its moments are

    mean - l sd^2 / s,    sd^2 - l (l + a) sd^4 / s^2

(Azzalini and Capitanio 2014, The Skew-Normal and Related Families, section 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import log_ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Ceiling"]

# Halvings of an interval of a few sds: the last is far below any digit that is printed.
STEPS: Final = 60
# Distances from the mean to the ceiling in which the sd of the normal is sought. With its own mean
# at a hard ceiling it is 1.3 of them.
WIDEST: Final = 20.0
# Sds below the ceiling and points of the grid of quantiles: its step is 0.0007 sds.
REACH, POINTS = 8.0, 24001


@dataclass(frozen=True)
class Ceiling:
    """A number that draws seldom exceed.

    Attributes
    ----------
    at
        The number.
    soft
        Sd of the normal distribution that blurs it.
    """

    at: float
    soft: float

    def moments(self, mean: float, sd: float) -> tuple[float, float]:
        """Mean and sd of a normal distribution once it is below the ceiling.

        Examples
        --------
        >>> mean, sd = Ceiling(0.0, 1e-9).moments(0.0, 1.0)
        >>> round(mean, 4), round(sd, 4)
        (-0.7979, 0.6028)
        """
        s = np.hypot(sd, self.soft)
        a = (self.at - mean) / s
        ratio = np.exp(-(a**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(a))
        variance = sd**2 * (1 - ratio * (ratio + a) * (sd / s) ** 2)
        return float(mean - ratio * sd**2 / s), float(np.sqrt(variance))

    def normal(self, mean: float, sd: float) -> tuple[float, float]:
        """Mean and sd of the normal distribution that has a mean and an sd below the ceiling.

        Its mean is never above the ceiling, so that draws just below the ceiling are the likeliest.
        Where the sd would need more, the mean is met and the sd is less.

        Examples
        --------
        >>> ceiling = Ceiling(0.05, 0.1)
        >>> below = ceiling.moments(*ceiling.normal(-0.5, 0.4))
        >>> [round(value, 6) for value in below]
        [-0.5, 0.4]
        """
        if mean >= self.at:
            return mean, sd
        low, high = mean, self.at
        if self.moments(high, self._sd(high, mean))[1] > sd:
            for _ in range(STEPS):
                middle = (low + high) / 2
                wide = self.moments(middle, self._sd(middle, mean))[1] > sd
                low, high = (low, middle) if wide else (middle, high)
        return high, self._sd(high, mean)

    def quantiles(
        self, mean: float, sd: float, probabilities: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Quantiles of a normal distribution once it is below the ceiling.

        Examples
        --------
        >>> found = Ceiling(0.0, 1e-9).quantiles(0.0, 1.0, np.array([0.5]))
        >>> round(float(found[0]), 3)
        -0.674
        """
        if sd == 0:
            return np.full(len(probabilities), mean)
        # Far above the ceiling the draws below it are far from the normal's own mean.
        centre, spread = self.moments(mean, sd)
        grid = centre + spread * np.linspace(-REACH, REACH, POINTS)
        logs = log_ndtr((self.at - grid) / self.soft) - ((grid - mean) / sd) ** 2 / 2
        density = np.exp(logs - logs.max())
        below = np.cumsum(density) - density / 2
        return np.asarray(np.interp(probabilities * density.sum(), below, grid))

    def _sd(self, centre: float, mean: float) -> float:
        """Sd of the normal with this centre whose mean below the ceiling is the one given."""
        low, high = 0.0, WIDEST * (self.at - mean)
        for _ in range(STEPS):
            middle = (low + high) / 2
            above = self.moments(centre, middle)[0] > mean
            low, high = (middle, high) if above else (low, middle)
        return high
