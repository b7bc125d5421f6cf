"""Numbers and dates of a text, with the unit to which each is rounded."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Final

from lossmodel.text.months import MONTHS
from lossmodel.text.numbers import number

__all__ = ["PRECISION", "Said", "agrees", "dates_in", "said_in"]

_MONTH: Final = "|".join(MONTHS)
_DATE: Final = re.compile(
    rf"(?P<iso>\d{{4}}-\d\d-\d\d)"
    rf"|(?P<day>\d{{1,2}})\s+(?P<month>{_MONTH})(?:\s+(?P<year>\d{{4}}))?"
    rf"|(?P<month2>{_MONTH})\s+(?:(?P<day2>\d{{1,2}}),?\s+)?(?P<year2>\d{{4}})"
    r"|\d{4}-\d\d(?!\d)",
    re.IGNORECASE,
)
# What a number is divided and multiplied by; a hundredth has no exact binary form.
_SCALES: Final = {"%": (100, 1), "percent": (100, 1), "thousand": (1, 1000), "million": (1, 10**6)}
# A number stands alone: not in a word such as T-72, nor in a version such as 0.1.0.
_NUMBER: Final = re.compile(
    r"(?<![\w.,/#])(?<![A-Za-z]-)(?P<minus>(?<![\w)])[-\u2212])?(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<rest>\.\d+)?"
    r"(?:[\s-]?(?P<scale>%|percent\b|thousand\b|million\b))?(?![\w/]|-[A-Za-z]|[.,]\d)",
    re.IGNORECASE,
)
# The relative error that rounding to two digits may have, as `text.numbers` promises. With fewer
# digits a number may agree with one that is half as large again.
ROUNDED: Final = 0.05
# Relative difference of a saved fit, whose draws have seven digits, from the fit in memory.
PRECISION: Final = 2e-6


@dataclass(frozen=True)
class Said:
    """A number as a text has it.

    Attributes
    ----------
    text
        The number as it is written.
    value, unit
        Its value, and the power of ten to which it is rounded at most: 100 for 1,200.
    percent
        Whether it is a percentage; its value is then a share.
    digits
        Its significant digits, without zeros at its end.
    """

    text: str
    value: float
    unit: float
    percent: bool = False
    digits: int = 1


def said_in(text: str) -> list[Said]:
    """Numbers of a text in their order, without those of dates.

    Examples
    --------
    >>> [said.value for said in said_in("1,200 of 3.4 million (95%) on 6 May 2023, a T-72")]
    [1200.0, 3400000.0, 0.95]
    >>> said_in("12,345.60")[0].unit
    0.01
    """
    return [_said(found) for found in _NUMBER.finditer(_DATE.sub(_blank, text))]


def dates_in(text: str) -> list[str]:
    """Days of a text in ISO form, in their order.

    Examples
    --------
    >>> dates_in("from 2023-05-06 to 7 June 2023 or March 8, 2024")
    ['2023-05-06', '2023-06-07', '2024-03-08']
    """
    return [day for found in _DATE.finditer(text) if (day := _iso(found))]


def agrees(said: Said, value: float, lower: float, upper: float) -> bool:
    """Whether a number is a value, rounded to its interval or with an error of 5% at most.

    Parameters
    ----------
    value, lower, upper
        A value and the limits of its interval, as for `text.numbers.number`.

    Examples
    --------
    >>> [agrees(said_in(t)[0], 354_218, 239_000, 481_000) for t in ("350,000", "354,000", "36")]
    [True, True, False]
    >>> agrees(said_in("0.4 million")[0], 354_218, 239_000, 481_000)
    False
    """
    off = abs(said.value - value)
    # Printed numbers are off by no more either, and most numbers of a text are far from a value.
    if off > ROUNDED * abs(value) * (1 + PRECISION) and value:
        return False
    factors = (1.0, 1 - PRECISION, 1 + PRECISION)
    printed = (number(value * f, lower * f, upper * f) for f in factors)
    if any(said.value == float(text.replace(",", "")) for text in printed if text != "unknown"):
        return True
    return off <= said.unit / 2 + PRECISION * abs(value) and off <= ROUNDED * abs(value)


def _said(found: re.Match[str]) -> Said:
    whole, rest = found["digits"].replace(",", ""), found["rest"] or ""
    scale = (found["scale"] or "").lower()
    zeros = len(whole) - len(whole.rstrip("0")) if not rest and whole.strip("0") else 0
    power = 1 - len(rest) if rest else zeros
    parts, times = _SCALES.get(scale, (1, 1))
    plain = (whole + rest[1:]).lstrip("0")
    value = float(whole + rest) * times / parts * (-1 if found["minus"] else 1)
    digits = max(1, len(plain if rest else plain.rstrip("0")))
    # A number of hundreds of digits is too large for any unit.
    unit = 10.0 ** min(power, sys.float_info.max_10_exp)
    return Said(found[0], value, unit * times / parts, parts > 1, digits)


def _iso(found: re.Match[str]) -> str:
    if found["iso"]:
        return found["iso"]
    month, day = found["month"] or found["month2"], found["day"] or found["day2"]
    year = found["year"] or found["year2"]
    if not (month and day and year):
        return ""
    return f"{year}-{MONTHS.index(month.capitalize()) + 1:02d}-{int(day):02d}"


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
