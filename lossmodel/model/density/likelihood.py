"""Log density of published figures given their log expectation, with derivatives.

For figure i with log expectation mu and noise sd sigma on the log scale:

POINT     log y ~ Student-t(nu, mu, sigma), or normal where nu is infinite
COUNT     y ~ gamma-Poisson with mean exp(mu) and shape 1 / sigma^2
AT_LEAST  log y = mu + noise - S, noise ~ Normal(0, sigma), S ~ Exponential(mean lambda)
AT_MOST   log y = mu + noise + S
INTERVAL  P(log low < mu + noise < log high)

The densities are of log y for POINT and the bounds, probabilities for COUNT and INTERVAL.
"""

import numpy as np
from scipy.special import digamma, gammaln, log_ndtr

from lossmodel.model.design.grid import Floats
from lossmodel.model.design.observation import (
    AT_LEAST,
    AT_MOST,
    COUNT,
    INTERVAL,
    POINT,
    Observations,
)

__all__ = ["bound_density", "count_density", "log_likelihood", "interval_density", "point_density"]

LOG_2PI = float(np.log(2 * np.pi))
Terms = tuple[Floats, Floats, Floats]


def point_density(y: Floats, mu: Floats, log_sd: Floats, nu: float) -> Terms:
    """Student-t: log density, derivatives by mu and by log sd."""
    z = (y - mu) * np.exp(-log_sd)
    if np.isinf(nu):
        return -0.5 * (LOG_2PI + z * z) - log_sd, z * np.exp(-log_sd), z * z - 1
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    pull = (nu + 1) * z / (nu + z * z)
    value = constant - log_sd - (nu + 1) / 2 * np.log1p(z * z / nu)
    return value, pull * np.exp(-log_sd), pull * z - 1


def count_density(y: Floats, mu: Floats, log_sd: Floats) -> Terms:
    """Gamma-Poisson with mean exp(mu) and shape exp(-2 log_sd)."""
    shape = np.exp(-2 * log_sd)
    log_rest = np.logaddexp(np.log(shape), mu)
    value = gammaln(y + shape) - gammaln(shape) - gammaln(y + 1)
    value += shape * (np.log(shape) - log_rest) + y * (mu - log_rest)
    by_mu = y - (y + shape) * np.exp(mu - log_rest)
    by_shape = digamma(y + shape) - digamma(shape) + np.log(shape) - log_rest
    by_shape += 1 - (y + shape) * np.exp(-log_rest)
    return value, by_mu, -2 * shape * by_shape


def bound_density(
    x: Floats, log_sd: Floats, log_mean: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Density of x = S + noise, S exponential of mean exp(log_mean): exponentially modified normal.

    Returns
    -------
    value, by_x, by_log_sd, by_log_mean
    """
    sd, rate = np.exp(log_sd), np.exp(-log_mean)
    w = x / sd - sd * rate
    log_tail = log_ndtr(w)
    hazard = np.exp(-0.5 * (w * w + LOG_2PI) - log_tail)
    spread = (sd * rate) ** 2
    value = -log_mean + spread / 2 - x * rate + log_tail
    by_x = hazard / sd - rate
    by_log_sd = spread - hazard * (x / sd + sd * rate)
    return value, by_x, by_log_sd, -1 - spread + x * rate + hazard * sd * rate


def interval_density(low: Floats, high: Floats, mu: Floats, log_sd: Floats) -> Terms:
    """Log probability that a normal lies between two ends; the lower one may be -inf."""
    sd = np.exp(log_sd)
    a, b = (low - mu) / sd, (high - mu) / sd
    # The smaller tail carries the digits: mirror intervals that lie above the mean.
    flip = a + b > 0
    lower, upper = np.where(flip, -b, a), np.where(flip, -a, b)
    log_upper, log_lower = log_ndtr(upper), log_ndtr(lower)
    value = log_upper + np.log1p(-np.exp(log_lower - log_upper))
    at_a = np.exp(-0.5 * (a * a + LOG_2PI) - value)
    at_b = np.exp(-0.5 * (b * b + LOG_2PI) - value)
    weighted_a = np.where(np.isfinite(a), a, 0.0) * at_a
    return value, (at_a - at_b) / sd, weighted_a - b * at_b


def log_likelihood(
    observed: Observations, mu: Floats, log_sd: Floats, log_slack: float
) -> tuple[Floats, Floats, Floats, float]:
    """Log density of all figures.

    Parameters
    ----------
    mu, log_sd
        Shape (N,).
    log_slack
        Log of the mean excess of a bound.

    Returns
    -------
    value, by_mu, by_log_sd
        Shape (N,).
    by_log_excess
        Derivative of the sum.
    """
    value, by_mu, by_sd = (np.zeros_like(mu) for _ in range(3))
    by_slack = 0.0
    y = observed.log_value
    for kind, i in observed.indices.items():
        if kind == POINT:
            value[i], by_mu[i], by_sd[i] = point_density(y[i], mu[i], log_sd[i], observed.nu)
        elif kind == COUNT:
            value[i], by_mu[i], by_sd[i] = count_density(observed.value[i], mu[i], log_sd[i])
        elif kind == INTERVAL:
            ends = (y[i], observed.log_high[i])
            value[i], by_mu[i], by_sd[i] = interval_density(*ends, mu[i], log_sd[i])
        else:
            sign = {AT_LEAST: 1.0, AT_MOST: -1.0}[kind]
            terms = bound_density(sign * (mu[i] - y[i]), log_sd[i], log_slack)
            value[i], by_mu[i], by_sd[i] = terms[0], sign * terms[1], terms[2]
            by_slack += float(terms[3].sum())
    return value, by_mu, by_sd, by_slack
