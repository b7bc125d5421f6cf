"""Figures of a simulated war that count no losses: ratios, overlaps, fates, and declarations.

With k the killed per day, w the wounded, m the share of the killed who are missing at first, G the
distribution of the days from death to declaration, and b, d normal draws from the priors:

    ratio       sum x / sum x', of two words of one claimant; times exp(b) if x has more of the dead
                than x', else times exp(-b)
    overlap     logit of (cases of the window in the list as known / killed of the window), plus d
    fate        logit of (missing dead / entries of a register of the missing), plus d
    declared    exp(b) sum k m [G by the last day - G by the day before the first]

Ratios have the noise of estimates on the log scale, overlaps and fates a dispersion of their log
odds and the chance of a binomial, declarations the noise of lists. See `docs/model/comparisons.md`;
the equations are written here once more, apart from the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import binom

from lossmodel.evaluation.figure_noise import log_error, noisy, over_months, slack
from lossmodel.evaluation.latent_truth import Truth
from lossmodel.evaluation.measurement import MeasurementModel
from lossmodel.evaluation.prior_draws import Floats, Sampler
from lossmodel.evaluation.publication import Publisher
from lossmodel.evidence.rounding import CAP, SD_OF_UNIT, dividing_unit
from lossmodel.tables.categories import COMPARED_CATEGORIES, DECLARED
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS, names_with

__all__ = ["ComparisonPublisher", "compares", "relative_quotient_unit"]

Window = tuple[int, int]
# Shares of the dead that no claim leaves, and the losses of a window without any.
LEAST_SHARE = LEAST = 1e-6
# A register may hold more than the dead of which it is a part; as a share it is kept smoothly below
# one, by 3% at one.
SHARPNESS = 20.0
# Digits of a quotient that is not rounded, as a share of it, and the smallest unit.
THREE_DIGITS, FINEST = 0.005, 0.001
SERIES = ["root", "party", "scope"]


def compares(rows: pd.DataFrame) -> pd.Series:
    """Which claims compare losses, or are declarations: those that count no losses, shape (n,).

    Examples
    --------
    >>> table = pd.DataFrame({"kind": ["ratio", "period", "daily"], "category": "killed"})
    >>> compares(table).tolist()
    [True, False, False]
    """
    return rows["kind"].isin(names_with(KINDS, "compares")) | (rows["category"] == DECLARED)


def relative_quotient_unit(values: Iterable[float]) -> list[float]:
    """Rounding unit of each quotient as a share of it, from its last digit.

    Examples
    --------
    >>> relative_quotient_unit([1.25, 4.0])
    [0.04, 0.1]
    """
    return [min(dividing_unit(v) / v, CAP) if v > 0 else 0.0 for v in values]


@dataclass
class ComparisonPublisher:
    """Writes the figures of one submodel that count no losses.

    Attributes
    ----------
    counts
        The publisher of the counts of the same war, whose truth and draws are used.
    until
        Number of days with losses; declarations may go on after them.

    Examples
    --------
    >>> from lossmodel.evaluation.simulation import simulate
    >>> from lossmodel.evaluation.templates import Size
    >>> table = simulate(seed=1, size=Size(evidence=("ratio",))).claims.table
    >>> bool((table.loc[table["kind"] == "ratio", "per"] == "killed").all())
    True
    """

    counts: Publisher
    until: int
    _own: dict[tuple[object, ...], float] = field(default_factory=dict)

    @property
    def truth(self) -> Truth:
        """Daily losses of the submodel."""
        return self.counts.truth

    @property
    def measurement(self) -> MeasurementModel:
        """Biases, coverage and delays of the streams."""
        return self.counts.measurement

    @property
    def sampler(self) -> Sampler:
        """Draws from the priors."""
        return self.counts.sampler

    def publish(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Columns `value, low, high` for the rows of a template that `compares` selects.

        Parameters
        ----------
        rows
            The columns of `Publisher.publish`, and `per`, `total` (number of cases, NaN for none).
        """
        found = pd.DataFrame(np.nan, index=rows.index, columns=["value", "low", "high"])
        flows = rows[rows["category"] == DECLARED]
        for row in _of(rows.drop(flows.index)):
            found.loc[row.Index] = self._compared(row)
        for names, group in flows.groupby(SERIES, sort=True):
            root, party, scope = (str(name) for name in names)
            own = self._declared(root, party, scope, [self.counts.window(r) for r in _of(group)])
            for row, figure in zip(_of(group), own, strict=True):
                found.loc[row.Index] = self.counts.worded(row, float(figure))
        return found

    def _compared(self, row: Any) -> tuple[float, float, float]:
        """Value, low and high of one comparison; relays repeat their original."""
        expected, published = DRAWN[row.kind]
        window = self.counts.window(row)
        # Nought stands for no number of cases, which would not equal itself.
        total = float(row.total) if np.isfinite(row.total) else 0.0
        about = (row.root, row.party, row.category, row.per, row.scope)
        name = (row.kind, *about, *window, row.known, total)
        if name not in self._own:
            self._own[name] = expected(self, row, window)
        return published(self, row, self._own[name])

    # The claimants' own figures: logs of quotients, log odds of shares, numbers of declarations.

    def _ratio(self, row: Any, window: Window) -> float:
        above, below = (self._sum(row, word, window) for word in (row.category, row.per))
        rank = COMPARED_CATEGORIES.index
        way = 1.0 if rank(row.category) < rank(row.per) else -1.0
        # The lethality that the claimant states, over the true one.
        stated = np.log(self.sampler.quantity("ratio.bias", f"{row.root} {row.party}"))
        stated += np.log(self.measurement.departures.sizes.compared)
        sd = self.sampler.quantity("noise.estimate")
        return float(np.log(above / below) + way * stated + sd * self._error(row))

    def _overlap(self, row: Any, window: Window) -> float:
        key, day = (row.root, row.party, row.category), self.truth.position(row.known)
        base = self.counts.bases(key)[0]
        dead = self.truth.losses(base, "killed", row.scope)[window[0] : window[1]].sum()
        share = self.counts.held(key, base, row.scope, window, day) / max(dead, LEAST)
        if not ACCOUNTINGS[self.truth.conflict.stream(*key).accounting].has_coverage:
            published = self.truth.position(row.published)
            left = self.measurement.unsettled(key, published)
            share = _below_one(share * np.exp(self.counts.left(key, base, day, left)))
        # Names that are in the list twice are one of the dead.
        share /= self.measurement.departures.sizes.duplicated
        return self._odds(row, share, "overlap.selection", " ".join(key))

    def _fate(self, row: Any, window: Window) -> float:
        key = " ".join((row.root, row.party, row.category))
        share = _below_one(1 / self.sampler.quantity("bias.missing", key))
        return self._odds(row, share, "fate.selection", key)

    def _declared(self, root: str, party: str, scope: str, windows: list[Window]) -> Floats:
        """Sums of increments between the ends of windows, each with its noise, shape (n,)."""
        key = (root, party, DECLARED)
        factor = self.sampler.quantity("bias.declared", " ".join(key))
        factor *= self.measurement.departures.sizes.compared
        edges = np.unique(np.array([(0, *window) for window in windows]))
        done = np.array([self._declarations(key, scope, int(edge)) for edge in edges])
        sd = self.sampler.quantity("noise.list")
        pieces = [
            noisy(self.sampler, factor * cases, sd * over_months(days))
            for cases, days in zip(np.diff(done), np.diff(edges), strict=True)
        ]
        total = dict(zip(edges.tolist(), np.cumsum([0.0, *pieces]), strict=True))
        return np.array([total[hi] - total[lo] for lo, hi in windows])

    def _declarations(self, key: tuple[str, str, str], scope: str, days: int) -> float:
        """Expected declarations within so many days from the first."""
        elapsed = days - 0.5 - self.measurement.at
        found = 0.0
        for base in self.counts.bases(key):
            dead = self.truth.losses(base, "killed", scope) * self.truth.missing_share(base)
            done = dead * self.measurement.declared_share(base, elapsed)
            found += float(done[: self.until].sum())
        return found

    def _sum(self, row: Any, category: str, window: Window) -> float:
        """Losses of a window by the claimant's own word, of all the dead."""
        part = self.measurement.wounded_share((row.root, row.party, category))
        found = 0.0
        for base in self.counts.bases((row.root, row.party, category)):
            killed, wounded = (
                self.truth.losses(base, name, row.scope)[window[0] : window[1]].sum()
                for name in ("killed", "wounded")
            )
            found += float((category != "wounded") * killed + part * wounded)
        return max(found, LEAST)

    def _odds(self, row: Any, share: float, selection: str, key: str) -> float:
        """Log odds of a share of cases that differ from all cases: by chance, too, of a number."""
        own = logit(np.clip(share, LEAST_SHARE, 1 - LEAST_SHARE))
        own += np.log(self.sampler.quantity(selection, key))
        own += np.log(self.measurement.departures.sizes.compared)
        own = float(own + self.sampler.quantity("cases.dispersion") * self._error(row))
        if not np.isfinite(row.total):
            return own
        # One uniform draw a row, so that a war equals its twin with another share.
        cases = binom.ppf(self.sampler.rng.uniform(), int(row.total), expit(own))
        return float(logit((cases + 0.5) / (row.total + 1)))

    def _error(self, row: Any) -> float:
        return log_error(self.sampler, bound=QUALIFIERS[row.qualifier].is_bound)

    # As they are published.

    def _quotient(self, row: Any, own: float) -> tuple[float, float, float]:
        """A quotient of a log."""
        width = np.log(row.high_ratio / row.low_ratio)
        return self._worded(row, own, width, lambda log: _rounded(np.exp(log), row.unit_share))

    def _share(self, row: Any, own: float) -> tuple[float, float, float]:
        """A number of the cases given, or their share, of log odds."""
        total, width = float(row.total), 0.0
        counted = np.isfinite(total)
        if QUALIFIERS[row.qualifier].has_limits:
            whole = total if counted else 1.0
            ends = np.array([row.low_ratio, row.high_ratio]) * row.middle / whole
            width = float(np.diff(logit(np.clip(ends, LEAST_SHARE, 1 - LEAST_SHARE)))[0])

        def printed(log_odds: float) -> float:
            return float(np.round(total * expit(log_odds))) if counted else _rounded_share(log_odds)

        def _rounded_share(log_odds: float) -> float:
            return min(_rounded(expit(log_odds), row.unit_share), 1.0)

        return self._worded(row, own, width, printed)

    def _worded(
        self, row: Any, own: float, width: float, printed: Callable[[float], float]
    ) -> tuple[float, float, float]:
        """Value, low and high: a bound, a range of some width on the scale of `own`, or a point."""
        rng, missing = self.sampler.rng, float("nan")
        qualifier = QUALIFIERS[row.qualifier]
        if qualifier.is_bound:
            own += (-1.0 if qualifier.form == "at-least" else 1.0) * slack(self.sampler)
        if not qualifier.has_limits:
            return printed(own), missing, missing
        if row.has_value:
            own += width * SD_OF_UNIT * rng.standard_normal()
            value, low, high = (printed(own + shift * width) for shift in (0.0, -0.5, 0.5))
            return value, min(low, value), max(high, value)
        place = rng.uniform()
        low, high = printed(own - place * width), printed(own + (1 - place) * width)
        return missing, low, max(high, low)


# Kind -> the claimant's own figure, and how it is published.
DRAWN: Mapping[str, tuple[Callable[..., float], Callable[..., tuple[float, float, float]]]] = {
    "ratio": (ComparisonPublisher._ratio, ComparisonPublisher._quotient),
    "overlap": (ComparisonPublisher._overlap, ComparisonPublisher._share),
    "fate": (ComparisonPublisher._fate, ComparisonPublisher._share),
}


# The rows are those of DataFrame.itertuples, of whose columns the type checker knows none.
def _of(rows: pd.DataFrame) -> list[Any]:
    return list(rows.itertuples())


def _below_one(share: float) -> float:
    return float(np.exp(-np.logaddexp(0.0, -SHARPNESS * np.log(share)) / SHARPNESS))


def _rounded(value: float, unit_share: float) -> float:
    """Round to the power of ten, or half of one, nearest to a share of the figure."""
    wanted = max(max(unit_share, THREE_DIGITS) * value, FINEST)
    steps = 10.0 ** np.floor(np.log10(wanted)) * np.array([1.0, 5.0, 10.0])
    unit = float(steps[np.argmin(np.abs(np.log(steps / wanted)))])
    return float(max(np.round(np.round(value / unit) * unit, 3), FINEST))
