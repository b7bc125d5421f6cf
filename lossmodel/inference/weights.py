"""Draws that count for more or less than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lossmodel.model.design.grid import Floats

__all__ = ["effective", "normalised", "weighted_quantiles"]


def effective(weights: Floats) -> float:
    """Number of effective draws (Kish).

    Examples
    --------
    >>> float(effective(np.full(4, 0.25)))
    4.0
    """
    return float(1 / (weights**2).sum())


def normalised(ratios: Floats, power: float = 1.0) -> Floats:
    """Weights whose sum is one, from log ratios of target and proposal, to a power.

    Examples
    --------
    >>> normalised(np.log(np.array([1.0, 3.0])))
    array([0.25, 0.75])
    """
    weights = np.exp(power * (ratios - ratios.max()))
    return np.asarray(weights / weights.sum())


def weighted_quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Quantiles of weighted values, shape (N,).

    Examples
    --------
    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.4, 0.4]), np.array([0.5]))
    array([1.75])
    """
    order = np.argsort(values)
    ordered = weights[order]
    # Each draw stands in the middle of its weight.
    return np.asarray(np.interp(levels, ordered.cumsum() - ordered / 2, values[order]))
