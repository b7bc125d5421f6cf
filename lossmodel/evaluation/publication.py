"""Published figures of a simulated war: noise, bounds, ranges and rounding.

A template gives the windows, dates and qualifiers of the claims, and their units and ranges
relative to the figure. The figures follow from a simulated truth and measurement model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.evaluation.figure_noise import noisy, over_months, slack
from lossmodel.evaluation.latent_truth import Truth
from lossmodel.evaluation.measurement import MeasurementModel, StreamKey
from lossmodel.evaluation.misspecification import METHODS, Misspecification
from lossmodel.evaluation.prior_draws import Floats, Sampler
from lossmodel.evidence.rounding import CAP, EXACT_UNIT, SD_OF_UNIT, dividing_unit
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS

__all__ = ["Publisher", "relative_unit", "rounded"]

# Smallest unit of an average per day, and of any other figure.
UNIT_OF_AVERAGE, UNIT = 0.01, 1.0
# A bound that says little can be any number; larger ones are refused as no counts.
LARGEST = 1e9
# A range from nought is taken to start at a twentieth of the figure.
MIN_RATIO = 0.05
STREAM = ["root", "party", "category", "scope"]


@dataclass
class Publisher:
    """Writes the figures of one submodel's claims.

    Attributes
    ----------
    truth, measurement, sampler
        Daily losses, the streams' measurement model and the draws of one submodel.
    misspecifications
        Departures from the model's assumptions.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> from lossmodel.evaluation.latent_truth import draw_truth
    >>> from lossmodel.model.priors import Priors
    >>> sampler = Sampler(Priors.default(), np.random.default_rng(1))
    >>> days = pd.date_range("1940-07-01", periods=30)
    >>> truth = draw_truth(
    ...     "aircraft", conflict=load_conflict("battle-of-britain"), level_sd=0.5, sampler=sampler,
    ...     days=days, levels={"germany": 2.0},
    ... )
    >>> key = ("air-ministry", "germany", "aircraft")
    >>> measurement = MeasurementModel(truth, sampler, {key: (0.0, 29.0)}, frozenset())
    >>> claim = {"root": key[0], "party": key[1], "category": key[2], "scope": "all"}
    >>> claim |= {"kind": "daily", "start": days[4], "end": days[4], "known": days[4]}
    >>> claim |= {"qualifier": "exact", "unit_share": 0.0, "low_ratio": 1.0, "high_ratio": 1.0}
    >>> table = Publisher(truth, measurement, sampler).publish(pd.DataFrame([claim]))
    >>> bool(table["value"].iloc[0] >= 0)
    True
    """

    truth: Truth
    measurement: MeasurementModel
    sampler: Sampler
    misspecifications: tuple[Misspecification, ...] = ()

    def publish(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Columns `value, low, high` for the rows of a template.

        Parameters
        ----------
        rows
            Columns of claims, and `root` (the claimant at the end of a chain of relays),
            `unit_share`, `low_ratio`, `high_ratio` (relative to the figure), `has_value`.
        """
        own = pd.Series(0.0, index=rows.index)
        for names, group in rows.groupby(STREAM, sort=True):
            root, party, category, scope = (str(name) for name in names)
            own[group.index] = self._own((root, party, category), scope, group)
        pairs = zip(rows.itertuples(), own.to_numpy(dtype=float), strict=True)
        published = [self.worded(row, float(figure)) for row, figure in pairs]
        return pd.DataFrame(published, index=rows.index, columns=["value", "low", "high"])

    def _own(self, key: StreamKey, scope: str, rows: pd.DataFrame) -> Floats:
        """The claimant's own figures, before qualifiers and rounding, shape (rows,)."""
        accounting = self.truth.conflict.stream(*key).accounting
        windows = [self.window(row) for row in rows.itertuples()]
        known = np.array([self.truth.position(day) for day in rows["known"]], dtype=float)
        if key[2] == "missing":
            return self._stocks(key, scope, windows, known)
        if accounting == "ledger":
            return self._ledger(key, scope, windows)
        published = np.array([self.truth.position(day) for day in rows["published"]], dtype=float)
        left = np.array([self.measurement.unsettled(key, day) for day in published])
        if ACCOUNTINGS[accounting].assesses:
            qualifiers = rows["qualifier"].to_numpy()
            return self._estimates(key, scope, windows, known, qualifiers, left)
        return self._vintages(key, scope, windows, known, left)

    # The rows here are those of DataFrame.itertuples, of whose columns the type checker knows none.
    def window(self, row: Any) -> tuple[int, int]:
        """Days [lo, hi) of a claim, counted from the first."""
        lo = 0 if pd.isna(row.start) else max(self.truth.position(row.start), 0)
        return lo, self.truth.position(row.end) + 1

    def _ledger(self, key: StreamKey, scope: str, windows: list[tuple[int, int]]) -> Floats:
        """Running sums of increments between the ends of windows, each with its noise."""
        daily = np.zeros(len(self.truth.days))
        for base in self.bases(key):
            counted = self._switched(key, base, scope, self.measurement.at)
            daily += counted * np.exp(self.measurement.bias(key, base))
        daily *= self._change(key, self.measurement.at)
        sd = self.sampler.quantity("noise.ledger_day")
        edges = np.unique(np.array(windows))
        pieces = [
            noisy(self.sampler, daily[a:b].sum(), sd / np.sqrt(b - a))
            for a, b in zip(edges, edges[1:], strict=False)
        ]
        total = np.concatenate([[0.0], np.cumsum(pieces)])
        place = {edge: total[i] for i, edge in enumerate(edges)}
        return np.array([place[hi] - place[lo] for lo, hi in windows])

    def _estimates(
        self,
        key: StreamKey,
        scope: str,
        windows: list[tuple[int, int]],
        known: Floats,
        qualifiers: Floats,
        left: Floats,
    ) -> Floats:
        """Independent assessments; the same window known on the same day has the same figure.

        Parameters
        ----------
        left
            Share of the bias that each figure has left, shape (rows,).
        """
        sd, part = (self.sampler.quantity(f"noise.{name}") for name in ("estimate", "settled"))
        change = self._change(key, known)
        first = self.bases(key)[0]
        own: dict[tuple[int, int, int], float] = {}
        figures = []
        for (lo, hi), day, factor, qualifier, share in zip(
            windows, known, change, qualifiers, left, strict=True
        ):
            name = (lo, hi, int(day))
            if name not in own:
                counted = sum(
                    self._switched(key, base, scope, np.array([float(day)]))[lo:hi].sum()
                    for base in self.bases(key)
                )
                bias = self.left(key, first, int(day), share)
                bound = QUALIFIERS[qualifier].is_bound
                mean, settled = counted * np.exp(bias) * factor, part * np.sqrt(1 - share**2)
                error = sd * float(np.hypot(share, settled))
                own[name] = noisy(self.sampler, mean, error, bound=bound)
            figures.append(own[name])
        return np.array(figures)

    def _vintages(
        self,
        key: StreamKey,
        scope: str,
        windows: list[tuple[int, int]],
        known: Floats,
        left: Floats,
    ) -> Floats:
        """Holdings of a list or register at each date: the earlier ones and noisy additions."""
        sd, base = self.sampler.quantity("noise.list"), self.bases(key)[0]
        register = self.truth.conflict.stream(*key).accounting == "register"
        figures = np.zeros(len(windows))
        last: dict[int, tuple[float, float, int, int]] = {}
        for i in np.lexsort((np.array([float(hi) for _, hi in windows]), known)):
            (lo, hi), day = windows[i], int(known[i])
            expected = self.held(key, base, scope, (lo, hi), day)
            before, held, then, end = last.get(lo, (0.0, 0.0, lo - 1, lo))
            added = max(expected - before, 0.0)
            if register:
                added *= np.exp(self.left(key, base, day, left[i]))
            # Days of search between two vintages, or those that a window gains, if they are more.
            months = over_months(max(day - then, hi - end))
            figures[i] = held + noisy(self.sampler, added, sd * months)
            last[lo] = (max(expected, before), figures[i], day, hi)
        return figures

    def left(self, key: StreamKey, base: str, day: int, share: float) -> float:
        """Log bias of a figure of which a share is left; the common mode stays whole."""
        common = self.measurement.common(base)
        return float(share * (self.measurement.bias(key, base)[day] - common) + common)

    def _stocks(
        self, key: StreamKey, scope: str, windows: list[tuple[int, int]], known: Floats
    ) -> Floats:
        accounting = self.truth.conflict.stream(*key).accounting
        listed = ACCOUNTINGS[accounting].counts_cases
        sd = self.sampler.quantity("noise.list" if listed else "noise.estimate")
        base = self.bases(key)[0]
        bias = np.exp(self.measurement.bias(key, base))
        figures = [
            noisy(self.sampler, self.held(key, base, scope, window, day) * bias[day], sd)
            for window, day in zip(windows, known.astype(int).tolist(), strict=True)
        ]
        return np.array(figures)

    def held(
        self, key: StreamKey, base: str, scope: str, window: tuple[int, int], day: int
    ) -> float:
        """Expected cases of a window that a list, register or stock holds at the end of a day."""
        elapsed = day + 0.5 - self.measurement.at
        held = self.measurement.known_dead(key, base, scope, elapsed)
        return float(held[window[0] : window[1]].sum())

    def bases(self, key: StreamKey) -> list[str]:
        """Base parties of a stream that have losses."""
        return [p for p in self.truth.conflict.components(key[1]) if p in self.truth.rate]

    def _switched(self, key: StreamKey, base: str, scope: str, when: Floats) -> Floats:
        """Losses per day under the stream's definition, which a misspecification may change.

        Parameters
        ----------
        when
            Days of the statement: every day of a ledger, or the one day of an assessment.
        """
        for departure in self.misspecifications:
            if departure.kind == "definition" and departure.touches(key):
                after = when >= self.truth.position(departure.date)
                words = ("killed", "casualties")
                killed, both = (self.truth.losses(base, word, scope) for word in words)
                return np.where(after, both, killed)
        return self.measurement.counted(key, base, scope)

    def _change(self, key: StreamKey, when: Floats) -> Floats:
        factor = np.ones(len(when))
        for departure in self.misspecifications:
            if departure.kind in METHODS and departure.touches(key):
                factor[when >= self.truth.position(departure.date)] *= departure.factor
        return factor

    def worded(self, row: Any, own: float) -> tuple[float, float, float]:
        """Value, low and high as published: per day for an average, qualified and rounded."""
        rng, missing = self.sampler.rng, float("nan")
        kind, qualifier = KINDS[row.kind], QUALIFIERS[row.qualifier]
        unit, low, high = row.unit_share, row.low_ratio, row.high_ratio
        if kind.per_day:
            lo, hi = self.window(row)
            own /= hi - lo
        least = UNIT_OF_AVERAGE if kind.per_day else UNIT
        if qualifier.is_bound:
            way = -1.0 if qualifier.form == "at-least" else 1.0
            own *= np.exp(way * slack(self.sampler))
        own = min(own, LARGEST)
        if not qualifier.has_limits:
            return rounded(own, unit, least=least), missing, missing
        width = np.log(high / max(low, MIN_RATIO))
        if row.has_value:
            own *= np.exp(width * SD_OF_UNIT * rng.standard_normal())
            middle = rounded(own, unit, least=least)
            ends = sorted((min(middle, own * low), max(middle, own * high)))
            return middle, np.floor(ends[0]), np.ceil(ends[1])
        place = rng.uniform()
        ends = [own * np.exp(-place * width), own * np.exp((1 - place) * width)]
        a, b = (rounded(end, unit, least=least) for end in ends)
        return missing, min(a, b), max(a, b, min(a, b) + least)


def relative_unit(values: Iterable[float]) -> list[float]:
    """Rounding unit of each figure as a share of it, from its trailing zeros; 0 where it has none.

    Examples
    --------
    >>> relative_unit([152_000, 1_250, 61_207])
    [0.006578947368421052, 0.04, 0.0]
    """
    found = []
    for value in values:
        whole = round(value) if value == value else 0
        unit = dividing_unit(whole)
        found.append(min(unit / whole, CAP) if unit > EXACT_UNIT else 0.0)
    return found


def rounded(value: float, unit_share: float, *, least: float = UNIT) -> float:
    """Round to the power of ten, or half of one, that is nearest to a share of the figure.

    Parameters
    ----------
    unit_share
        The unit relative to the figure, as from `relative_unit`.
    least
        The smallest unit; below one the result has two decimals.

    Examples
    --------
    >>> rounded(152_345.6, 0.0066), rounded(152_345.6, 0.0)
    (152000.0, 152346.0)
    """
    unit = least
    if value > 0 and unit_share > 0:
        exponent = np.floor(np.log10(unit_share * value))
        steps = 10.0**exponent * np.array([1.0, 5.0, 10.0])
        unit = max(least, float(steps[np.argmin(np.abs(np.log(steps / (unit_share * value))))]))
    return float(np.round(value / unit) * unit) if unit >= 1 else float(np.round(value, 2))
