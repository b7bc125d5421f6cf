"""Which share of the dead of a bin a list, register or stock of missing holds, with derivatives.

With coverage c, missing share m, found and known F, declared and known L (for a list, the nodes of
their convolution) the share is ``c ((1 - m) F + m L)``. The equations are in
``design/reporting.py``.
"""

import numpy as np
from scipy.special import expit, ndtr

from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.reporting import (
    COVERAGE,
    DECLARED,
    DELAY,
    DELAY_SD,
    LIST,
    MISSING,
    MISSING_SHARE,
    ReportingTriangle,
    convolution,
)

__all__ = ["ReportedFraction", "DelayConstants"]

SQRT_2PI = float(np.sqrt(2 * np.pi))


def pdf(z: Floats) -> Floats:
    """Standard normal density."""
    return _bell(z) / SQRT_2PI


def _bell(z: Floats) -> Floats:
    """The same without its constant."""
    found = np.square(z)
    found *= -0.5
    return np.asarray(np.exp(found, out=found))


class DelayConstants:
    """What does not change of Q pairs: which are lists, ages, nodes of the convolution."""

    def __init__(self, triangle: ReportingTriangle, declared_log_sd: float) -> None:
        self.sd, self.has_missing = declared_log_sd, triangle.has_missing
        self.lists = np.flatnonzero(triangle.kind == LIST)
        self.others = np.flatnonzero(triangle.kind != LIST)
        self.later = np.flatnonzero((triangle.kind == LIST) & (triangle.has_missing > 0))
        self.sign = np.where(triangle.kind == MISSING, -1.0, 1.0)[self.others]
        self.log_age = np.log(triangle.elapsed)
        nodes = convolution(triangle.elapsed[self.later])
        # Waits in their own sds; densities of the normal are without their constant.
        self.wait, self.log_rest = nodes.log_wait / declared_log_sd, nodes.log_rest
        self.mass = nodes.mass / (declared_log_sd * SQRT_2PI)


class ReportedFraction:
    """The share for each of Q pairs.

    Parameters
    ----------
    linear
        Shape (5, Q): logit coverage, logit missing share, log median delay, log sd of the log
        delay, log median delay of a declaration.

    Attributes
    ----------
    value
        Shape (Q,).
    slopes
        Shape (5, Q): derivatives of value by linear.
    """

    def __init__(self, delay_constants: DelayConstants, linear: Floats) -> None:
        self._waits = delay_constants
        self._gone = gone = expit(linear[MISSING_SHARE]) * delay_constants.has_missing
        self._found, self._late = np.ones_like(gone), np.zeros_like(gone)
        self._by_found, self._by_late = np.zeros_like(linear), np.zeros_like(linear)
        self._coverage = np.ones_like(gone)
        self.slopes = np.zeros_like(linear)
        if len(delay_constants.others):
            self._declared(linear)
        if len(delay_constants.lists):
            self._lists(linear)
        if len(delay_constants.later):
            self._listed_late(linear)
        self.value = (1 - gone) * self._found + gone * self._late
        self.value *= self._coverage
        held = self._coverage * gone
        self.slopes = self._by_found * (self._coverage - held) + self._by_late * held
        self.slopes[MISSING_SHARE] = held * (1 - gone) * (self._late - self._found)
        # Without a list coverage is one, and does not move.
        self.slopes[COVERAGE] = self.value * (1 - self._coverage)

    def _declared(self, linear: Floats) -> None:
        """Declared, of registers; not yet declared, of stocks, which have none of the found."""
        delay_constants, i = self._waits, self._waits.others
        z = (
            delay_constants.sign
            * (delay_constants.log_age[i] - linear[DECLARED, i])
            / delay_constants.sd
        )
        self._found[i] = delay_constants.sign > 0
        self._late[i] = ndtr(z)
        self._by_late[DECLARED, i] = -delay_constants.sign * pdf(z) / delay_constants.sd
        self._z_declared = z

    def _lists(self, linear: Floats) -> None:
        i = self._waits.lists
        self._coverage[i] = expit(linear[COVERAGE, i])
        self._pace = np.exp(-linear[DELAY_SD, i])
        self._z = z = (self._waits.log_age[i] - linear[DELAY, i]) * self._pace
        self._found[i] = ndtr(z)
        self._by_found[DELAY, i] = by = -pdf(z) * self._pace
        self._by_found[DELAY_SD, i] = by * z / self._pace

    def _listed_late(self, linear: Floats) -> None:
        """Declared and heard of."""
        delay_constants, j = self._waits, self._waits.later
        pace = np.exp(-linear[DELAY_SD, j])
        wait = delay_constants.wait - linear[DECLARED, j] / delay_constants.sd
        z = (delay_constants.log_rest - linear[DELAY, j]) * pace
        known = _bell(wait)
        known *= delay_constants.mass
        dense = _bell(z)
        dense *= known
        known *= ndtr(z)
        self._late[j] = known.sum(axis=0)
        self._by_late[DELAY, j] = -pace / SQRT_2PI * dense.sum(axis=0)
        self._by_late[DELAY_SD, j] = -(dense * z).sum(axis=0) / SQRT_2PI
        self._by_late[DECLARED, j] = (known * wait).sum(axis=0) / delay_constants.sd
        self._node = z, known, dense, wait, pace

    def bends(self) -> Floats:
        """Second derivatives of value by linear, shape (5, 5, Q)."""
        gone, coverage = self._gone, self._coverage
        bends = coverage * ((1 - gone) * self._bends_found() + gone * self._bends_late())
        moved = coverage * gone * (1 - gone)
        bends[MISSING_SHARE] += moved * (self._by_late - self._by_found)
        bends[MISSING_SHARE, MISSING_SHARE] = (1 - 2 * gone) * self.slopes[MISSING_SHARE]
        bends[COVERAGE] = self.slopes * (1 - coverage)
        bends[COVERAGE, COVERAGE] = self.slopes[COVERAGE] * (1 - 2 * coverage)
        for first, second in ((COVERAGE, slice(1, None)), (MISSING_SHARE, slice(2, None))):
            bends[second, first] = bends[first, second]
        return np.asarray(bends)

    def _bends_found(self) -> Floats:
        bends = np.zeros((5, *self.slopes.shape))
        if len(self._waits.lists):
            i, z, pace = self._waits.lists, self._z, self._pace
            _bend_delay(bends, i, (pdf(z), z), pace)
        return bends

    def _bends_late(self) -> Floats:
        bends, delay_constants = np.zeros((5, *self.slopes.shape)), self._waits
        if len(delay_constants.others):
            i = delay_constants.others
            bends[DECLARED, DECLARED, i] = (
                -pdf(self._z_declared) * self._z_declared / delay_constants.sd**2
            )
        if len(delay_constants.later):
            j = delay_constants.later
            z, known, dense, wait, pace = self._node
            dense, slope = dense / SQRT_2PI, wait / delay_constants.sd
            _bend_delay(bends, j, (dense, z), pace)
            own = known * (slope**2 - 1 / delay_constants.sd**2)
            bends[DECLARED, DECLARED, j] = own.sum(axis=0)
            by_delay = -pace * (dense * slope).sum(axis=0)
            by_sd = -(dense * z * slope).sum(axis=0)
            bends[DECLARED, DELAY, j] = bends[DELAY, DECLARED, j] = by_delay
            bends[DECLARED, DELAY_SD, j] = bends[DELAY_SD, DECLARED, j] = by_sd
        return bends


def _bend_delay(bends: Floats, where: Ints, normal: tuple[Floats, Floats], pace: Floats) -> None:
    """Second derivatives of a normal integral of z by the delay's median and sd."""
    dense, z = (np.atleast_2d(part) for part in normal)
    bends[DELAY, DELAY, where] = -(pace**2) * (dense * z).sum(axis=0)
    cross = pace * (dense * (1 - z * z)).sum(axis=0)
    bends[DELAY, DELAY_SD, where] = bends[DELAY_SD, DELAY, where] = cross
    bends[DELAY_SD, DELAY_SD, where] = (dense * z * (1 - z * z)).sum(axis=0)
