"""Which share of the dead of a bin a list, register or stock of missing holds, with slopes.

The equations are in ``design/listing.py``.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, ndtr

from lossmodel.design.grid import Floats, Ints
from lossmodel.design.listing import (
    COVERAGE,
    DECLARED,
    DELAY,
    DELAY_SD,
    LIST,
    MISSING,
    MISSING_SHARE,
)

if TYPE_CHECKING:
    from lossmodel.density import Density

__all__ = ["Reach"]

STEP = 1e-4
SQRT_2PI = float(np.sqrt(2 * np.pi))


def pdf(z: Floats) -> Floats:
    """Standard normal density."""
    return np.asarray(np.exp(-0.5 * z * z) / SQRT_2PI)


class Reach:
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

    def __init__(self, density: "Density", linear: Floats) -> None:
        pairs = density.design.pairs
        self._density, self._linear = density, linear
        gone = expit(linear[MISSING_SHARE]) * pairs.has_missing
        sd = density.design.declared_log_sd
        z = (density.log_age - linear[DECLARED]) / sd
        declared, slope = ndtr(z), -pdf(z) / sd
        is_list, is_stock = pairs.kind == LIST, pairs.kind == MISSING
        found = np.where(is_stock, 0.0, 1.0)
        late = np.where(is_stock, 1 - declared, declared)
        by_declared = np.where(is_stock, -slope, slope)
        coverage = np.ones(len(gone))
        self.slopes = np.zeros_like(linear)
        i = np.flatnonzero(is_list)
        if len(i):
            coverage[i] = expit(linear[COVERAGE, i])
            found[i], late[i], by_declared[i] = self._lists(i, gone[i], coverage[i])
        inner = (1 - gone) * found + gone * late
        self.value = coverage * inner
        self.slopes[COVERAGE, i] = (self.value * (1 - coverage))[i]
        self.slopes[MISSING_SHARE] = coverage * (late - found) * gone * (1 - gone)
        self.slopes[DECLARED] = coverage * gone * by_declared

    def bends(self) -> Floats:
        """Second derivatives of value by linear, shape (5, 5, Q), by central differences."""
        bends = np.empty((5, *self._linear.shape))
        for k in range(5):
            step = np.zeros_like(self._linear)
            step[k] = STEP
            above = Reach(self._density, self._linear + step).slopes
            below = Reach(self._density, self._linear - step).slopes
            bends[k] = (above - below) / (2 * STEP)
        return (bends + bends.transpose(1, 0, 2)) / 2

    def _lists(self, i: Ints, gone: Floats, coverage: Floats) -> tuple[Floats, Floats, Floats]:
        """Found and heard of, declared and heard of (as a mean over the nodes of G), its slope."""
        density, linear = self._density, self._linear
        pairs, sd = density.design.pairs, density.design.declared_log_sd
        inverse = np.exp(-linear[DELAY_SD, i])
        z = (density.log_age[i] - linear[DELAY, i]) * inverse
        found, slope = ndtr(z), (1 - gone) * pdf(z)
        late, by_declared = found.copy(), np.zeros(len(i))
        by_delay, by_sd = -slope * inverse, -slope * z
        j = np.flatnonzero(pairs.has_missing[i] > 0)
        if len(j):
            wait = np.exp(linear[DECLARED, i[j]] + sd * density.nodes[:, None])
            rest = pairs.age[i[j]] - wait
            heard = rest > 0
            rest = np.where(heard, rest, 1.0)
            z = (np.log(rest) - linear[DELAY, i[j]]) * inverse[j]
            late[j] = density.weights @ np.where(heard, ndtr(z), 0.0)
            slope = density.weights[:, None] * np.where(heard, pdf(z), 0.0)
            by_delay[j] -= gone[j] * slope.sum(axis=0) * inverse[j]
            by_sd[j] -= gone[j] * (slope * z).sum(axis=0)
            by_declared[j] = -(slope * wait / rest).sum(axis=0) * inverse[j]
        self.slopes[DELAY, i] = coverage * by_delay
        self.slopes[DELAY_SD, i] = coverage * by_sd
        return found, late, by_declared
