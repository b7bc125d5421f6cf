"""What lists, registers and stocks of missing would hold at a date of knowledge.

Of the dead of a day, a share 1 - m is found and a share m is missing. The missing are declared
dead after a delay G. A list hears of a found or declared death after a delay F and reaches a share
c of them. With a the days from death to the date of knowledge:

    list      c (killed (1 - m) F(a) + killed m (G * F)(a))
    register    killed (1 - m)       + killed m G(a)
    missing     killed m (1 - G(a))

Both delays are log-normal. Their convolution is a sum over NODES shares t of the age that passed
until the declaration, evenly spaced on the logit scale, so that it is smooth in all parameters:

    (G * F)(a) = integral of F(a (1 - t)) dG(a t) over 0 < t < 1

Days of death are taken together in bins as wide as the rate's knots, and wider the longer ago they
are, because delays spread over orders of magnitude.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import HALF_YEAR, YEAR
from lossmodel.model.components import Components
from lossmodel.model.design.grid import Floats, Grid, Ints, interpolate, knot_positions
from lossmodel.model.design.parameters import Linear, ParameterisationBuilder
from lossmodel.model.priors import Priors

__all__ = [
    "LIST",
    "MISSING",
    "REGISTER",
    "Convolution",
    "ReportingTriangle",
    "ReportingTriangleBuilder",
    "convolution",
]

LIST, REGISTER, MISSING = 0, 1, 2
# Nodes of a convolution, from this many days to this logit of the age.
NODES, SOONEST, LAST = 9, 10.0, 4.0
COVERAGE, MISSING_SHARE, DELAY, DELAY_SD, DECLARED = range(5)
HALF_DAY = 0.5
FOREVER = 1e9
WIDENING = 4


@dataclass(frozen=True)
class Convolution:
    """Nodes of the convolution of two delays for Q ages; within 0.003 of the integral.

    Attributes
    ----------
    log_wait, log_rest
        Log of the days until the declaration and of those that remain, shape (K, Q).
    mass
        Shape (K, Q): ``sum_k mass_k pdf((log_wait_k - m) / s) / s Phi(log_rest_k)`` is the integral
        where the declaration's log delay is normal with mean m and sd s.
    """

    log_wait: Floats
    log_rest: Floats
    mass: Floats


def convolution(elapsed: Floats) -> Convolution:
    """Nodes for ages in days, shape (Q,)."""
    first = np.minimum(np.log(SOONEST / elapsed), LAST - 1)
    logit = np.linspace(first, np.full_like(first, LAST), NODES)
    # The rule of trapezoids; d log t = (1 - t) d logit t.
    step = np.repeat((logit[1] - logit[0])[None], NODES, axis=0)
    step[[0, -1]] /= 2
    log_rest = -np.logaddexp(0.0, logit)
    return Convolution(
        log_wait=np.log(elapsed) - np.logaddexp(0.0, -logit),
        log_rest=np.log(elapsed) + log_rest,
        mass=step * np.exp(log_rest),
    )


@dataclass(frozen=True)
class ReportingTriangle:
    """Every (point, bin of days of death), Q of them.

    A point is one (stream, set of days, date of knowledge).

    Attributes
    ----------
    point, series, lo, hi
        Shape (Q,): the point; the daily series of the dead; its days.
    kind
        LIST, REGISTER or MISSING.
    elapsed
        Days from the middle of the bin to the date of knowledge.
    linear
        Sparse map from v to five stacked blocks of Q: logit coverage, logit missing share, log
        median delay, log sd of the log delay, log median delay of a declaration.
    has_missing
        1 where the party has a missing share, else 0.
    """

    points: int
    point: Ints
    series: Ints
    lo: Ints
    hi: Ints
    kind: Ints
    elapsed: Floats
    linear: Linear
    has_missing: Floats


def bin_edges(lo: int, hi: int, *, known: int, width: int) -> list[int]:
    """Edges of bins of days of death, from the date of knowledge back.

    Examples
    --------
    >>> bin_edges(0, 200, known=200, width=14)
    [0, 28, 56, 84, 98, 112, 126, 140, 154, 168, 182, 196, 200]
    """
    edges = [hi]
    while edges[-1] > lo:
        elapsed = known - edges[-1]
        step = width * max(1, int(elapsed / (WIDENING * width)))
        left = (edges[-1] - 1) // width * width - step + width
        edges.append(max(lo, left))
    return edges[::-1] if hi > lo else []


class ReportingTriangleBuilder:
    """Points and pairs placed so far, with the rows of v that they need."""

    def __init__(
        self,
        *,
        conflict: Conflict,
        priors: Priors,
        components: Components,
        grid: Grid,
        builder: ParameterisationBuilder,
        missing_knots: dict[str, tuple[Floats, Ints]],
    ) -> None:
        self.conflict, self.priors, self.components = conflict, priors, components
        self.grid, self.builder, self.missing_knots = grid, builder, missing_knots
        self.coverage: dict[int, tuple[Floats, Ints]] = {}
        self._delays: dict[int, tuple[int, int, int]] = {}
        self._declared: dict[str, int] = {}
        self._points: dict[tuple[object, ...], int] = {}
        self._columns: list[tuple[int, int, int, int, int, float, int]] = []
        self._owner: list[tuple[int, str]] = []

    def point(
        self,
        *,
        stream: int,
        kind: int,
        party: str,
        series: int,
        dead: bool,
        days: tuple[tuple[pd.Timestamp, pd.Timestamp], ...],
        known: pd.Timestamp,
    ) -> int:
        """Number of the point; its pairs are laid out when it is first asked for."""
        key = (stream, kind, series, days, known)
        if key in self._points:
            return self._points[key]
        number = self._points[key] = len(self._points)
        missing = int(dead and party in self.missing_knots)
        known_at = self.grid.index(known) + 1
        width = self.conflict.knots.rate_days
        for start, end in days:
            lo, hi = self.grid.span(start, end)
            hi = min(hi, known_at)
            edges = bin_edges(lo, hi, known=known_at, width=width)
            for left, right in zip(edges, edges[1:], strict=False):
                elapsed = max(known_at - (left + right) / 2, HALF_DAY)
                self._columns.append((number, series, left, right, kind, elapsed, missing))
                self._owner.append((stream, party))
        return number

    def build(self) -> ReportingTriangle:
        """All pairs, and the map from v to what they need."""
        table = np.array(self._columns, dtype=float).reshape(-1, 7)
        count = len(table)
        linear = Linear()
        middle = (table[:, 2] + table[:, 3]) / 2
        streams = np.array([owner[0] for owner in self._owner], dtype=np.int64)
        owners = np.array([owner[1] for owner in self._owner], dtype=object)
        listed = table[:, 4] == LIST
        for stream in np.unique(streams[listed]):
            here = np.flatnonzero(listed & (streams == stream))
            civilian = self.conflict.parties[owners[here[0]]].civilian
            self._fill_list(linear, int(stream), here, middle[here], count, civilian=civilian)
        for party in sorted(set(owners)):
            here = np.flatnonzero((owners == party) & (table[:, 6] > 0))
            if len(here):
                _fill(linear, MISSING_SHARE * count + here, self.missing_knots[party], middle[here])
                linear.add(DECLARED * count + here, self._declared_row(party))
        # Without delays all is heard at once, but the missing are still those not yet declared.
        waits = self.components.delay | (table[:, 4] == MISSING)
        elapsed = np.where(waits, table[:, 5], FOREVER)
        return ReportingTriangle(
            points=len(self._points),
            point=table[:, 0].astype(np.int64),
            series=table[:, 1].astype(np.int64),
            lo=table[:, 2].astype(np.int64),
            hi=table[:, 3].astype(np.int64),
            kind=table[:, 4].astype(np.int64),
            elapsed=elapsed,
            linear=linear,
            # Who is heard of at once need not be found first.
            has_missing=table[:, 6] * waits,
        )

    def _fill_list(
        self, linear: Linear, stream: int, here: Ints, middle: Floats, count: int, *, civilian: bool
    ) -> None:
        _fill(linear, COVERAGE * count + here, self._coverage_knots(stream), middle)
        who = ".civilian" if civilian else ""
        median, growth, log_sd = self._delay_rows(stream, who)
        linear.add(DELAY * count + here, median)
        linear.add(DELAY * count + here, growth, middle / YEAR - 1)
        linear.add(DELAY_SD * count + here, log_sd)

    def _coverage_knots(self, stream: int) -> tuple[Floats, Ints]:
        if stream not in self.coverage:
            level, walk = self.priors["coverage.level"], self.priors["coverage.walk_sd"]
            spacing = self.conflict.knots.drift_days
            positions = knot_positions(0.0, self.grid.size - 1.0, spacing)
            rows = self.builder.rows("coverage", np.full(len(positions), level.mean))
            self.builder.shared(f"coverage.level {stream}", rows, level.sd)
            self.builder.walk(
                f"coverage.walk {stream}", rows, float(np.sqrt(spacing / HALF_YEAR)), walk
            )
            self.coverage[stream] = (positions, rows)
        return self.coverage[stream]

    def _delay_rows(self, stream: int, who: str) -> tuple[int, int, int]:
        if stream not in self._delays:
            names = (f"delay.median{who}", f"delay.growth{who}", f"delay.log_sd{who}")
            a, b, c = (self._row(name, str(stream)) for name in names)
            self._delays[stream] = (a, b, c)
        return self._delays[stream]

    def _declared_row(self, party: str) -> int:
        if party not in self._declared:
            self._declared[party] = self._row("declared.delay", party)
        return self._declared[party]

    def _row(self, name: str, key: str) -> int:
        prior = self.priors[name]
        rows = self.builder.rows(name, [prior.mean])
        if prior.sd > 0:
            self.builder.independent(f"{name} {key}", rows, prior.sd)
        return int(rows[0])


def _fill(linear: Linear, where: Ints, knots: tuple[Floats, Ints], at: Floats) -> None:
    positions, rows = knots
    left, right, weight = interpolate(positions, at)
    linear.add(where, rows[left], 1 - weight)
    linear.add(where, rows[right], weight)
