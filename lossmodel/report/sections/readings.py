"""Totals under other accountings of a side's own counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lossmodel.evaluation.accountings import KEPT, MOVES, accountings_table
from lossmodel.report.blocks import Block, Table, Text
from lossmodel.report.wording import claimant_names, estimate_text, interval, level, quantity_title

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.report.results import Key, Results

__all__ = ["other_readings", "readings_blocks"]

PAGE = "docs/accounting.md"


def other_readings(fit: Fit, keys: list[Key]) -> pd.DataFrame:
    """Refits with another accounting that move one of some totals by more than `MOVES`."""
    rows = accountings_table(fit)
    moved = rows[rows["shift"].abs() > MOVES]
    names = zip(moved["party"], moved["category"], moved["scope"], strict=True)
    # An empty list would select columns.
    return moved[np.array([name in keys for name in names], dtype=bool)]


def readings_blocks(results: Results, keys: list[Key]) -> list[Block]:
    """Both answers where a choice of accounting moves a headline, and the counts not refitted."""
    fit = results.fit
    found = fit.diagnostics.get(KEPT, {"rows": [], "left": []})
    blocks: list[Block] = []
    moved = other_readings(fit, keys)
    if len(moved):
        blocks.append(_table(results, moved))
    elif found["rows"]:
        words = (
            f"Another accounting of a side's own count moves no total above by more than {MOVES:g} "
        )
        blocks.append(Text(words + f"posterior sd ({PAGE})."))
    if found["left"]:
        words = (
            "These counts of a side's own people were not refitted with every other accounting, "
            f"which takes longer; “lossmodel sensitivity” does it: {_counts(fit, found['left'])}."
        )
        blocks.append(Text(words, tone="small"))
    return [Text("Other accountings of own counts", tone="heading"), *blocks] if blocks else []


def _counts(fit: Fit, left: list[str]) -> str:
    """Names of counts that are kept as claimant, party and category."""
    names, found = claimant_names(fit), []
    for count in left:
        claimant, _, rest = count.partition(" ")
        party, _, category = rest.partition(" ")
        title = quantity_title(fit, (party, category, "all"))
        found.append(f"{names[claimant]} ({title})")
    return "; ".join(found)


def _table(results: Results, moved: pd.DataFrame) -> Table:
    fit = results.fit
    names = claimant_names(fit)
    rows = []
    for i in range(len(moved)):
        row = {str(name): moved[name].iloc[i] for name in moved}
        key = (row["party"], row["category"], row["scope"])
        own = results.total(key)
        gate = "" if row["passed"] else ", gate not passed"
        rows.append(
            [
                quantity_title(fit, key),
                f"{row['counted']} by {names[row['claimant']]}",
                f"{row['declared']}: {estimate_text(own)} ({interval(own)})",
                f"{row['accounting']}: {estimate_text(row)} ({interval(row)}){gate}",
                f"{row['shift']:+.1f} sd",
            ]
        )
    return Table(
        "other-accountings",
        ["Losses", "Count", "As declared", "Read otherwise", "Median moves"],
        rows,
        caption=(
            "Totals that another accounting of a side's own count moves by more than "
            f"{MOVES:g} posterior sd, with {level(fit)} intervals, by refits. The claims do not "
            f"tell the two apart where both fit the words of the source: see {PAGE}."
        ),
        numeric=frozenset({4}),
    )
