"""Totals of the shipped war without a kind of its evidence, from kept refits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lossmodel.evaluation.kept import kept_table
from lossmodel.report.blocks import Block, Table, Text
from lossmodel.report.wording import estimate_text, interval, quantity_title
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from lossmodel.report.results import Results

__all__ = ["kinds_of_evidence"]


def kinds_of_evidence(results: Results, table: pd.DataFrame | None = None) -> list[Block]:
    """A row per kind of evidence and headline total; nothing for a war without kept refits.

    Parameters
    ----------
    table
        The kept table, see ``benchmarks/level.py``; by default that of the package.
    """
    fit = results.fit
    table = kept_table("evidence") if table is None else table
    if table is None:
        return []
    rows = table[table["war"].eq(fit.conflict.title) & table["category"].eq("killed")]
    rows = rows[rows["party"].isin([party for party, *_ in fit.series])]
    if rows.empty:
        return []
    found: Any = rows.sort_values("party", kind="stable").to_dict("records")
    cells = [
        [
            quantity_title(fit, (str(row["party"]), "killed", "all")),
            str(row["evidence"]),
            estimate_text(row),
            interval(row),
            number(row["sd"], row["lower"], row["upper"]),
            percent(row["prior_share"]),
            "passed" if row["gate_passed"] else "not passed",
        ]
        for row in found
    ]
    caption = (
        "Each row is a refit of the shipped claims by laplace under the same priors, without one "
        f"kind of evidence or with one more, with 95% intervals; computed on "
        f"{rows['computed'].iloc[0]}. “Assumed” is the share of the variance of the log total "
        "that priors set."
    )
    columns = ["Losses", "Evidence", "Median", "Interval", "Sd", "Assumed", "Gate"]
    return [
        Text("Without a kind of evidence", tone="heading"),
        Table(
            "kinds-of-evidence", columns, cells, caption=caption, numeric=frozenset({2, 3, 4, 5})
        ),
    ]
