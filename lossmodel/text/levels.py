"""Thresholds for the words beside printed numbers."""

from __future__ import annotations

from typing import Final

__all__ = ["ASSUMED", "IDENTIFIED", "NARROW", "WIDE"]

# A total is called set by assumptions where priors make more than this share of its posterior
# variance. A convention for readers: the share itself is printed beside the words.
ASSUMED: Final = 0.7
# A bias is called identified where its posterior sd is less than this share of its prior sd: about
# the square root of a half, so the claims say at least as much as the prior.
IDENTIFIED: Final = 0.7
# Upper over lower limit of an interval below which it is called narrow, and from which it is called
# wide: about 20% and 60% either way of the median. Conventions for readers, who see both limits.
NARROW: Final = 1.5
WIDE: Final = 2.5
