"""Targets of the arms of simulated wars, fixed before their first run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["PLAIN", "misses"]

# The arm that is as the model assumes.
PLAIN = "plain"
# Coverage of its 95% intervals, least coverage of the other arms, and their median width relative
# to the plain arm's.
PLAIN_COVERAGE, LEAST_COVERAGE, WIDEST = (0.92, 0.98), 0.90, 1.3


def misses(line: Mapping[Any, Any]) -> str:
    """Targets that an arm misses, in words; empty for none.

    Parameters
    ----------
    line
        A row of `ArmScores.headlines`.

    Examples
    --------
    >>> misses({"arm": "ramps", "covered_95": 0.85, "relative_width": 1.1})
    'covers less than 90%'
    >>> misses({"arm": "plain", "covered_95": 0.95, "relative_width": 1.0})
    ''
    """
    covered = line["covered_95"]
    if line["arm"] == PLAIN:
        low, high = PLAIN_COVERAGE
        return "" if low <= covered <= high else f"does not cover {low:.0%} to {high:.0%}"
    found = [f"covers less than {LEAST_COVERAGE:.0%}"] if covered < LEAST_COVERAGE else []
    found += [f"wider than {WIDEST} times"] if line["relative_width"] > WIDEST else []
    return ", ".join(found)
