"""How the claims fit the model: predictive checks by claimant, and flags of a broken war.

A claimant that changes its method, or a day that is like no other, leaves a mark in the figures,
but drift, rates and other streams may take it up. Each flag is therefore a ratio of likelihoods:
the penalised log likelihood of the figures as if the break were there, at the latent quantities
that then fit best, less that of the model as it is. The best fit is sought by a few chord steps
with the precision at the mode, the hyperparameters held. The statistic of a check is the log of
the mean of this ratio over all places where the break could be: the log of a Bayes factor. Every
claimant is as likely as another to change its method, and on any of its dates.
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
from lossmodel.model.density.expansion import Curvature
from lossmodel.model.density.expectation import State
from lossmodel.model.density.likelihood import log_likelihood

__all__ = ["THRESHOLDS", "misspecification_statistics", "flags", "predictive_table"]

Floats = NDArray[np.float64]
# At these about one sound simulated war in ten is flagged: benchmarks/calibration.py finds them.
THRESHOLDS = {"method-change": 0.55, "method-drop": 0.65, "spike": 0.20}
SPIKE = FACTOR["spike"]
# A change needs this many figures on either side.
SIDE = 2
PLACES, FOLLOWED = 8, 8
STEPS, LITTLE, SMALL = 6, 0.1, 0.01
SIZES = (1.0, 0.5, 0.25, 0.1)
# Longer windows hide a day of any kind.
SPIKE_DAYS = 31


class Shift(NamedTuple):
    """A place where a break could be: what it does to the log expectations of the figures."""

    by: Floats
    where: str
    date: pd.Timestamp
    weight: float


class Place(NamedTuple):
    """What a break there would gain in log likelihood, and its weight among all places."""

    gain: float
    where: str
    date: pd.Timestamp
    weight: float


def predictive_table(fit: Fit) -> pd.DataFrame:
    """Posterior predictive check of each stream.

    Returns
    -------
    DataFrame
        `claimant, party, category, accounting, claims, mean_pit` (0.5 is good), `covered_50,
        covered_95` (shares of figures inside their predictive intervals), `residual_sd`.
        The figures were seen by the fit: too many inside is usual, too few is a warning.
    """
    keys = ["claimant", "party", "category", "accounting"]
    found = []
    for key, rows in fit.terms[fit.terms["pit"].notna()].groupby(keys, sort=True):
        off = (rows["pit"] - 0.5).abs() * 2
        line = dict(zip(keys, key, strict=True)) | {"claims": len(rows)}
        line |= {"mean_pit": rows["pit"].mean(), "residual_sd": rows["residual"].std()}
        found.append(line | {"covered_50": (off <= 0.5).mean(), "covered_95": (off <= 0.95).mean()})
    return pd.DataFrame(found)


def flags(fit: Fit, thresholds: dict[str, float] | None = None) -> pd.DataFrame:
    """Signs that a claimant changed its method, or that one day was like no other.

    The checks look for a claimant whose figures about a party are half as much again
    (`method-change`) or a third less (`method-drop`) from a date on, and for a day of five times
    the losses (`spike`).

    Returns
    -------
    DataFrame
        `check, where, date, statistic, threshold, flagged`: a row a check and block, with the
        claimant and party, or the party, and the day where it is clearest. A sound war is flagged
        by each check in about one case of ten.
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
    """The statistic of each check in one block; 0 where there is no place for a break."""
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
    """Gain of each shift; those that promise most are followed to their optimum."""
    begun = [(*probe.begin(shift.by), shift) for shift in shifts]
    begun.sort(key=lambda start: start[0], reverse=True)
    found = []
    for number, (value, theta, shift) in enumerate(begun):
        best = probe.climb(theta, shift.by) if number < FOLLOWED else value
        found.append(Place(best - probe.start, shift.where, shift.date, shift.weight))
    return found


@dataclass(frozen=True, eq=False)
class _Probe:
    """What one block's figures gain by a shift of their log expectations.

    Attributes
    ----------
    mode
        Hyperparameters and latent quantities, shape (D,).
    jacobian
        Of the log expectations by the latent quantities.
    lower
        Cholesky factor of their precision.
    """

    submodel: Submodel
    mode: Floats
    jacobian: Floats
    lower: Floats

    @classmethod
    def of(cls, submodel: Submodel) -> _Probe:
        """Expand the posterior at its mode."""
        mode, precision = submodel.laplace.mode, submodel.laplace.latent_precision
        jacobian = Curvature(submodel.density).expand(mode).jacobian
        lower = np.asarray(cholesky(precision, lower=True))
        return cls(submodel, mode, jacobian[:, -len(precision) :], lower)

    @cached_property
    def start(self) -> float:
        """Penalised log likelihood of the model as it is."""
        return self._at(self.mode, np.zeros(len(self.jacobian)))[0]

    def begin(self, shift: Floats) -> tuple[float, Floats]:
        """Where to climb from with a shift: the mode, or where a small shift would lead, enlarged.

        Far tails pull little, so that the slope at the mode may lead nowhere.
        """
        slope = self._at(self.mode, SMALL * shift)[1]
        near = self.mode.copy()
        near[-len(slope) :] += cho_solve((self.lower, True), slope) / SMALL
        places = [(self._at(theta, shift)[0], theta) for theta in (self.mode, near)]
        return max(places, key=lambda place: place[0])

    def climb(self, theta: Floats, shift: Floats) -> float:
        """Best penalised log likelihood that chord steps find from a point on."""
        value, slope = self._at(theta, shift)
        for _ in range(STEPS):
            step = cho_solve((self.lower, True), slope)
            for size in SIZES:
                moved = theta.copy()
                moved[-len(step) :] += size * step
                found, steepness = self._at(moved, shift)
                if found > value:
                    break
            rise = found - value
            if rise > 0:
                theta, value, slope = moved, found, steepness
            if rise < LITTLE:
                break
        return value

    def _at(self, theta: Floats, shift: Floats) -> tuple[float, Floats]:
        """Penalised log likelihood with a shift, and its slope along the latent quantities."""
        state = State(self.submodel.density, theta)
        at = (state.mu + shift, state.log_sd, state.log_slack)
        value, score, *_ = log_likelihood(self.submodel.design.observed, *at)
        latent = theta[-self.jacobian.shape[1] :]
        slope = self.jacobian.T @ score - latent
        return float(value.sum() - latent @ latent / 2), slope


def _changes(submodel: Submodel, factor: float) -> list[Shift]:
    """A claimant's figures about a party are that many times as high from a day on."""
    terms = submodel.design.terms
    known = terms["known"].to_numpy()
    found: list[Shift] = []
    for (claimant, party), rows in terms.groupby(["claimant", "party"]):
        own = np.zeros(len(terms))
        own[rows.index] = np.log(factor)
        days = np.sort(rows["known"].to_numpy())
        dates = _spread(np.unique(days[SIDE : len(days) - SIDE + 1]))
        # At the first date there would be no before.
        dates = dates[dates > days[0]]
        found += [
            Shift(own * (known >= date), f"{claimant}, {party}", pd.Timestamp(date), 1 / len(dates))
            for date in dates
        ]
    return found


def _spread(days: NDArray[Any]) -> NDArray[Any]:
    """At most so many of the days, evenly over their order."""
    if len(days) <= PLACES:
        return days
    return np.asarray(days[np.linspace(0, len(days) - 1, PLACES).round().astype(int)])


def _spikes(submodel: Submodel) -> list[Shift]:
    """A day of five times the losses, in all short windows that hold it."""
    terms = submodel.design.terms
    short = terms[(terms["n_days"] <= SPIKE_DAYS) & (terms["kind"] == "window")]
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
    # The last day of a window stands for all days that the same windows hold.
    for party, day in windows[["party", "end"]].drop_duplicates().itertuples(index=False):
        holds = windows[windows["party"] == party]
        holds = holds[(holds["start"] <= day) & (holds["end"] >= day)]
        shift = np.zeros(len(terms))
        shift[holds.index] = np.log1p((SPIKE - 1) / holds["days"])
        found.append(Shift(shift, str(party), day, 1.0))
    return found
