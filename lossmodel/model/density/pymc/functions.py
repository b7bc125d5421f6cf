"""The elementwise functions of the model in PyTensor, one for each of those in NumPy.

PyTensor differentiates them by itself, so that equal gradients hold the derivatives of the others.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lossmodel.model.density import functions as f
from lossmodel.model.density import likelihood as l
from lossmodel.model.density.own_or_copied import MayRepeat
from lossmodel.model.density.pymc.backend import Backend, Tensor
from lossmodel.model.density.replicas import Twice
from lossmodel.model.density.reported_fraction import ReportedFraction
from lossmodel.model.design.convolution import convolution
from lossmodel.model.design.reporting import DECLARATIONS, LIST, MISSING, REGISTER

__all__ = ["SYMBOLIC"]


def _weighted(function: f.WeightedSum, x: tuple[Tensor, ...]) -> Tensor:
    terms = (weight * each for weight, each in zip(function.weights, x, strict=True))
    return sum(terms, start=function.offset)


def _log_odds(b: Backend, odds: f.LogOdds, x: Tensor) -> Tensor:
    below = -b.pt.softplus(-odds.sharpness * x) / odds.sharpness
    return below - b.pt.log(-b.pt.expm1(below))


def _log_noise(b: Backend, noise: f.LogNoise, x: Tensor) -> Tensor:
    return 0.5 * b.pt.log((noise.factor * b.pt.exp(x)) ** 2 + noise.variance)


def _point(b: Backend, form: l.Point, mu: Tensor, log_sd: Tensor) -> Tensor:
    centre = {"mu": mu, "sigma": b.pt.exp(log_sd)}
    if np.isinf(form.nu):
        return b.pm.logp(b.pm.Normal.dist(**centre), form.y)
    # A Python number would be taken in single precision, and its gamma function too.
    nu = b.pt.constant(np.float64(form.nu))
    return b.pm.logp(b.pm.StudentT.dist(nu=nu, **centre), form.y)


def _count(b: Backend, form: l.Count, mu: Tensor, log_sd: Tensor) -> Tensor:
    """A negative binomial log probability.

    PyMC's own takes one minus a chance near one, and loses digits where the mean is next to nought.
    """
    # A constant of floats: averages times days need not be whole.
    pt, y, log_shape = b.pt, b.pt.constant(form.y), -2 * log_sd
    mu = mu - form.log_unit
    shape, log_rest = pt.exp(log_shape), pt.logaddexp(log_shape, mu)
    ways = pt.gammaln(y + shape) - pt.gammaln(shape) - pt.gammaln(y + 1)
    return ways + shape * (log_shape - log_rest) + y * (mu - log_rest)


def _bound(b: Backend, bound: l.AtLeast, mu: Tensor, log_sd: Tensor, log_mean: Tensor) -> Tensor:
    """An exponentially modified normal, how far a bound lies beyond the expectation.

    PyMC's own turns normal where the slack is small against the noise.
    """
    pt, sigma, beyond = b.pt, b.pt.exp(log_sd), bound.sign * (mu - bound.y)

    def excess(log_mean: Tensor) -> Tensor:
        pace = pt.exp(-log_mean)
        tail = b.log_ndtr(beyond / sigma - sigma * pace)
        return pace * (sigma**2 * pace / 2 - beyond) - log_mean + tail

    usual = np.log1p(-bound.wide_share) + excess(log_mean)
    wide = np.log(bound.wide_share) + excess(pt.constant(np.log(bound.wide_mean)))
    return _either(b, usual, wide)


def _range(b: Backend, form: l.Range, mu: Tensor, log_sd: Tensor) -> Tensor:
    pt, sigma = b.pt, b.pt.exp(log_sd)
    from_zero = np.isneginf(form.low)
    low = (np.where(from_zero, form.high, form.low) - mu) / sigma
    high = (form.high - mu) / sigma
    # Of a range above the mean the mirror image has the smaller tails.
    above = (low + high > 0) & ~from_zero
    upper = b.log_ndtr(pt.where(above, -low, high))
    lower = b.log_ndtr(pt.where(above, -high, low))
    # A range from zero has no lower part, and its gradient must not meet log(1 - 1).
    without = pt.log1mexp(pt.where(from_zero, -1.0, lower - upper))
    return upper + pt.where(from_zero, 0.0, without)


def _twice(b: Backend, form: Twice, *x: Tensor) -> Tensor:
    parts = (form.figures, form.replicas)
    return sum(SYMBOLIC[type(part)](b, part, *x) for part in parts)


def _may_repeat(b: Backend, figures: MayRepeat, *x: Tensor) -> Tensor:
    own, copy = SYMBOLIC[type(figures.own)](b, figures.own, *x), figures.log_copy
    may = np.isfinite(copy)
    copy = np.where(may, copy, 0.0)
    return b.pt.where(may, _either(b, own, copy), own)


def _either(b: Backend, one: Tensor, other: Any) -> Tensor:
    """Log of the sum of exponentials; PyTensor's logaddexp underflows far from the mode."""
    return b.pt.maximum(one, other) + b.pt.softplus(-b.pt.abs(one - other))


def _reported(
    b: Backend,
    fraction: ReportedFraction,
    coverage: Tensor,
    missing: Tensor,
    delay: Tensor,
    delay_sd: Tensor,
    declared: Tensor,
) -> Tensor:
    """The equations of ``design/reporting.py``, kind by kind."""
    pt, vintages, sd = b.pt, fraction.vintages, fraction.declared_log_sd
    age = vintages.elapsed
    gone = pt.sigmoid(missing) * vintages.has_missing
    by_now = b.ndtr((np.log(age) - declared) / sd)
    nodes, spread = convolution(age), pt.exp(delay_sd)
    wait = (nodes.log_wait - declared) / sd
    chance = nodes.mass * pt.exp(-0.5 * wait**2) / (np.sqrt(2 * np.pi) * sd)
    late = (chance * b.ndtr((nodes.log_rest - delay) / spread)).sum(axis=0)
    found = b.ndtr((np.log(age) - delay) / spread)
    kinds = {
        LIST: pt.sigmoid(coverage) * ((1 - gone) * found + gone * late),
        REGISTER: (1 - gone) + gone * by_now,
        MISSING: gone * (1 - by_now),
        DECLARATIONS: gone * by_now,
    }
    value = pt.zeros(len(age))
    for kind, share in kinds.items():
        here = np.flatnonzero(vintages.kind == kind)
        if len(here):
            value = pt.set_subtensor(value[here], share[here])
    return value


SYMBOLIC: dict[type, Callable[..., Any]] = {
    f.Exp: lambda b, g, x: g.weight * b.pt.exp(x),
    f.Sigmoid: lambda b, g, x: g.weight * b.pt.sigmoid(x),
    f.Softplus: lambda b, g, x: b.pt.softplus(x),
    f.LogSigmoid: lambda b, g, x: -b.pt.softplus(-x),
    f.LogOdds: _log_odds,
    f.OrOne: lambda b, g, x: _either(b, np.log1p(-g.share) + x, np.log(g.share)),
    f.Probit: lambda b, g, x: np.log(2.0) + b.log_ndtr(x),
    f.WeightedSum: lambda b, g, *x: _weighted(g, x),
    f.Times: lambda b, g, x, y: x * y,
    f.Log: lambda b, g, x: b.pt.log(b.pt.maximum(x, g.floor)),
    f.Floor: lambda b, g, x: b.pt.maximum(x, g.floor),
    f.Decay: lambda b, g, x: b.pt.exp(-g.since * b.pt.exp(-x)),
    f.LogNoise: _log_noise,
    l.Point: _point,
    l.Count: _count,
    l.AtLeast: _bound,
    l.AtMost: _bound,
    l.Range: _range,
    Twice: _twice,
    MayRepeat: _may_repeat,
    ReportedFraction: _reported,
}
