"""Other answers to the same question: figures published by a date, and rules of thumb.

A rule of thumb spreads each claim evenly over its days, lets the shorter window speak where two of
one claimant overlap, fills days that it does not cover with its mean, and takes the geometric mean
over claimants. Who covers less than half of the days has no say where somebody covers more.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims
from lossmodel.evidence import collect_evidence
from lossmodel.tables.vocabulary import kinds_with

__all__ = ["naive_totals", "published_baselines"]

NEAR_DAYS = 45
HALF = 0.5
RULES = (
    "all at face value",
    "all, adversary halved",
    "adversary at face value",
    "adversary halved",
    "own side at face value",
)


def published_baselines(
    claims: Claims, row: pd.Series, *, as_of: pd.Timestamp | None
) -> pd.DataFrame:
    """Ranges that others had published of the same losses by a date.

    Parameters
    ----------
    row
        Of the truth table: party, category, scope, end.
    as_of
        Nothing published later counts.

    Returns
    -------
    DataFrame
        `claim_id, baseline, end, value, low, high`: of each claimant its latest total of that party
        and category, whatever the scope, to a day near the truth's.
    """
    table = claims.table
    parties = {
        name for name in claims.conflict.parties if row["party"] in claims.conflict.components(name)
    }
    same = table["party"].isin(parties) & (table["category"] == row["category"])
    same &= table["kind"].isin(kinds_with("running")) & (table["via"] == "")
    same &= (table["end"] - row["end"]).dt.days.abs() <= NEAR_DAYS
    if as_of is not None:
        same &= table["published"] <= as_of
    found = table[same].sort_values(["published", "end"])
    found = found.drop_duplicates("claimant", keep="last").rename(columns={"claimant": "rival"})
    kept = ["claim_id", "rival", "end", "scope", "qualifier", "value", "low", "high"]
    return pd.DataFrame(found[kept]).sort_values("rival").reset_index(drop=True)


def naive_totals(
    claims: Claims, rows: pd.DataFrame, *, as_of: pd.Timestamp | None = None
) -> pd.DataFrame:
    """What rules of thumb make of the claims about each row of a truth table.

    Returns
    -------
    DataFrame
        `place` (the row's index), `rule`, `value`; a rule without a claim to rest on is not there.
    """
    terms = collect_evidence(claims, as_of=as_of).terms
    found = []
    for place, row in rows.iterrows():
        totals = _stream_totals(terms, row, claims)
        if (totals["share"] >= HALF).any():
            totals = totals[totals["share"] >= HALF]
        adversary, own = (totals["role"].to_numpy() == role for role in ("adversary", "self"))
        logs = np.log(np.maximum(totals["total"].to_numpy(dtype=float), 0.5))
        halved = logs - np.log(2) * adversary
        answers = (logs, halved, logs[adversary], halved[adversary], logs[own])
        found += [
            (place, rule, float(np.exp(answer.mean())))
            for rule, answer in zip(RULES, answers, strict=True)
            if len(answer)
        ]
    return pd.DataFrame(found, columns=["place", "rule", "value"])


def _stream_totals(terms: pd.DataFrame, row: pd.Series, claims: Claims) -> pd.DataFrame:
    """Each stream's own total over the window of a row."""
    start = claims.conflict.start if pd.isna(row["start"]) else row["start"]
    days = pd.date_range(claims.conflict.start, max(row["end"], terms["known"].max()))
    window = slice((start - days[0]).days, (row["end"] - days[0]).days + 1)
    about = terms["party"].map(lambda name: row["party"] in claims.conflict.components(name))
    about &= (terms["category"] == row["category"]) & (terms["kind"] == "window")
    found = []
    for (claimant, role), stream in terms[about].groupby(["claimant", "role"]):
        daily = np.full(len(days), np.nan)
        for term in stream.sort_values("n_days", ascending=False).itertuples():
            value = term.value if term.value == term.value else np.sqrt(term.low * term.high)
            for first, last in term.days:
                lo, hi = max((first - days[0]).days, 0), (last - days[0]).days + 1
                daily[lo:hi] = value / term.n_days
        inside = daily[window]
        if np.isnan(inside).all():
            continue
        total = float(np.where(np.isnan(inside), np.nanmean(inside), inside).sum())
        found.append((claimant, role, total, 1 - float(np.isnan(inside).mean())))
    return pd.DataFrame(found, columns=["claimant", "role", "total", "share"])
