"""Third parties of a simulated war that repeat others' totals without saying so."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.evaluation.misspecification import Misspecification
from lossmodel.evaluation.publication import rounded
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, AccountingRules, names_with

__all__ = ["place_relays", "relayed", "repeated"]

# Columns that a relay takes from the total that it repeats.
ABOUT = ["category", "kind", "start", "end", "known", "qualifier"]
FIGURES = ["value", "low", "high"]


def place_relays(
    rows: pd.DataFrame, *, share: float, conflict: Conflict, rng: np.random.Generator
) -> dict[int, int]:
    """Rows of third parties, and the rows of earlier totals that they repeat.

    A third party that repeats has one source about each party, drawn among the claimants with an
    earlier total: it repeats the latest one that was published before its own day. Lists and
    registers are no sources: who repeats a count of names says that it is one.

    Parameters
    ----------
    rows
        A template's claims, one a row, numbered from 0.
    share
        Share of the totals of third parties that are relays.

    Examples
    --------
    >>> from lossmodel.evaluation.templates import Size, draw_plan
    >>> rng = np.random.default_rng(1)
    >>> plan = draw_plan(Size(), rng)
    >>> relays = place_relays(plan.rows, share=0.5, conflict=plan.conflict, rng=rng)
    >>> published = plan.rows["published"]
    >>> all(published[relay] > published[original] for relay, original in relays.items())
    True
    """
    if not share:
        return {}
    totals = rows[rows["kind"].isin(names_with(KINDS, "running"))]
    totals = totals[(totals["via"] == "") & (totals["scope"] == "all")]
    third = [_is_third(row, conflict) for row in totals.to_dict("records")]
    chosen = totals[np.asarray(third) & (rng.uniform(size=len(totals)) < share)]
    counted = [_accounting(row, conflict).counts_cases for row in totals.to_dict("records")]
    originals = totals[~np.asarray(counted)].drop(chosen.index, errors="ignore")
    found: dict[int, int] = {}
    for (claimant, party), own in chosen.groupby(["claimant", "party"]):
        others = originals[(originals["party"] == party) & (originals["claimant"] != claimant)]
        found |= _repeated(own, others, rng)
    return found


def _accounting(row: Mapping[Hashable, object], conflict: Conflict) -> AccountingRules:
    claimant, party, category = (str(row[name]) for name in STREAM)
    return ACCOUNTINGS[conflict.stream(claimant, party, category).accounting]


def _is_third(row: Mapping[Hashable, object], conflict: Conflict) -> bool:
    third = conflict.role(str(row["claimant"]), str(row["party"])) == "third-party"
    return third and _accounting(row, conflict).assesses


def _repeated(own: pd.DataFrame, others: pd.DataFrame, rng: np.random.Generator) -> dict[int, int]:
    others = others[others["published"] < own["published"].max()]
    if others.empty:
        return {}
    claimants = sorted(set(others["claimant"]))
    source = claimants[int(rng.integers(len(claimants)))]
    totals = others[others["claimant"] == source].sort_values(["published", "end"])
    place = np.searchsorted(totals["published"].to_numpy(), own["published"].to_numpy())
    return {
        int(row): int(totals.index[earlier - 1])
        for row, earlier in zip(own.index, place, strict=True)
        if earlier > 0
    }


def repeated(table: pd.DataFrame, relays: dict[int, int]) -> pd.DataFrame:
    """The table, with relays that give the figures and days of the totals that they repeat.

    Parameters
    ----------
    table
        Claims with figures and `unit_share`: the unit of rounding of a relay is its own.
    relays
        See `place_relays`.
    """
    units = table["unit_share"].to_numpy(dtype=float)
    table = _taken(table, relays, [*ABOUT, *FIGURES])
    for name in FIGURES:
        values = table[name].to_numpy(dtype=float).copy()
        for relay in relays:
            if np.isfinite(values[relay]):
                values[relay] = rounded(values[relay], units[relay])
        table = table.assign(**{name: values})
    return table


def relayed(table: pd.DataFrame, departure: Misspecification) -> pd.DataFrame:
    """The table, with the totals of one hidden relay replaced by the original's latest ones."""
    table = table.copy()
    about = (table["party"] == departure.party) & (table["category"] == departure.category)
    totals = about & table["kind"].isin(names_with(KINDS, "running")) & (table["via"] == "")
    originals = table[totals & (table["claimant"] == departure.original)].sort_values("end")
    copied = ["start", "end", "known", *FIGURES, "qualifier"]
    for i in table.index[totals & (table["claimant"] == departure.claimant)]:
        place = originals["end"].searchsorted(table.loc[i, "end"], side="right")
        source = originals.iloc[max(int(place) - 1, 0)]
        table.loc[i, copied] = source[copied]
        table.loc[i, "published"] = max(table.loc[i, "published"], source["published"])
    return table


def _taken(rows: pd.DataFrame, relays: dict[int, int], columns: list[str]) -> pd.DataFrame:
    """The rows, with some columns of the relays taken from their originals."""
    source = np.arange(len(rows))
    source[list(relays)] = list(relays.values())
    taken = rows[columns].iloc[source].set_axis(rows.index)
    return rows.assign(**{name: taken[name] for name in columns})
