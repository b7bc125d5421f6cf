"""Posterior predictive checks by stream, and tests for misspecification.

A change of a claimant's method, or a day of extreme losses, shows in the figures, but the drift of
biases, the rates and other streams can absorb part of it. Each test therefore compares two
penalised log likelihoods: that with a departure at some place, maximised over the latent
quantities, and that of the model. The maximum is sought by a few chord steps with the precision at
the mode, at fixed hyperparameters. The statistic is the log of the mean likelihood ratio over all
places of the departure: an approximate log Bayes factor (profiled, not integrated) under a uniform
prior over claimants and, within a claimant, over its dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky
from scipy.special import logsumexp

from lossmodel.api import Fit
from lossmodel.evaluation.misspecification import FACTOR
from lossmodel.inference.run import Submodel
from lossmodel.model.density.expansion import Expander
from lossmodel.model.density.slopes import jacobian
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import READING

__all__ = ["THRESHOLDS", "misspecification_statistics", "flags", "predictive_table"]

Floats = NDArray[np.float64]
# One sound war in ten is flagged: of 1,000 simulated wars (benchmarks/calibration.py) 10.0%, 9.6%
# and 8.9%.
THRESHOLDS = {"method-change": 0.55, "method-drop": 0.65, "spike": 0.20}
SPIKE = FACTOR["spike"]
# Figures of the claimant on either side of a change.
MIN_SIDE = 2
# Settings of the search, measured on thirty simulated wars by the change of the statistics (median,
# ninth decile). The thresholds belong to these settings.
# Dates of a change per claimant; with 16 by 0.04 and 0.5.
MAX_DATES = 8
# Places of a departure, the most promising first, at which chord steps are taken; with all by
# 0.005 and 0.08.
MAX_CLIMBED = 8
# Chord steps at most, and the gain that ends them; with 12 steps not at all, with a gain of 0.01 by
# 0.003 and 0.04.
MAX_STEPS, MIN_GAIN = 6, 0.1
# Part of the shift at which the slope is read; with 0.001 by 0.001 and 0.02, but with 0.1 by up to
# ten, where tails are far.
SLOPE_AT = 0.01
# Step lengths; with twice as many by 0.001 at most.
STEP_LENGTHS = (1.0, 0.5, 0.25, 0.1)
# In a window of a month a day of five times the losses adds an eighth, which is within the usual
# error of a figure.
SPIKE_DAYS = 31


class Shift(NamedTuple):
    """A departure at one place: its shift of the log expectations, shape (n,), and its weight."""

    by: Floats
    where: str
    date: pd.Timestamp
    weight: float


class Place(NamedTuple):
    """The gain in log likelihood of a departure at one place, and its weight."""

    gain: float
    where: str
    date: pd.Timestamp
    weight: float


def predictive_table(fit: Fit) -> pd.DataFrame:
    """Posterior predictive check of each stream.

    The fit has seen the figures: coverage above the nominal one is usual, coverage below it is a
    warning.

    Returns
    -------
    DataFrame
        `claimant, party, category, accounting, claims, mean_pit` (0.5 for unbiased predictions),
        `covered_50, covered_95` (shares of figures inside their predictive intervals),
        `residual_sd` (of standardised residuals).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> keys = {"claimant": "a", "party": "b", "category": "killed", "accounting": "ledger"}
    >>> figures = pd.DataFrame([keys | {"pit": p, "residual": 0.0} for p in (0.01, 0.5, 0.9)])
    >>> predictive_table(SimpleNamespace(terms=figures))[["mean_pit", "covered_95"]].round(2)
       mean_pit  covered_95
    0      0.47        0.67
    """
    found = []
    for key, rows in fit.terms[fit.terms["pit"].notna()].groupby(READING, sort=True):
        off = (rows["pit"] - 0.5).abs() * 2
        line = dict(zip(READING, key, strict=True)) | {"claims": len(rows)}
        line |= {"mean_pit": rows["pit"].mean(), "residual_sd": rows["residual"].std()}
        found.append(line | {"covered_50": (off <= 0.5).mean(), "covered_95": (off <= 0.95).mean()})
    return pd.DataFrame(found)


def flags(fit: Fit, thresholds: dict[str, float] | None = None) -> pd.DataFrame:
    """Tests for a change of a claimant's method and for a day of extreme losses.

    `method-change` looks for figures of a claimant about a party that are half as high again from a
    date on, `method-drop` for figures lower by a third, `spike` for a day of five times the losses.

    Parameters
    ----------
    thresholds
        Check -> statistic above which it is flagged; by default those that one sound war in ten
        passes.

    Returns
    -------
    DataFrame
        `block, check, where, date, statistic, threshold, flagged`: one row per submodel and check,
        with the claimant and party (or the party) and the day of the largest gain.
    """
    limits = THRESHOLDS if thresholds is None else thresholds
    rows = []
    for name, submodel in fit.submodels.items():
        for check, places in _places(submodel).items():
            if places:
                clearest, value = max(places), _pooled(places)
                found = (value, limits[check], value > limits[check])
                rows.append((name, check, clearest.where, clearest.date, *found))
    columns = ["block", "check", "where", "date", "statistic", "threshold", "flagged"]
    return pd.DataFrame(rows, columns=columns)


def misspecification_statistics(fit: Fit, submodel: str = "person") -> dict[str, float]:
    """Check -> statistic in one submodel; 0 where the departure has no place."""
    found = _places(fit.submodels[submodel])
    return {check: _pooled(places) for check, places in found.items()}


def _pooled(places: list[Place]) -> float:
    if not places:
        return 0.0
    weights = np.array([place.weight for place in places])
    gains = [place.gain for place in places]
    return float(logsumexp(gains, b=weights / weights.sum()))


def _places(submodel: Submodel) -> dict[str, list[Place]]:
    probe = _Probe.of(submodel)
    shifts = {
        "method-change": _changes(submodel, FACTOR["method-change"]),
        "method-drop": _changes(submodel, FACTOR["method-drop"]),
        "spike": _spikes(submodel),
    }
    return {check: _gains(probe, places) for check, places in shifts.items()}


def _gains(probe: _Probe, shifts: list[Shift]) -> list[Place]:
    """Gain of each shift, maximised over the latent quantities for the most promising."""
    begun = [(*probe.begin(shift.by), shift) for shift in shifts]
    begun.sort(key=lambda start: start[0], reverse=True)
    found = []
    for number, (value, theta, shift) in enumerate(begun):
        best = probe.climb(theta, shift.by) if number < MAX_CLIMBED else value
        found.append(Place(best - probe.start, shift.where, shift.date, shift.weight))
    return found


@dataclass(frozen=True, eq=False)
class _Probe:
    """Penalised log likelihoods of one submodel under shifts of the log expectations.

    Attributes
    ----------
    mode
        Hyperparameters and latent quantities, shape (D,).
    jacobian
        Of the n log expectations with respect to the L latent quantities, shape (n, L).
    lower
        Cholesky factor of the latent precision, shape (L, L).
    """

    submodel: Submodel
    mode: Floats
    jacobian: Floats
    lower: Floats

    @classmethod
    def of(cls, submodel: Submodel) -> _Probe:
        """Expand the posterior at its mode."""
        mode, precision = submodel.laplace.mode, submodel.laplace.dense().latent_precision
        slopes = jacobian(Expander(submodel.density)(mode))
        lower = np.asarray(cholesky(precision, lower=True))
        return cls(submodel, mode, slopes[:, -len(precision) :], lower)

    @cached_property
    def start(self) -> float:
        """Penalised log likelihood of the model as it is."""
        return self._at(self.mode, np.zeros(len(self.jacobian)))[0]

    def begin(self, shift: Floats) -> tuple[float, Floats]:
        """The better of two starting points: the mode, and the extrapolated optimum.

        The optimum under a small part of the shift is extrapolated to the whole. In the tails of a
        Student-t likelihood the slope vanishes, so that chord steps from the mode may not move.
        """
        slope = self._at(self.mode, SLOPE_AT * shift)[1]
        near = self.mode.copy()
        near[-len(slope) :] += cho_solve((self.lower, True), slope) / SLOPE_AT
        places = [(self._at(theta, shift)[0], theta) for theta in (self.mode, near)]
        return max(places, key=lambda place: place[0])

    def climb(self, theta: Floats, shift: Floats) -> float:
        """Largest penalised log likelihood on the path of chord steps from a point."""
        value, slope = self._at(theta, shift)
        for _ in range(MAX_STEPS):
            step = cho_solve((self.lower, True), slope)
            for size in STEP_LENGTHS:
                moved = theta.copy()
                moved[-len(step) :] += size * step
                found, steepness = self._at(moved, shift)
                if found > value:
                    break
            rise = found - value
            if rise > 0:
                theta, value, slope = moved, found, steepness
            if rise < MIN_GAIN:
                break
        return value

    def _at(self, theta: Floats, shift: Floats) -> tuple[float, Floats]:
        """Penalised log likelihood with a shift, and its slope along the latent quantities."""
        value, score = self.submodel.density.shifted(theta, shift)
        latent = theta[-self.jacobian.shape[1] :]
        return value - float(latent @ latent) / 2, self.jacobian.T @ score - latent


def _changes(submodel: Submodel, factor: float) -> list[Shift]:
    """Changes of each claimant's figures about a party by a factor, from each of its dates on."""
    terms = submodel.design.terms
    known = terms["known"].to_numpy()
    found: list[Shift] = []
    counts = terms[~is_auxiliary(terms["accounting"])]
    for (claimant, party), rows in counts.groupby(["claimant", "party"]):
        own = np.zeros(len(terms))
        own[rows.index] = np.log(factor)
        days = np.sort(rows["known"].to_numpy())
        dates = _spread(np.unique(days[MIN_SIDE : len(days) - MIN_SIDE + 1]))
        # Before the first date there are no figures.
        dates = dates[dates > days[0]]
        found += [
            Shift(own * (known >= date), f"{claimant}, {party}", pd.Timestamp(date), 1 / len(dates))
            for date in dates
        ]
    return found


def _spread(days: NDArray[Any]) -> NDArray[Any]:
    """At most `MAX_DATES` of the days, evenly spaced by rank."""
    if len(days) <= MAX_DATES:
        return days
    return np.asarray(days[np.linspace(0, len(days) - 1, MAX_DATES).round().astype(int)])


def _spikes(submodel: Submodel) -> list[Shift]:
    """A day of five times the losses, in all short windows that contain it."""
    terms = submodel.design.terms
    short = terms[(terms["n_days"] <= SPIKE_DAYS) & (terms["kind"] == "window")]
    short = short[~is_auxiliary(short["accounting"])]
    first = {party: party.split("+")[0] for party in submodel.design.terms["party"]}
    windows = pd.DataFrame(
        {
            "party": short["party"].map(first),
            "start": [days[0][0] for days in short["days"]],
            "end": [days[-1][1] for days in short["days"]],
            "days": short["n_days"],
        }
    )
    found: list[Shift] = []
    # The last day of a window represents all days that lie in the same windows.
    for party, day in windows[["party", "end"]].drop_duplicates().itertuples(index=False):
        holds = windows[windows["party"] == party]
        holds = holds[(holds["start"] <= day) & (holds["end"] >= day)]
        shift = np.zeros(len(terms))
        shift[holds.index] = np.log1p((SPIKE - 1) / holds["days"])
        found.append(Shift(shift, str(party), day, 1.0))
    return found
