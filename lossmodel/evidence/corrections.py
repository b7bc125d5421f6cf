"""A claimant's own corrections: bookings that are no losses of the days that they fall on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lossmodel.evidence.claim_records import Figure, Window

if TYPE_CHECKING:
    from lossmodel.evidence.ledger_days import Calendar
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["Corrections"]


class Corrections:
    """What one ledger booked as corrections, day by day.

    A correction of several days is spread over them evenly.
    """

    def __init__(self, figures: Sequence[Figure], *, first: int, last: int) -> None:
        self.figures, self.first = figures, first
        booked = np.zeros(last - first + 2)
        for figure in figures:
            at = figure.start - first + 1
            booked[at : at + figure.days] += figure.value / figure.days
        self._through = np.cumsum(booked)

    def taken_out(self, value: float, window: Window) -> float:
        """A figure without the corrections inside its window.

        A figure that would not be positive then was given without them, and stays as it is.
        """
        start, end = window
        booked = float(self._through[end - self.first + 1] - self._through[start - self.first])
        return value - booked if value - booked > 0 or value <= 0 else value

    def judge(self, calendar: Calendar, outcomes: Outcomes) -> None:
        """Say which corrections were taken out of anything."""
        for figure in self.figures:
            if calendar.owns_any(figure.window):
                outcomes.use(figure.members, "Taken out of the figures that cover its days.")
            else:
                outcomes.leave_out(
                    figure.members, "Corrects days of which its ledger has no other figure."
                )
