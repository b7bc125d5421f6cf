"""Simulated wars: the truth, and claims about it, under the model's assumptions or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel.arguments import check_seed
from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.deprecation import renamed_attribute, renamed_keywords
from lossmodel.errors import UsageError
from lossmodel.evaluation.departures import DepartureDraws, Departures
from lossmodel.evaluation.latent_truth import (
    PERSON,
    Truth,
    draw_truth,
    spans_of,
    submodel_of,
    truth_table,
)
from lossmodel.evaluation.measurement import MeasurementModel
from lossmodel.evaluation.misspecification import (
    Misspecification,
    MisspecificationKind,
    place_misspecification,
)
from lossmodel.evaluation.prior_draws import Sampler
from lossmodel.evaluation.publication import Publisher, relative_unit
from lossmodel.evaluation.templates import Plan, Size, draw_plan, with_roots
from lossmodel.evaluation.unmarked_relays import place_relays, relayed, repeated
from lossmodel.evidence.exclusions import MODELLED
from lossmodel.model.priors import Priors
from lossmodel.tables.categories import DECLARED
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, names_with

__all__ = ["LEVEL_SD", "Simulated", "simulate"]

EXTRA = ["root", "unit_share", "low_ratio", "high_ratio", "has_value", "middle", "row"]

# Sd of the log level of the losses, chosen by hand: a factor of 2.7 either way in 95% of the wars.
# The model's own prior of the level is nearly flat, and most of its wars would be of absurd size.
LEVEL_SD = 0.5
# Dates of the truth table.
DATES = 4
# Shares of casualties by which a template's figures are put on one scale. The median of the prior
# of lethality is KILLED; the irrecoverable include a quarter of the wounded.
KILLED = 0.27
SHARES = {"killed": KILLED, "wounded": 1 - KILLED, "irrecoverable": 0.45}
# Relative limits of a range whose figure is nought.
NOUGHT_RANGE = (0.8, 1.2)


@dataclass(frozen=True, eq=False, repr=False)
class Simulated:
    """Claims about a war whose truth is known.

    Attributes
    ----------
    claims
        The simulated claims, with their conflict.
    truth
        Expected losses since the start at four dates, with the columns of `truth.csv`.
    parameters
        `block, name, value`: each scalar that was drawn, on the scale of its prior's quantity.
    levels
        `block, party, centre, sd`: the normal distribution of the log of the losses per day.
    paths
        Daily losses, one `Truth` per submodel.
    misspecifications
        Departures from the model's assumptions.

    Examples
    --------
    >>> war = simulate(seed=1)
    >>> round(war.total("north", "killed") + war.total("north", "wounded")) == round(
    ...     war.total("north", "casualties")
    ... )
    True
    """

    claims: Claims
    truth: pd.DataFrame
    parameters: pd.DataFrame
    levels: pd.DataFrame
    paths: tuple[Truth, ...]
    misspecifications: tuple[Misspecification, ...] = ()

    breaks = renamed_attribute("Simulated.breaks", "misspecifications")

    def total(self, party: str, category: str, scope: str = "all") -> float:
        """Expected losses from the first to the last day of the claims, a number of cases."""
        submodel = submodel_of(self.claims.conflict, category)
        path = next(path for path in self.paths if path.submodel == submodel)
        days = path.position(self.claims.table["end"].max()) + 1
        return float(path.losses(party, category, scope)[:days].sum())


@renamed_keywords({"breaks": "misspecifications"})
def simulate(
    conflict: str | Path | Conflict | None = None,
    *,
    seed: int,
    priors: Priors | None = None,
    template: Claims | pd.DataFrame | None = None,
    size: Size | None = None,
    misspecifications: Sequence[MisspecificationKind] = (),
    departures: Departures | None = None,
    level_sd: float = LEVEL_SD,
) -> Simulated:
    """Draw a war from the priors, and the claims about it.

    With a conflict, claims keep the windows, dates, qualifiers and rounding of its own or of a
    template; corrections, parts of totals and claims outside the model are left out. Without one,
    a small artificial war of two parties is drawn.

    Parameters
    ----------
    conflict
        A shipped conflict's name, a folder or a conflict; None for an artificial war.
    seed
        Seed of all draws.
    priors
        The shipped priors by default.
    template
        Claims whose form is kept and whose figures are replaced; the conflict's by default.
    size
        Limits of an artificial war.
    misspecifications
        Departures from the model's assumptions: `method-change`, `method-drop`, `spike`, `relay`,
        `definition`. One that the war has no place for is left out.
    departures
        Departures of all streams at once, by size; none by default.
    level_sd
        Sd of the log of the losses per day around the centre given by `Simulated.levels`.

    Returns
    -------
    Simulated
        The claims, and the truth behind them.

    Raises
    ------
    UsageError
        A size is given with a conflict, no claim can be modelled, or an argument is not known.
    ClaimsError
        The template is not a valid table of claims.

    Examples
    --------
    >>> war = simulate(seed=1)
    >>> bool(war.truth["value"].gt(0).all()) and len(war.claims) >= 20
    True
    """
    rng = np.random.default_rng(check_seed(seed))
    priors = Priors.default() if priors is None else priors
    if conflict is not None and size is not None:
        raise UsageError("size is for made-up wars; a conflict has the size of its claims.")
    plan = draw_plan(size or Size(), rng) if conflict is None else _plan_of(conflict, template)
    levels = {"person": plan.levels} if conflict is None else _levels(plan)
    rows = with_roots(plan.rows)
    found = _placed(misspecifications, rows, plan.conflict, seed)
    # Generators of their own, so that a war equals its sound twin before its departures.
    streams = DepartureDraws(departures or Departures(), np.random.default_rng([seed, 2]))
    own = np.random.default_rng([seed, 3])
    relays = place_relays(rows, share=streams.sizes.relayed, conflict=plan.conflict, rng=own)
    return _War(plan, rows, levels, level_sd, priors, found, streams, relays, rng).simulated()


def _placed(
    kinds: Sequence[MisspecificationKind], rows: pd.DataFrame, conflict: Conflict, seed: int
) -> tuple[Misspecification, ...]:
    rng = np.random.default_rng([seed, 1])
    placed = [place_misspecification(kind, rows, conflict=conflict, rng=rng) for kind in kinds]
    return tuple(departure for departure in placed if departure is not None)


@dataclass(frozen=True, eq=False)
class _War:
    plan: Plan
    rows: pd.DataFrame
    levels: dict[str, dict[str, float]]
    level_sd: float
    priors: Priors
    misspecifications: tuple[Misspecification, ...]
    departures: DepartureDraws
    relays: dict[int, int]
    rng: np.random.Generator

    def simulated(self) -> Simulated:
        conflict = self.plan.conflict
        submodels = self.rows["category"].map(lambda name: submodel_of(conflict, name))
        paths, figures, parameters = [], [], []
        for submodel in sorted(set(submodels)):
            sampler = Sampler(self.priors, self.rng)
            truth = self._truth(submodel, sampler)
            paths.append(truth)
            figures.append(self._figures(truth, sampler, self.rows[submodels == submodel]))
            parameters += [(submodel, name, value) for name, value in sampler.parameters.items()]
        table = self.rows.assign(**pd.concat(figures).sort_index())
        for departure in self.misspecifications:
            table = relayed(table, departure) if departure.kind == "relay" else table
        table = repeated(table, self.relays)
        ends = pd.date_range(conflict.start, self.rows["end"].max(), periods=DATES + 1)[1:]
        return Simulated(
            claims=load_claims(table.drop(columns=EXTRA, errors="ignore"), conflict=conflict),
            truth=truth_table(paths, ends.floor("D")),
            parameters=pd.DataFrame(parameters, columns=["block", "name", "value"]),
            levels=self._level_table(),
            paths=tuple(paths),
            misspecifications=self.misspecifications,
        )

    def _truth(self, submodel: str, sampler: Sampler) -> Truth:
        """Daily losses of one submodel, its spike included."""
        last = max(self.rows["end"].max(), self.rows["known"].max())
        truth = draw_truth(
            submodel,
            conflict=self.plan.conflict,
            days=pd.date_range(self.plan.conflict.start, last, freq="D"),
            levels=self.levels[submodel],
            level_sd=self.level_sd,
            sampler=sampler,
        )
        for departure in self.misspecifications:
            if departure.kind == "spike" and departure.party in truth.rate:
                truth.rate[departure.party][truth.position(departure.date)] *= departure.factor
        return truth

    def _level_table(self) -> pd.DataFrame:
        rows = [
            (submodel, party, centre, self.level_sd)
            for submodel, centres in self.levels.items()
            for party, centre in centres.items()
        ]
        return pd.DataFrame(rows, columns=["block", "party", "centre", "sd"])

    def _figures(self, truth: Truth, sampler: Sampler, rows: pd.DataFrame) -> pd.DataFrame:
        kept = {
            key: truth.conflict.stream(*key).accounting
            for key in zip(rows["root"], rows["party"], rows["category"], strict=True)
        }
        biased = pd.Series([k for k, name in kept.items() if not ACCOUNTINGS[name].has_coverage])
        pairs = biased.map(lambda key: key[:2])
        several = frozenset(pairs[pairs.duplicated()])
        spans = spans_of(rows, truth)
        measurement = MeasurementModel(truth, sampler, spans, several, self.departures)
        return Publisher(truth, measurement, sampler, self.misspecifications).publish(rows)


def _plan_of(conflict: str | Path | Conflict, template: Claims | pd.DataFrame | None) -> Plan:
    about = conflict if isinstance(conflict, Conflict) else load_conflict(conflict)
    if isinstance(template, Claims):
        table = template.table
    else:
        table = load_claims(template, conflict=about).table
    derived = about.claimants["claimant"][about.claimants["derived_from"] != ""]
    keep = table["category"].isin([*MODELLED - {DECLARED}])
    keep |= table["category"].map(lambda name: about.categories[name].group != "person")
    keep &= ~table["claimant"].isin(derived) & ~table["via"].isin(derived)
    keep &= table["scope"].map(lambda name: _has_share(about, name))
    keep &= (table["part_of"] == "") & (table["end"] >= about.start)
    keep &= ~table["kind"].isin([*names_with(KINDS, "signed"), *names_with(KINDS, "compares")])
    rows = table[keep].reset_index(drop=True)
    if rows.empty:
        raise UsageError("the template has no claim that the model covers.")
    middle, (low, high) = rows["value"].fillna((rows["low"] + rows["high"]) / 2), NOUGHT_RANGE
    rows = rows.assign(
        unit_share=relative_unit(middle),
        low_ratio=(rows["low"] / middle).where(middle > 0, low),
        high_ratio=(rows["high"] / middle).where(middle > 0, high),
        has_value=rows["value"].notna(),
        middle=middle,
    )
    return Plan(about, rows, {})


def _has_share(conflict: Conflict, name: str) -> bool:
    scope = conflict.scopes[name]
    if name == "all":
        return True
    if scope.complement_of:
        return _has_share(conflict, scope.complement_of)
    return scope.share is not None and _has_share(conflict, scope.of or "all")


def _levels(plan: Plan) -> dict[str, dict[str, float]]:
    """Centres of the log of the losses per day: medians over the template's figures."""
    conflict, rows = plan.conflict, plan.rows
    days = (rows["end"] - rows["start"].fillna(conflict.start)).dt.days + 1
    daily = rows["middle"] / days.mask(rows["kind"].isin(names_with(KINDS, "per_day")), 1)
    daily = daily / rows["category"].map(SHARES).fillna(1.0)
    first = rows["party"].map(lambda name: conflict.components(name)[0])
    submodel = rows["category"].map(lambda name: submodel_of(conflict, name))
    usable = (daily > 0) & (rows["category"] != "missing")
    centres = np.log(daily[usable]).groupby([submodel[usable], first[usable]]).median()
    levels: dict[str, dict[str, float]] = {name: {} for name in sorted(set(submodel))}
    for name, party in sorted(set(zip(submodel, first, strict=True))):
        levels[name][party] = float(centres.get((name, party), 0.0))
    for name, party in sorted(set(zip(submodel, rows["party"], strict=True))):
        levels[name] |= _silent(plan, party, levels[name], person=name == PERSON)
    return levels


def _silent(plan: Plan, total: str, levels: dict[str, float], *, person: bool) -> dict[str, float]:
    """Levels of the parties of a sum without figures of their own: an equal part of the first's."""
    bases, last = plan.conflict.components(total), plan.rows["end"].max()
    level = levels[bases[0]] - float(np.log(len(bases)))
    others = {base: plan.conflict.parties[base] for base in bases if base not in levels}
    return {
        base: level
        for base, party in others.items()
        if party.counts("person" if person else "equipment")
        and (party.start is None or party.start <= last)
        and (party.end is None or party.end >= plan.conflict.start)
    }
