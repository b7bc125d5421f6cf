"""Thresholds for the words beside printed numbers."""

from __future__ import annotations

from typing import Final

__all__ = ["ASSUMED", "HALF", "IDENTIFIED", "NARROW", "WIDE"]

# Programs that ask for one word are told that a total is set by assumptions where priors make more
# than this share of its posterior variance. A convention: reports print the shares themselves.
ASSUMED: Final = 0.7
# A bias is called identified where its posterior sd is less than this share of its prior sd: about
# the square root of a half, so the claims say at least as much as the prior.
IDENTIFIED: Final = 0.7
# Upper over lower limit, widened for other assumptions, below which confidence is high and from
# which it is low: about 20% and 60% either way of the median. Conventions for readers, who see both
# limits.
NARROW: Final = 1.5
WIDE: Final = 2.5
# Figures are whole numbers, and a fit has expected losses: below a half there is none.
HALF: Final = 0.5
