"""Every elementwise function of the model, with its first and second derivatives.

A function takes arrays whose last axis holds its entries; the axes before it are draws. It gives
an ``Evaluated``: the value at once, the derivatives on demand. One test compares the derivatives of
all of them with differences.
The reported share of the dead and the log densities of figures are such functions, too, with
modules of their own: ``reported_fraction`` and ``likelihood``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr

from lossmodel.model.density.sigmoid import log_sigmoid, sigmoid
from lossmodel.model.design.grid import Floats

__all__ = [
    "Decay",
    "Evaluated",
    "Exp",
    "Floor",
    "Function",
    "Log",
    "LogNoise",
    "LogOdds",
    "LogSigmoid",
    "OnDemand",
    "OrOne",
    "Probit",
    "Sigmoid",
    "Softplus",
    "Times",
    "WeightedSum",
    "mixture",
]


LOG_2PI = float(np.log(2 * np.pi))
Derivatives = tuple[Floats, ...]
SecondDerivatives = Mapping[tuple[int, int], Floats]


class OnDemand(SecondDerivatives):
    """Second derivatives of which each is computed where it is read.

    Most readers want the curvature by the first argument alone, and some others cost much more.

    Examples
    --------
    >>> bends = OnDemand({(0, 0): lambda: np.zeros(1), (0, 1): lambda: np.ones(1)})
    >>> bends[0, 1], sorted(bends)
    (array([1.]), [(0, 0), (0, 1)])
    """

    def __init__(self, parts: Mapping[tuple[int, int], Callable[[], Floats]]) -> None:
        self._parts = parts

    def __getitem__(self, key: tuple[int, int]) -> Floats:
        return self._parts[key]()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class Evaluated(NamedTuple):
    """A function of K arguments at one point.

    Attributes
    ----------
    value
        Shape (..., n).
    first
        Gives the K derivatives, each of shape (..., n).
    second
        Gives the second derivatives by arguments a <= b that are not zero, by (a, b).
    """

    value: Floats
    first: Callable[[], Derivatives]
    second: Callable[[], SecondDerivatives]


def mixture(parts: Sequence[tuple[Floats | float, Evaluated]]) -> Evaluated:
    """Log of a weighted sum of densities, with derivatives, from their logs.

    Parameters
    ----------
    parts
        Log weight and log density of each component; the densities have the same arguments.

    Examples
    --------
    >>> one, two = (Exp()(np.array([x])) for x in (0.0, 1.0))
    >>> both = mixture([(np.log(0.5), one), (np.log(0.5), two)])
    >>> both.value.round(6) == np.log(0.5 * np.exp(one.value) + 0.5 * np.exp(two.value)).round(6)
    array([ True])
    """
    logs = [weight + part.value for weight, part in parts]
    value = np.logaddexp.reduce(logs)
    shares = [np.exp(log - value) for log in logs]

    def first() -> Derivatives:
        slopes = zip(*(part.first() for _, part in parts), strict=True)
        return tuple(
            np.asarray(sum(share * s for share, s in zip(shares, each, strict=True)))
            for each in slopes
        )

    def second() -> SecondDerivatives:
        whole = first()
        own = [
            (share, part.first(), part.second())
            for share, (_, part) in zip(shares, parts, strict=True)
        ]

        def entry(a: int, b: int) -> Floats:
            return sum(
                (
                    share * (bends.get((a, b), 0.0) + slopes[a] * slopes[b])
                    for share, slopes, bends in own
                ),
                start=-whole[a] * whole[b],
            )

        count = len(whole)
        return OnDemand(
            {(a, b): partial(entry, a, b) for a in range(count) for b in range(a, count)}
        )

    return Evaluated(np.asarray(value), first, second)


class Function(ABC):
    """An elementwise function of one or several arguments."""

    def __call__(self, *x: Floats) -> Evaluated:
        """Value and derivatives at arguments of shape (..., n)."""
        return self._at(*x)

    @abstractmethod
    def _at(self, *x: Floats) -> Evaluated: ...


@dataclass(frozen=True, eq=False)
class Exp(Function):
    """``weight exp(x)``."""

    weight: Floats | float = 1.0

    def _at(self, *x: Floats) -> Evaluated:
        y = np.exp(x[0]) * self.weight
        return Evaluated(y, lambda: (y,), lambda: {(0, 0): y})


@dataclass(frozen=True, eq=False)
class Sigmoid(Function):
    """``weight / (1 + exp(-x))``."""

    weight: Floats | float = 1.0

    def _at(self, *x: Floats) -> Evaluated:
        s = sigmoid(x[0])
        y = s * self.weight
        return Evaluated(y, lambda: (y * (1 - s),), lambda: {(0, 0): y * (1 - s) * (1 - 2 * s)})


@dataclass(frozen=True, eq=False)
class Softplus(Function):
    """``log(1 + exp(x))``."""

    def _at(self, *x: Floats) -> Evaluated:
        s = sigmoid(x[0])
        return Evaluated(-log_sigmoid(-x[0]), lambda: (s,), lambda: {(0, 0): s * (1 - s)})


@dataclass(frozen=True, eq=False)
class LogSigmoid(Function):
    """``-log(1 + exp(-x))``."""

    def _at(self, *x: Floats) -> Evaluated:
        return Evaluated(
            log_sigmoid(x[0]),
            lambda: (sigmoid(-x[0]),),
            lambda: {(0, 0): -sigmoid(x[0]) * sigmoid(-x[0])},
        )


@dataclass(frozen=True, eq=False)
class LogOdds(Function):
    """``log(p / (1 - p))`` of a share p with the log x, kept below one.

    ``log p = -log(1 + exp(-sharpness x)) / sharpness`` is a smooth minimum of x and zero, below it
    by ``log(2) / sharpness`` where x is zero.
    """

    sharpness: Floats

    def _at(self, *x: Floats) -> Evaluated:
        u = self.sharpness * x[0]
        log_share = log_sigmoid(u) / self.sharpness
        rest = -np.expm1(log_share)
        slope = sigmoid(-u)

        def second() -> SecondDerivatives:
            bend = (1 - rest) / rest**2 * slope**2
            return {(0, 0): bend - self.sharpness * sigmoid(u) * slope / rest}

        return Evaluated(log_share - np.log(rest), lambda: (slope / rest,), second)


@dataclass(frozen=True, eq=False)
class Probit(Function):
    """``log(2 Phi(x))``."""

    def _at(self, *x: Floats) -> Evaluated:
        log_tail = log_ndtr(x[0])
        hazard = np.exp(-0.5 * (x[0] * x[0] + LOG_2PI) - log_tail)
        return Evaluated(
            np.log(2.0) + log_tail, lambda: (hazard,), lambda: {(0, 0): -hazard * (x[0] + hazard)}
        )


@dataclass(frozen=True, eq=False)
class OrOne(Function):
    """``log((1 - share) exp(x) + share)``: the log of a factor that is one with a probability."""

    share: float

    def _at(self, *x: Floats) -> Evaluated:
        with np.errstate(divide="ignore"):  # a share of nought or one
            factor, one = np.log1p(-self.share) + x[0], np.log(self.share)
        y = np.logaddexp(factor, one)
        part = np.exp(factor - y)
        return Evaluated(y, lambda: (part,), lambda: {(0, 0): part * (1 - part)})


@dataclass(frozen=True, eq=False)
class Times(Function):
    """``x y``."""

    def _at(self, *x: Floats) -> Evaluated:
        a, b = x
        return Evaluated(a * b, lambda: (b, a), lambda: {(0, 1): np.ones_like(a)})


@dataclass(frozen=True, eq=False)
class WeightedSum(Function):
    """``sum_k weight_k x_k + offset``: a linear map, entry by entry.

    It is cheaper than a sparse map that does the same.
    """

    weights: tuple[float, ...]
    offset: float = 0.0

    def _at(self, *x: Floats) -> Evaluated:
        total = self.weights[0] * x[0] + self.offset
        for weight, each in zip(self.weights[1:], x[1:], strict=True):
            total += weight * each
        return Evaluated(total, lambda: tuple(np.full_like(total, w) for w in self.weights), dict)


@dataclass(frozen=True, eq=False)
class Log(Function):
    """``log(max(x, floor))``, of slope zero below the floor."""

    floor: float

    def _at(self, *x: Floats) -> Evaluated:
        above = np.maximum(x[0], self.floor)
        slope = np.where(x[0] > self.floor, 1 / above, 0.0)
        return Evaluated(np.log(above), lambda: (slope,), lambda: {(0, 0): -slope * slope})


@dataclass(frozen=True, eq=False)
class Floor(Function):
    """``max(x, floor)``, of slope zero below the floor."""

    floor: float

    def _at(self, *x: Floats) -> Evaluated:
        above = (x[0] > self.floor).astype(float)
        return Evaluated(np.maximum(x[0], self.floor), lambda: (above,), dict)


@dataclass(frozen=True, eq=False)
class Decay(Function):
    """``exp(-since exp(-x))``: an exponential decay whose log time constant is x."""

    since: Floats

    def _at(self, *x: Floats) -> Evaluated:
        pace = self.since * np.exp(-x[0])
        y = np.exp(-pace)
        return Evaluated(y, lambda: (y * pace,), lambda: {(0, 0): y * (pace * pace - pace)})


@dataclass(frozen=True, eq=False)
class LogNoise(Function):
    """``log(factor^2 exp(2 x) + variance) / 2``: log sd of learned and known noise."""

    factor: Floats
    variance: Floats

    def _at(self, *x: Floats) -> Evaluated:
        learned = np.square(self.factor * np.exp(x[0]))
        total = learned + self.variance
        share = learned / total
        return Evaluated(
            0.5 * np.log(total), lambda: (share,), lambda: {(0, 0): 2 * share * (1 - share)}
        )
