"""Losses over time, and what others have published from the same claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.posterior.estimates import summarise
from lossmodel.posterior.rates import Rates, rates
from lossmodel.report.document import Block, Figure, Section, Table, Text
from lossmodel.report.wording import (
    claimant_names,
    claimed,
    estimate_text,
    interval,
    level,
    party_title,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.report.figures.figures import Picture
    from lossmodel.report.results import Results

__all__ = ["losses_section"]

# What a figure under an undefined word is set beside.
BESIDE: Final = {"losses": "casualties", "irrecoverable": "casualties"}
WINDOWS: Final = ("cumulative", "period", "daily", "average")


def losses_section(results: Results, pictures: Sequence[Picture]) -> Section:
    """Figures over time, and a table of other estimates beside this one."""
    blocks: list[Block] = [Figure(p.name, p.caption, p.alt) for p in pictures]
    blocks.append(Text("Other published estimates beside this one", tone="heading"))
    rows = list(_rows(results))
    if not rows:
        words = "The table of claims has no estimate that was computed from other claimants'."
        return Section("losses", "Losses over time", [*blocks, Text(words)])
    blocks += [
        Text(
            "These estimates were computed by others from figures that the fit has already used, "
            "so they are no evidence of their own and did not enter it. Each stands beside this "
            "fit's estimate of the same days. Where the word is undefined or wider, the number "
            "beside it is that of casualties.",
        ),
        Table(
            "others",
            [
                *("Published by", "About", "From", "To", "Published", "This fit"),
                f"{level(results.fit)} interval",
            ],
            rows,
            numeric=frozenset({2, 3, 4, 5, 6}),
        ),
    ]
    return Section("losses", "Losses over time", blocks)


def _rows(results: Results) -> list[list[str]]:
    fit = results.fit
    claimants = fit.conflict.claimants
    derived = set(claimants.loc[claimants["derived_from"] != "", "claimant"])
    table = results.claims
    table = table[
        table["claimant"].isin(derived)
        & (table["class"] == "left out")
        & table["kind"].isin(WINDOWS)
        & (table["end"] <= fit.days[-1])
    ]
    paths: dict[tuple[str, str, str], Rates] = {}
    table = table.sort_values(["party", "category", "end"], kind="stable")
    rows = [_row(results, claim, paths) for _, claim in table.iterrows()]
    return [row for row in rows if row]


def _row(results: Results, claim: pd.Series, paths: dict[tuple[str, str, str], Rates]) -> list[str]:
    fit = results.fit
    party = str(claim["party"])
    category = BESIDE.get(claim["category"], str(claim["category"]))
    key = (party, category, str(claim["scope"]))
    key = key if key in fit.series else (party, category, "all")
    if key not in fit.series:
        return []
    if key not in paths:
        paths[key] = rates(fit, *key)
    days = (claim["end"] - claim["start"]).days + 1
    per = days if claim["kind"] == "average" else 1
    first = (claim["start"] - fit.days[0]).days
    last = (claim["end"] - fit.days[0]).days
    draws = paths[key].between(first, last)
    ours = {k: float(v[0]) for k, v in summarise(draws[:, None] / per, fit.ci_prob).items()}
    figure = claimed(claim["value"], claim["low"], claim["high"], claim["qualifier"])
    unit = " a day" if per > 1 else ""
    scope = "" if claim["scope"] == "all" else f" ({claim['scope']})"
    return [
        claimant_names(fit).get(claim["claimant"], claim["claimant"]),
        f"{party_title(fit.conflict, party)}, {claim['category']}{scope}",
        f"{claim['start']:%Y-%m-%d}",
        f"{claim['end']:%Y-%m-%d}",
        figure + unit,
        estimate_text(ours) + unit,
        interval(ours),
    ]
