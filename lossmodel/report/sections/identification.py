"""Identification: the sources of each total's posterior variance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lossmodel.report.blocks import Block, Section, Table, Text, figure_blocks
from lossmodel.report.one_claim import decisive_claim, figure_words, over_its_prior
from lossmodel.report.wording import (
    claimant_names,
    estimate_text,
    interval,
    level,
    main_categories,
    main_parties,
    quantity_title,
)
from lossmodel.text.levels import ASSUMED
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Key, Results

__all__ = ["identification_section"]

# Groups of priors in the order of the table, with their names within a sentence.
PRIOR_GROUPS: Final = {
    "bias": "the bias of single claimants",
    "common mode": "errors that claimants may share",
    "coverage and delay": "the coverage of name lists and their delay",
    "registers": "the coverage of registers",
    "missing": "the missing (their number, and who counts them)",
    "definition": "the definition of terms such as “losses”",
    "lethality": "lethality (killed / casualties)",
    "path": "the variation of losses over time",
    "scope": "the size of parts of a party's forces",
    "noise scales": "the noise of single figures",
}
NAMED: Final = 3


def identification_section(results: Results, figures: Sequence[FigureSpec]) -> Section:
    """A paragraph per headline total, the figure and the table."""
    fit = results.fit
    blocks: list[Block] = [
        Text(
            "The claims identify the trend of losses well. The level of the losses depends "
            "on the bias of the claimants, which the claims identify only where they contradict "
            "each other. This section decomposes the posterior variance of each total by group of "
            f"priors; a total with more than {percent(ASSUMED)} from priors is set by "
            "assumptions.",
        )
    ]
    for party in main_parties(fit):
        for category in main_categories(fit):
            if (party, category, "all") in fit.series:
                blocks.append(_sentence(results, (party, category, "all")))
    blocks += figure_blocks(figures)
    blocks.append(_table(fit.variance_decomposition, results))
    hanging = _one_claim_table(results)
    if hanging is not None:
        blocks += [Text("Totals that hang on one claim", tone="heading"), hanging]
    return Section("level", "Identification of the totals", blocks)


def _one_claim_table(results: Results) -> Table | None:
    """Totals that one claim moves by more than a posterior sd; None without any."""
    fit = results.fit
    names = claimant_names(fit)
    rows = []
    for key in fit.series:
        row = decisive_claim(fit, key)
        if row is None:
            continue
        total, span = results.total(key), over_its_prior(fit, row)
        limits = total["lower"], total["upper"]
        claimant = names.get(row["claimant"], row["claimant"])
        rows.append(
            [
                quantity_title(fit, key),
                estimate_text(total),
                f"{row['term']}: {figure_words(row)}, {claimant}",
                f"{estimate_text(row)} ({interval(row)})",
                "–" if span is None else " to ".join(number(value, *limits) for value in span),
                row["prior"],
            ]
        )
    if not rows:
        return None
    return Table(
        "one-claim",
        ["Losses", "Total", "Claim", "Without it", "Over its prior", "Prior"],
        rows,
        caption=(
            "Totals whose median moves by more than one posterior sd, or whose sd on the log scale "
            f"doubles, if one claim is left out, with {level(fit)} intervals. “Over its prior” is "
            "the range of the median with the mean of the prior that says how the claim is read "
            "one sd lower and higher. Computed from the normal approximation of this fit, without "
            "refitting."
        ),
        numeric=frozenset({1, 3, 4}),
    )


def _sentence(results: Results, key: Key) -> Text:
    fit = results.fit
    party, category, scope = key
    shares = fit.variance_decomposition
    rows = shares[shares["quantity"] == f"{category} {party} {scope}"]
    if rows.empty:
        return Text(
            "The variance decomposition is not available.", lead=f"{quantity_title(fit, key)}:"
        )
    ranked = rows.sort_values("share", ascending=False)
    named = [
        f"{percent(share)} from {PRIOR_GROUPS.get(group, group)}"
        for group, share in zip(ranked["block"], ranked["share"], strict=True)
    ][:NAMED]
    whole = float(rows["prior_share"].iloc[0])
    before, after = float(rows["prior_sd"].iloc[0]), float(rows["posterior_sd"].iloc[0])
    words = (
        f"{percent(whole)} of the posterior variance comes from priors: {_listed(named)}. "
        f"The prior {level(fit)} interval of the total spans a factor of "
        f"{_factor(before, fit.ci_prob)} on either side of its median, the posterior interval a "
        f"factor of {_factor(after, fit.ci_prob)}."
    )
    return Text(words, lead=f"{quantity_title(fit, key)}:")


def _factor(sd: float, prob: float) -> str:
    """Half the interval of a log-normal total, as a factor."""
    from scipy.special import ndtri

    return number(math.exp(sd * float(ndtri((1 + prob) / 2))))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _table(shares: pd.DataFrame, results: Results) -> Table:
    groups = [name for name in PRIOR_GROUPS if name in set(shares["block"])]
    groups += [name for name in dict.fromkeys(shares["block"]) if name not in groups]
    rows = []
    totals = {" ".join((c, p, s)): (p, c, s) for p, c, s in results.fit.series}
    for quantity, own in shares.groupby("quantity", sort=False):
        known = dict(zip(own["block"], own["share"], strict=True))
        cells = [percent(known[name]) if name in known else "–" for name in groups]
        title = quantity_title(results.fit, totals[str(quantity)])
        rows.append([title, percent(own["prior_share"].iloc[0]), *cells])
    return Table(
        "shares",
        ["Total", "All priors", *groups],
        rows,
        caption="Posterior variance by group of priors; the remainder comes from the figures.",
        numeric=frozenset(range(1, 2 + len(groups))),
    )
