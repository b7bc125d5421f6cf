"""A claimant's own corrections, which are not losses of their days but of all before.

A correction of the value c is taken out of the figures that cover its days. Which of the earlier
figures were wrong is seldom said: all of them are multiplied by one factor, ``(T + c) / T`` with T
their sum, so that the ledger adds up to the claimant's own total. One that takes back more than
those is of the figures of its own days, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lossmodel.evidence.claim_records import Figure, Window

if TYPE_CHECKING:
    from lossmodel.evidence.ledger_days import Calendar
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["Corrections"]

USED = "Subtracted from the figures that cover its days, and divided among those before."
TOO_LARGE = (
    "Subtracted from the figures that cover its days; it takes back more than there is before them."
)
NOTHING = "Its ledger has no other figure of its days, or of days before."


class Corrections:
    """Corrections of one ledger, by day; one of several days is divided evenly among them.

    Parameters
    ----------
    figures
        The corrections.
    first, last
        First and last day of the ledger, in days since 1970.

    Examples
    --------
    >>> Corrections([], first=0, last=9).corrected(50.0, (0, 9))
    50.0
    """

    def __init__(self, figures: Sequence[Figure], *, first: int, last: int) -> None:
        self.figures, self.first = figures, first
        booked = np.zeros(last - first + 2)
        for figure in figures:
            at = figure.start - first + 1
            booked[at : at + figure.days] += figure.value / figure.days
        self._through = np.cumsum(booked)

    def corrected(self, value: float, window: Window) -> float:
        """Value of a figure without the corrections in its window.

        A positive value that would become zero or negative was published without the corrections
        and stays the same.

        Parameters
        ----------
        value
            Total of the window.
        window
            First and last day, in days since 1970.
        """
        start, end = window
        booked = float(self._through[end - self.first + 1] - self._through[start - self.first])
        return value - booked if value - booked > 0 or value <= 0 else value

    def apply(self, calendar: Calendar, outcomes: Outcomes) -> None:
        """Correct the pieces before each correction, and note its outcome.

        It is used if a piece of the ledger begins before it ends.
        """
        used = []
        for figure in sorted(self.figures, key=lambda f: (f.end, f.start, f.place)):
            if calendar.begins_by(figure.end):
                used.append(figure)
            else:
                outcomes.leave_out(figure.members, NOTHING)
        added = calendar.add_before((figure.window, figure.value) for figure in used)
        for figure, whole in zip(used, added, strict=True):
            outcomes.use(figure.members, USED if whole else TOO_LARGE)
