"""Baselines: figures that others had published by a date, and rules of thumb.

A rule of thumb spreads each claim evenly over its days, prefers the shorter of two overlapping
windows of a claimant, fills uncovered days with the claimant's mean, and takes the geometric mean
over claimants, or their median. Claimants that cover less than half of the days count only where
all do. "own side's latest" is the figure that the own side published last about a window like the
truth's, and "own side at face value" where there is none.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims
from lossmodel.evaluation.scores import ZERO_AS
from lossmodel.evidence import collect_evidence
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.vocabulary import KINDS, names_with

__all__ = ["naive_totals", "published_baselines"]

# A published total is compared with a truth whose window ends within a month and a half: totals
# of a war of years move by a few percent in that time. Chosen by hand.
NEAR_DAYS = 45
# Share of the days that a claimant has to cover.
MIN_COVERED = 0.5
RULES = (
    "all at face value",
    "all, adversary halved",
    "adversary at face value",
    "adversary halved",
    "own side at face value",
    "median of all",
    "own side's latest",
)


def published_baselines(
    claims: Claims, row: pd.Series, *, as_of: pd.Timestamp | None
) -> pd.DataFrame:
    """Totals of the same losses that others had published by a date.

    Parameters
    ----------
    row
        A row of a truth table: party, category, end.
    as_of
        Latest day of publication; None for no limit.

    Returns
    -------
    DataFrame
        `claim_id, rival, end, scope, qualifier, value, low, high`: each claimant's latest total of
        the party and category, of any scope, that ends within `NEAR_DAYS` of the truth's window.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> claims = load_claims(conflict="russia-ukraine")
    >>> row = claims.conflict.truth.iloc[0]
    >>> published_baselines(claims, row, as_of=pd.Timestamp("2023-02-26"))["rival"].is_unique
    True
    """
    table = claims.table
    parties = {
        name for name in claims.conflict.parties if row["party"] in claims.conflict.components(name)
    }
    same = table["party"].isin(parties) & (table["category"] == row["category"])
    same &= table["kind"].isin(names_with(KINDS, "running")) & (table["via"] == "")
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
    """Totals by rules of thumb from the claims about each row of a truth table.

    Parameters
    ----------
    rows
        Rows of a truth table: party, category, start, end.
    as_of
        Latest day of publication; None for no limit.

    Returns
    -------
    DataFrame
        `place` (the row's index), `rule`, `value`; a rule without any claim has no row.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> table = naive_totals(claims, claims.conflict.truth.head(1))
    >>> "adversary halved" in set(table["rule"])
    True
    """
    terms = collect_evidence(claims, as_of=as_of).terms
    found = []
    for place, row in rows.iterrows():
        totals = _stream_totals(terms, row, claims)
        covered = totals["share"] >= MIN_COVERED
        if covered.any():
            totals = totals[covered]
        adversary, own = (totals["role"].to_numpy() == role for role in ("adversary", "self"))
        logs = np.log(np.maximum(totals["total"].to_numpy(dtype=float), ZERO_AS))
        halved = logs - np.log(2) * adversary
        latest = _own_latest(claims, row, as_of)
        answers = (
            *(logs, halved, logs[adversary], halved[adversary], logs[own]),
            np.median(logs, keepdims=True) if len(logs) else logs,
            logs[own] if latest is None else np.log([max(latest, ZERO_AS)]),
        )
        found += [
            (place, rule, float(np.exp(answer.mean())))
            for rule, answer in zip(RULES, answers, strict=True)
            if len(answer)
        ]
    return pd.DataFrame(found, columns=["place", "rule", "value"])


def _own_latest(claims: Claims, row: pd.Series, as_of: pd.Timestamp | None) -> float | None:
    """The own side's last published figure of a window that shares most days with the row's."""
    table = claims.table
    components, start = claims.conflict.components, row["start"]
    start = claims.conflict.start if pd.isna(start) else start
    same = table["party"].map(lambda name: row["party"] in components(name))
    same &= (table["category"] == row["category"]) & (table["part_of"] == "")
    same &= table["kind"].isin(names_with(KINDS, "is_total"))
    if as_of is not None:
        same &= table["published"] <= as_of
    found = table[same].sort_values(["published", "end"], kind="stable")
    first, last = (found["start"].clip(lower=start), found["end"].clip(upper=row["end"]))
    either = found["end"].clip(lower=row["end"]) - found["start"].clip(upper=start)
    shared = ((last - first).dt.days + 1).clip(lower=0) / (either.dt.days + 1)
    who = found["via"].where(found["via"] != "", found["claimant"])
    own = who.map(lambda name: claims.conflict.role(name, row["party"]) == "self").astype(bool)
    found = found[(shared >= MIN_COVERED) & own]
    if found.empty:
        return None
    value, low, high = (float(found[name].iloc[-1]) for name in ("value", "low", "high"))
    return value if value == value else float(np.sqrt(low * high))


def _stream_totals(terms: pd.DataFrame, row: pd.Series, claims: Claims) -> pd.DataFrame:
    """Each claimant's total over the window of a row, and the share of the days it covers."""
    start = claims.conflict.start if pd.isna(row["start"]) else row["start"]
    days = pd.date_range(claims.conflict.start, max(row["end"], terms["known"].max()))
    window = slice((start - days[0]).days, (row["end"] - days[0]).days + 1)
    about = terms["party"].map(lambda name: row["party"] in claims.conflict.components(name))
    about &= (terms["category"] == row["category"]) & (terms["kind"] == "window")
    about &= ~is_auxiliary(terms["accounting"])
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
