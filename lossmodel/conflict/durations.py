"""Lengths of time in days, as the model, its priors and its knots count them."""

from __future__ import annotations

from typing import Final

__all__ = ["CENTURY", "FORTNIGHT", "HALF_YEAR", "MONTH", "QUARTER", "WEEK", "YEAR"]

WEEK: Final = 7
FORTNIGHT: Final = 14
MONTH: Final = 31
# Whole weeks: knots that lie on one day of the week see the same weekly pattern of reports.
QUARTER: Final = 91
HALF_YEAR: Final = 182
# Mean length of a year in the Julian calendar, which astronomers use as a unit.
YEAR: Final = 365.25
CENTURY: Final = 36_525
