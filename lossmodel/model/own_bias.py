"""The prior of a side's counts of its own soldiers, which has a ceiling: few exaggerate them.

What the claimants of one side have in common is the sum of a role's deviation, which all sides
share, and of the side's own. It is below the ceiling for each side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.model.ceiling import Ceiling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lossmodel.model.prior import Prior

__all__ = ["OWN", "own_ceiling", "own_limits", "own_median"]

OWN: Final = "bias.self.person"


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


def _ratios(
    priors: Mapping[str, Prior], probabilities: NDArray[np.float64], moved: float = 0.0
) -> NDArray[np.float64]:
    prior, between = priors[OWN], priors[f"{OWN}.between"].median
    sd = float(np.hypot(prior.sd, np.sqrt(priors["bias.side_share"].median) * between))
    logs = own_ceiling(priors).quantiles(prior.mean + moved * prior.sd, sd, probabilities)
    return np.asarray(np.exp(logs))
