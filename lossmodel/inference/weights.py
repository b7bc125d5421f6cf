"""Draws that count for more or less than others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import boxcox

if TYPE_CHECKING:
    from lossmodel.model.design.grid import Floats

__all__ = [
    "LEAST", "MAX_K", "effective", "normalised", "pareto_k", "smoothed", "weighted_quantiles",
]  # fmt: skip

# Limit of k, of Vehtari et al. (2024).
MAX_K: Final = 0.7
# Log ratio of a draw where the density is zero or overflows, and fewest ratios that have a tail.
LEAST: Final = float(np.finfo(float).min / 4)
FEWEST: Final = 5
# Number of observations that the prior of a tail's shape is worth, and its mean (Vehtari et al.).
PRIOR_SIZE: Final = 10
PRIOR_SHAPE: Final = 0.5


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


def pareto_k(log_ratios: Floats) -> float:
    """Shape of the generalised Pareto distribution of the largest importance ratios.

    The estimate of Zhang and Stephens (2009) with the weak prior of Vehtari et al. (2024).

    Parameters
    ----------
    log_ratios
        Shape (S,), up to a constant.

    Examples
    --------
    >>> pareto_k(np.zeros(100))
    -inf
    """
    return _tail(np.sort(log_ratios))[0]


def smoothed(log_ratios: Floats) -> Floats:
    """Log importance ratios whose largest are quantiles of the Pareto distribution fitted to them.

    Pareto smoothing keeps one draw from counting for many (Vehtari et al. 2024, Pareto Smoothed
    Importance Sampling, section 2.4). None exceeds the largest ratio before. Where the shape is
    above ``MAX_K`` nothing can be said of the tail, and the ratios stay as they are.

    Parameters
    ----------
    log_ratios
        Shape (S,), up to a constant.

    Examples
    --------
    >>> logs = np.append(np.linspace(-1.0, 0.0, 99), 1.0)
    >>> round(float(smoothed(logs)[-1]), 2)
    0.54
    """
    order = np.argsort(log_ratios, kind="stable")
    # A draw where the density is zero stays without weight.
    order = order[log_ratios[order] > LEAST]
    logs = log_ratios[order]
    k, scale, size = _tail(logs)
    if not -np.inf < k < MAX_K:
        return log_ratios
    above = 1 - (np.arange(size) + 0.5) / size
    over = -scale * boxcox(above, -k)
    found = log_ratios.copy()
    cutoff = np.exp(logs[-size - 1] - logs[-1])
    found[order[-size:]] = np.minimum(np.log(cutoff + over), 0.0) + logs[-1]
    return found


def _tail(ordered: Floats) -> tuple[float, float, int]:
    """Shape and scale of the Pareto distribution of the largest ratios, and how many they are."""
    if len(ordered) < FEWEST:
        return float("-inf"), 0.0, 0
    ratios = np.exp(ordered - ordered[-1])
    size = int(np.ceil(min(0.2 * len(ratios), 3 * np.sqrt(len(ratios)))))
    tail = ratios[-size:] - ratios[-size - 1]
    if tail[-1] <= 0:
        return float("-inf"), 0.0, size
    count = 30 + int(np.sqrt(size))
    quarter = max(tail[int(size / 4 + 0.5) - 1], np.finfo(float).tiny)
    grid = 1 - np.sqrt(count / (np.arange(1, count + 1) - 0.5))
    theta = 1 / tail[-1] + grid / (3 * quarter)
    shapes = np.log1p(-theta[:, None] * tail).mean(axis=1)
    profile = size * (np.log(-theta / shapes) - shapes - 1)
    with np.errstate(over="ignore"):  # of a shape that is out of the question
        weights = 1 / np.exp(profile[None] - profile[:, None]).sum(axis=1)
    inverse = float(theta @ weights)
    k = float(np.log1p(-inverse * tail).mean())
    scale = -k / inverse
    return (k * size + PRIOR_SHAPE * PRIOR_SIZE) / (size + PRIOR_SIZE), scale, size
