"""What the posterior expects of each published figure."""

import numpy as np
import pandas as pd
from scipy.special import betainc, ndtr, stdtr

from lossmodel.density import Density, State
from lossmodel.design.grid import Floats
from lossmodel.design.observation import AT_LEAST, AT_MOST, COUNT, INTERVAL, Observations
from lossmodel.posterior import BlockDraws

__all__ = ["predictive"]

DRAWS = 200


def predictive(draws: BlockDraws, density: Density, *, ci_prob: float) -> pd.DataFrame:
    """Terms of a block with their posterior expectation, residual and PIT.

    Returns
    -------
    table
        The terms and expected_median, expected_lower, expected_upper (of the expectation, equal-
        tailed), residual (log of figure over expectation; NaN for intervals and zeros), noise_sd,
        pit (share of the posterior predictive below the figure; half of a count's own probability
        counts).
    """
    chosen = np.linspace(0, len(draws.flat) - 1, min(DRAWS, len(draws.flat))).astype(int)
    states = (State(density, theta) for theta in draws.flat[chosen])
    mu, log_sd = map(np.stack, zip(*((s.mu, s.log_sd) for s in states), strict=True))
    tail = (1 - ci_prob) / 2
    lower, median, upper = np.exp(np.quantile(mu, [tail, 0.5, 1 - tail], axis=0))
    observed = draws.design.observed
    excess = _log_excess(draws, chosen)
    told = (observed.form != INTERVAL) & (observed.value > 0)
    residual = np.full(len(median), np.nan)
    residual[told] = np.log(observed.value[told] / median[told])
    return draws.design.terms.assign(
        expected_median=median,
        expected_lower=lower,
        expected_upper=upper,
        residual=residual,
        noise_sd=np.exp(np.median(log_sd, axis=0)),
        pit=_pit(observed, mu, np.exp(log_sd), excess).mean(axis=0),
    )


def _log_excess(draws: BlockDraws, chosen: Floats) -> Floats:
    observed = draws.design.observed
    if observed.bound < 0:
        return np.full(len(chosen), np.log(max(observed.fixed_bound, 1e-9)))
    return draws.design.layout.log_scales(draws.flat[chosen])[:, observed.bound]


def _pit(observed: Observations, mu: Floats, sd: Floats, log_excess: Floats) -> Floats:
    z = (observed.log_value - mu) / sd
    pit = ndtr(z) if np.isinf(observed.nu) else stdtr(observed.nu, z)
    form = observed.form
    i = np.flatnonzero(form == COUNT)
    if len(i):
        shape, mean = sd[:, i] ** -2.0, np.exp(mu[:, i])
        chance, y = shape / (shape + mean), np.round(observed.value[i])
        # Half of the count's own probability counts: the mean of P(Y <= y) and P(Y < y).
        below = np.where(y > 0, betainc(shape, np.maximum(y, 1.0), chance), 0.0)
        pit[:, i] = (betainc(shape, y + 1, chance) + below) / 2
    rate = np.exp(-log_excess)[:, None]
    for kind, sign in ((AT_LEAST, 1.0), (AT_MOST, -1.0)):
        i = np.flatnonzero(form == kind)
        if len(i):
            x, spread = sign * (mu[:, i] - observed.log_value[i]), sd[:, i]
            # Distribution of an exponential plus a normal.
            w = np.exp(np.minimum(rate * (rate * spread**2 / 2 - x), 700.0))
            below = ndtr(x / spread) - w * ndtr(x / spread - rate * spread)
            pit[:, i] = 1 - below if sign > 0 else below
    pit[:, form == INTERVAL] = np.nan
    return np.asarray(pit)
