"""The reporting triangle: days of death by dates of knowledge, of lists, registers and stocks.

Of the dead of a day, a share 1 - m is found and a share m is missing. The missing are declared
dead after a delay G. A list includes a found or declared death after a delay F and reaches a share
c of them. With a the days from death to the date of knowledge:

    list      c (killed (1 - m) F(a) + killed m (G * F)(a))
    register    killed (1 - m)       + killed m G(a)
    missing     killed m (1 - G(a))
    declared    killed m G(a), between the day before a window of declarations and its last day

Both delays are log-normal. Their convolution is a sum over NODES shares t of the elapsed time until
the declaration, evenly spaced on the logit scale, so that it is smooth in all parameters:

    (G * F)(a) = integral of F(a (1 - t)) dG(a t) over 0 < t < 1

Days of death form bins as wide as the rate's knots, and wider the longer ago they are, because
delays spread over orders of magnitude. The increment of a list or a register since an earlier
vintage is the sum over bins of the increments of the reported share, which are never negative.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from lossmodel.model.design.grid import Floats, Ints, Knots, knot_weights
from lossmodel.model.design.linear import Linear

__all__ = [
    "COVERAGE",
    "DECLARATIONS",
    "DECLARED",
    "DELAY",
    "DELAY_SD",
    "LIST",
    "MISSING",
    "MISSING_SHARE",
    "REGISTER",
    "Coverage",
    "ReportingTriangle",
    "Vintage",
    "VintageBins",
    "bin_edges",
]

LIST, REGISTER, MISSING, DECLARATIONS = range(4)
COVERAGE, MISSING_SHARE, DELAY, DELAY_SD, DECLARED = range(5)
# The width of a bin is about the elapsed time over this. With bins half as wide, or 16 times as
# fine, no headline total of the shipped war moves by more than 0.03 posterior sd.
WIDENING = 4


class Vintage(NamedTuple):
    """Windows of days of death, and the date of knowledge."""

    days: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    known: pd.Timestamp


@dataclass(frozen=True)
class Coverage:
    """Rows whose sum is the logit of a list's coverage.

    Attributes
    ----------
    knots
        Positions in days and rows of v, between which it is interpolated on the day of death.
    after
        Row of the logit that the list gains after the war; -1 for none.
    gained
        Share of it that the list's latest vintage has.

    Examples
    --------
    >>> coverage = Coverage((np.array([0.0, 10.0]), np.array([7, 8])), after=3, gained=0.5)
    >>> _, row, weight = coverage.weights(np.array([2.5]))
    >>> row, weight
    (array([7, 8, 3]), array([0.75, 0.25, 0.5 ]))
    """

    knots: Knots
    after: int = -1
    gained: float = 0.0

    def weights(self, at: Floats) -> tuple[Ints, Ints, Floats]:
        """Logit coverage on days ``at`` as a sparse map of v: (position in ``at``, row, weight)."""
        where, row, weight = knot_weights(self.knots, at)
        if self.after < 0:
            return where, row, weight
        size = len(at)
        return (
            np.append(where, np.arange(size)),
            np.append(row, np.full(size, self.after)),
            np.append(weight, np.full(size, self.gained)),
        )


@dataclass(frozen=True)
class VintageBins:
    """U bins of days of death, each of one stream at one date of knowledge.

    Lists come first, and among them those of parties with a missing share.

    Attributes
    ----------
    kind
        Shape (U,): LIST, REGISTER, MISSING or DECLARATIONS.
    elapsed
        Shape (U,): days from the middle of the bin to the end of the date of knowledge.
    linear
        Sparse map from v to five stacked vectors of shape (U,), in the order COVERAGE,
        MISSING_SHARE, DELAY, DELAY_SD, DECLARED: logit coverage, logit missing share, log median
        delay in days, log sd of the log delay, log median delay of a declaration in days.
    has_missing
        Shape (U,): 1 where the party has a missing share, else 0.
    """

    kind: Ints
    elapsed: Floats
    linear: Linear
    has_missing: Floats


@dataclass(frozen=True)
class ReportingTriangle:
    """Q entries: an observation by a daily series of the dead by a bin of days of death.

    The expectation of an observation is the sum over its entries of the losses of the bin times
    the reported share, or times its increment since the vintage before.

    Attributes
    ----------
    claim, series, lo, hi
        Shape (Q,): the observation; the daily series of the dead; the days [lo, hi) of the bin.
    now, before
        Shape (Q,): index of the bin at the date of knowledge of the vintage, and at that of the
        vintage before; -1 for days that the vintage before did not include.
    vintages
        The bins at all dates of knowledge.
    """

    claim: Ints
    series: Ints
    lo: Ints
    hi: Ints
    now: Ints
    before: Ints
    vintages: VintageBins


def bin_edges(lo: int, hi: int, *, known: int, width: int) -> list[int]:
    """Edges of the bins of the days of death [lo, hi), increasing.

    Widths are ``width`` days times powers of two, and edges are multiples of them, so that vintages
    share their bins.

    Parameters
    ----------
    lo, hi
        Range of days.
    known
        Day after the date of knowledge, at least ``hi``.
    width
        Least width in days, except at the ends of the range.

    Examples
    --------
    >>> bin_edges(0, 200, known=200, width=14)
    [0, 28, 56, 84, 112, 126, 140, 154, 168, 182, 196, 200]
    """
    edges = [hi]
    while edges[-1] > lo:
        elapsed = known - edges[-1]
        step = width * 2 ** round(np.log2(max(1.0, elapsed / (WIDENING * width))))
        edges.append(max(lo, (edges[-1] - 1) // step * step))
    return edges[::-1] if hi > lo else []
