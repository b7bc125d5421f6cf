"""Figures that compare losses: ratios, overlaps with lists, fates of the missing.

They are no totals, and so have no part in the steps of those: they are neither differenced nor
added, nor looked at as copies of a total.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.claim_records import Figure
from lossmodel.evidence.observations import Observation, single_observation
from lossmodel.evidence.relays import attributed
from lossmodel.evidence.revisions import merge_revisions
from lossmodel.evidence.rounding import SD_OF_UNIT
from lossmodel.tables.categories import STOCK_CATEGORIES
from lossmodel.tables.vocabulary import KINDS

if TYPE_CHECKING:
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["comparison_observations"]

WHY: Final = {
    "ratio": "A ratio of losses of one party.",
    "overlap": "The coverage of a list or register on dead who are known from elsewhere.",
    "fate": "The fate of resolved cases of a register of the missing.",
}
COMPUTED: Final = "The claimant's figures of both categories, of the same days, are in the table."
NO_MARGIN: Final = (
    "The claimant's list or register, of which it speaks, has no figure that is used."
)


def comparison_observations(
    figures: Sequence[Figure],
    *,
    counts: Iterable[Figure],
    observations: Iterable[Observation],
    outcomes: Outcomes,
) -> list[Observation]:
    """One observation per comparison: its latest revision, of the original claimant.

    Parameters
    ----------
    figures
        Figures of kinds that compare losses.
    counts
        All other figures: a claimant that has both categories of its ratio among them computes the
        ratio from them.
    observations
        Those of the counts. An overlap or a fate says which part of a list or register is known;
        without a count of that, it says nothing of the dead.
    outcomes
        Where the outcome of each claim is noted.
    """
    counted: defaultdict[tuple[str, str, str], list[Figure]] = defaultdict(list)
    for figure in counts:
        counted[figure.key[:3]].append(figure)
    listed = {
        o.carrier.key[:3]
        for o in observations
        if o.kind == "vintage" or o.carrier.category in STOCK_CATEGORIES
    }
    series: defaultdict[tuple[object, ...], list[Figure]] = defaultdict(list)
    for figure in attributed(figures):
        both = [counted[figure.claimant, figure.party, c] for c in (figure.category, figure.per)]
        if all(any(_meets(figure, other) for other in group) for group in both):
            outcomes.leave_out(figure.members, COMPUTED)
        elif KINDS[figure.kind].sampled and figure.key[:3] not in listed:
            outcomes.leave_out(figure.members, NO_MARGIN)
        else:
            total = -1.0 if math.isnan(figure.total) else figure.total
            series[*figure.key, figure.kind, figure.per, total].append(figure)
    found = []
    for group in series.values():
        for figure in merge_revisions(group, outcomes):
            outcomes.use(figure.members, WHY[figure.kind])
            found.append(_observation(figure))
    return found


def _meets(ratio: Figure, other: Figure) -> bool:
    """Whether two windows have a day in common."""
    return ratio.start <= other.end and other.start <= ratio.end


def _observation(figure: Figure) -> Observation:
    one = replace(single_observation(figure, kind="window"), accounting=figure.kind)
    if figure.form != "point" or not math.isnan(figure.total):
        return one
    # Only a count can be exact, and this is a quotient.
    return replace(one, variance=(figure.unit * SD_OF_UNIT) ** 2)
