"""Scores of draws against an uncertain truth, on the log scale.

A truth given as value, low and high at a level is log-normal around the value. CRPS and PIT are
means over that distribution, and the log score adds its variance to the forecast's, so that a
forecast is not charged for the uncertainty of the truth. With x and x' independent draws and y the
truth, all on the log scale:

    CRPS       E|x - y| - E|x - x'| / 2           (Gneiting and Raftery 2007)
    log score  log density of y under a normal distribution with the mean and variance of x, the
               truth's variance added             (Good 1952)
    PIT        P(x < y) + P(x = y) / 2            (Dawid 1984; mid-distribution form)

CRPS is better when smaller, the log score when larger; PITs of a calibrated forecast are uniform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lossmodel.defaults import CI_PROB
from lossmodel.errors import UsageError

__all__ = [
    "LEVELS",
    "TruthValue",
    "allowed_misses",
    "central_interval",
    "crps",
    "interval_score",
    "percent_name",
    "score",
]

Floats = NDArray[np.float64]
LEVELS = (0.5, 0.8, 0.9, 0.95)
# Quantile levels of the truth's distribution. With 99 the CRPS is exact to 0.2% where the truth's
# sd is half the forecast's.
TRUTH_LEVELS = (np.arange(99) + 0.5) / 99
# Zero has no log: half a case stands for it, in draws and truths alike.
ZERO_AS = 0.5


@dataclass(frozen=True)
class TruthValue:
    """A truth as a log-normal distribution.

    Attributes
    ----------
    mean, sd
        Of the log of the truth; the sd is zero for a truth without limits.

    Examples
    --------
    >>> round(TruthValue.read(29_700, 24_200, 35_200, 0.95).sd, 3)
    0.096
    """

    mean: float
    sd: float = 0.0

    @classmethod
    def read(
        cls,
        value: float,
        low: float = float("nan"),
        high: float = float("nan"),
        ci_prob: float = CI_PROB,
    ) -> TruthValue:
        """From the columns of `truth.csv`, where NaN means that nothing is given.

        The median is the value, or the geometric mean of the limits.

        Raises
        ------
        UsageError
            There is neither a value nor a pair of limits.

        Examples
        --------
        >>> round(float(np.exp(TruthValue.read(float("nan"), 100, 400).mean)))
        200
        """
        low, high = (max(limit, ZERO_AS) if limit == limit else limit for limit in (low, high))
        sd, middle = 0.0, float("nan")
        if low == low and high == high:
            level = ci_prob if ci_prob == ci_prob else CI_PROB
            sd = float(np.log(high / low) / (2 * ndtri(0.5 + level / 2)))
            middle = float(np.log(high * low) / 2)
        if value == value:
            middle = float(np.log(max(value, ZERO_AS)))
        if middle != middle:
            raise UsageError("a truth needs a value, or low and high.")
        return cls(middle, sd)

    @property
    def quantiles(self) -> Floats:
        """Logs of equally likely values, shape (99,); (1,) for a truth without limits."""
        return np.array([self.mean]) if self.sd == 0 else self.mean + self.sd * ndtri(TRUTH_LEVELS)


def score(
    draws: Floats, truth: TruthValue, *, levels: Sequence[float] = LEVELS
) -> dict[str, float]:
    """All scores of one quantity.

    Parameters
    ----------
    draws
        Draws of the quantity on its own scale, shape (samples,).
    levels
        Probabilities of the central intervals whose coverage is scored.

    Returns
    -------
    dict
        `median, lower, upper` (95%), `ratio` (upper over lower), `error` (log median minus log
        truth), `crps, log_score, pit`, and for each level `covered_*` (1 where the interval holds
        the truth's median) and `share_*` (the probability of the truth's distribution inside it).

    Examples
    --------
    >>> found = score(np.array([80.0, 90.0, 100.0, 110.0, 120.0]), TruthValue.read(104))
    >>> found["pit"], found["covered_95"], round(found["crps"], 3)
    (0.6, 1.0, 0.048)
    """
    logs = np.log(np.maximum(draws, ZERO_AS))
    quantiles = truth.quantiles
    lower, upper = np.exp(central_interval(logs, CI_PROB))
    found = {
        "median": float(np.exp(np.median(logs))),
        "lower": float(lower),
        "upper": float(upper),
        "ratio": float(upper / lower),
        "error": float(np.median(logs) - truth.mean),
        "crps": float(np.mean([crps(logs, value) for value in quantiles])),
        "log_score": _log_score(logs, truth),
        "pit": float(np.mean([_below(logs, value) for value in quantiles])),
    }
    for level in levels:
        a, b = central_interval(logs, level)
        name = percent_name(level)
        found[f"covered_{name}"] = float(a <= truth.mean <= b)
        found[f"share_{name}"] = float(np.mean((a <= quantiles) & (quantiles <= b)))
    return found


def interval_score(lower: float, upper: float, truth: float, level: float) -> float:
    """Width of a central interval, and a penalty for the distance of a truth outside it.

    Parameters
    ----------
    lower, upper, truth
        On one scale, which is that of the score.
    level
        Probability of the interval.

    Examples
    --------
    >>> interval_score(1.0, 3.0, 2.0, 0.5), interval_score(1.0, 3.0, 4.0, 0.5)
    (2.0, 6.0)
    """
    outside = max(lower - truth, truth - upper, 0.0)
    return float(upper - lower + 2 / (1 - level) * outside)


def central_interval(draws: Floats, level: float) -> Floats:
    """Equal-tailed limits of an interval of that probability, shape (2,).

    Examples
    --------
    >>> central_interval(np.arange(101.0), 0.9)
    array([ 5., 95.])
    """
    return np.asarray(np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]))


def percent_name(level: float) -> str:
    """A level as it stands in names of columns.

    Examples
    --------
    >>> percent_name(0.95), percent_name(0.025)
    ('95', '2.5')
    """
    return f"{level * 100:g}"


def crps(draws: Floats, truth: float) -> float:
    """Continuous ranked probability score of draws; of a single draw the absolute error.

    The sum over pairs is computed from the ordered draws, in O(n log n).

    Parameters
    ----------
    draws
        Shape (samples,), on the scale of the truth.

    Examples
    --------
    >>> round(crps(np.array([1.0, 3.0]), 2.0), 3), crps(np.array([1.0]), 3.0)
    (0.5, 2.0)
    """
    ordered = np.sort(draws)
    count = len(ordered)
    weights = 2 * np.arange(1, count + 1) - count - 1
    spread = 2 * float(weights @ ordered) / count**2
    return float(np.abs(ordered - truth).mean()) - spread / 2


def allowed_misses(intervals: int, level: float = CI_PROB) -> int:
    """The 95% quantile of the number of misses of calibrated, independent intervals.

    A calibrated set of intervals has more misses with a probability of at most 5%.

    Parameters
    ----------
    level
        Probability of each interval.

    Examples
    --------
    >>> [allowed_misses(n) for n in (1, 2, 7, 20)]
    [0, 1, 1, 3]
    """
    from scipy.stats import binom

    return int(binom.ppf(0.95, intervals, 1 - level))


def _log_score(logs: Floats, truth: TruthValue) -> float:
    sd = float(np.hypot(logs.std(ddof=1), truth.sd))
    z = (truth.mean - float(logs.mean())) / sd
    return float(-0.5 * z**2 - np.log(sd * np.sqrt(2 * np.pi)))


def _below(draws: Floats, value: float) -> float:
    """Share of draws below the value, and half of those equal to it."""
    return float(np.mean(draws < value) + 0.5 * np.mean(draws == value))
