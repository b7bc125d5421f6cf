"""Templates from the claims of a conflict: their form without their figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.errors import UsageError
from lossmodel.evaluation.compared_figures import compares, relative_quotient_unit
from lossmodel.evaluation.latent_truth import PERSON, submodel_of
from lossmodel.evaluation.publication import relative_unit
from lossmodel.evaluation.templates import Plan
from lossmodel.evidence.exclusions import MODELLED
from lossmodel.tables.vocabulary import KINDS, names_with

__all__ = ["levels_of", "plan_of"]

# Shares of casualties by which a template's figures are put on one scale. The median of the prior
# of lethality is KILLED; the irrecoverable include a quarter of the wounded.
KILLED = 0.22
SHARES = {"killed": KILLED, "wounded": 1 - KILLED, "irrecoverable": 0.45}
# Relative limits of a range whose figure is nought.
NOUGHT_RANGE = (0.8, 1.2)


def plan_of(conflict: str | Path | Conflict, template: Claims | pd.DataFrame | None) -> Plan:
    """The template that keeps the form of claims: windows, dates, qualifiers, rounding, ranges.

    Corrections, parts of totals, derived claimants and what the model has no place for are left
    out.

    Parameters
    ----------
    conflict
        A shipped conflict's name, a folder or a conflict.
    template
        Claims about it; its own for None.

    Raises
    ------
    UsageError
        No claim can be modelled.

    Examples
    --------
    >>> plan = plan_of("kargil1999", None)
    >>> bool(plan.rows["unit_share"].between(0, 0.1).all())
    True
    """
    about = conflict if isinstance(conflict, Conflict) else load_conflict(conflict)
    if isinstance(template, Claims):
        table = template.table
    else:
        table = load_claims(template, conflict=about).table
    derived = about.claimants["claimant"][about.claimants["derived_from"] != ""]
    keep = table["category"].isin([*MODELLED])
    keep |= table["category"].map(lambda name: about.categories[name].group != "person")
    keep &= ~table["claimant"].isin(derived) & ~table["via"].isin(derived)
    keep &= table["scope"].map(lambda name: _has_share(about, name))
    keep &= (table["part_of"] == "") & (table["end"] >= about.start)
    keep &= ~table["kind"].isin(names_with(KINDS, "signed"))
    rows = table[keep].reset_index(drop=True)
    if rows.empty:
        raise UsageError("the template has no claim that the model covers.")
    middle, (low, high) = rows["value"].fillna((rows["low"] + rows["high"]) / 2), NOUGHT_RANGE
    rows = rows.assign(
        unit_share=np.where(compares(rows), relative_quotient_unit(middle), relative_unit(middle)),
        low_ratio=(rows["low"] / middle).where(middle > 0, low),
        high_ratio=(rows["high"] / middle).where(middle > 0, high),
        has_value=rows["value"].notna(),
        middle=middle,
        further=compares(rows),
    )
    return Plan(about, rows, {})


def _has_share(conflict: Conflict, name: str) -> bool:
    scope = conflict.scopes[name]
    if name == "all":
        return True
    if scope.complement_of:
        return _has_share(conflict, scope.complement_of)
    return scope.share is not None and _has_share(conflict, scope.of or "all")


def levels_of(plan: Plan) -> dict[str, dict[str, float]]:
    """Centres of the log of the losses per day: medians over the template's counts.

    Returns
    -------
    dict
        Submodel -> base party -> centre.

    Examples
    --------
    >>> sorted(levels_of(plan_of("kargil1999", None))["person"])
    ['india', 'pakistan']
    """
    conflict, rows = plan.conflict, plan.rows[~compares(plan.rows)]
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
