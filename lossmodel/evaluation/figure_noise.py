"""Errors of the figures of a simulated war: noise, counts, and the slack of bounds.

The model states them too: the simulator is an independent statement of it.
"""

from __future__ import annotations

import numpy as np

from lossmodel.evaluation.prior_draws import Sampler

__all__ = ["log_error", "noisy", "over_months", "slack"]

# A smaller expected figure has gamma-Poisson noise.
COUNT_BELOW = 200.0
# Days to which the prior of the noise of a list's growth belongs.
MONTH = 30.0


def noisy(sampler: Sampler, mean: float, sd: float, *, bound: bool = False) -> float:
    """A figure with its noise.

    Parameters
    ----------
    mean
        The expected figure, a number of cases.
    sd
        Sd of the error of its log.
    bound
        Whether the figure is behind a bound, whose error is normal however small the figure.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> sampler = Sampler(Priors.default(), np.random.default_rng(1))
    >>> noisy(sampler, 20.0, 0.1).is_integer(), noisy(sampler, 0.0, 0.1)
    (True, 0.0)
    """
    if mean <= 0:
        return 0.0
    if mean < COUNT_BELOW and not bound:
        return float(sampler.rng.poisson(sampler.rng.gamma(sd**-2, mean * sd**2)))
    return float(mean * np.exp(sd * log_error(sampler, bound=bound)))


def log_error(sampler: Sampler, *, bound: bool = False) -> float:
    """An error of a log in units of its scale: Student-t, or normal behind a bound."""
    if bound:
        return float(sampler.rng.standard_normal())
    return float(sampler.rng.standard_t(sampler.quantity("noise.nu")))


def over_months(days: float) -> float:
    """Factor on the noise of a month for so many days, whose months have independent errors.

    Examples
    --------
    >>> over_months(120), over_months(30)
    (0.5, 1.0)
    """
    return float(np.sqrt(MONTH / max(days, 1.0)))


def slack(sampler: Sampler) -> float:
    """Log distance of a bound from the claimant's own figure, not negative."""
    wide = sampler.rng.random() < sampler.quantity("bound.wide_share")
    mean = sampler.quantity("bound.wide_excess" if wide else "bound.excess")
    return float(sampler.rng.exponential(mean))
