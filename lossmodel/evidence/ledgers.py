"""Ledgers: what was added to a running total between two dates, split by what is known of its days.

All exact and about figures of a ledger are sums over days of the same daily figures. So they are
taken apart into pieces that share no day: the running totals into increments first, then every
other figure, the longest first, as far as it says more than the pieces on whose days it lies.
Bounds are never differenced: see `bounds`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.bounds import bound_terms
from lossmodel.evidence.claim_records import Figure
from lossmodel.evidence.corrections import Corrections
from lossmodel.evidence.ledger_days import FREE, Calendar, Piece
from lossmodel.evidence.observations import Observation, rounding_variance
from lossmodel.evidence.revisions import merge_revisions
from lossmodel.evidence.rounding import series_units
from lossmodel.evidence.running_totals import keep
from lossmodel.tables.vocabulary import QUALIFIERS

if TYPE_CHECKING:
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["ledger_observations"]

# A rest within three sd of its rounding is not known to be positive.
BEYOND: Final = 3.0
WHY: Final = {
    "repeated": "Repeats the total of an earlier date: nothing new was counted.",
    "out of order": "Out of order among the totals around it: misprinted, or later revised.",
    "joined": "Less than ten times the rounding from its neighbour: the increments are joined.",
}


def ledger_observations(
    figures: Iterable[Figure], *, corrections: Sequence[Figure], first: int, outcomes: Outcomes
) -> list[Observation]:
    """Increments of one ledger, and the bounds that say something besides.

    Parameters
    ----------
    figures
        All figures of one claimant, party, category and scope.
    corrections
        Its own corrections.
    first
        First day of the conflict, from which totals run.
    """
    points: list[Figure] = []
    bounds: list[Figure] = []
    for figure in figures:
        (points if QUALIFIERS[figure.qualifier].is_single else bounds).append(figure)
    last = max(f.end for f in (*points, *bounds, *corrections))
    ledger = _Ledger(
        calendar=Calendar(first, last),
        corrections=Corrections(corrections, first=first, last=last),
        units=_units(points),
        outcomes=outcomes,
    )
    stand = merge_revisions(points, outcomes)
    totals = sorted((f for f in stand if f.start == first), key=lambda f: f.end)
    ledger.place_totals(totals)
    others = (f for f in stand if f.start > first)
    for figure in sorted(others, key=lambda f: (f.relayed, -f.days, f.start, f.claim_id)):
        ledger.place(figure)
    ledger.corrections.judge(ledger.calendar, outcomes)
    found = bound_terms(bounds, calendar=ledger.calendar, totals=totals, outcomes=outcomes)
    return ledger.calendar.observations() + found


def _units(points: Iterable[Figure]) -> dict[str, float]:
    """Rounding unit of each figure: the series' own, or a relay's or an average's by its zeros."""
    figures = sorted(points, key=lambda f: (f.end, f.start, f.claim_id))
    series = [f for f in figures if f.times == 1 and not f.relayed]
    units = series_units(
        [f.value for f in series], [QUALIFIERS[f.qualifier].approximate for f in series]
    )
    return {f.claim_id: f.unit for f in figures} | {
        f.claim_id: unit for f, unit in zip(series, units, strict=True)
    }


@dataclass(frozen=True)
class _Ledger:
    calendar: Calendar
    corrections: Corrections
    units: dict[str, float]
    outcomes: Outcomes

    def place_totals(self, totals: Sequence[Figure]) -> None:
        """Give each increment between kept totals its days."""
        values = [self.corrections.taken_out(f.value, f.window) for f in totals]
        units = [self.units[f.claim_id] for f in totals]
        kept, given = keep(values, units, [f.relayed for f in totals])
        for drop in given:
            into = totals[drop.into].members
            self.outcomes.merge(totals[drop.place].members, into, WHY[drop.reason])
        before = None
        for place in kept:
            figure = totals[place]
            piece = self._piece(figure, values[place])
            if before is not None:
                piece.value -= values[before]
                piece.variance += self._variance(totals[before])
                piece.members = totals[before].members + piece.members
            start = figure.start if before is None else totals[before].end + 1
            self.calendar.place(piece, (start, figure.end))
            before = place

    def place(self, figure: Figure) -> None:
        """Place what a figure says beyond the pieces inside its window, or merge it with them.

        Its rest falls on days that nobody owns, or on days of one piece that reaches beyond it and
        is split. A figure that would split two is merged with both.
        """
        inside, beyond, free = self.calendar.within(figure.window)
        piece = self._piece(figure, self.corrections.taken_out(figure.value, figure.window))
        others = [self.calendar.pieces[number] for number in inside]
        piece.value -= sum(other.value for other in others)
        piece.variance += sum(other.variance for other in others)
        if not beyond and not free:
            self._merge(figure, "The figures of its ledger over these days add up to it already.")
        elif len(beyond) + bool(free) > 1:
            self._merge(figure, "Overlaps figures of its ledger without fitting between them.")
        elif inside and not _is_positive(piece.value, piece.variance):
            self._merge(figure, "Leaves nothing beside the figures inside its window.")
        elif beyond and not self._leaves_some(beyond[0], piece):
            self._merge(figure, "Leaves nothing for the other days of the figure around it.")
        else:
            piece.members = (*(name for other in others for name in other.members), *piece.members)
            if beyond:
                whole = self.calendar.pieces[beyond[0]]
                whole.value -= piece.value
                whole.variance += piece.variance
                whole.members += piece.members
            self.calendar.place(piece, figure.window, over=beyond[0] if beyond else FREE)

    def _leaves_some(self, number: int, piece: Piece) -> bool:
        """Whether the other days of a piece keep something when this one takes its own out."""
        whole = self.calendar.pieces[number]
        return _is_positive(whole.value - piece.value, whole.variance + piece.variance)

    def _piece(self, figure: Figure, value: float) -> Piece:
        return Piece(figure, figure.members, value, self._variance(figure))

    def _variance(self, figure: Figure) -> float:
        return rounding_variance(figure, self.units[figure.claim_id])

    def _merge(self, figure: Figure, why: str) -> None:
        self.outcomes.merge(figure.members, self.calendar.ends(figure.window), why)


def _is_positive(value: float, variance: float) -> bool:
    return value > BEYOND * math.sqrt(variance)
