"""Builder of the reporting triangle, observation by observation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import HALF_YEAR, YEAR
from lossmodel.model.components import Components
from lossmodel.model.design.grid import Floats, Grid, Ints, Knots, knot_positions, knot_weights
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.design.reporting import (
    COVERAGE,
    DECLARATIONS,
    DECLARED,
    DELAY,
    DELAY_SD,
    LIST,
    MISSING,
    MISSING_SHARE,
    Coverage,
    ReportingTriangle,
    Vintage,
    VintageBins,
    bin_edges,
)
from lossmodel.model.design.short_wars import shorter_delay
from lossmodel.model.priors import Prior, Priors

__all__ = ["ReportingTriangleBuilder"]

# Elapsed days where delays are off: the log-normal delays of the priors end long before. With 1e6
# the headline totals of the shipped war are the same.
FOREVER = 1e9
# Log of a delay in days that no declaration has: 35 sds of its log beyond a century.
LOG_NEVER = 35.0
NONE: Mapping[int, Any] = MappingProxyType({})
Days = NDArray[np.bool_]


class _VintageBin(NamedTuple):
    """A bin of days of death [lo, hi) of one stream, and the day after its date of knowledge.

    ``missing``: some of its dead are first missing; ``found``: none of these is declared yet.
    """

    stream: int
    party: str
    kind: int
    missing: bool
    found: bool
    lo: int
    hi: int
    known: int


class ReportingTriangleBuilder:
    """Collects entries and bins, with the rows of v that they need.

    Parameters
    ----------
    ended
        Day after which there was no fighting; infinite while the war lasts.
    within
        Numbers of two streams: a list, and the list that has all of its cases.
    kinds
        Number of a list's stream -> ending of the names of its priors, see `kind_of_list`.
    declared_from
        Number of a stream -> day of knowledge from which it includes the declared.

    Attributes
    ----------
    coverage
        Number of a list's stream -> its logit coverage.
    """

    def __init__(
        self,
        *,
        conflict: Conflict,
        priors: Priors,
        components: Components,
        grid: Grid,
        builder: ParameterisationBuilder,
        missing_knots: dict[str, tuple[Floats, Ints]],
        ended: float,
        within: Sequence[tuple[int, int]] = (),
        kinds: Mapping[int, str] = NONE,
        declared_from: Mapping[int, pd.Timestamp] = NONE,
    ) -> None:
        self.conflict, self.priors, self.components = conflict, priors, components
        self.grid, self.builder, self.missing_knots = grid, builder, missing_knots
        self.ended, self.within, self.kinds = ended, within, kinds
        self.declared_from = {i: grid.index(day) + 1 for i, day in declared_from.items()}
        self.coverage: dict[int, Coverage] = {}
        self._added: dict[str, int] = {}
        self._rows: list[tuple[int, int, int, int, int, int]] = []
        self._vintage_bins: dict[_VintageBin, int] = {}

    def add(
        self,
        observation: int,
        *,
        stream: int,
        kind: int,
        party: str,
        series: int,
        dead: bool,
        vintage: Vintage,
        before: Vintage | None,
    ) -> None:
        """Add one observation: the total of a vintage, or its increment since the one before.

        Days that both include have the bins of the earlier vintage, which are the finer ones, so
        that the increment of a bin is never negative.

        Parameters
        ----------
        observation, stream
            Numbers of the observation and of its stream.
        kind
            LIST, REGISTER, MISSING or DECLARATIONS.
        party, series
            A base party, and the daily series of its dead or wounded.
        dead
            Whether the series is of dead people, of whom some are first missing.
        vintage, before
            The vintage, and the one of which it is the increment.
        """
        missing = dead and party in self.missing_knots
        known = self.grid.index(vintage.known) + 1
        days = self._days(vintage, known)
        common, earlier = np.zeros_like(days), known
        if before is not None:
            earlier = self.grid.index(before.known) + 1
            common = days & self._days(before, earlier)
        for where, since in ((days & ~common, known), (common, earlier)):
            for lo, hi in self._bins(where, since):
                now, then = (
                    self._vintage_bin(_VintageBin(stream, party, kind, missing, found, lo, hi, at))
                    for at in (known, since)
                    for found in (missing and at < self.declared_from.get(stream, at),)
                )
                self._rows.append(
                    (observation, series, lo, hi, now, then if where is common else -1)
                )

    def _vintage_bin(self, wanted: "_VintageBin") -> int:
        """Number of a bin, which is added where it is new."""
        return self._vintage_bins.setdefault(wanted, len(self._vintage_bins))

    def _days(self, vintage: Vintage, known: int) -> Days:
        """Whether a vintage includes each day; none after its date of knowledge."""
        found = np.zeros(self.grid.size, dtype=bool)
        for start, end in vintage.days:
            lo, hi = self.grid.span(start, end)
            found[lo : max(min(hi, known), lo)] = True
        return found

    def _bins(self, days: Days, known: int) -> Iterator[tuple[int, int]]:
        """Bins [lo, hi) of the runs of days that are included."""
        width = self.grid.bin_days
        ends = np.flatnonzero(np.diff(np.concatenate([[False], days, [False]]).astype(int)))
        for lo, hi in ends.reshape(-1, 2):
            edges = bin_edges(int(lo), int(hi), known=known, width=width)
            yield from zip(edges, edges[1:], strict=False)

    def build(self) -> ReportingTriangle:
        """The entries and bins added so far; adds the rows of v that they need."""
        bins = sorted(self._vintage_bins, key=lambda each: (each.kind, not each.missing))
        index = {self._vintage_bins[each]: i for i, each in enumerate(bins)} | {-1: -1}
        rows = np.array(self._rows, dtype=np.int64).reshape(-1, 6)
        rows[:, 4:] = np.vectorize(index.__getitem__, otypes=[np.int64])(rows[:, 4:])
        observation, series, lo, hi, now, before = rows.T
        return ReportingTriangle(
            observation, series, lo, hi, now, before, vintages=self._vintages(bins)
        )

    def _vintages(self, bins: Sequence["_VintageBin"]) -> VintageBins:
        kind = np.array([each.kind for each in bins], dtype=np.int64)
        missing = np.array([each.missing for each in bins], dtype=float)
        middle = np.array([(each.lo + each.hi) / 2 for each in bins], dtype=float)
        known = np.array([each.known for each in bins], dtype=float)
        # Without delays a list is complete at once; the missing are still those not yet declared.
        delayed = self.components.delay | np.isin(kind, (MISSING, DECLARATIONS))
        return VintageBins(
            kind=kind,
            # A bin ends with the date of knowledge at the latest: at least half a day.
            elapsed=np.where(delayed, known - middle, FOREVER),
            linear=self._arguments(bins, kind, missing, middle),
            # A death that is listed at once need not be found first.
            has_missing=missing * delayed,
        )

    def _arguments(
        self, bins: Sequence["_VintageBin"], kind: Ints, missing: Floats, middle: Floats
    ) -> Linear:
        """Map from v to the five arguments of the reported share, see `VintageBins`."""
        linear, count = Linear(), len(bins)
        streams = np.array([each.stream for each in bins], dtype=np.int64)
        parties = np.array([each.party for each in bins], dtype=object)
        known = np.array([each.known for each in bins], dtype=float)
        found = np.array([each.found for each in bins], dtype=bool)
        for stream in np.unique(streams[kind == LIST]):
            here = np.flatnonzero((kind == LIST) & (streams == stream))
            # Of a sum of parties the list is that of the first.
            party = next(name for name in self.conflict.parties if name in set(parties[here]))
            knots = self._coverage(int(stream), party).knots
            _fill(linear, COVERAGE * count + here, knots, middle[here])
            self._fill_after(linear, COVERAGE * count + here, known[here], int(stream))
            self._fill_delay(linear, here, middle[here], count, stream=int(stream))
        for inner, outer in self.within:
            self._contain(inner, outer)
        for party in sorted(set(parties)):
            here = np.flatnonzero((parties == party) & (missing > 0))
            if len(here):
                _fill(linear, MISSING_SHARE * count + here, self.missing_knots[party], middle[here])
                if found[here].any():
                    linear.add(DECLARED * count + here[found[here]], self._never())
                here = here[~found[here]]
                where = DECLARED * count + here
                linear.add(where, self._row(self.priors["declared.delay"], party))
                linear.add(
                    where,
                    self._row(self.priors["declared.growth"], party),
                    self.grid.years(middle[here]) - 1,
                )
        return linear

    def _coverage(self, stream: int, party: str) -> Coverage:
        """A list's logit coverage while the war lasts, of which lists of one party share a part.

        A side's own lists are kept from its units' reports: they and those of others share none.
        """
        if stream not in self.coverage:
            level, walk = (self._prior(f"coverage.{n}", stream) for n in ("level", "walk_sd"))
            shared = self.priors["coverage.side_share"].median
            spacing = self.grid.slow_days(self.conflict.knots.drift_days)
            positions = knot_positions(0.0, self.grid.size - 1.0, spacing)
            rows = self.builder.rows("coverage", np.full(len(positions), level.mean))
            common = f"{level.name.replace('level', 'party')} {party}"
            for group, part in ((f"{level.name} {stream}", 1 - shared), (common, shared)):
                self.builder.shared(group, rows, level.sd * float(np.sqrt(part)))
            self.builder.walk(
                f"coverage.walk {stream}", rows, self.grid.step(spacing, HALF_YEAR), walk
            )
            self.coverage[stream] = Coverage((positions, rows))
        return self.coverage[stream]

    def _contain(self, inner: int, outer: int) -> None:
        """Make a list's coverage at most that of the list that has all of its cases."""
        if {inner, outer} <= self.coverage.keys():
            rows = np.array([self.coverage[stream].knots[1] for stream in (inner, outer)])
            weights = np.repeat([1.0, -1.0], rows.shape[1]) / rows.shape[1]
            sd = self.priors["coverage.within_sd"].median
            self.builder.ceiling(rows.ravel(), at=0.0, sd=sd, weights=weights)

    def _fill_after(self, linear: Linear, where: Ints, known: Floats, stream: int) -> None:
        """Add the coverage that a list gains after the war."""
        years = np.maximum(known - self.ended, 0.0) / YEAR
        if years.any():
            row, gained = self._row(self.priors["coverage.after"], str(stream)), years / (1 + years)
            linear.add(where, row, gained)
            self.coverage[stream] = replace(
                self.coverage[stream], after=row, gained=float(gained.max())
            )

    def _fill_delay(
        self, linear: Linear, here: Ints, middle: Floats, count: int, *, stream: int
    ) -> None:
        """Add the delay of a list."""
        names = ("delay.median", "delay.growth", "delay.log_sd")
        first, *others = (self._prior(name, stream) for name in names)
        shorter = shorter_delay(first, self.kinds.get(stream, ""), self.grid.size)
        self.builder.adapt(f"{first.name} {stream}", median=shorter)
        priors = (replace(first, mean=first.mean + np.log(shorter)), *others)
        median, growth, log_sd = (self._row(prior, str(stream)) for prior in priors)
        linear.add(DELAY * count + here, median)
        linear.add(DELAY * count + here, growth, self.grid.years(middle) - 1)
        linear.add(DELAY_SD * count + here, log_sd)

    def _prior(self, name: str, stream: int) -> Prior:
        """The prior of a list, that of its kind where there is one."""
        own = f"{name}{self.kinds.get(stream, '')}"
        return self.priors[own if own in self.priors.entries else name]

    def _never(self) -> int:
        """Row of v with the log delay of a declaration that does not come."""
        if "never" not in self._added:
            self._added["never"] = int(self.builder.rows("declared.never", [LOG_NEVER])[0])
        return self._added["never"]

    def _row(self, prior: Prior, key: str) -> int:
        """Row of v with a prior of its own, which is added where it is new."""
        group = f"{prior.name} {key}"
        if group not in self._added:
            rows = self.builder.rows(prior.name, [prior.mean])
            if prior.sd > 0:
                self.builder.independent(group, rows, prior.sd)
            self._added[group] = int(rows[0])
        return self._added[group]


def _fill(linear: Linear, where: Ints, knots: Knots, at: Floats) -> None:
    """Add the values of a walk at some days to some rows of a map."""
    place, row, weight = knot_weights(knots, at)
    linear.add(where[place], row, weight)
