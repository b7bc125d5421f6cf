"""Simultaneous confidence bands for the ECDF of uniform ranks.

Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity and its applications
in goodness-of-fit evaluation and multiple sample comparison, Statistics and Computing 32, 32.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["GRID", "band_excess", "ecdf_band", "ecdf_of"]

Floats = NDArray[np.float64]
GRID: Floats = np.arange(1, 100) / 100
LEVEL = 0.95
SIMULATIONS = 2000


def ecdf_of(ranks: Floats) -> Floats:
    """ECDF of ranks at 1%, 2%, ... 99%."""
    ordered = np.sort(ranks)
    return np.asarray(np.searchsorted(ordered, GRID, side="right") / len(ordered))


def ecdf_band(wars: int, *, widen: float = 0.0) -> tuple[Floats, Floats]:
    """Simultaneous 95% band of the ECDF of uniform ranks at 1%, 2%, ... 99%.

    Parameters
    ----------
    widen
        Widen the band as if every truth were shifted by this many posterior sds in either
        direction, for engines with an approximation error of that size.

    Examples
    --------
    >>> low, high = ecdf_band(100)
    >>> bool(((low < GRID) & (GRID < high)).all())
    True
    """
    from scipy.stats import binom, norm

    pointwise = _pointwise_level(wars)
    down, up = (norm.cdf(norm.ppf(GRID) + shift) for shift in (-widen, widen))
    low = binom.ppf((1 - pointwise) / 2, wars, down) / wars
    high = binom.ppf((1 + pointwise) / 2, wars, up) / wars
    return np.asarray(low), np.asarray(high)


def band_excess(ranks: Floats, *, widen: float = 0.0) -> float:
    """Largest distance of the ECDF outside its band; zero or negative if it is inside."""
    ecdf = ecdf_of(ranks)
    low, high = ecdf_band(len(ranks), widen=widen)
    return float(np.maximum(low - ecdf, ecdf - high).max())


@cache
def _pointwise_level(wars: int) -> float:
    """Pointwise level at which all pointwise bands hold together in 95% of calibrated runs."""
    from scipy.stats import binom

    rng = np.random.default_rng(wars)
    counts = np.array([ecdf_of(rng.uniform(size=wars)) * wars for _ in range(SIMULATIONS)]).round()
    tails = np.minimum(binom.cdf(counts, wars, GRID), binom.sf(counts - 1, wars, GRID))
    return float(1 - 2 * np.quantile(tails.min(axis=1), 1 - LEVEL))
