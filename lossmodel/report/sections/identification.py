"""Identification: the sources of each total's posterior variance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lossmodel.evaluation.assumptions import prior_title
from lossmodel.report.blocks import Block, Section, Table, Text, figure_blocks
from lossmodel.report.dial import changes_table, dial_of, largest_change
from lossmodel.report.one_claim import decisive_claim, figure_words, over_its_prior, without
from lossmodel.report.scale import FIGURES, PARTS, scale_of, scale_words
from lossmodel.report.sections.kinds import kinds_of_evidence
from lossmodel.report.sections.next_claims import next_claims_blocks
from lossmodel.report.wording import (
    claimant_names,
    estimate_text,
    headline_keys,
    level,
    quantity_title,
)
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.evaluation.explanation import Explanation
    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Key, Results

__all__ = ["identification_section"]

# How to get the table and the sliders, where a fit has not been explained.
NOT_EXPLAINED: Final = (
    "“lossmodel explain” refits under other assumptions; with its results this section says how "
    "far each one moves the totals, and the HTML page has sliders for them."
)


def identification_section(
    results: Results, figures: Sequence[FigureSpec], explanation: Explanation | None = None
) -> Section:
    """A paragraph per headline total, the figure, the scale, and totals if assumptions change."""
    fit = results.fit
    blocks: list[Block] = [
        Text(
            "The level of the losses depends on the bias of the claimants, which the claims "
            "identify only where they contradict each other. This section says how much of the "
            "uncertainty of each total is noise in the figures, and how much each kind of "
            "assumption adds to it. Uncertainty is the posterior variance of the logarithm of the "
            "total.",
        )
    ]
    blocks += [_sentence(results, key, explanation) for key in headline_keys(fit)]
    if explanation is None:
        blocks.append(Text(NOT_EXPLAINED, tone="small"))
    else:
        blocks += [
            Text("If an assumption changes", tone="heading"),
            dial_of(explanation, fit),
            changes_table(explanation, fit),
            *next_claims_blocks(fit, explanation.next_claims),
        ]
    blocks += [Text("Shares of all totals", tone="heading"), *figure_blocks(figures)]
    blocks += [_table(results), *kinds_of_evidence(results)]
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
        claimant = names[row["claimant"]]
        rows.append(
            [
                quantity_title(fit, key),
                estimate_text(total),
                f"{row['term']}: {figure_words(row)}, {claimant}",
                without(row),
                "–" if span is None else " to ".join(number(value, *limits) for value in span),
                prior_title(row["prior"]),
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
            "the range of the median when the mean of the prior that the claim is read with moves "
            "one standard deviation down or up. Computed from this fit, without refitting."
        ),
        numeric=frozenset({1, 3, 4}),
    )


def _sentence(results: Results, key: Key, explanation: Explanation | None) -> Text:
    fit = results.fit
    lead = f"{quantity_title(fit, key)}:"
    words = scale_words(fit, key)
    if not words:
        return Text("The variance decomposition is not available.", lead=lead)
    category, party, scope = key[1], key[0], key[2]
    rows = fit.variance_decomposition
    row = rows[rows["quantity"] == f"{category} {party} {scope}"].iloc[0]
    before, after = float(row["prior_sd"]), float(row["posterior_sd"])
    words += (
        f". Before any claim the {level(fit)} interval spans a factor of "
        f"{_factor(before, fit.ci_prob)} on either side of the median, with the claims a factor of "
        f"{_factor(after, fit.ci_prob)}."
    )
    if explanation is not None and key in explanation.keys:
        words += f" {largest_change(explanation, fit, key)}"
    return Text(words, lead=lead)


def _factor(sd: float, prob: float) -> str:
    """Half the interval of a log-normal total, as a factor."""
    from scipy.special import ndtri

    return number(math.exp(sd * float(ndtri((1 + prob) / 2))))


def _table(results: Results) -> Table:
    """The scale of all totals."""
    fit = results.fit
    scales = {key: scale_of(fit, key) for key in fit.series}
    known = {part for scale in scales.values() for part in scale}
    parts = [part for part in (FIGURES, *PARTS) if part in known]
    parts += sorted(known - set(parts))
    rows = [
        [
            quantity_title(fit, key),
            *(percent(scale[part]) if part in scale else "–" for part in parts),
        ]
        for key, scale in scales.items()
        if scale
    ]
    return Table(
        "shares",
        ["Total", *(part[:1].upper() + part[1:] for part in parts)],
        rows,
        caption=(
            "Shares of the uncertainty (variance of the log total): noise in the figures, and each "
            "kind of assumption."
        ),
        numeric=frozenset(range(1, 1 + len(parts))),
        fold="The shares as a table",
    )
