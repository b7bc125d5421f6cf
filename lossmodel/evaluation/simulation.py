"""A war with its truth, and the claims about it: from the model's assumptions or against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.errors import UsageError
from lossmodel.evaluation.latent_truth import Truth, draw_truth, submodel_of, truth_table
from lossmodel.evaluation.measurement import MeasurementModel, spans_of
from lossmodel.evaluation.misspecification import (
    Misspecification,
    MisspecificationKind,
    place_misspecification,
)
from lossmodel.evaluation.prior_draws import Sampler
from lossmodel.evaluation.publication import Publisher, relative_unit
from lossmodel.evaluation.templates import Plan, Size, draw_plan
from lossmodel.model.priors import Priors

__all__ = ["LEVEL_SD", "Simulated", "simulate"]

# The level of the losses is drawn narrowly around a centre: wars fifty times too large or too
# small would tell nothing about this one.
LEVEL_SD = 0.5
MODELLED = ("killed", "wounded", "casualties", "losses", "irrecoverable", "missing")
KEYS = ["claimant", "party", "category", "scope", "start", "end"]
DATES = 4
CHAIN = 10


@dataclass(frozen=True, eq=False)
class Simulated:
    """Claims about a war of which everything is known.

    Attributes
    ----------
    truth
        Expected losses since the start at four dates, with the columns of `truth.csv`.
    parameters
        `block, name, value`: everything that was drawn once for the whole war.
    levels
        `block, party, centre, sd`: the prior of the log of the losses a day.
    paths
        The losses day by day, a block each.
    breaks
        Where the war departs from the model's assumptions.
    """

    claims: Claims
    truth: pd.DataFrame
    parameters: pd.DataFrame
    levels: pd.DataFrame
    paths: tuple[Truth, ...]
    misspecifications: tuple[Misspecification, ...] = ()

    def total(self, party: str, category: str, scope: str = "all") -> float:
        """True expected losses from the first to the last day of the claims."""
        submodel = submodel_of(self.claims.conflict, category)
        path = next(path for path in self.paths if path.submodel == submodel)
        days = path.position(self.claims.table["end"].max()) + 1
        return float(path.losses(party, category, scope)[:days].sum())


def simulate(
    conflict: str | Path | Conflict | None = None,
    *,
    seed: int,
    priors: Priors | None = None,
    template: Claims | pd.DataFrame | None = None,
    size: Size | None = None,
    misspecifications: Sequence[MisspecificationKind] = (),
    level_sd: float = LEVEL_SD,
) -> Simulated:
    """Draw a war from the priors and write the claims about it.

    With a conflict, the claims have the windows, dates, qualifiers and rounding of its own (or of a
    template). Corrections, parts of totals and claims that the model has no place for are not
    simulated. Without one, a small made-up war of two parties.

    Parameters
    ----------
    conflict
        A shipped conflict's name, a folder or a conflict; None for a made-up war.
    template
        Claims whose form is kept and whose figures are replaced.
    size
        Limits of a made-up war.
    breaks
        What shall break the model's assumptions: `method-change`, `method-drop`, `spike`, `relay`,
        `definition`. One that the war has no place for is left away.
    level_sd
        Standard deviation of the log of the losses a day around the centre that `levels` tells.

    Examples
    --------
    >>> war = simulate(seed=1)
    >>> bool(war.truth["value"].gt(0).all()) and len(war.claims) >= 20
    True
    """
    rng = np.random.default_rng(seed)
    priors = Priors.default() if priors is None else priors
    if conflict is None:
        plan = draw_plan(Size() if size is None else size, rng)
        levels = {"person": plan.levels}
    else:
        if size is not None:
            raise UsageError("size is for made-up wars; a conflict has the size of its claims.")
        plan = _plan_of(conflict, template)
        levels = _levels(plan)
    rows = _with_roots(plan.rows)
    # Of its own, so that the broken war is its sound twin up to the break.
    chance = np.random.default_rng([seed, 1])
    placed = [
        place_misspecification(kind, rows, conflict=plan.conflict, rng=chance) for kind in misspecifications
    ]
    found = tuple(departure for departure in placed if departure is not None)
    return _War(plan, rows, levels, level_sd, priors, found, rng).simulated()


@dataclass(frozen=True, eq=False)
class _War:
    plan: Plan
    rows: pd.DataFrame
    levels: dict[str, dict[str, float]]
    level_sd: float
    priors: Priors
    misspecifications: tuple[Misspecification, ...]
    rng: np.random.Generator

    def simulated(self) -> Simulated:
        conflict = self.plan.conflict
        last = max(self.rows["end"].max(), self.rows["known"].max())
        days = pd.date_range(conflict.start, last, freq="D")
        paths, figures, parameters = [], [], []
        submodels = self.rows["category"].map(lambda name: submodel_of(conflict, name))
        for submodel in sorted(set(submodels)):
            sampler = Sampler(self.priors, self.rng)
            truth = draw_truth(
                submodel, conflict=conflict, days=days, levels=self.levels[submodel],
                level_sd=self.level_sd, sampler=sampler,
            )  # fmt: skip
            self._spike(truth)
            paths.append(truth)
            figures.append(self._figures(truth, sampler, self.rows[submodels == submodel]))
            parameters += [(submodel, name, value) for name, value in sampler.parameters.items()]
        table = self._relayed(self.rows.assign(**pd.concat(figures).sort_index()))
        ends = pd.date_range(conflict.start, self.rows["end"].max(), periods=DATES + 1)[1:]
        rows = [
            (submodel, party, centre, self.level_sd)
            for submodel, centres in self.levels.items()
            for party, centre in centres.items()
        ]
        return Simulated(
            claims=load_claims(_claims_columns(table), conflict=conflict),
            truth=truth_table(paths, ends.floor("D")),
            parameters=pd.DataFrame(parameters, columns=["block", "name", "value"]),
            levels=pd.DataFrame(rows, columns=["block", "party", "centre", "sd"]),
            paths=tuple(paths),
            misspecifications=self.misspecifications,
        )

    def _figures(self, truth: Truth, sampler: Sampler, rows: pd.DataFrame) -> pd.DataFrame:
        kept = {
            key: truth.conflict.stream(*key).accounting
            for key in zip(rows["root"], rows["party"], rows["category"], strict=True)
        }
        biased = pd.Series([key for key, accounting in kept.items() if accounting != "list"])
        pairs = biased.map(lambda key: key[:2])
        several = frozenset(pairs[pairs.duplicated()])
        measurement = MeasurementModel(truth, sampler, spans_of(rows, truth), several)
        return Publisher(truth, measurement, sampler, self.misspecifications).publish(rows)

    def _spike(self, truth: Truth) -> None:
        for departure in self.misspecifications:
            if departure.kind == "spike" and departure.party in truth.rate:
                truth.rate[departure.party][truth.position(departure.date)] *= departure.factor

    def _relayed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Put the original's latest total in the place of what the hidden relay had to say."""
        copied = ["start", "end", "known", "value", "low", "high", "qualifier"]
        for departure in self.misspecifications:
            if departure.kind != "relay":
                continue
            about = (table["party"] == departure.party) & (table["category"] == departure.category)
            totals = about & (table["kind"] == "cumulative") & (table["via"] == "")
            originals = table[totals & (table["claimant"] == departure.original)].sort_values("end")
            for i in table.index[totals & (table["claimant"] == departure.claimant)]:
                place = originals["end"].searchsorted(table.loc[i, "end"], side="right")
                source = originals.iloc[max(int(place) - 1, 0)]
                table.loc[i, copied] = source[copied]
                table.loc[i, "published"] = max(table.loc[i, "published"], source["published"])
        return table


def _plan_of(conflict: str | Path | Conflict, template: Claims | pd.DataFrame | None) -> Plan:
    about = conflict if isinstance(conflict, Conflict) else load_conflict(conflict)
    if isinstance(template, Claims):
        table = template.table
    else:
        table = load_claims(template, conflict=about).table
    derived = about.claimants["claimant"][about.claimants["derived_from"] != ""]
    persons = table["category"].map(lambda name: about.categories[name].group == "person")
    keep = ~persons | table["category"].isin(MODELLED)
    keep &= ~table["claimant"].isin(derived) & ~table["via"].isin(derived)
    keep &= table["scope"].map(lambda name: _has_share(about, name))
    keep &= (table["kind"] != "correction") & (table["part_of"] == "")
    keep &= table["end"] >= about.start
    rows = table[keep].reset_index(drop=True)
    if rows.empty:
        raise UsageError("the template has no claim that the model has a place for.")
    middle = rows["value"].fillna((rows["low"] + rows["high"]) / 2)
    rows = rows.assign(
        unit_share=relative_unit(middle),
        low_ratio=(rows["low"] / middle).where(middle > 0, 0.8),
        high_ratio=(rows["high"] / middle).where(middle > 0, 1.2),
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
    """Centres of the log of the losses a day, as the template's figures have them on average."""
    conflict, rows = plan.conflict, plan.rows
    shares = {"killed": 0.27, "wounded": 0.73, "irrecoverable": 0.45}
    days = (rows["end"] - rows["start"].fillna(conflict.start)).dt.days + 1
    daily = rows["middle"] / days.where(rows["kind"] != "average", 1)
    daily = daily / rows["category"].map(shares).fillna(1.0)
    first = rows["party"].map(lambda name: conflict.components(name)[0])
    submodel = rows["category"].map(lambda name: submodel_of(conflict, name))
    usable = (daily > 0) & (rows["category"] != "missing")
    centres = np.log(daily[usable]).groupby([submodel[usable], first[usable]]).median()
    levels: dict[str, dict[str, float]] = {name: {} for name in sorted(set(submodel))}
    for name, party in sorted(set(zip(submodel, first, strict=True))):
        levels[name][party] = float(centres.get((name, party), 0.0))
    return levels


def _with_roots(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `root`, who stands behind a figure at the end of its relays, and take its `known`."""
    said = {
        tuple(key): (via, known)
        for *key, via, known in rows[[*KEYS, "via", "known"]].itertuples(index=False)
    }
    roots, knowns = [], []
    for *key, via, known in rows[[*KEYS, "via", "known"]].itertuples(index=False):
        root = key[0]
        for _ in range(CHAIN):
            if not via:
                break
            root = via
            via, known = said.get((root, *key[1:]), ("", known))
        roots.append(root)
        knowns.append(known)
    return rows.assign(root=roots, known=pd.to_datetime(pd.Series(knowns, index=rows.index)))


def _claims_columns(table: pd.DataFrame) -> pd.DataFrame:
    extra = ["root", "unit_share", "low_ratio", "high_ratio", "has_value", "middle", "row"]
    return table.drop(columns=extra, errors="ignore")
