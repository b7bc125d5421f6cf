"""Outcome of each claim."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from lossmodel.conflict.titles import Names, naming
from lossmodel.evidence.outcomes import CLASSES
from lossmodel.report.blocks import Block, Cell, Section, Table, Text
from lossmodel.report.sources import Sources
from lossmodel.report.wording import (
    category_title,
    claimant_names,
    claimed,
    party_title,
    quantity_title,
)
from lossmodel.tables.vocabulary import KINDS
from lossmodel.text.numbers import factor, number

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lossmodel.report.results import Results

__all__ = ["evidence_section"]

# Probability from which a figure is called a copy.
LIKELY = 0.5
REASONS = 12
COLUMNS = (
    *("Claimant", "Losses", "Last day", "Figure", "Compared", "Expected", "Claimed / expected"),
    *("Influence", "Source", "Class", "Reason", "Published", "Kind", "First day", "Scope"),
    *("Note", "Claim"),
)
NUMERIC = (
    *("First day", "Last day", "Published", "Figure", "Compared", "Expected"),
    "Claimed / expected",
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
        Text(_figures(results)),
        _by_claimant(results),
        *_findings(results.fit.diagnostics.get("findings", [])),
        Text("Reasons for leaving claims out", tone="heading"),
        _reasons(results),
        Text("All claims", tone="heading"),
        _all(results),
    ]
    return Section("claims", "Outcome of each claim", blocks)


def _figures(results: Results) -> str:
    """How the figures that other sections count come from the used claims."""
    terms, claims = results.fit.terms, results.claims
    used = claims[claims["class"] == "used"]
    own = dict(zip(claims["claim_id"], claims["claimant"], strict=True))
    ids, claimants = terms["term"].astype(str), terms["claimant"]
    others = sum(
        own.get(name, claimant) != claimant for name, claimant in zip(ids, claimants, strict=True)
    )
    words = f"The other sections count {len(terms):,} figures: the used claims"
    if kept := len(set(used["claim_id"]) - set(ids)):
        words += f" without {kept:,} that correct others"
    words += "."
    if others:
        words += f" {others:,} quote another claimant's figure and count as that claimant's."
    return words


def _findings(findings: list[dict[str, Any]]) -> list[Block]:
    """What the claims may hide, as `lossmodel check` prints it; a fit of old may have none.

    They say what to write into the tables, so that keys stay keys.
    """
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
    rows = [[names[str(name)], *(f"{counts.loc[name, c]:,}" for c in CLASSES)] for name in order]
    return Table(
        "by-claimant",
        ["Claimant", *(name.capitalize() for name in CLASSES)],
        rows,
        caption="Claims by claimant and class.",
        numeric=frozenset({1, 2, 3}),
    )


def _reasons(results: Results) -> Table:
    table, named = results.claims, naming(results.fit.conflict)
    why = table.loc[table["class"] == "left out", "why"].value_counts()
    rows = [[named(str(reason)), f"{n:,}"] for reason, n in why.head(REASONS).items()]
    rest = int(why.iloc[REASONS:].sum())
    rows += [["Other reasons", f"{rest:,}"]] if rest else []
    return Table("left-out", ["Reason", "Claims"], rows, numeric=frozenset({1}))


def _all(results: Results) -> Table:
    names, sources = claimant_names(results.fit), Sources(results.fit.conflict)
    named = naming(results.fit.conflict)
    terms = results.fit.terms.drop_duplicates("term").set_index("term")
    terms = terms[["expected_lower", "expected_upper", "form", "kind", "days", "n_days"]].assign(
        **{f"compared_{k}": terms[k] for k in ("value", "low", "high")}
    )
    influence = results.influence[["party", "category", "scope", "shift"]].add_prefix("moves_")
    table = results.claims.join(terms.rename(columns={"kind": "evidence"}), on="claim_id")
    table = table.join(influence, on="claim_id")
    order = table["moves_shift"].abs().sort_values(ascending=False, kind="stable").index
    records: list[dict[Any, Any]] = table.loc[order].to_dict("records")
    return Table(
        "claims",
        COLUMNS,
        [_row(results, row, names, sources, named) for row in records],
        caption=(
            "All claims, the most influential first. “Compared” is the part of a figure that is "
            "new information, with the days that it covers: of a running total, its increment. "
            "“Expected” is the posterior median of the same part as the claimant would report it, "
            "by its definition and with its bias; a ratio of 1.00 in the next column is a claim in "
            "line with the others. “Influence” is how far the total that the claim moves most "
            "would move without it, in posterior standard deviations. Click a heading to sort."
        ),
        numeric=frozenset(COLUMNS.index(name) for name in NUMERIC),
        search=True,
        keys=[_keys(row) for row in records],
        page_only=True,
        instead=(
            f"The table of all {len(records):,} claims is in claims.csv and, with sorting, "
            "searching and links to the sources, in report.html."
        ),
    )


def _no_witness(probability: float, originals: str) -> str:
    """That a figure is probably a copy, or a denial where it repeats nobody; empty otherwise."""
    if not probability > LIKELY:
        return ""
    reading = f"a copy of {originals}" if originals else "a denial, and no count"
    return f" Probably {reading} ({probability:.0%})."


def _row(
    results: Results,
    row: dict[str, Any],
    names: Names,
    sources: Sources,
    named: Callable[[str], str],
) -> list[Cell]:
    fit = results.fit
    joined = f" with {row['with']}" if row["with"] else ""
    relayed = f", via {names[row['via']]}" if row["via"] else ""
    copy = _no_witness(row["copy_probability"], row["copy_of"])
    known = math.isfinite(row["expected"])
    residual = row["residual"]
    return [
        names[row["claimant"]] + relayed,
        f"{party_title(fit.conflict, row['party'])}, {category_title(fit, row['category'])}",
        _day(row["end"]),
        claimed(row["value"], row["low"], row["high"], row["qualifier"]) + _part(row),
        _compared(row, fit.days[0]) if known else "–",
        number(row["expected"], row["expected_lower"], row["expected_upper"]) if known else "–",
        factor(math.exp(residual)) if math.isfinite(residual) else "–",
        _influence(results, row),
        sources.link(row["source"]),
        row["class"],
        f"{named(row['why'])}{joined}{copy}",
        _day(row["published"]) + (" (inferred)" if row["published_inferred"] else ""),
        row["kind"],
        _day(row["start"]),
        row["scope"],
        row["note"],
        row["claim_id"],
    ]


def _compared(row: dict[str, Any], first: pd.Timestamp) -> str:
    """The figure that a claim is evidence of, with its days: 910 on 2024-05-01."""
    value, low, high = (row[f"compared_{k}"] for k in ("value", "low", "high"))
    figure = claimed(value, low, high, row["form"])
    start, end = row["days"][0][0], row["days"][-1][1]
    n_days = int(row["n_days"])
    if KINDS[row["kind"]].compares:
        return f"{figure}{_part(row)}, {_day(start)} to {_day(end)}"
    if row["evidence"] == "stock":
        return f"{figure} as of {_day(end)}"
    if n_days == 1:
        return f"{figure} on {_day(end)}"
    if len(row["days"]) > 1:
        return f"{figure} on {n_days:,} days of {_day(start)} to {_day(end)}"
    if start <= first:
        return f"{figure} in all to {_day(end)}"
    return f"{figure} in {n_days:,} days to {_day(end)}"


def _part(row: dict[str, Any]) -> str:
    """The cases of which a figure is a part, or the category that it is a ratio to."""
    if row["per"]:
        return f" per {row['per']}"
    return f" of {row['total']:,.10g}" if math.isfinite(row["total"]) else ""


def _influence(results: Results, row: dict[str, Any]) -> str:
    shift = row["moves_shift"]
    if not math.isfinite(shift):
        return "–"
    key = (row["moves_party"], row["moves_category"], row["moves_scope"])
    return f"{shift:+.2f} sd, {quantity_title(results.fit, key)}"


def _keys(row: dict[str, Any]) -> list[float | str | None]:
    """Sort keys of cells that are more than a number."""
    central = row["value"] if math.isfinite(row["value"]) else (row["low"] + row["high"]) / 2
    found = {"Figure": central, "Influence": abs(row["moves_shift"])}
    keys: list[float | str | None] = [None] * len(COLUMNS)
    for name, value in found.items():
        if math.isfinite(value):
            keys[COLUMNS.index(name)] = value
    return keys


@cache
def _day(day: pd.Timestamp) -> str:
    return "" if day != day else f"{day:%Y-%m-%d}"
