"""Scores of draws against a truth that is itself uncertain, on the log scale.

A truth given as value, low and high at a level is log-normal around the value. Every score is its
mean over that distribution, so that a forecast is not blamed for the truth's own doubt. With x the
log of a draw, x' that of another and y the log of the truth:

    CRPS       E|x - y| - E|x - x'| / 2
    log score  log density of y under a normal with the mean and sd of x, the truth's sd added
    PIT        share of x below y
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lossmodel.defaults import CI_PROB
from lossmodel.errors import UsageError

__all__ = ["LEVELS", "TruthValue", "allowed_misses", "crps", "score"]

Floats = NDArray[np.float64]
LEVELS = (0.5, 0.8, 0.9, 0.95)
# Equally likely places at which a truth's distribution is read.
PLACES = (np.arange(99) + 0.5) / 99
# A count of none has no log; half a unit stands for it, in draws and truth alike.
LEAST = 0.5


@dataclass(frozen=True)
class TruthValue:
    """What became known, as a log-normal distribution.

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
        """From a row of `truth.csv`; without a value its middle is that of the limits' logs."""
        low, high = (max(limit, LEAST) if limit == limit else limit for limit in (low, high))
        sd, middle = 0.0, float("nan")
        if low == low and high == high:
            level = ci_prob if ci_prob == ci_prob else CI_PROB
            sd = float(np.log(high / low) / (2 * ndtri(0.5 + level / 2)))
            middle = float(np.log(high * low) / 2)
        if value == value:
            middle = float(np.log(max(value, LEAST)))
        if middle != middle:
            raise UsageError("a truth needs a value, or low and high.")
        return cls(middle, sd)

    @property
    def places(self) -> Floats:
        """Logs of equally likely values."""
        return np.array([self.mean]) if self.sd == 0 else self.mean + self.sd * ndtri(PLACES)


def score(
    draws: Floats, truth: TruthValue, *, levels: Sequence[float] = LEVELS
) -> dict[str, float]:
    """All scores of one quantity.

    Parameters
    ----------
    draws
        Of the quantity itself, shape (samples,).

    Returns
    -------
    dict
        `median, lower, upper` (95%), `ratio` (upper over lower), `error` (log median minus log
        truth), `crps, log_score, pit`, and for each level `covered_*` (1 where the truth's central
        value lies inside) and `share_*` (how much of the truth's distribution does).
    """
    logs = np.log(np.maximum(draws, LEAST))
    places = truth.places
    mean, sd = float(logs.mean()), float(np.hypot(logs.std(ddof=1), truth.sd))
    lower, upper = np.exp(np.quantile(logs, [0.025, 0.975]))
    found = {
        "median": float(np.exp(np.median(logs))),
        "lower": float(lower),
        "upper": float(upper),
        "ratio": float(upper / lower),
        "error": float(np.median(logs) - truth.mean),
        "crps": float(np.mean([crps(logs, place) for place in places])),
        "log_score": float(
            -0.5 * ((truth.mean - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
        ),
        "pit": float(np.mean([_below(logs, place) for place in places])),
    }
    for level in levels:
        a, b = np.quantile(logs, [(1 - level) / 2, (1 + level) / 2])
        name = f"{level * 100:g}"
        found[f"covered_{name}"] = float(a <= truth.mean <= b)
        found[f"share_{name}"] = float(np.mean((a <= places) & (places <= b)))
    return found


def crps(draws: Floats, truth: float) -> float:
    """Continuous ranked probability score of draws; of a single draw the absolute error.

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
    """How many of some intervals may miss before less than one sound set in twenty has more.

    Examples
    --------
    >>> [allowed_misses(n) for n in (1, 2, 7, 20)]
    [0, 1, 1, 3]
    """
    from scipy.stats import binom

    return int(binom.ppf(0.95, intervals, 1 - level))


def _below(draws: Floats, place: float) -> float:
    """Share of draws below, half of those that are equal."""
    return float(np.mean(draws < place) + 0.5 * np.mean(draws == place))
