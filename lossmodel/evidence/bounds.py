"""Bounds of a ledger: never differenced, used only if no exact figure of the ledger is near."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.conflict.durations import FORTNIGHT
from lossmodel.evidence.claim_records import Figure, Form
from lossmodel.evidence.observations import Observation, single_observation
from lossmodel.evidence.revisions import merge_restatements, merge_revisions

if TYPE_CHECKING:
    from lossmodel.evidence.ledger_days import Calendar
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["NEAR_DAYS", "bound_observations"]

# A bound this near to a count is mostly the same total, worded loosely.
NEAR_DAYS: Final = FORTNIGHT


def bound_observations(
    bounds: Iterable[Figure], *, calendar: Calendar, totals: Sequence[Figure], outcomes: Outcomes
) -> list[Observation]:
    """Observations of bounds and ranges that the ledger's other figures do not imply.

    A bound on a running total adds nothing within `NEAR_DAYS` of an exact total. A bound on other
    days adds nothing if pieces that reach at most `NEAR_DAYS` beyond its window, or shorter bounds
    of the same form, cover all its days.

    Parameters
    ----------
    bounds
        Figures of one ledger that are bounds or ranges.
    calendar
        Pieces of the ledger.
    totals
        Running totals that are exact or approximate, whether kept or not.
    outcomes
        Where merged claims are noted.
    """
    observations: list[Observation] = []
    by_form: dict[Form, list[Figure]] = {}
    for figure in bounds:
        by_form.setdefault(figure.form, []).append(figure)
    ends = np.array([f.end for f in totals], dtype=np.int64)
    for form in sorted(by_form):
        revised = merge_revisions(by_form[form], outcomes)
        running = [f for f in revised if f.start == calendar.first]
        distinct = merge_restatements(running, outcomes)
        distinct += [f for f in revised if f.start > calendar.first]
        cover = _Cover(calendar)
        for figure in sorted(distinct, key=lambda f: (f.relayed, f.days, f.start, f.place)):
            into, why = _nearest(figure, totals, ends, calendar.first), "a total of its ledger"
            if not into:
                into, why = cover.of(figure), "figures of its ledger that cover its days"
            if into:
                outcomes.merge(figure.members, into, f"A bound that adds nothing to {why}.")
            else:
                cover.add(figure)
                observations.append(single_observation(figure, kind="window"))
    return observations


def _nearest(
    figure: Figure, totals: Sequence[Figure], ends: np.typing.NDArray[np.int64], first: int
) -> tuple[str, ...]:
    if figure.start != first or not len(ends):
        return ()
    away = np.abs(ends - figure.end)
    place = int(away.argmin())
    return totals[place].members if away[place] <= NEAR_DAYS else ()


class _Cover:
    """Days that pieces near a window, or bounds kept so far, cover."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.first, self.last = calendar.spans()
        self.bounds: list[Figure] = []
        self._bound = np.full(calendar.size, -1, dtype=np.int64)

    def add(self, figure: Figure) -> None:
        at = figure.start - self.calendar.first
        self._bound[at : at + figure.days] = len(self.bounds)
        self.bounds.append(figure)

    def of(self, figure: Figure) -> tuple[str, ...]:
        """Claims on the first and last day of a window if all its days are covered, else none."""
        owners = self.calendar.owners(figure.window)
        near = owners >= 0
        near[near] = (self.first[owners[near]] >= figure.start - NEAR_DAYS) & (
            self.last[owners[near]] <= figure.end + NEAR_DAYS
        )
        at = figure.start - self.calendar.first
        bound = self._bound[at : at + figure.days]
        if not (near | (bound >= 0)).all():
            return ()
        names = [
            self.calendar.pieces[int(owners[day])].carrier.claim_id
            if near[day]
            else self.bounds[int(bound[day])].claim_id
            for day in (0, -1)
        ]
        return tuple(dict.fromkeys(names))
