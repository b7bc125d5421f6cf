"""Ledgers: increments of a running total, split by the figures of shorter windows.

All exact and approximate figures of a ledger are sums of the same daily figures. They are therefore
split into pieces with disjoint days: first the increments between running totals, then all other
figures, the longest first, as far as they add to the pieces on their days. Bounds are never
differenced: see `bounds`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.bounds import bound_observations
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

# A remainder under three sd of its rounding may be zero or negative: rounding errors of one figure
# never exceed sqrt(3) sd, those of several hardly ever 3.
BEYOND: Final = 3.0
WHY: Final = {
    "repeated": "Repeats the total of an earlier date: no loss was added.",
    "out of order": "Out of order among its neighbouring totals: a misprint, or revised later.",
    "joined": "Its increment is under ten times the rounding: joined with a neighbouring one.",
}


def ledger_observations(
    figures: Iterable[Figure], *, corrections: Sequence[Figure], first: int, outcomes: Outcomes
) -> list[Observation]:
    """Observations of one ledger: its pieces, and bounds that its pieces do not imply.

    Parameters
    ----------
    figures
        All figures of one claimant, party, category and scope.
    corrections
        Its corrections.
    first
        First day of the conflict, in days since 1970, from which totals run.
    outcomes
        Where merged and left out claims are noted.
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
    revised = merge_revisions(points, outcomes)
    totals = sorted((f for f in revised if f.start == first), key=lambda f: f.end)
    ledger.place_totals(totals)
    others = (f for f in revised if f.start > first)
    for figure in sorted(others, key=lambda f: (f.relayed, -f.days, f.start, f.place)):
        ledger.place(figure)
    if corrections:
        ledger.corrections.apply(ledger.calendar, outcomes)
    found = bound_observations(bounds, calendar=ledger.calendar, totals=totals, outcomes=outcomes)
    return ledger.calendar.observations() + found


def _units(points: Iterable[Figure]) -> dict[str, float]:
    """Rounding unit of each figure: from its series, but of relays and means from their zeros."""
    figures = sorted(points, key=lambda f: (f.end, f.start, f.place))
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
        """Place each increment between two kept totals on its days."""
        values = [self.corrections.corrected(f.value, f.window) for f in totals]
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
        """Place the remainder of a figure after the pieces in its window, or merge it with them.

        The remainder belongs to free days, or to days of one piece that reaches beyond the window
        and is split. A figure that would split two pieces is merged with both.
        """
        inside, beyond, free = self.calendar.within(figure.window)
        piece = self._piece(figure, self.corrections.corrected(figure.value, figure.window))
        others = [self.calendar.pieces[number] for number in inside]
        piece.value -= sum(other.value for other in others)
        piece.variance += sum(other.variance for other in others)
        if not beyond and not free:
            self._merge(figure, "Other figures of its ledger add up to it already.")
        elif len(beyond) + bool(free) > 1:
            self._merge(figure, "Overlaps figures of its ledger without fitting between them.")
        elif inside and not _is_positive(piece.value, piece.variance):
            self._merge(figure, "Leaves no remainder after the figures inside its window.")
        elif beyond and not self._leaves_some(beyond[0], piece):
            self._merge(figure, "Leaves no remainder for the other days of the figure around it.")
        else:
            piece.members = (*(name for other in others for name in other.members), *piece.members)
            if beyond:
                whole = self.calendar.pieces[beyond[0]]
                whole.value -= piece.value
                whole.variance += piece.variance
                whole.members += piece.members
            self.calendar.place(piece, figure.window, over=beyond[0] if beyond else FREE)

    def _leaves_some(self, number: int, piece: Piece) -> bool:
        """Whether a positive remainder is left on a piece's other days after splitting it."""
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
