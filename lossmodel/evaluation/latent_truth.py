"""A war as it was: losses day by day of every party, drawn from the priors.

Losses a day are ``exp(eta)`` with eta a random walk around a level; the killed are a share of them
that walks slowly; of the killed a share is missing at first; a scope has a share that is constant
or decays. For equipment there is the rate alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import expit

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import FORTNIGHT, HALF_YEAR, QUARTER
from lossmodel.conflict.types import Scope
from lossmodel.evaluation.prior_draws import Floats, Sampler, knots_of

__all__ = ["PERSON", "Truth", "submodel_of", "draw_truth", "truth_table"]

PERSON = "person"


@dataclass(frozen=True, eq=False)
class Truth:
    """Losses of one block, all persons or one class of equipment, day by day.

    Attributes
    ----------
    rate
        Party -> losses a day; of persons killed and wounded together.
    lethality, missing
        Party -> share of the killed, and of them the share that is missing at first.
    share
        (party, scope) -> share of the scope on each day.
    """

    submodel: str
    conflict: Conflict
    days: pd.DatetimeIndex
    rate: dict[str, Floats]
    lethality: dict[str, Floats]
    missing: dict[str, Floats]
    share: dict[tuple[str, str], Floats] = field(default_factory=dict)

    def losses(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses a day of a base party."""
        rate = self.rate[party] * self.share_of(party, scope)
        if self.submodel != PERSON or category == "casualties":
            return rate
        lethality = self.lethality[party]
        return rate * (lethality if category == "killed" else 1 - lethality)

    def share_of(self, party: str, scope: str) -> Floats:
        """Share of a scope on each day; ones for the whole."""
        return self.share.get((party, scope), np.ones(len(self.days)))

    def missing_share(self, party: str) -> Floats:
        """Share of each day's dead who are missing at first; zeros for civilians and equipment."""
        return self.missing.get(party, np.zeros(len(self.days)))

    def position(self, day: pd.Timestamp) -> int:
        """Days since the first."""
        return int((day - self.days[0]).days)


def submodel_of(conflict: Conflict, category: str) -> str:
    """What is drawn and fitted together with a category."""
    return PERSON if conflict.categories[category].group == PERSON else category


def draw_truth(
    submodel: str,
    *,
    conflict: Conflict,
    days: pd.DatetimeIndex,
    levels: dict[str, float],
    level_sd: float,
    sampler: Sampler,
) -> Truth:
    """Draw one block of a war.

    Parameters
    ----------
    levels
        Base party -> centre of the log of its losses a day.
    level_sd
        Standard deviation of the level around that centre.
    """
    at = np.arange(len(days), dtype=float)
    truth = Truth(submodel, conflict, days, {}, {}, {})
    for party, centre in levels.items():
        first, last = _active(conflict, party, days)
        active = (at >= first) & (at <= last)
        level = sampler.normal(level_sd, f"level {party}", mean=centre)
        draw = _Walks(sampler, at, first, last)
        spacing = conflict.knots.rate_days
        sd = sampler.quantity("rate.walk_sd") * np.sqrt(spacing / FORTNIGHT)
        truth.rate[party] = np.exp(draw.path(spacing, level, sd)) * active
        if submodel != PERSON:
            continue
        spacing = conflict.knots.lethality_days
        sd = sampler.quantity("lethality.walk_sd") * np.sqrt(spacing / QUARTER)
        truth.lethality[party] = expit(
            draw.path(spacing, sampler.logit("lethality.level", party), sd)
        )
        spacing = conflict.knots.drift_days
        sd = sampler.quantity("missing.walk_sd") * np.sqrt(spacing / HALF_YEAR)
        truth.missing[party] = np.zeros(len(days))
        if not conflict.parties[party].civilian:
            level = sampler.logit("missing.level", party)
            truth.missing[party] = expit(draw.path(spacing, level, sd))
    for party in levels:
        _draw_shares(truth, party, sampler)
    return truth


def truth_table(truths: list[Truth], dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Cumulative losses at some dates, with the columns of `truth.csv`."""
    rows = []
    for truth in truths:
        categories = [truth.submodel]
        if truth.submodel == PERSON:
            categories = ["killed", "wounded", "casualties"]
        for party in truth.rate:
            scopes = [name for (owner, name) in truth.share if owner == party]
            reported = [name for name in scopes if truth.conflict.scopes[name].report]
            for scope in dict.fromkeys(["all", *reported]):
                for category in categories:
                    total = np.cumsum(truth.losses(party, category, scope))
                    for day in dates:
                        value = float(total[truth.position(day)])
                        rows.append((party, category, scope, truth.days[0], day, value))
    names = ["party", "category", "scope", "start", "end", "value"]
    table = pd.DataFrame(rows, columns=names)
    nobody = pd.Series(pd.NaT, index=table.index, dtype="datetime64[ns]")
    return table.assign(
        low=np.nan, high=np.nan, ci_prob=np.nan, known=nobody, source="simulation", note=""
    )


@dataclass(frozen=True)
class _Walks:
    sampler: Sampler
    at: Floats
    first: float
    last: float

    def path(self, spacing: float, level: float, sd: float) -> Floats:
        knots = knots_of(self.first, self.last, spacing)
        return self.sampler.walk(self.at, knots=knots, level=level, sd=float(sd))


def _active(conflict: Conflict, party: str, days: pd.DatetimeIndex) -> tuple[float, float]:
    last = len(days) - 1
    own = conflict.parties[party]
    start = 0 if own.start is None else min(max((own.start - days[0]).days, 0), last)
    end = last if own.end is None else min(max((own.end - days[0]).days, start), last)
    return float(start), float(end)


def _draw_shares(truth: Truth, party: str, sampler: Sampler) -> None:
    """Shares of all scopes of a party that the conflict knows enough about."""
    scopes = truth.conflict.scopes
    for name, scope in scopes.items():
        share = _share(truth, party, scope, sampler) if name != "all" else None
        if share is not None:
            truth.share[party, name] = share


def _share(truth: Truth, party: str, scope: Scope, sampler: Sampler) -> Floats | None:
    """The share of the party's losses; None where the scope is not this party's or has no prior."""
    if scope.party not in (None, party):
        return None
    if (party, scope.name) in truth.share:
        return truth.share[party, scope.name]
    other = scope.complement_of or scope.of or "all"
    above = np.ones(len(truth.days))
    if other != "all":
        found = _share(truth, party, truth.conflict.scopes[other], sampler)
        if found is None:
            return None
        above = found
    if scope.complement_of:
        return 1 - above
    if scope.share is None:
        return None
    return above * _own_share(truth, party, scope, sampler)


def _own_share(truth: Truth, party: str, scope: Scope, sampler: Sampler) -> Floats:
    share = scope.share
    assert share is not None, "only scopes with a prior come here"
    at = np.arange(len(truth.days), dtype=float)
    key = f"scope {scope.name} {party}"
    part = np.full(len(at), share.mean)
    if share.mean < 1:
        centre = float(np.log(share.mean / (1 - share.mean)))
        part = np.full(len(at), expit(sampler.normal(share.sd, f"{key} logit", mean=centre)))
    first = 0 if scope.start is None else truth.position(scope.start)
    last = len(at) if scope.end is None else truth.position(scope.end)
    if share.form == "decaying" and share.tau_days:
        log_tau = sampler.normal(share.tau_sd or 0.0, f"{key} tau", mean=np.log(share.tau_days))
        part = part * np.exp(-(at - first) / np.exp(log_tau))
    return np.asarray(part * ((at >= first) & (at <= last)))
