"""Losses over time, and estimates that others derived from the same claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.posterior.estimates import summarise
from lossmodel.posterior.rates import Rates, rates
from lossmodel.report.blocks import Section, Table, Text, figure_blocks
from lossmodel.report.sections.lethality import drifting_apart
from lossmodel.report.sources import Sources
from lossmodel.report.wording import (
    category_title,
    claimant_names,
    claimed,
    estimate_text,
    interval,
    level,
    party_title,
)
from lossmodel.tables.vocabulary import KINDS, names_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.report.blocks import Cell
    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Results

__all__ = ["losses_section"]

READING: Final = (
    "The upper panel of each figure has cumulative losses and claims, the lower one losses per day "
    "and claims about a day or a period. Triangles that point up are lower bounds, those that "
    "point down upper bounds. Claims of a biased claimant lie off the curve; the next section "
    "gives its bias. A claim about several parties together stands in a figure of their sum."
)
# Category that a figure in an undefined or wider category is compared with.
COMPARED: Final = {"losses": "casualties", "irrecoverable": "casualties"}


def losses_section(results: Results, figures: Sequence[FigureSpec]) -> Section:
    """Figures over time, and a comparison with other published estimates."""
    blocks = figure_blocks(figures)
    if any(spec.draw for spec in figures):
        blocks.insert(0, Text(READING))
    blocks += drifting_apart(results.fit)
    rows = list(_rows(results))
    if not rows:
        return Section("losses", "Losses over time", blocks)
    blocks += [
        Text("Comparison with other published estimates", tone="heading"),
        Text(
            "Others derived these estimates from figures that the fit already uses. They are not "
            "independent evidence and were left out of the fit. Each is compared with this fit's "
            "estimate for the same days. Figures in an undefined or wider category are compared "
            "with casualties.",
        ),
        Table(
            "others",
            [
                *("Claimant", "Losses", "From", "To", "Published", "This fit"),
                *(f"{level(results.fit)} interval", "Source"),
            ],
            rows,
            numeric=frozenset({2, 3, 4, 5, 6}),
        ),
    ]
    return Section("losses", "Losses over time", blocks)


def _rows(results: Results) -> list[list[Cell]]:
    fit = results.fit
    claimants = fit.conflict.claimants
    derived = set(claimants.loc[claimants["derived_from"] != "", "claimant"])
    table = results.claims
    table = table[
        table["claimant"].isin(derived)
        & (table["class"] == "left out")
        & table["kind"].isin(names_with(KINDS, "counts_losses"))
        & (table["end"] <= fit.days[-1])
    ]
    paths: dict[tuple[str, str, str], Rates] = {}
    table = table.sort_values(["party", "category", "end"], kind="stable")
    sources = Sources(fit.conflict)
    rows = [_row(results, claim, paths, sources) for _, claim in table.iterrows()]
    return [row for row in rows if row]


def _row(
    results: Results, claim: pd.Series, paths: dict[tuple[str, str, str], Rates], sources: Sources
) -> list[Cell]:
    fit = results.fit
    party = str(claim["party"])
    category = COMPARED.get(claim["category"], str(claim["category"]))
    key = (party, category, str(claim["scope"]))
    key = key if key in fit.series else (party, category, "all")
    if key not in fit.series:
        return []
    if key not in paths:
        paths[key] = rates(fit, *key)
    days = (claim["end"] - claim["start"]).days + 1
    per = days if KINDS[claim["kind"]].per_day else 1
    first = (claim["start"] - fit.days[0]).days
    last = (claim["end"] - fit.days[0]).days
    draws = paths[key].between(first, last)
    ours = {k: float(v[0]) for k, v in summarise(draws[:, None] / per, fit.ci_prob).items()}
    figure = claimed(claim["value"], claim["low"], claim["high"], claim["qualifier"])
    unit = " per day" if per > 1 else ""
    scope = "" if claim["scope"] == "all" else f" ({claim['scope']})"
    return [
        claimant_names(fit).get(claim["claimant"], claim["claimant"]),
        f"{party_title(fit.conflict, party)}, {category_title(fit, claim['category'])}{scope}",
        f"{claim['start']:%Y-%m-%d}",
        f"{claim['end']:%Y-%m-%d}",
        figure + unit,
        estimate_text(ours) + unit,
        interval(ours),
        sources.link(str(claim["source"])),
    ]
