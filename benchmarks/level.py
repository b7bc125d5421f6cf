"""Each kind of evidence of the level in the shipped war: totals without it, refit by refit.

`python -m benchmarks.level [NAME ...]` fits the soldiers of the shipped war by laplace, with all
claims and without each kind under the same priors, and keeps the table for reports.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from lossmodel import fit, load_claims
from lossmodel.evaluation.kept import keep_table
from lossmodel.model.components import Components
from lossmodel.posterior.tables import prior_share
from lossmodel.tables.categories import COUNTED

TOTALS = [(p, c) for p in ("russia", "ukraine") for c in COUNTED]
LISTS = ["mediazona-bbc", "mediazona-bbc-matched", "lostarmour"]
RECORDS = ["meduza-mediazona-probate", "kobak-excess-mortality", "meduza-excess-mortality"]

Rows = Callable[[pd.DataFrame], pd.Series]


def _nothing(table: pd.DataFrame) -> pd.Series:
    return pd.Series(False, table.index)


def _triangle(table: pd.DataFrame) -> pd.Series:
    return table["claimant"].isin(LISTS) & (table["kind"] == "period")


def _records(table: pd.DataFrame) -> pd.Series:
    return table["claimant"].isin(RECORDS)


def _missing(table: pd.DataFrame) -> pd.Series:
    return table["category"] == "missing"


ALL = Components()
KINDS: dict[str, tuple[Rows, Components]] = {
    "all evidence": (_nothing, ALL),
    "without names by date of death": (_triangle, ALL),
    "without overlaps": (_nothing, ALL.without("overlaps")),
    "without ratios": (_nothing, ALL.without("ratios")),
    "without declarations": (_nothing, ALL.without("declarations")),
    "without probate and excess mortality": (_records, ALL),
    "without registers of the missing": (_missing, ALL),
    "with force balances": (_nothing, ALL.including("force")),
    "without names by date of death, overlaps, ratios and declarations": (
        _triangle,
        ALL.without("overlaps", "ratios", "declarations"),
    ),
}


def measured(name: str) -> pd.DataFrame:
    """Totals of one refit, with the share of their variance that priors set."""
    left_out, components = KINDS[name]
    claims = load_claims()
    claims = claims.select(~left_out(claims.table))
    fitted = fit(claims, engine="laplace", submodels=["person"], components=components, seed=1)
    rows: list[dict[str, Any]] = []
    for party, category in TOTALS:
        total = fitted.query(f"{category} {party}").table.iloc[0]
        kept = {key: float(total[key]) for key in ("median", "sd", "lower", "upper")}
        share = prior_share(fitted, (party, category, "all"))
        passed = bool(fitted.diagnostics["gate"]["passed"])
        rows.append(
            {"evidence": name, "party": party, "category": category}
            | {key: float(f"{value:.4g}") for key, value in kept.items()}
            | {"prior_share": round(share, 3), "gate_passed": passed}
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Refit for each name of the command line, or for all."""
    tables = []
    for name in sys.argv[1:] or KINDS:
        tables.append(measured(name))
        print(tables[-1].to_string(index=False), flush=True)
    if not sys.argv[1:]:
        table = pd.concat(tables)
        table.insert(0, "war", load_claims().conflict.title)
        keep_table("evidence", table.assign(computed=f"{datetime.now(UTC):%Y-%m-%d}"))


if __name__ == "__main__":
    main()
