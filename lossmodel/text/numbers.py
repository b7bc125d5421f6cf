"""The rule by which printed numbers are rounded.

A number that stands with an interval is rounded to two significant digits of the half width of the
interval or of the number itself, whichever is smaller. In a narrow interval the half width is the
smaller, and median and limits have the same last digit. In a wide or skewed one each is rounded by
its own size, so that a lower limit far below the upper one keeps its digits. Rounding keeps the
order of numbers with the same interval, changes none by more than 5%, and makes none of them zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "factor",
    "number",
    "percent",
    "percent_change",
    "plural",
    "round_to_interval",
    "rounding_unit",
    "some",
    "with_interval",
]

DIGITS: Final = 2  # of a half width, as is usual for standard errors
EXACT: Final = 3  # of a number without uncertainty, such as a constant prior
# Smaller numbers have an exponent: more zeros than these are not read but counted.
SMALLEST: Final = 1e-6
# Relative difference below which two numbers are the same but for their binary form.
NO_WIDTH: Final = 1e-12
MOST: Final = 3  # names in a sentence; the others are counted


def rounding_unit(value: float, lower: float, upper: float) -> float:
    """Power of ten to which a value is rounded; 0 for zero and for what is not finite.

    Parameters
    ----------
    value
        The value, which need not lie in the interval.
    lower, upper
        Limits of its interval. Equal limits mean that the value is exact, infinite ones that there
        is no interval.

    Examples
    --------
    >>> rounding_unit(354_218, 239_000, 481_000)
    10000.0
    >>> rounding_unit(130, 130, 435_655)
    10.0
    """
    if value == 0 or not math.isfinite(value):
        return 0.0
    size, half = abs(value), abs(upper - lower) / 2
    if not math.isfinite(half):
        return _power(size, DIGITS)
    if _is_exact(lower, upper):
        return min(1.0, _power(size, EXACT))
    return _power(min(size, half), DIGITS)


def round_to_interval(value: float, lower: float, upper: float) -> float:
    """Round a value to two digits of the half width of its interval or of its own size.

    Parameters
    ----------
    value, lower, upper
        As for `rounding_unit`.

    Examples
    --------
    >>> [round_to_interval(value, 239_120, 481_377) for value in (354_218, 239_120, 481_377)]
    [350000.0, 240000.0, 480000.0]
    >>> [round_to_interval(value, 130, 435_655) for value in (2_099, 130, 435_655)]
    [2100.0, 130.0, 440000.0]
    >>> round_to_interval(1.2345, 1.1, 1.4)
    1.23
    """
    unit = rounding_unit(value, lower, upper)
    if unit == 0:
        return value
    # Dividing by a whole number keeps 1.23 from becoming 1.2300000000000002.
    return round(value / unit) * unit if unit >= 1 else round(value, _decimals(unit))


def number(value: float, lower: float = -math.inf, upper: float = math.inf) -> str:
    """Text of a value rounded to its interval, with thousands separators.

    Parameters
    ----------
    value, lower, upper
        As for `rounding_unit`; without limits the value is rounded by its own size.

    Returns
    -------
    str
        Digits that end with the last one that the interval or the value itself needs; ``unknown``
        for what is not finite.

    Examples
    --------
    >>> [number(value, 239_120, 481_377) for value in (354_218, 239_120, 481_377)]
    ['350,000', '240,000', '480,000']
    >>> [number(value, 130, 435_655) for value in (2_099, 130, 435_655)]
    ['2,100', '130', '440,000']
    >>> number(0.5, 0.31, 0.92), number(0.3, 0.3, 7.4), number(0.301, 0.301, 7.4), number(0, 0, 7.4)
    ('0.50', '0.3', '0.30', '0')
    >>> number(1_234.5)
    '1,200'
    """
    if not math.isfinite(value):
        return "unknown"
    if 0 < abs(value) < SMALLEST:
        return f"{value:.{DIGITS - 1}e}"
    decimals = _decimals(rounding_unit(value, lower, upper))
    rounded = round_to_interval(value, lower, upper)
    # Adding zero turns "-0" into "0".
    text = f"{rounded + 0.0:,.{decimals}f}"
    if not math.isclose(rounded, value, rel_tol=NO_WIDTH):
        return text
    # A number that has no more digits than are printed needs none of its zeros.
    return _without_zeros(text, _decimals_of_interval(lower, upper))


def factor(value: float) -> str:
    """Text of a factor without an interval: two decimals, or two digits if it is smaller.

    Examples
    --------
    >>> factor(1), factor(0.98), factor(0.0034), factor(1234.5)
    ('1.00', '0.98', '0.0034', '1,234.50')
    """
    return number(value, value - 0.5, value + 0.5)


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


def percent_change(share: float) -> str:
    """Text of a relative change as a percentage with its sign; 0% only for exactly none.

    Examples
    --------
    >>> [percent_change(share) for share in (0, 0.0002, -0.0346, 29)]
    ['0%', 'under 0.1%', '-3.5%', '+2,900%']
    """
    if not math.isfinite(share):
        return "unknown"
    if share == 0:
        return "0%"
    if abs(share) < 0.001:
        return "under 0.1%"
    return f"{100 * share:+,.{1 if abs(share) < 0.0995 else 0}f}%"


def with_interval(median: float, lower: float, upper: float) -> str:
    """A median and its interval, all rounded by the interval.

    Examples
    --------
    >>> with_interval(1234.5, 812.3, 1987.6)
    '1,230 [810 to 1,990]'
    """
    middle, low, high = (number(value, lower, upper) for value in (median, lower, upper))
    return f"{middle} [{low} to {high}]"


def plural(count: int, noun: str) -> str:
    """A count and its noun.

    Examples
    --------
    >>> plural(1, "figure"), plural(1200, "figure")
    ('1 figure', '1,200 figures')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def some(names: Sequence[str], most: int = MOST, *, between: str = ", ") -> str:
    """The first of some names, and how many more there are.

    Parameters
    ----------
    between
        What stands between two names; semicolons where names have commas.

    Examples
    --------
    >>> some(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return between.join(names[:most]) + rest


def _power(size: float, digits: int) -> float:
    """Power of ten of the last of the first digits of a size above zero."""
    return float(10.0 ** (math.floor(math.log10(size)) + 1 - digits))


def _is_exact(lower: float, upper: float) -> bool:
    """Whether the limits are equal."""
    return abs(upper - lower) <= NO_WIDTH * max(abs(lower), abs(upper))


def _decimals(unit: float) -> int:
    return max(0, -round(math.log10(unit))) if unit else 0


def _decimals_of_interval(lower: float, upper: float) -> int:
    """Decimals that all numbers of a narrow interval have."""
    if not math.isfinite(upper - lower) or _is_exact(lower, upper):
        return 0
    return _decimals(rounding_unit(max(abs(lower), abs(upper)), lower, upper))


def _without_zeros(text: str, least: int) -> str:
    """Without zeros at the end, except where the interval has as many decimals."""
    whole, _, decimals = text.partition(".")
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole
