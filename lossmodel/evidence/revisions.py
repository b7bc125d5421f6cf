"""Estimates and stocks: the latest revision of each window, without restatements."""

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
    """One observation per release that is neither revised later nor a restatement.

    Parameters
    ----------
    first
        First day of the conflict, in days since 1970.
    """
    latest_figures = merge_revisions(figures, outcomes)
    totals = [figure for figure in latest_figures if figure.start == first]
    kept = merge_restatements(totals, outcomes)
    kept += [figure for figure in latest_figures if figure.start != first]
    return [single_observation(figure, kind="window") for figure in kept]


def stock_observations(figures: Sequence[Figure], *, outcomes: Outcomes) -> list[Observation]:
    """One observation per date, from its latest figure; stocks are never differenced."""
    return [
        single_observation(figure, kind="stock") for figure in merge_revisions(figures, outcomes)
    ]


def merge_revisions(figures: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    """Keep the latest published figure of each window, and merge the others with it."""
    windows: defaultdict[Window, list[Figure]] = defaultdict(list)
    for figure in figures:
        windows[figure.window].append(figure)
    return [_latest_of(group, outcomes) for group in windows.values()]


def _latest_of(group: list[Figure], outcomes: Outcomes) -> Figure:
    chosen = latest(group)
    for figure in group:
        if figure is chosen:
            continue
        why = "Another figure of the same day and window is more informative."
        if chosen.published > figure.published:
            why = "Revised later for the same window: the latest published is used."
        elif figure.relayed:
            why = f"Repeats {figure.claimant}, whose own figure of this window is used."
        outcomes.merge(figure.members, chosen.members, why)
    return chosen


def merge_restatements(totals: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    """Merge running totals that repeat the previous one at a later date.

    A round total that stays the same for weeks is an old figure quoted again. A total that is not
    rounded may really have stayed the same (28 ships), so it is kept.
    """
    kept: list[Figure] = []
    for figure in sorted(totals, key=lambda f: (f.end, f.known, f.place)):
        if kept and _restates(figure, kept[-1]):
            outcomes.merge(
                figure.members,
                kept[-1].members,
                "Repeats the round figure of an earlier date: it is not a new count.",
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
