"""Totals of the shipped war without a kind of its evidence, from kept refits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lossmodel.evaluation.kept import kept_table
from lossmodel.posterior.estimates import LIMITS
from lossmodel.report.blocks import Block, Table, Text
from lossmodel.report.wording import estimate_text, interval, quantity_title
from lossmodel.text.months import date
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from lossmodel.report.results import Results

__all__ = ["kinds_of_evidence"]

ALL_EVIDENCE: Final = "all evidence"
# Kept tables have four digits, and other machines other last ones: numbers as near as this are one.
SAME: Final = 0.005


def kinds_of_evidence(
    results: Results, table: pd.DataFrame | None = None, dated: pd.DataFrame | None = None
) -> list[Block]:
    """Totals without each kind of evidence, now and at frozen dates; nothing for other wars.

    Parameters
    ----------
    table, dated
        The kept tables of ``benchmarks/level.py`` and ``benchmarks/calibration.py``; by default
        those of the package.
    """
    table = kept_table("evidence") if table is None else table
    dated = kept_table("evidence-backtests") if dated is None else dated
    title = results.fit.conflict.title
    blocks: list[Block] = []
    for kept, shown in ((table, _now), (dated, _then)):
        if kept is not None and kept["war"].eq(title).any():
            blocks += shown(results, kept[kept["war"].eq(title)])
    return [Text("Without a kind of evidence", tone="heading"), *blocks] if blocks else []


def _now(results: Results, table: pd.DataFrame) -> list[Block]:
    fit = results.fit
    rows = table[table["category"].eq("killed")]
    rows = rows[rows["party"].isin([party for party, *_ in fit.series])]
    if rows.empty:
        return []
    kept: Any = rows.sort_values("party", kind="stable").to_dict("records")
    found = [_as_in_the_headline(results, row) for row in kept]
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
        Table("kinds-of-evidence", columns, cells, caption=caption, numeric=frozenset({2, 3, 4, 5}))
    ]


def _as_in_the_headline(results: Results, row: dict[str, Any]) -> dict[str, Any]:
    """A kept row, with the numbers of this fit where it is the same fit but for their last digits.

    A limit on the edge of a rounding would otherwise be printed in two ways.
    """
    if row["evidence"] != ALL_EVIDENCE:
        return row
    own = results.total((str(row["party"]), str(row["category"]), "all"))
    same = all(abs(own[name] - row[name]) <= SAME * row[name] for name in LIMITS)
    return row | {name: own[name] for name in LIMITS} if same else row


def _then(results: Results, rows: pd.DataFrame) -> list[Block]:
    """Estimates at frozen dates; a kind that had no claims by a date has no row of its own."""
    fit = results.fit
    case = ["as_of", "party", "category", "scope", "end"]
    whole = rows["evidence"].eq(ALL_EVIDENCE)
    beside = rows.merge(rows[whole], on=case, how="left", suffixes=("", "_of_all"))
    shown = whole.to_numpy() | beside["median"].ne(beside["median_of_all"])
    order = ["end", "as_of"]
    found: Any = beside[shown].sort_values(order, kind="stable").to_dict("records")
    cells = [
        [
            date(pd.Timestamp(row["as_of"])),
            quantity_title(fit, (row["party"], row["category"], row["scope"]))
            + f", to {date(pd.Timestamp(row['end']))}",
            str(row["evidence"]),
            estimate_text(row),
            interval(row),
            f"{row['truth']:,.0f}",
            f"{row['crps']:.2f}",
        ]
        for row in found
    ]
    caption = (
        "The same in real time: the claims that were public by a date, and the total as it became "
        "known later. A kind without claims by the date is left out. CRPS: smaller is better, 0.1 "
        "is about 10%. A few totals of one war do not rank the kinds. "
        f"Computed on {rows['computed'].iloc[0]}."
    )
    columns = ["Claims up to", "Losses", "Evidence", "Median", "Interval", "Known later", "CRPS"]
    return [
        Table("kinds-in-real-time", columns, cells, caption=caption,
              numeric=frozenset({3, 4, 5, 6})),
    ]  # fmt: skip
