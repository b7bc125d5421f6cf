"""What fixes the level of the totals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lossmodel.report.blocks import Block, Figure, Section, Table, Text
from lossmodel.report.wording import (
    ASSUMED,
    level,
    main_categories,
    main_parties,
    party_title,
    quantity_title,
)
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Key, Results

__all__ = ["level_section"]

MEANS: Final = {
    "bias": "how far each claimant departs from the truth",
    "common mode": "errors that all claimants of a kind may share",
    "coverage and delay": "how complete lists of names are, and how late names appear on them",
    "registers": "how complete registers are",
    "missing": "how many of the missing are dead, and who counts them",
    "definition": "what undefined words such as “losses” count",
    "lethality": "how many of the casualties are killed",
    "path": "how losses change from week to week",
    "scope": "how large each part of a party's forces is",
    "noise scales": "how noisy single figures are",
}
NAMED: Final = 3


def level_section(results: Results, pictures: Sequence[FigureSpec]) -> Section:
    """A paragraph a total, the figure and the table."""
    fit = results.fit
    blocks: list[Block] = [
        Text(
            "Claims say well how losses rise and fall. How high they are depends on how far the "
            "claimants are from the truth, which the claims can tell only where they contradict "
            "each other. This part says, for each total, which assumptions its remaining "
            f"uncertainty comes from; above {percent(ASSUMED)} the total is set by assumptions.",
        )
    ]
    for party in main_parties(fit):
        for category in main_categories(fit):
            if (party, category, "all") in fit.series:
                blocks.append(_sentence(results, (party, category, "all")))
    blocks += [Figure(p.name, p.caption, p.alt) for p in pictures]
    blocks.append(_table(fit.variance_decomposition, results))
    return Section("level", "What fixes the level", blocks)


def _sentence(results: Results, key: Key) -> Text:
    fit = results.fit
    party, category, scope = key
    shares = fit.variance_decomposition
    rows = shares[shares["quantity"] == f"{category} {party} {scope}"]
    if rows.empty:
        return Text("Nothing is known about this.", lead=f"{party} {category}:")
    ranked = rows.sort_values("share", ascending=False)
    named = [
        f"{percent(share)} from {MEANS.get(block, block)}"
        for block, share in zip(ranked["block"], ranked["share"], strict=True)
    ][:NAMED]
    whole = float(rows["prior_share"].iloc[0])
    before, after = float(rows["prior_sd"].iloc[0]), float(rows["posterior_sd"].iloc[0])
    words = (
        f"{percent(whole)} of the remaining uncertainty comes from assumptions: "
        f"{_listed(named)}. Before the claims were read, the {level(fit)} interval of the total "
        f"reached from its middle up and down by a factor of {_factor(before, fit.ci_prob)}; now "
        f"it is {_factor(after, fit.ci_prob)}."
    )
    return Text(words, lead=f"{party_title(fit.conflict, party)}, {category}:")


def _factor(sd: float, prob: float) -> str:
    """Half the interval of a log-normal total, as a factor."""
    from scipy.special import ndtri

    return f"{math.exp(sd * float(ndtri((1 + prob) / 2))):.2g}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _table(shares: pd.DataFrame, results: Results) -> Table:
    blocks = [name for name in MEANS if name in set(shares["block"])]
    blocks += [name for name in dict.fromkeys(shares["block"]) if name not in blocks]
    rows = []
    totals = {" ".join((c, p, s)): (p, c, s) for p, c, s in results.fit.series}
    for quantity, own in shares.groupby("quantity", sort=False):
        known = dict(zip(own["block"], own["share"], strict=True))
        cells = [percent(known[name]) if name in known else "–" for name in blocks]
        title = quantity_title(results.fit, totals[str(quantity)])
        rows.append([title, percent(own["prior_share"].iloc[0]), *cells])
    return Table(
        "shares",
        ["Total", "All assumptions", *blocks],
        rows,
        caption="Where each total's remaining uncertainty comes from; the rest is the figures'.",
        numeric=frozenset(range(1, 2 + len(blocks))),
    )
