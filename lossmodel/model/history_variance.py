"""The variance of the log ratios of one claimant in one war, around their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pool_variance", "within_variance"]

# Degrees of freedom of the pooled variance beside those of a role and class, of which the least has
# none and the most has 26. Judgement: as much as five repeated claims.
SHARED_FREEDOM: Final = 4.0
# Without any repeated claim: an sd of one half, as between wars at most.
UNKNOWN: Final = 0.25


def pool_variance(table: pd.DataFrame) -> float:
    """Pooled variance of log ratios around their claimant's mean, less that of small counts.

    Claimants with a pair of low trust are left out: its variance is a separate term of the model,
    as is that of small counts.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"n": [2, 4, 2], "sd_log_ratio": [0.3, 0.5, 2.0], "count_var": 0.0})
    >>> round(pool_variance(table.assign(low_trust=[0, 0, 1])), 2)
    0.21
    """
    squares, freedom = _squares(table)
    return squares / freedom if freedom else UNKNOWN


def within_variance(table: pd.DataFrame, role: str, name: str) -> float:
    """Variance of log ratios around their claimant's mean in a role and class.

    That of all roles and classes counts as `SHARED_FREEDOM` degrees of freedom more.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"n": [5, 5], "sd_log_ratio": [0.1, 0.5], "count_var": 0.0})
    >>> table = table.assign(low_trust=0, role=["self", "adversary"], **{"class": "person"})
    >>> round(within_variance(table, "self", "person"), 3), round(pool_variance(table), 3)
    (0.07, 0.13)
    """
    squares, freedom = _squares(table[(table["role"] == role) & (table["class"] == name)])
    shared = SHARED_FREEDOM * pool_variance(table)
    return (squares + shared) / (freedom + SHARED_FREEDOM)


def _squares(table: pd.DataFrame) -> tuple[float, int]:
    """Sum of squares of log ratios around their claimant's mean, and its degrees of freedom."""
    repeated = table[(table["n"] > 1) & (table["low_trust"] == 0)]
    freedom = repeated["n"] - 1
    counted = repeated["n"] * repeated["count_var"]
    own = np.maximum(repeated["sd_log_ratio"] ** 2 - counted, 0.0)
    return float((freedom * own).sum()), int(freedom.sum())
