"""Rounding of printed numbers: to two digits of the half width of their interval."""

from __future__ import annotations

import math

__all__ = ["number", "percent", "round_to_interval", "rounding_unit"]

DIGITS = 2  # of the half width, as is usual for standard errors


def rounding_unit(lower: float, upper: float) -> float:
    """Power of ten at which the half width of an interval has two digits; 0 if it has no width.

    Examples
    --------
    >>> rounding_unit(239_000, 481_000)
    10000.0
    """
    half = (upper - lower) / 2
    if not (half > 0 and math.isfinite(half)):
        return 0.0
    return float(10.0 ** (math.floor(math.log10(half)) + 1 - DIGITS))


def round_to_interval(value: float, lower: float, upper: float) -> float:
    """Round a value to two digits of the half width of its interval.

    Examples
    --------
    >>> [round_to_interval(value, 239_120, 481_377) for value in (354_218, 239_120, 481_377)]
    [350000.0, 240000.0, 480000.0]
    >>> round_to_interval(1.2345, 1.1, 1.4)
    1.23
    """
    unit = rounding_unit(lower, upper)
    if unit == 0:
        return value
    # Dividing by a whole number keeps 1.23 from becoming 1.2300000000000002.
    return round(value / unit) * unit if unit >= 1 else round(value, -round(math.log10(unit)))


def number(value: float, lower: float, upper: float) -> str:
    """Text of a value rounded to its interval, with thousands separators.

    Examples
    --------
    >>> number(354_218, 239_120, 481_377)
    '350,000'
    >>> number(0.5, 0.31, 0.92)
    '0.50'
    """
    if not math.isfinite(value):
        return "unknown"
    unit = rounding_unit(lower, upper)
    decimals = 0 if unit >= 1 else -round(math.log10(unit)) if unit else 0
    # Adding zero turns "-0" into "0".
    return f"{round_to_interval(value, lower, upper) + 0.0:,.{decimals}f}"


def percent(share: float) -> str:
    """Text of a share as a percentage; 0% and 100% only for exactly none and all.

    Examples
    --------
    >>> [percent(share) for share in (0, 0.002, 0.854, 0.999, 1)]
    ['0%', 'under 1%', '85%', 'over 99%', '100%']
    """
    if 0 < share < 0.01:
        return "under 1%"
    if 0.99 < share < 1:
        return "over 99%"
    return f"{share:.0%}"
