"""What changed since an earlier fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.report.blocks import Block, Section, Table, Text
from lossmodel.report.telescope import OTHERS, SETTINGS
from lossmodel.report.wording import claimant_names, interval, level, quantity_title
from lossmodel.text.months import date
from lossmodel.text.numbers import number, percent_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lossmodel.api import Fit
    from lossmodel.report.changes import Changes

__all__ = ["changes_section"]

SAID: Final = {
    SETTINGS: "Other priors, options or versions",
    OTHERS: "Claims that changed or are gone",
}
SHOWN: Final = 30  # claims in the table; the file has all. Chosen by hand.


def changes_section(fit: Fit, changes: Changes) -> Section:
    """Totals before and now, and the claims that moved them."""
    totals, claims = changes.totals.to_dict("records"), changes.claims
    first = changes.totals.iloc[0]
    counts = claims["change"].value_counts(sort=False)
    found = ", ".join(f"{n:,} {change}" for change, n in counts.items()) or "none"
    blocks: list[Block] = [
        Text(
            f"The earlier fit runs to {date(first['last_day_before'])}. Both are compared up to "
            f"{date(first['end'])}, the last day that both cover. Claims that differ: {found}."
        ),
        Table(
            "changes",
            [
                "Losses",
                "Before",
                f"{level(fit)} interval",
                "Now",
                f"{level(fit)} interval",
                "Change",
            ],
            [_total(fit, row) for row in totals],
            caption=f"Totals to {date(first['end'])} before and now, and the change of the median.",
            numeric=frozenset(range(1, 6)),
        ),
    ]
    if len(changes.steps):
        blocks += [Text("Changes by groups of claims", tone="heading"), _steps(fit, changes)]
    if len(claims):
        blocks += [
            Text("Claims that account for the changes", tone="heading"),
            _claims(fit, changes),
        ]
    return Section("changes", "Changes since the earlier fit", blocks)


def _total(fit: Fit, row: Mapping[Any, Any]) -> list[str]:
    cells = [quantity_title(fit, (row["party"], row["category"], row["scope"]))]
    for when in ("before", "now"):
        own = {k: row[f"{k}_{when}"] for k in ("median", "lower", "upper")}
        cells += [number(own["median"], own["lower"], own["upper"]), interval(own)]
    before = row["median_before"]
    return [*cells, percent_change(row["median_now"] / before - 1) if before > 0 else "–"]


def _steps(fit: Fit, changes: Changes) -> Table:
    """A row per group of claims, a column per headline total, the sum of the parts last."""
    names = claimant_names(fit)
    steps = changes.steps
    keys = list(dict.fromkeys(steps[["party", "category", "scope"]].itertuples(index=False)))
    rows, doubtful = [], False
    for _, step in steps.groupby("step"):
        first = step.iloc[0]
        added = names.get(first["added"], SAID.get(first["added"], first["added"]))
        failed = not first["passed"]
        doubtful |= failed
        days = [date(first[f"published_{which}"]) for which in ("first", "last")
                if pd.notna(first[f"published_{which}"])]  # fmt: skip
        rows.append(
            [
                f"{added}{'*' * failed}",
                " to ".join(dict.fromkeys(days)) or "–",
                f"{first['n_claims']:,}",
                *_differences(step["median_before"], step["median_now"]),
            ]
        )
    ends = [steps[steps["step"] == n] for n in (steps["step"].min(), steps["step"].max())]
    rows.append(["Sum", "", f"{steps.groupby('step')['n_claims'].first().sum():,}",
                 *_differences(ends[0]["median_before"], ends[1]["median_now"])])  # fmt: skip
    return Table(
        "changes-by-claims",
        ["Claims", "Published", "Number", *(quantity_title(fit, key) for key in keys)],
        rows,
        caption=(
            f"Changes of the medians to {date(steps['end'].iloc[0])}: the model was fitted again "
            "after each group of claims was added to those before it, in order of publication. The "
            "parts add up to the difference of the two fits; each depends on the groups before "
            "it, and has the Monte Carlo error of two medians."
            f"{' * The fit with this group did not pass its gate.' * doubtful}"
        ),
        numeric=frozenset(range(2, 3 + len(keys))),
    )


def _differences(before: pd.Series, now: pd.Series) -> list[str]:
    """Differences of medians that are rounded to whole numbers, so that parts add up to the sum."""
    whole = now.round().to_numpy() - before.round().to_numpy()
    return [f"{x:+,.0f}" if x else "0" for x in whole]


def _claims(fit: Fit, changes: Changes) -> Table:
    names = claimant_names(fit)
    rows = []
    for row in changes.claims.head(SHOWN).to_dict("records"):
        category, _, party = str(row["total"]).partition(" ")
        rows.append(
            [
                percent_change(float(np.expm1(row["moves"]))),
                quantity_title(fit, (party, category, "all")) if party else "no total",
                row["change"],
                f"{names[row['claimant']]}: {row['what']}",
                row["claim_id"],
            ]
        )
    rest = len(changes.claims) - len(rows)
    more = f" {rest:,} more are in changed-claims.csv." if rest else ""
    return Table(
        "changed-claims",
        ["Moves", "Total", "Change", "What", "Claim"],
        rows,
        caption=(
            "Claims that are new, gone, changed or otherwise classed, with the change of a total "
            f"that each causes by itself, to first order; largest first.{more}"
        ),
        numeric=frozenset({0}),
    )
