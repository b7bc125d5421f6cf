"""Ratio of claimed to true losses by claimant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossmodel.plots.fit import ratio_rows
from lossmodel.report.blocks import Block, Section, Table, Text, figure_blocks
from lossmodel.report.wording import category_title, claimant_names, level, party_title, ratio
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import READING
from lossmodel.text.levels import IDENTIFIED
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lossmodel.api import Fit
    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Results

__all__ = ["claimants_section"]

# The factor of each reading in `AUXILIARY`.
FACTORS = {
    "ratio": "stated lethality / true one",
    "overlap": "odds of being listed, compared dead / all dead",
    "fate": "odds of death, resolved cases / all cases",
    "declarations": "published / declared missing dead",
}


def claimants_section(results: Results, figures: Sequence[FigureSpec]) -> Section:
    """Prior and posterior ratio of each claimant."""
    blocks: list[Block] = [
        Text(
            "The ratio of a claimant's figures to the true losses: 1 means no bias, 2 twice the "
            "truth, 0.5 half of it. The first posterior ratio uses the claimant's own definition; "
            "the other two show the ratio if its figures mean the killed alone, and if they mean "
            "all casualties, which matters where a term such as “losses” is undefined. For a list "
            "of names the ratio is its coverage: the share of the killed that it will eventually "
            "include. All claimants are modelled alike; “self” and “adversary” only state whose "
            "losses a claimant reports.",
        ),
        *_settling(results.fit),
        *figure_blocks(figures),
    ]
    for group, title in (("person", "People"), ("equipment", "Equipment")):
        rows = ratio_rows(results.fit, results.biases, group=group)
        if rows.empty:
            continue
        blocks += [Text(title, tone="heading"), _table(results, group, rows.to_dict("records"))]
    blocks += _comparisons(results)
    return Section("claimants", "Ratio of claimed to true losses", blocks)


def _settling(fit: Fit) -> list[Text]:
    """How figures are read that a side or an office published after the fighting."""
    terms = fit.terms
    ended = fit.evidence.ended
    if ended is None or not (terms["published"] > ended).any():
        return []
    return [
        Text(
            "After the fighting a side counts its own soldiers anew, and offices register them. "
            "Such figures keep a part of the logarithm of this ratio, the smaller the later they "
            "were published. The ratio of a claimant is that of its figures as published, and of "
            "the middle one where some came before the end and others after it."
        )
    ]


def _comparisons(results: Results) -> list[Block]:
    """The one factor of each reading that is no total of a stream."""
    table = results.biases
    table = table[is_auxiliary(table["accounting"])]
    # The row over the whole period is the last of each.
    records: list[dict[Any, Any]] = table.drop_duplicates(READING, keep="last").to_dict("records")
    if not records:
        return []
    fit = results.fit
    rows = [
        [
            claimant_names(fit)[row["claimant"]],
            f"{party_title(fit.conflict, row['party'])}, {row['category']}",
            FACTORS[row["accounting"]],
            ratio(row, "prior_"),
            ratio(row, "ratio_"),
            "yes" if row["identified"] else "no",
        ]
        for row in records
    ]
    return [
        Text("Ratios, overlaps, fates and declarations", tone="heading"),
        Table(
            "comparisons",
            ["Claimant", "Losses", "Factor", "Prior", "Posterior", "Identified"],
            rows,
            caption="Figures that are no totals have one factor each; 1 means that a stated "
            "lethality is right, that the dead who were compared are like all others, that "
            "resolved cases are like all cases, or that declarations are all of missing dead.",
            numeric=frozenset({3, 4}),
        ),
    ]


def _table(results: Results, group: str, rows: Sequence[dict[Any, Any]]) -> Table:
    people = group == "person"
    definitions = ["If killed", "If casualties"] if people else []
    columns = [
        *("Claimant", "Losses", "Role, accounting", "Prior", "Own definition"),
        *definitions,
        *("Figures", "Identified"),
    ]
    texts = [_row(results, row, people) for row in rows]
    keys = [_keys(row, people) for row in rows]
    return Table(
        f"ratios-{group}",
        columns,
        texts,
        caption=(
            f"Ratios of {'people' if people else 'equipment'} over the whole period, median and "
            f"{level(results.fit)} credible interval. “Identified”: the posterior sd of the log "
            f"ratio is less than {percent(IDENTIFIED)} of its prior sd; otherwise the ratio is "
            "mostly set by its prior. Ratios by half-year are in biases.csv."
        ),
        numeric=frozenset({3, 4, 5, 6, 7} if people else {3, 4, 5}),
        search=True,
        keys=keys,
    )


def _row(results: Results, row: dict[Any, Any], people: bool) -> list[str]:
    fit = results.fit
    prefixes = ("ratio_if_killed_", "ratio_if_casualties_") if people else ()
    return [
        claimant_names(fit)[row["claimant"]],
        f"{party_title(fit.conflict, row['party'])}, {category_title(fit, row['category'])}",
        f"{row['role']}, {row['accounting']}",
        ratio(row, "prior_"),
        ratio(row, "ratio_"),
        *(ratio(row, prefix) for prefix in prefixes),
        f"{row['n_claims']:,}",
        "yes" if row["identified"] else "no",
    ]


def _keys(row: dict[Any, Any], people: bool) -> list[float | str | None]:
    prefixes = ("ratio_if_killed_", "ratio_if_casualties_") if people else ()
    ratios = [float(row[f"{p}median"]) for p in ("prior_", "ratio_", *prefixes)]
    known = [None if value != value else value for value in ratios]
    return [None, None, None, *known, float(row["n_claims"]), None]
