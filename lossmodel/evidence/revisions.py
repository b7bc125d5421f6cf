"""Estimates and stocks: the latest stands, and what is only said again is not new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lossmodel.evidence.claim_records import Figure, Window, latest
from lossmodel.evidence.observations import Observation, single_observation
from lossmodel.evidence.rounding import EXACT_UNIT

if TYPE_CHECKING:
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["estimate_observations", "merge_restatements", "merge_revisions", "stock_observations"]


def estimate_observations(
    figures: Sequence[Figure], *, first: int, outcomes: Outcomes
) -> list[Observation]:
    """Each release is a new assessment, save revisions and restatements."""
    stand = merge_revisions(figures, outcomes)
    totals = [figure for figure in stand if figure.start == first]
    kept = merge_restatements(totals, outcomes)
    kept += [figure for figure in stand if figure.start != first]
    return [single_observation(figure, kind="window") for figure in kept]


def stock_observations(figures: Sequence[Figure], *, outcomes: Outcomes) -> list[Observation]:
    """A stock is never differenced: each date is a term, the latest published stands."""
    return [
        single_observation(figure, kind="stock") for figure in merge_revisions(figures, outcomes)
    ]


def merge_revisions(figures: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    """Let the latest published figure of each window stand."""
    windows: defaultdict[Window, list[Figure]] = defaultdict(list)
    for figure in figures:
        windows[figure.window].append(figure)
    return [_standing(group, outcomes) for group in windows.values()]


def _standing(group: list[Figure], outcomes: Outcomes) -> Figure:
    stands = latest(group)
    for figure in group:
        if figure is stands:
            continue
        why = "Another figure of the same day and window says more."
        if stands.published > figure.published:
            why = "Revised later for the same window: the latest published stands."
        elif figure.relayed:
            why = f"Repeats {figure.claimant}, whose own figure of this window stands."
        outcomes.merge(figure.members, stands.members, why)
    return stands


def merge_restatements(totals: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    """Merge running totals that repeat the one before, word for word, at a later date.

    A war does not stand still for weeks on a round number: somebody quotes an old figure anew. A
    figure that is not rounded may have stayed as it was (28 ships), so it is kept.
    """
    kept: list[Figure] = []
    for figure in sorted(totals, key=lambda f: (f.end, f.known, f.claim_id)):
        if kept and _restates(figure, kept[-1]):
            outcomes.merge(
                figure.members,
                kept[-1].members,
                "Repeats the round figure of an earlier date: nothing new was counted.",
            )
        else:
            kept.append(figure)
    return kept


def _restates(figure: Figure, before: Figure) -> bool:
    if figure.form != before.form:
        return False
    if figure.form == "interval":
        return (figure.low, figure.high) == (before.low, before.high)
    return figure.value == before.value and figure.unit > EXACT_UNIT
