"""Bands that hold the whole ECDF of uniform ranks at once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

__all__ = ["PLACES", "ecdf_band", "ecdf_of", "outside"]

Floats = NDArray[np.float64]
PLACES: Floats = np.arange(1, 100) / 100
LEVEL = 0.95
SIMULATIONS = 2000


def ecdf_of(ranks: Floats) -> Floats:
    """Share of ranks at or below 1%, 2%, ... 99%."""
    ordered = np.sort(ranks)
    return np.asarray(np.searchsorted(ordered, PLACES, side="right") / len(ordered))


def ecdf_band(wars: int, *, widen: float = 0.0) -> tuple[Floats, Floats]:
    """Simultaneous 95% band of the ECDF of uniform ranks at 1%, 2%, ... 99%.

    Parameters
    ----------
    widen
        Move the lower limit down and the upper one up as if every truth were off by this many
        posterior sd, for engines that are approximate by that much.

    Examples
    --------
    >>> low, high = ecdf_band(100)
    >>> bool(((low < PLACES) & (PLACES < high)).all())
    True
    """
    reach = _pointwise_level(wars)
    down, up = (norm.cdf(norm.ppf(PLACES) + shift) for shift in (-widen, widen))
    low = binom.ppf((1 - reach) / 2, wars, down) / wars
    high = binom.ppf((1 + reach) / 2, wars, up) / wars
    return np.asarray(low), np.asarray(high)


def outside(ranks: Floats, *, widen: float = 0.0) -> float:
    """By how much the ECDF leaves its band where it does so most; at most 0 is inside."""
    ecdf = ecdf_of(ranks)
    low, high = ecdf_band(len(ranks), widen=widen)
    return float(np.maximum(low - ecdf, ecdf - high).max())


@cache
def _pointwise_level(wars: int) -> float:
    """Level of each place's own band such that all hold together in 95% of sound runs."""
    rng = np.random.default_rng(wars)
    counts = np.array([ecdf_of(rng.uniform(size=wars)) * wars for _ in range(SIMULATIONS)]).round()
    tails = np.minimum(binom.cdf(counts, wars, PLACES), binom.sf(counts - 1, wars, PLACES))
    return float(1 - 2 * np.quantile(tails.min(axis=1), 1 - LEVEL))
