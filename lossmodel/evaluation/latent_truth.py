"""Latent losses of a simulated war, day by day, drawn from the priors.

Losses per day are ``exp(eta)``, with eta a random walk around a level and independent deviations of
days, whose exponentials have mean one. The share killed is a random walk on the logit scale, and so
is the share of the killed who are missing at first. The share of a scope is constant or decays.
Equipment has a rate only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import expit

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import FORTNIGHT, HALF_YEAR, QUARTER, YEAR
from lossmodel.conflict.types import Scope
from lossmodel.evaluation.prior_draws import Floats, Sampler, knots_of

__all__ = ["PERSON", "Truth", "submodel_of", "draw_truth", "spans_of", "truth_table"]

PERSON = "person"
# Days of a war from which slow walks are stretched: written down again, since a simulation shares
# nothing with the model but the priors.
STEADY = 5 * 366


@dataclass(frozen=True, eq=False)
class Truth:
    """Daily losses of one submodel: of persons, or of one class of equipment.

    Every array has the shape (days,).

    Attributes
    ----------
    submodel
        `person`, or the category of the equipment.
    days
        All days of the war.
    rate
        Party -> losses per day; of persons killed and wounded together.
    lethality
        Party -> share of the losses who are killed.
    missing
        Party -> share of the killed who are missing at first.
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

    @property
    def stretch(self) -> float:
        """How many times longer than in a war of a few years slow changes take."""
        return max(1.0, len(self.days) / STEADY)

    @property
    def years(self) -> Floats:
        """Years of the war on each day, in long wars fifths of its length."""
        return np.arange(len(self.days)) / (YEAR * self.stretch)

    def slow_step(self, spacing: float, unit: float) -> float:
        """Sd between two knots of a slow walk, relative to that of its change over some days."""
        return float(np.sqrt(spacing / (unit * self.stretch)))

    def losses(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses per day of a base party."""
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
        """The index of a day."""
        return int((day - self.days[0]).days)


def submodel_of(conflict: Conflict, category: str) -> str:
    """The submodel of a category: `person`, or the category itself.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> submodel_of(load_conflict("russia-ukraine"), "wounded")
    'person'
    """
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
    """Draw the losses of one submodel.

    Parameters
    ----------
    levels
        Base party -> centre of the log of its losses per day.
    level_sd
        Standard deviation of the log level around that centre.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> from lossmodel.model.priors import Priors
    >>> sampler = Sampler(Priors.default(), np.random.default_rng(1))
    >>> truth = draw_truth(
    ...     "aircraft", conflict=load_conflict("battle-of-britain"), level_sd=0.5, sampler=sampler,
    ...     days=pd.date_range("1940-07-01", periods=30), levels={"germany": 2.0},
    ... )
    >>> truth.losses("germany", "aircraft").shape
    (30,)
    """
    at = np.arange(len(days), dtype=float)
    truth = Truth(submodel, conflict, days, {}, {}, {})
    for party, centre in levels.items():
        walks = _Walks(sampler, at, *_active(conflict, party, days))
        level = sampler.normal(level_sd, f"level {party}", mean=centre)
        _draw_rate(truth, party, walks, level)
        if submodel == PERSON:
            _draw_lethality(truth, party, walks)
            _draw_missing(truth, party, walks)
    for party in levels:
        _draw_scope_shares(truth, party, sampler)
    return truth


def truth_table(truths: list[Truth], dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Cumulative losses at some dates, with the columns of `truth.csv`.

    Examples
    --------
    >>> from lossmodel.evaluation.simulation import simulate
    >>> paths = simulate(seed=1).paths
    >>> table = truth_table(list(paths), paths[0].days[[-1]])
    >>> sorted(set(table["category"]))
    ['casualties', 'killed', 'wounded']
    """
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


def spans_of(rows: pd.DataFrame, truth: Truth) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Days of the first and last knowledge of each stream among the rows.

    Examples
    --------
    >>> from lossmodel.evaluation.simulation import simulate
    >>> war = simulate(seed=1)
    >>> rows = war.claims.table.assign(root=war.claims.table["claimant"])
    >>> first, last = next(iter(spans_of(rows, war.paths[0]).values()))
    >>> bool(0 <= first <= last)
    True
    """
    known = (rows["known"] - truth.days[0]).dt.days.astype(float)
    grouped = known.groupby([rows["root"], rows["party"], rows["category"]])
    found = grouped.agg(["min", "max"])
    return dict(zip(found.index, found.itertuples(index=False, name=None), strict=True))


@dataclass(frozen=True)
class _Walks:
    """Random walks over the days on which a party takes part."""

    sampler: Sampler
    at: Floats
    first: float
    last: float

    def path(self, spacing: float, level: float, sd: float) -> Floats:
        knots = knots_of(self.first, self.last, spacing)
        return self.sampler.walk(self.at, knots=knots, level=level, sd=sd)


def _draw_rate(truth: Truth, party: str, walks: _Walks, level: float) -> None:
    # A war of less than 24 weeks has twelve knots, and changes faster; one of more than two years
    # changes more slowly.
    days = len(truth.days)
    spacing = min(truth.conflict.knots.rate_days, max(1, days // 12))
    unit = min(max(FORTNIGHT, days / 52), max(1.0, days / 12))
    sd = walks.sampler.quantity("rate.walk_sd") * float(np.sqrt(spacing / unit))
    active = (walks.at >= walks.first) & (walks.at <= walks.last)
    day_sd = walks.sampler.quantity("rate.day_sd")
    of_days = day_sd * walks.sampler.rng.standard_normal(days) - day_sd**2 / 2
    truth.rate[party] = np.exp(walks.path(spacing, level, sd) + of_days) * active


def _draw_lethality(truth: Truth, party: str, walks: _Walks) -> None:
    spacing = truth.conflict.knots.lethality_days
    sd = walks.sampler.quantity("lethality.walk_sd") * truth.slow_step(spacing, QUARTER)
    level = walks.sampler.logit("lethality.level", party)
    truth.lethality[party] = expit(walks.path(spacing, level, sd))


def _draw_missing(truth: Truth, party: str, walks: _Walks) -> None:
    spacing = truth.conflict.knots.drift_days
    sd = walks.sampler.quantity("missing.walk_sd") * truth.slow_step(spacing, HALF_YEAR)
    truth.missing[party] = np.zeros(len(truth.days))
    if not truth.conflict.parties[party].civilian:
        level = walks.sampler.logit("missing.level", party)
        truth.missing[party] = expit(walks.path(spacing, level, sd))


def _active(conflict: Conflict, party: str, days: pd.DatetimeIndex) -> tuple[float, float]:
    last = len(days) - 1
    own = conflict.parties[party]
    start = 0 if own.start is None else min(max((own.start - days[0]).days, 0), last)
    end = last if own.end is None else min(max((own.end - days[0]).days, start), last)
    return float(start), float(end)


def _draw_scope_shares(truth: Truth, party: str, sampler: Sampler) -> None:
    """Shares of the scopes of a party, where the conflict gives them a prior."""
    scopes = truth.conflict.scopes
    for name, scope in scopes.items():
        share = _share(truth, party, scope, sampler) if name != "all" else None
        if share is not None:
            truth.share[party, name] = share


def _share(truth: Truth, party: str, scope: Scope, sampler: Sampler) -> Floats | None:
    """A scope's share of the party's losses; None for another party's scope or without a prior."""
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
