"""Log densities of published figures given their log expectation, with their derivatives.

Densities are of log y for points and bounds, and probabilities for counts and ranges. With log
expectation mu and noise sd sigma on the log scale:

Point     log y ~ Student-t(nu, mu, sigma), or normal where nu is infinite
Count     y ~ gamma-Poisson with mean exp(mu) and shape 1 / sigma^2; a rounded zero is none of the
          half units that exp(mu) has
AtLeast   log y = mu + noise - S, noise ~ Normal(0, sigma); S is exponential with mean lambda, or,
          with the probability of a bound that says little, with a mean that is fixed and wide
AtMost    log y = mu + noise + S
Range     P(log low < mu + noise < log high)

The arguments are mu, log sigma and, of bounds, log lambda; see ``functions``.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import betainc, digamma, gammaln, log_ndtr, ndtr, stdtr, zeta

from lossmodel.model.density.functions import (
    LOG_2PI,
    Derivatives,
    Evaluated,
    Function,
    OnDemand,
    SecondDerivatives,
    mixture,
)
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.observation import AT_LEAST, AT_MOST, COUNT, INTERVAL, Observations

__all__ = ["AtLeast", "AtMost", "Count", "Likelihood", "Point", "Range", "likelihood_of"]

# Below the overflow of exp at 709.8. A bound reaches it only 37 noise sds away or with noise of 37
# times its mean slack, where the other factor is under 1e-300 or the slack is negligible.
LARGEST_LOG = 700.0


class Likelihood(Function):
    """Log likelihood of some figures of one form, by mu, log sigma and, of bounds, log lambda."""

    @property
    def has_slack(self) -> bool:
        """Whether log lambda is an argument."""
        return False

    @abstractmethod
    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:
        """Probability of lower figures, half of a count's own included; NaN for ranges.

        Parameters
        ----------
        mu, sd
            Log expectation and noise sd, shape (draws, n).
        log_slack
            Log of the mean slack of a bound, shape (draws, 1).
        """


def likelihood_of(observed: Observations, form: int, i: Ints) -> Likelihood:
    """Log likelihood of some observations of one form."""
    y = observed.log_value[i]
    if form == COUNT:
        return Count(observed.value[i], observed.log_unit[i])
    if form == INTERVAL:
        return Range(y, observed.log_high[i])
    if form in (AT_LEAST, AT_MOST):
        bound = AtLeast if form == AT_LEAST else AtMost
        return bound(y, observed.wide_share, observed.wide_bound)
    return Point(y, observed.nu)


@dataclass(frozen=True, eq=False)
class Point(Likelihood):
    """Student-t log density of ``y``, by mu and log sigma; normal where ``nu`` is infinite."""

    y: Floats
    nu: float

    def _at(self, *x: Floats) -> Evaluated:
        mu, log_sd = x
        pace = np.exp(-log_sd)
        z = (self.y - mu) * pace
        if np.isinf(self.nu):
            value, pull = -0.5 * (LOG_2PI + z * z) - log_sd, z
        else:
            constant = gammaln((self.nu + 1) / 2) - gammaln(self.nu / 2)
            constant -= 0.5 * np.log(self.nu * np.pi)
            value = constant - log_sd - (self.nu + 1) / 2 * np.log1p(z * z / self.nu)
            pull = (self.nu + 1) * z / (self.nu + z * z)

        def second() -> SecondDerivatives:
            bend = np.ones_like(z)
            if np.isfinite(self.nu):
                bend = (self.nu + 1) * (self.nu - z * z) / np.square(self.nu + z * z)
            both = bend * z + pull
            return {(0, 0): -bend * pace * pace, (0, 1): -pace * both, (1, 1): -z * both}

        return Evaluated(value, lambda: (pull * pace, pull * z - 1), second)

    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:  # noqa: D102 - see Likelihood
        z = (self.y - mu) / sd
        return np.asarray(ndtr(z) if np.isinf(self.nu) else stdtr(self.nu, z))


@dataclass(frozen=True, eq=False)
class Count(Likelihood):
    """Gamma-Poisson log probability of ``y``, by mu and log sigma.

    ``log_unit`` is the log of the losses that a count of one stands for.
    """

    y: Floats
    log_unit: Floats

    def _at(self, *x: Floats) -> Evaluated:
        y, mu, log_sd = self.y, x[0] - self.log_unit, x[1]
        shape = np.exp(-2 * log_sd)
        log_rest = np.logaddexp(-2 * log_sd, mu)
        value = gammaln(y + shape) - gammaln(shape) - gammaln(y + 1)
        value += shape * (-2 * log_sd - log_rest) + y * (mu - log_rest)
        chance, over = np.exp(mu - log_rest), np.exp(-log_rest)

        def by_shape() -> Floats:
            slope = digamma(y + shape) - digamma(shape) - 2 * log_sd - log_rest
            return np.asarray(slope + 1 - (y + shape) * over)

        def first() -> Derivatives:
            return y - (y + shape) * chance, -2 * shape * by_shape()

        def second() -> SecondDerivatives:
            def by_noise() -> Floats:
                bend = zeta(2, y + shape) - zeta(2, shape) + 1 / shape - 2 * over
                bend += (y + shape) * over * over
                return np.asarray(4 * shape * (shape * bend + by_shape()))

            return OnDemand(
                {
                    (0, 0): lambda: -(y + shape) * chance * (1 - chance),
                    (0, 1): lambda: -2 * shape * ((y + shape) * chance * over - chance),
                    (1, 1): by_noise,
                }
            )

        return Evaluated(value, first, second)

    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:  # noqa: D102 - see Likelihood
        shape = sd**-2.0
        chance, y = shape / (shape + np.exp(mu - self.log_unit)), np.round(self.y)
        below = np.where(y > 0, betainc(shape, np.maximum(y, 1.0), chance), 0.0)
        return np.asarray((betainc(shape, y + 1, chance) + below) / 2)


def _excess(beyond: Floats, sign: float, log_sd: Floats, log_mean: Floats) -> Evaluated:
    """Log density of an exponential plus a normal, by mu, log sd and the log of its mean.

    ``beyond`` is the sum's value, ``sign (mu - y)``.
    """
    sd, rate = np.exp(log_sd), np.exp(-log_mean)
    units, spread = beyond / sd, sd * rate
    w = units - spread
    log_tail = log_ndtr(w)
    value = spread * spread / 2 - log_mean - beyond * rate + log_tail
    hazard = np.exp(-0.5 * (w * w + LOG_2PI) - log_tail)
    by_sd = -units - spread

    def first() -> Derivatives:
        return (
            sign * (hazard / sd - rate),
            spread * spread + hazard * by_sd,
            beyond * rate - 1 - spread * spread + hazard * spread,
        )

    def second() -> SecondDerivatives:
        bend, square = -hazard * (w + hazard), spread * spread
        return {
            (0, 0): bend / (sd * sd),
            (0, 1): sign * (bend * by_sd - hazard) / sd,
            (0, 2): sign * (rate + bend * spread / sd),
            (1, 1): 2 * square + bend * by_sd * by_sd + hazard * w,
            (1, 2): bend * by_sd * spread + hazard * spread - 2 * square,
            (2, 2): 2 * square - beyond * rate + bend * square - hazard * spread,
        }

    return Evaluated(value, first, second)


def _slack_cdf(x: Floats, sd: Floats, rate: Floats | float) -> Floats:
    """Cdf at x of an exponential slack plus normal noise: an exponentially modified Gaussian."""
    w = np.exp(np.minimum(rate * (rate * sd**2 / 2 - x), LARGEST_LOG))
    return np.asarray(ndtr(x / sd) - w * ndtr(x / sd - rate * sd))


@dataclass(frozen=True, eq=False)
class AtLeast(Likelihood):
    """Log density of a lower bound ``y``, by mu, log sigma and the log of the mean slack.

    ``wide_share`` is the probability that the slack has the mean ``wide_mean`` instead.
    """

    y: Floats
    wide_share: float
    wide_mean: float
    sign: ClassVar[float] = 1.0

    @property
    def has_slack(self) -> bool:  # noqa: D102 - see Likelihood
        return True

    def _at(self, *x: Floats) -> Evaluated:
        mu, log_sd, log_mean = x
        beyond = self.sign * (mu - self.y)
        usual = _excess(beyond, self.sign, log_sd, log_mean)
        wide = _excess(beyond, self.sign, log_sd, np.log(self.wide_mean))
        # The mean of the wide slack is no argument.
        fixed = wide._replace(
            first=lambda: (*wide.first()[:2], np.zeros_like(beyond)),
            second=lambda: {key: bend for key, bend in wide.second().items() if key[1] < 2},
        )
        with np.errstate(divide="ignore"):  # a share of nought or one
            logs = np.log1p(-self.wide_share), np.log(self.wide_share)
        return mixture([(logs[0], usual), (logs[1], fixed)])

    def _below(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:
        """Probability of an excess smaller than the one of the figure."""
        beyond = self.sign * (mu - self.y)
        usual = _slack_cdf(beyond, sd, np.exp(-log_slack))
        wide = _slack_cdf(beyond, sd, 1 / self.wide_mean)
        return (1 - self.wide_share) * usual + self.wide_share * wide

    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:  # noqa: D102 - see Likelihood
        return 1 - self._below(mu, sd, log_slack)


@dataclass(frozen=True, eq=False)
class AtMost(AtLeast):
    """Log density of an upper bound ``y``, by mu, log sigma and the log of the mean slack."""

    sign: ClassVar[float] = -1.0

    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:  # noqa: D102 - see Likelihood
        return self._below(mu, sd, log_slack)


@dataclass(frozen=True, eq=False)
class Range(Likelihood):
    """Log probability of ``low`` to ``high``, by mu and log sigma; ``low`` may be -inf."""

    low: Floats
    high: Floats

    def _at(self, *x: Floats) -> Evaluated:
        mu, log_sd = x
        sd = np.exp(log_sd)
        a, b = (self.low - mu) / sd, (self.high - mu) / sd
        # The smaller tail carries the digits: ranges above the mean are mirrored.
        mirrored = a + b > 0
        lower, upper = np.where(mirrored, -b, a), np.where(mirrored, -a, b)
        log_upper, log_lower = log_ndtr(upper), log_ndtr(lower)
        value = log_upper + np.log1p(-np.exp(log_lower - log_upper))
        at_a = np.exp(-0.5 * (a * a + LOG_2PI) - value)
        at_b = np.exp(-0.5 * (b * b + LOG_2PI) - value)
        a = np.where(np.isfinite(a), a, 0.0)
        by_mu, by_sd = (at_a - at_b) / sd, a * at_a - b * at_b

        def second() -> SecondDerivatives:
            return {
                (0, 0): (at_a * (a / sd - by_mu) - at_b * (b / sd - by_mu)) / sd,
                (0, 1): (at_a * (a * a - by_sd) - at_b * (b * b - by_sd)) / sd - by_mu,
                (1, 1): a * at_a * (a * a - by_sd - 1) - b * at_b * (b * b - by_sd - 1),
            }

        return Evaluated(value, lambda: (by_mu, by_sd), second)

    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:  # noqa: D102 - see Likelihood
        return np.full_like(mu, np.nan)
