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
are, because delays spread over orders of magnitude. What a list or a register has learnt since an
earlier vintage is the sum over bins of what it has learnt of each, which is never negative.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    "ReportingTriangle",
    "ReportingTriangleBuilder",
    "Vintage",
    "VintageBins",
]

LIST, REGISTER, MISSING = 0, 1, 2
COVERAGE, MISSING_SHARE, DELAY, DELAY_SD, DECLARED = range(5)
HALF_DAY = 0.5
FOREVER = 1e9
# A bin is about a quarter as wide as its days of death are ago. With bins 16 times as fine the
# totals of the shipped war move by less than 0.03 posterior sd.
WIDENING = 4
Days = NDArray[np.bool_]


class Vintage(NamedTuple):
    """Windows of days of death, and the date up to which they were known."""

    days: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    known: pd.Timestamp


@dataclass(frozen=True)
class VintageBins:
    """Bins of days of death as lists, registers and stocks know of them on one date, U of them.

    Lists stand first, and among them those that can hear of a missing person.

    Attributes
    ----------
    kind
        LIST, REGISTER or MISSING.
    elapsed
        Days from the middle of the bin to the date of knowledge.
    linear
        Sparse map from v to five stacked blocks of U: logit coverage, logit missing share, log
        median delay, log sd of the log delay, log median delay of a declaration.
    has_missing
        1 where the party has a missing share, else 0.
    """

    kind: Ints
    elapsed: Floats
    linear: Linear
    has_missing: Floats


@dataclass(frozen=True)
class ReportingTriangle:
    """Every (observation, bin of days of death), Q of them.

    Attributes
    ----------
    claim, series, lo, hi
        Shape (Q,): the observation; the daily series of the dead; its days.
    now, before
        Shape (Q,): the bin as the vintage knows of it, and as the vintage before did; -1 where
        that knew nothing of it.
    vintages
        All bins as they are known.
    """

    claim: Ints
    series: Ints
    lo: Ints
    hi: Ints
    now: Ints
    before: Ints
    vintages: VintageBins


def bin_edges(lo: int, hi: int, *, known: int, width: int) -> list[int]:
    """Edges of bins of days of death, from the date of knowledge back.

    Widths are ``width`` times powers of two, and edges multiples of them, so that vintages share
    their bins.

    Examples
    --------
    >>> bin_edges(0, 200, known=200, width=14)
    [0, 28, 56, 84, 98, 112, 126, 140, 154, 168, 182, 196, 200]
    """
    edges = [hi]
    while edges[-1] > lo:
        elapsed = known - edges[-1]
        step = width * 2 ** round(np.log2(max(1.0, elapsed / (WIDENING * width))))
        edges.append(max(lo, (edges[-1] - 1) // step * step))
    return edges[::-1] if hi > lo else []


class _VintageBin(NamedTuple):
    """Whose bin, its days of death, and the edge of days up to which it is known."""

    stream: int
    party: str
    kind: int
    missing: bool
    lo: int
    hi: int
    known: int


class ReportingTriangleBuilder:
    """Observations and bins placed so far, with the rows of v that they need."""

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
        self._rows: list[tuple[int, int, int, int, int, int]] = []
        self._vintage_bins: dict[_VintageBin, int] = {}

    def add(
        self,
        claim: int,
        *,
        stream: int,
        kind: int,
        party: str,
        series: int,
        dead: bool,
        vintage: Vintage,
        before: Vintage | None,
    ) -> None:
        """Lay out one observation: all that a vintage holds, or what it adds to one before.

        Days that both know of have the bins of the earlier one, for which they are the finer, so
        that what a bin adds is never negative.
        """
        missing = dead and party in self.missing_knots
        known = self.grid.index(vintage.known) + 1
        days = self._days(vintage, known)
        common, earlier = np.zeros_like(days), known
        if before is not None:
            earlier = self.grid.index(before.known) + 1
            common = days & self._days(before, earlier)
        for where, since in ((days & ~common, known), (common, earlier)):
            for left, right in self._bins(where, since):
                now, once = (
                    self._vintage_bin(_VintageBin(stream, party, kind, missing, left, right, at))
                    for at in (known, since)
                )
                again = once if where is common else -1
                self._rows.append((claim, series, left, right, now, again))

    def _vintage_bin(self, wanted: "_VintageBin") -> int:
        return self._vintage_bins.setdefault(wanted, len(self._vintage_bins))

    def _days(self, vintage: Vintage, known: int) -> Days:
        """Days of the path that a vintage speaks about."""
        found = np.zeros(self.grid.size, dtype=bool)
        for start, end in vintage.days:
            lo, hi = self.grid.span(start, end)
            found[lo : max(min(hi, known), lo)] = True
        return found

    def _bins(self, days: Days, known: int) -> Iterator[tuple[int, int]]:
        width = self.conflict.knots.rate_days
        ends = np.flatnonzero(np.diff(np.concatenate([[False], days, [False]]).astype(int)))
        for lo, hi in ends.reshape(-1, 2):
            edges = bin_edges(int(lo), int(hi), known=known, width=width)
            yield from zip(edges, edges[1:], strict=False)

    def build(self) -> ReportingTriangle:
        """All bins, and the map from v to what they need."""
        bins = sorted(self._vintage_bins, key=lambda each: (each.kind, not each.missing))
        place = {self._vintage_bins[each]: i for i, each in enumerate(bins)} | {-1: -1}
        rows = np.array(self._rows, dtype=np.int64).reshape(-1, 6)
        rows[:, 4:] = np.vectorize(place.__getitem__, otypes=[np.int64])(rows[:, 4:])
        claim, series, lo, hi, now, before = rows.T
        return ReportingTriangle(claim, series, lo, hi, now, before, vintages=self._vintages(bins))

    def _vintages(self, bins: Sequence["_VintageBin"]) -> VintageBins:
        linear, count = Linear(), len(bins)
        kind = np.array([each.kind for each in bins], dtype=np.int64)
        missing = np.array([each.missing for each in bins], dtype=float)
        middle = np.array([(each.lo + each.hi) / 2 for each in bins], dtype=float)
        known = np.array([each.known for each in bins], dtype=float)
        streams = np.array([each.stream for each in bins], dtype=np.int64)
        parties = np.array([each.party for each in bins], dtype=object)
        listed = kind == LIST
        for stream in np.unique(streams[listed]):
            here = np.flatnonzero(listed & (streams == stream))
            civilian = self.conflict.parties[parties[here[0]]].civilian
            self._fill_list(linear, int(stream), here, middle[here], count, civilian=civilian)
        for party in sorted(set(parties)):
            here = np.flatnonzero((parties == party) & (missing > 0))
            if len(here):
                _fill(linear, MISSING_SHARE * count + here, self.missing_knots[party], middle[here])
                linear.add(DECLARED * count + here, self._declared_row(party))
        # Without delays all is heard at once, but the missing are still those not yet declared.
        waits = self.components.delay | (kind == MISSING)
        return VintageBins(
            kind=kind,
            elapsed=np.where(waits, np.maximum(known - middle, HALF_DAY), FOREVER),
            linear=linear,
            # Who is heard of at once need not be found first.
            has_missing=missing * waits,
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
