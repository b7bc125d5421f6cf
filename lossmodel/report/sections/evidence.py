"""Outcome of each claim."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lossmodel.evidence.outcomes import CLASSES
from lossmodel.report.blocks import Block, Section, Table, Text
from lossmodel.report.wording import claimant_names, claimed, party_title
from lossmodel.text.numbers import factor, number

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.report.results import Results

__all__ = ["evidence_section"]

# Probability from which a figure is called a copy.
LIKELY = 0.5
REASONS = 12
COLUMNS = (
    *("Claim", "Claimant", "Losses", "Scope", "Kind", "First day", "Last day", "Published"),
    *("Figure", "Class", "Expected", "Claimed / expected", "Reason", "Source", "Note"),
)


def evidence_section(results: Results) -> Section:
    """Claims by class, claimant and reason, and the table of all claims."""
    counts = results.claims["class"].value_counts()
    words = ", ".join(f"{counts.get(name, 0):,} {name}" for name in CLASSES)
    blocks: list[Block] = [
        Text(
            f"Of {len(results.claims):,} claims: {words}. A claim is used if it adds information "
            "about the days that it covers. It is merged if other claims of the same claimant "
            "already contain that information: a cumulative total contains the earlier ones. It is "
            "left out, with the reason, if the model cannot use it.",
        ),
        _by_claimant(results),
        *_findings(results.fit.diagnostics.get("findings", [])),
        Text("Reasons for leaving claims out", tone="heading"),
        _reasons(results.claims),
        Text("All claims", tone="heading"),
        _all(results),
    ]
    return Section("claims", "Outcome of each claim", blocks)


def _findings(findings: list[dict[str, Any]]) -> list[Block]:
    """What the claims may hide, as `lossmodel check` prints it; a fit of old may have none."""
    if not findings:
        return []
    rows = [[f["severity"], f["kind"], f["message"], f"{f['remedy']}."] for f in findings]
    return [
        Text("Findings about the claims", tone="heading"),
        Table(
            "findings",
            ["Severity", "Kind", "Finding", "Remedy"],
            rows,
            caption="Findings of lossmodel check: a warning may mean a wrong answer, a note is "
            "an assumption.",
        ),
    ]


def _by_claimant(results: Results) -> Table:
    names = claimant_names(results.fit)
    table = results.claims
    counts = table.groupby(["claimant", "class"], sort=False).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(CLASSES), fill_value=0)
    order = counts.sum(axis=1).sort_values(ascending=False, kind="stable").index
    rows = [
        [names.get(str(name), str(name)), *(f"{counts.loc[name, c]:,}" for c in CLASSES)]
        for name in order
    ]
    return Table(
        "by-claimant",
        ["Claimant", *(name.capitalize() for name in CLASSES)],
        rows,
        caption="Claims by claimant and class.",
        numeric=frozenset({1, 2, 3}),
    )


def _reasons(table: pd.DataFrame) -> Table:
    why = table.loc[table["class"] == "left out", "why"].value_counts()
    rows = [[str(reason), f"{n:,}"] for reason, n in why.head(REASONS).items()]
    rest = int(why.iloc[REASONS:].sum())
    rows += [["Other reasons", f"{rest:,}"]] if rest else []
    return Table("left-out", ["Reason", "Claims"], rows, numeric=frozenset({1}))


def _all(results: Results) -> Table:
    names = claimant_names(results.fit)
    limits = results.fit.terms.drop_duplicates("term").set_index("term")
    limits = limits[["expected_lower", "expected_upper"]]
    table = results.claims.join(limits, on="claim_id")
    records = table.to_dict("records")
    return Table(
        "claims",
        COLUMNS,
        [_row(results, row, names) for row in records],
        caption=(
            "All claims. “Expected” is the posterior median of the claimant's figure for those "
            "days, with its bias and with the claims merged into it; a ratio of 1.00 in the next "
            "column is a claim in line with the others. Click a heading to sort."
        ),
        numeric=frozenset({5, 6, 7, 8, 10, 11}),
        search=True,
        keys=[_keys(row) for row in records],
        page_only=True,
        instead=(
            f"The table of all {len(records):,} claims is in claims.csv and, with sorting and "
            "searching, in report.html."
        ),
    )


def _row(results: Results, row: dict[Any, Any], names: dict[str, str]) -> list[str]:
    joined = f" with {row['with']}" if row["with"] else ""
    relayed = f", via {row['via']}" if row["via"] else ""
    copied = row["copy_probability"]
    copy = f" Probably a copy of {row['copy_of']} ({copied:.0%})." if copied > LIKELY else ""
    known = math.isfinite(row["expected"])
    residual = row["residual"]
    return [
        row["claim_id"],
        names.get(row["claimant"], row["claimant"]) + relayed,
        f"{party_title(results.fit.conflict, row['party'])}, {row['category']}",
        row["scope"],
        row["kind"],
        _day(row["start"]),
        _day(row["end"]),
        _day(row["published"]) + (" (inferred)" if row["published_inferred"] else ""),
        claimed(row["value"], row["low"], row["high"], row["qualifier"]) + _compared(row),
        row["class"],
        number(row["expected"], row["expected_lower"], row["expected_upper"]) if known else "–",
        factor(math.exp(residual)) if math.isfinite(residual) else "–",
        f"{row['why']}{joined}{copy}",
        row["source"],
        row["note"],
    ]


def _compared(row: dict[Any, Any]) -> str:
    """The cases of which a figure is a part, or the category that it is a ratio to."""
    if row["per"]:
        return f" per {row['per']}"
    return f" of {row['total']:,.10g}" if math.isfinite(row["total"]) else ""


def _keys(row: dict[Any, Any]) -> list[float | str | None]:
    central = row["value"] if math.isfinite(row["value"]) else (row["low"] + row["high"]) / 2
    keys: list[float | str | None] = [None] * len(COLUMNS)
    for column, value in ((8, central), (10, row["expected"]), (11, row["residual"])):
        keys[column] = value if math.isfinite(value) else None
    return keys


def _day(day: pd.Timestamp) -> str:
    return "" if day != day else f"{day:%Y-%m-%d}"
