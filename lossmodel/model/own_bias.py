"""The prior of a side's counts of its own soldiers, which has a ceiling: few exaggerate them.

What the claimants of one side have in common is the sum of a role's deviation, which all sides
share, and of the side's own. It is below the ceiling for each side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import log_ndtr

from lossmodel.model.ceiling import Ceiling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lossmodel.model.prior import Prior

__all__ = ["OWN", "own_ceiling", "own_limits", "own_median", "role_mean"]

OWN: Final = "bias.self.person"
# Points of the normal of a role, and halvings of the sds within which its mean is sought.
POINTS: Final = np.linspace(-8.0, 8.0, 2001)
WIDEST, STEPS = 10.0, 50


def own_ceiling(priors: Mapping[str, Prior]) -> Ceiling:
    """Ceiling of what a side's claimants have in common in their counts of its own soldiers.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> own_ceiling(Priors.default().entries)
    Ceiling(at=0.05, soft=0.1)
    """
    return Ceiling(*(priors[f"bias.self.{name}"].median for name in ("ceiling", "ceiling_sd")))


def own_median(priors: Mapping[str, Prior], *, moved: float = 0.0) -> float:
    """Median of the ratio of claimed to true that the claimants of a side have in common.

    Parameters
    ----------
    priors
        All of them, by name.
    moved
        Sds by which the mean of `bias.self.person` is moved.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> entries = Priors.default().entries
    >>> [round(own_median(entries, moved=by), 1) for by in (-1, 0, 1)]
    [0.5, 0.7, 0.8]
    """
    return float(_ratios(priors, np.array([0.5]), moved)[0])


def own_limits(priors: Mapping[str, Prior], ci_prob: float) -> tuple[float, float, float]:
    """Median and limits of the same ratio.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> [round(limit, 2) for limit in own_limits(Priors.default().entries, 0.5)]
    [0.68, 0.5, 0.86]
    """
    tail = (1 - ci_prob) / 2
    median, lower, upper = _ratios(priors, np.array([0.5, tail, 1 - tail])).tolist()
    return median, lower, upper


def role_mean(priors: Mapping[str, Prior], sides: int) -> float:
    """Mean of the normal that all sides share, where so many sides count their own soldiers.

    With the mean of one side the ceilings of all would lower it together, and each side's ratio
    with it: this one gives each side the mean that it has alone.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> entries = Priors.default().entries
    >>> [round(role_mean(entries, sides), 2) for sides in (1, 2, 3)]
    [0.05, 0.29, 0.51]
    """
    prior = priors[OWN]
    # A prior above its ceiling contradicts it, and has no mean to be kept.
    if sides < 2 or prior.fixed or prior.mean > own_ceiling(priors).at:
        return prior.mean
    wanted = _mean_of_side(priors, prior.mean, 1)
    low, high = prior.mean, prior.mean + WIDEST * prior.sd
    for _ in range(STEPS):
        middle = (low + high) / 2
        above = _mean_of_side(priors, middle, sides) > wanted
        low, high = (low, middle) if above else (middle, high)
    return low


def _mean_of_side(priors: Mapping[str, Prior], mean: float, sides: int) -> float:
    """Mean of what a side's claimants have in common, below the ceilings of all sides."""
    prior, ceiling, of_side = priors[OWN], own_ceiling(priors), _sd_of_side(priors)
    role = mean + prior.sd * POINTS
    wide = np.hypot(ceiling.soft, of_side)
    a = (ceiling.at - role) / wide
    below = log_ndtr(a)
    logs = sides * below - POINTS**2 / 2
    lowered = np.exp(-(a**2) / 2 - np.log(2 * np.pi) / 2 - below) * of_side**2 / wide
    return float(np.average(role - lowered, weights=np.exp(logs - logs.max())))


def _sd_of_side(priors: Mapping[str, Prior]) -> float:
    between = priors[f"{OWN}.between"].median
    return float(np.sqrt(priors["bias.side_share"].median) * between)


def _ratios(
    priors: Mapping[str, Prior], probabilities: NDArray[np.float64], moved: float = 0.0
) -> NDArray[np.float64]:
    prior = priors[OWN]
    sd = float(np.hypot(prior.sd, _sd_of_side(priors)))
    logs = own_ceiling(priors).quantiles(prior.mean + moved * prior.sd, sd, probabilities)
    return np.asarray(np.exp(logs))
