"""Counts of lists and registers of a simulated war, from one date of knowledge to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lossmodel.evaluation.figure_noise import noisy, over_months
from lossmodel.evaluation.prior_draws import Floats, Sampler

__all__ = ["NAMED", "holdings", "no_more_than"]

# Categories of which a list names people: no more than there were. The model states it too.
NAMED = ("killed", "wounded", "casualties")
# Draws of a list's counts until one is accepted: of a complete list half of them are.
TRIES = 50


def holdings(
    sampler: Sampler,
    first: int,
    ends: Sequence[int],
    days: Sequence[int],
    expected: Sequence[float],
    factors: Sequence[float],
) -> Floats:
    """Counts of windows from one day on: the cases held before, and noisy additions.

    Parameters
    ----------
    first, ends
        Windows [first, end), in the order of knowledge.
    days
        Dates of knowledge.
    expected, factors
        Cases that are expected to be held, and the bias of what is added.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> sampler = Sampler(Priors.default(), np.random.default_rng(1))
    >>> counts = holdings(sampler, 0, [30, 60], [30, 60], [900.0, 2100.0], [1.0, 1.0])
    >>> bool(counts[0] < counts[1])
    True
    """
    sd = sampler.quantity("noise.list")
    before, held, then, last = 0.0, 0.0, first - 1, first
    counts = []
    for end, day, count, factor in zip(ends, days, expected, factors, strict=True):
        # Days of search between two vintages, or those that a window gains, if they are more.
        months = over_months(max(day - then, end - last))
        held += noisy(sampler, max(count - before, 0.0) * factor, sd * months)
        counts.append(held)
        before, then, last = max(count, before), day, end
    return np.array(counts)


def no_more_than(losses: float, sampler: Sampler, draw: Callable[[], Floats]) -> Floats:
    """Counts of a list of people, drawn until the last names no more than there were.

    One list in some is not held to that. Some of the entries of others are false, and the people
    there were differ by chance from those expected.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> sampler = Sampler(Priors.default(), np.random.default_rng(1))
    >>> draw = lambda: np.array([sampler.rng.normal(1000.0, 200.0)])
    >>> bool(max(no_more_than(1000.0, sampler, draw)[0] for _ in range(100)) < 1200.0)
    True
    """
    if sampler.rng.random() < sampler.quantity("coverage.unchecked"):
        return draw()
    false = sampler.quantity("coverage.false_sd")
    for _ in range(TRIES):
        counts = draw()
        sd = np.hypot(false, 1 / np.sqrt(max(counts[-1], 1.0)))
        if counts[-1] <= losses * np.exp(sd * sampler.rng.standard_normal()):
            break
    return counts
