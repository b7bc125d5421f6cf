"""Changes between two fits, and the claims that account for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.model.density.predictive import evaluated
from lossmodel.posterior.estimates import total_to
from lossmodel.posterior.rates import rates
from lossmodel.posterior.variance import LEAST_TOTAL
from lossmodel.text.escape import one_line
from lossmodel.text.numbers import percent_change, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossmodel.api import Fit

__all__ = ["CLAIM_COLUMNS", "changed_claims", "changed_totals", "compare_fits"]

SHOWN: Final = 12  # claims shown per total
# Draws for covariances: their standard error is then about 3% of the product of both sds.
DRAWS: Final = 1000
CLAIM_COLUMNS: Final = (
    *("claimant", "party", "category", "scope", "kind", "start", "end", "known"),
    *("value", "low", "high", "qualifier", "published", "source", "via", "part_of"),
)
KEYS: Final = ["party", "category", "scope"]


def compare_fits(a: Fit, b: Fit) -> str:
    """Differences of the second fit from the first, as text.

    Totals run to the last day that both fits cover. Each claim that is new, gone, changed or
    otherwise classed is listed with the change of its party's total that it causes by itself.

    Parameters
    ----------
    a, b
        Two fits, of the same conflict or of different ones.

    Returns
    -------
    str
        Lines of text: settings and totals that differ, then claims, largest effect first. Totals
        are numbers of persons or items, effects are percentages.
    """
    day = min(a.days[-1], b.days[-1])
    lines = [f"A: {_described(a)}", f"B: {_described(b)}", "", *_settings(a, b)]
    lines += [f"Totals to {day.date()}:", *_totals(a, b, day), ""]
    claims = changed_claims(a, b, day)
    counts = claims["change"].value_counts(sort=False)
    found = ", ".join(f"{n:,} {change}" for change, n in counts.items()) or "none"
    lines += [f"Claims that differ: {found}"]
    for total, rows in claims.groupby("total", sort=False):
        lines += [f"  with their effects on {str(total) or 'no total'}:", *_claims(rows)]
    return "\n".join(one_line(line) for line in lines).rstrip()


def changed_totals(a: Fit, b: Fit, day: pd.Timestamp) -> pd.DataFrame:
    """Totals of both fits to a day: columns ``<limit>_a``, ``<limit>_b`` and their ratio."""
    both = [key for key in a.series if key in set(b.series)]
    rows = []
    for party, category, scope in both:
        row: dict[str, Any] = {"party": party, "category": category, "scope": scope}
        for name, fit in (("a", a), ("b", b)):
            total = total_to(fit, (party, category, scope), day)
            row |= {f"{limit}_{name}": total[limit] for limit in ("median", "lower", "upper")}
        rows.append(row)
    table = pd.DataFrame(
        rows, columns=[*KEYS, *(f"{k}_{n}" for n in "ab" for k in ("median", "lower", "upper"))]
    )
    ratio = table["median_b"] / table["median_a"].where(table["median_a"] > 0)
    return table.assign(ratio=ratio)


def changed_claims(a: Fit, b: Fit, day: pd.Timestamp) -> pd.DataFrame:
    """Claims that are not the same evidence in both fits, largest effect first.

    To first order, adding a claim changes the posterior mean of the log total by the posterior
    covariance of the log total and the claim's log likelihood. Removing a claim has the opposite
    effect, computed in the first fit.

    Returns
    -------
    DataFrame
        claim_id, claimant, change (``new``, ``gone``, ``changed``, ``otherwise classed``), what
        (a description), total (the series affected), moves (change of its log).
    """
    first, second = _table(a), _table(b)
    rows = []
    for claim_id in dict.fromkeys([*second, *first]):
        before, after = first.get(claim_id), second.get(claim_id)
        change, what = _change(before, after)
        known = after or before
        if change and known:
            keys = {name: known[name] for name in ("claimant", "total")}
            rows.append({"claim_id": claim_id, **keys, "change": change, "what": what})
    # Most claims are the same in both fits, and the effect of none of a submodel takes long.
    changed = {row["claim_id"] for row in rows}
    old, new = (_moves(fit, day, changed) for fit in (a, b))
    for row in rows:
        row["moves"] = new.get(row["claim_id"], 0.0) - old.get(row["claim_id"], 0.0)
    table = pd.DataFrame(rows, columns=["claim_id", "claimant", "change", "what", "total", "moves"])
    order = table["moves"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _described(fit: Fit) -> str:
    table = fit.claims.table
    return (
        f"{fit.conflict.title}, {fit.days[0].date()} to {fit.days[-1].date()}, "
        f"{len(table):,} claims, engine {fit.engine}"
    )


def _settings(a: Fit, b: Fit) -> Iterator[str]:
    """Differences other than claims: priors, options, versions, other inputs."""
    found = []
    for name in ("conflict", "options", "parts", "priors", "inputs", "versions", "python"):
        old, new = a.provenance.get(name), b.provenance.get(name)
        if not isinstance(old, dict) or not isinstance(new, dict):
            if old != new:
                found.append(f"  {name}: {_said(old)} -> {_said(new)}")
            continue
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                found.append(f"  {name} {key}: {_said(old.get(key))} -> {_said(new.get(key))}")
    if found:
        yield from ["Settings that differ:", *found[: 2 * SHOWN]]
        if len(found) > 2 * SHOWN:
            yield f"  and {len(found) - 2 * SHOWN} more"
        yield ""


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value[:12] + "…" if len(value) == 64 else value
    return "nothing" if value is None else json.dumps(value, default=str)


def _totals(a: Fit, b: Fit, day: pd.Timestamp) -> Iterator[str]:
    table = changed_totals(a, b, day)
    names = [" ".join((r["category"], r["party"], r["scope"])) for r in table.to_dict("records")]
    width = max(map(len, names), default=0)
    for name, row in zip(names, table.to_dict("records"), strict=True):
        change = percent_change(row["ratio"] - 1) if np.isfinite(row["ratio"]) else "-"
        yield f"  {name:<{width}}  {_interval(row, 'a')} -> {_interval(row, 'b')}  {change}"
    for word, one, other in (("only in A", a, b), ("only in B", b, a)):
        alone = [" ".join((c, p, s)) for p, c, s in one.series if (p, c, s) not in other.series]
        if alone:
            yield f"  {word}: {'; '.join(alone)}"


def _interval(row: Any, name: str) -> str:
    return with_interval(*(row[f"{part}_{name}"] for part in ("median", "lower", "upper")))


def _claims(rows: pd.DataFrame) -> Iterator[str]:
    for row in rows.head(SHOWN).to_dict("records"):
        moved = percent_change(float(np.expm1(row["moves"])))
        yield f"    {moved}  {row['change']}: {row['claim_id']} ({row['claimant']}): {row['what']}"
    if len(rows) > SHOWN:
        yield f"    and {len(rows) - SHOWN:,} more"


def _table(fit: Fit) -> dict[str, dict[str, Any]]:
    """Claims by id, with their class and the total of their party."""
    classes = fit.evidence.classes[["claim_id", "class", "why"]]
    table = fit.claims.table.merge(classes, on="claim_id", how="left")
    found = {}
    for row in table.to_dict("records"):
        key = _total_of(fit, row["party"], row["category"])
        total = "" if key is None else f"{key[1]} {key[0]}"
        found[str(row["claim_id"])] = {str(k): v for k, v in row.items()} | {"total": total}
    return found


def _total_of(fit: Fit, party: str, category: str) -> tuple[str, str, str] | None:
    """First series of a claim's party, or of one of its components, in the same submodel."""
    categories = fit.conflict.categories
    group = categories[category].group if category in categories else ""
    parts = fit.conflict.components(party) if party in fit.conflict.parties else ()
    for key in fit.series:
        same = categories[key[1]].group == "person" if group == "person" else key[1] == category
        if key[0] in parts and key[2] == "all" and same:
            return key
    return None


def _moves(fit: Fit, day: pd.Timestamp, claims: set[str]) -> dict[str, float]:
    """Effect on the log of its party's total of each observation of some claims, by claim."""
    last = int((day - fit.days[0]).days) + 1
    found: dict[str, float] = {}
    for submodel in fit.submodels.values():
        terms = submodel.design.terms.reset_index(drop=True)
        terms = terms[terms["term"].astype(str).isin(claims)]
        if terms.empty:
            continue
        draws = submodel.posterior.flat
        chosen = np.linspace(0, len(draws) - 1, min(DRAWS, len(draws))).astype(int)
        density = submodel.density
        parts = evaluated(density, draws[chosen])
        node = density.model.log_likelihood
        likelihood = np.concatenate([found_at[node][:, terms.index] for _, found_at in parts])
        likelihood -= likelihood.mean(axis=0)
        for (party, category), rows in terms.groupby(["party", "category"]):
            key = _total_of(fit, str(party), str(category))
            if key is not None:
                total = rates(fit, key[0], key[1]).daily()[chosen, :last].sum(axis=1)
                log = np.log(np.maximum(total, LEAST_TOTAL))
                here = terms.index.get_indexer(rows.index)
                moved = (log - log.mean()) @ likelihood[:, here] / len(chosen)
                found |= dict(zip(rows["term"].astype(str), moved.tolist(), strict=True))
    return found


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> tuple[str, str]:
    if before is None or after is None:
        known = after or before or {}
        return ("new" if before is None else "gone"), f"{_figure(known)}, {known.get('class')}"
    different = [c for c in CLAIM_COLUMNS if not _equal(before[c], after[c])]
    if different:
        words = [f"{c} {_cell(before[c])} -> {_cell(after[c])}" for c in different]
        return "changed", "; ".join(words)
    if before["class"] != after["class"]:
        return "otherwise classed", f"{before['class']} -> {after['class']}: {after['why']}"
    return "", ""


def _figure(row: dict[str, Any]) -> str:
    """Value and window of a claim, as text."""
    limits = [f"{row[k]:,.10g}" for k in ("low", "high") if pd.notna(row[k])]
    value = f"{row['value']:,.10g}" if pd.notna(row["value"]) else " to ".join(limits)
    days = f"{_cell(row['start'])} to {_cell(row['end'])}"
    return f"{row['kind']} {row['category']} {value}, {days}"


def _cell(value: Any) -> str:
    if pd.isna(value):
        return "nothing"
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return f"{value:,.10g}" if isinstance(value, float) else str(value) or "nothing"


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other or (pd.isna(one) and pd.isna(other)))
