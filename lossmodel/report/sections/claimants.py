"""Each claimant's ratio to the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossmodel.plots.biases import ratio_rows
from lossmodel.report.document import Block, Figure, Section, Table, Text
from lossmodel.report.wording import claimant_names, level, party_title, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lossmodel.report.figures.figures import Picture
    from lossmodel.report.results import Results

__all__ = ["claimants_section"]


def claimants_section(results: Results, pictures: Sequence[Picture]) -> Section:
    """What was assumed of each claimant and what came out."""
    blocks: list[Block] = [
        Text(
            "A ratio of 1 is the truth, 2 twice as much, 0.5 half. The first ratio takes the "
            "claimant's figures for what it says it counts; where a word such as “losses” is not "
            "defined, the other two say what follows if it means the killed alone, and if it means "
            "all casualties. For a list of names the ratio is its coverage: the share of the "
            "killed that it will reach in the end. Every claimant is measured in the same way; "
            "“adversary” and “self” only say whose losses it speaks of.",
        ),
        *(Figure(p.name, p.caption, p.alt) for p in pictures),
    ]
    for group, title in (("person", "Figures about people"), ("equipment", "About equipment")):
        rows = ratio_rows(results.fit, results.biases, group=group)
        if rows.empty:
            continue
        blocks += [Text(title, tone="heading"), _table(results, group, rows.to_dict("records"))]
    return Section("claimants", "Each claimant's ratio to the truth", blocks)


def _table(results: Results, group: str, rows: Sequence[dict[Any, Any]]) -> Table:
    people = group == "person"
    readings = ["If it means killed", "If it means casualties"] if people else []
    columns = [
        *("Claimant", "About", "Kind", "Assumed before", "Under its own definition"),
        *readings,
        *("Claims", "Learned"),
    ]
    texts = [_row(results, row, people) for row in rows]
    keys = [_keys(row, people) for row in rows]
    return Table(
        f"ratios-{group}",
        columns,
        texts,
        caption=(
            "Ratios over the whole time, median and "
            f"{level(results.fit)} credible interval. “Learned” says whether the claims narrowed "
            "the ratio to less than 70% of what was assumed (on the log scale); where not, it is "
            "mostly an assumption. By half-year: biases.csv."
        ),
        numeric=frozenset({3, 4, 5, 6, 7} if people else {3, 4, 5}),
        search=True,
        keys=keys,
    )


def _row(results: Results, row: dict[Any, Any], people: bool) -> list[str]:
    fit = results.fit
    readings = ("ratio_if_killed_", "ratio_if_casualties_") if people else ()
    return [
        claimant_names(fit).get(row["claimant"], row["claimant"]),
        f"{party_title(fit.conflict, row['party'])}, {row['category']}",
        f"{row['role']}, {row['accounting']}",
        ratio(row, "prior_"),
        ratio(row, "ratio_"),
        *(ratio(row, prefix) for prefix in readings),
        f"{row['n_claims']:,}",
        "yes" if row["identified"] else "no",
    ]


def _keys(row: dict[Any, Any], people: bool) -> list[float | str | None]:
    readings = ("ratio_if_killed_", "ratio_if_casualties_") if people else ()
    ratios = [float(row[f"{p}median"]) for p in ("prior_", "ratio_", *readings)]
    known = [None if value != value else value for value in ratios]
    return [None, None, None, *known, float(row["n_claims"]), None]
