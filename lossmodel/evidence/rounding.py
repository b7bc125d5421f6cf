"""Rounding units of published figures, from their trailing zeros."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CAP",
    "EXACT_UNIT",
    "SD_OF_UNIT",
    "capped",
    "dividing_unit",
    "least_not_none",
    "series_units",
]

Floats = NDArray[np.float64]

# Standard deviation of an error that is uniform over one unit.
SD_OF_UNIT: Final = 1 / math.sqrt(12)
# Counts given to this unit are not rounded.
EXACT_UNIT: Final = 1.0

# Largest unit as a share of the figure, also for an approximate one: 20,000 may be a count of tens
# of thousands, but its claimant means neither 15,000 nor 25,000.
CAP: Final = 0.10
CAP_ABOUT: Final = 0.20
FINEST: Final = 1000  # figures are read to the third decimal
NEIGHBOURS: Final = 11
EXCEPTIONS: Final = 1
COARSER: Final = 100


def dividing_unit(value: float) -> float:
    """Largest power of ten, or half of one, that divides a figure; 0 for zero.

    Examples
    --------
    >>> [dividing_unit(value) for value in (152_000, 1_250, 61_207, 12.5)]
    [1000.0, 50.0, 1.0, 0.5]
    """
    count = round(abs(value) * FINEST)
    if count == 0:
        return 0.0
    unit = 1
    while count % 10 == 0:
        count //= 10
        unit *= 10
    return (5 * unit if count % 5 == 0 else unit) / FINEST


def capped(unit: float, *, value: float, about: bool) -> float:
    """Limit a unit to a tenth of the figure, or a fifth if the figure is approximate.

    Examples
    --------
    >>> capped(10_000, value=20_000, about=False), capped(10_000, value=20_000, about=True)
    (2000.0, 4000.0)
    """
    return min(unit, abs(value) * (CAP_ABOUT if about else CAP))


def least_not_none(rounding_sd: Floats | float) -> Floats:
    """Losses that are not rounded to none, half a unit and at least one, from the rounding error.

    Examples
    --------
    >>> least_not_none(np.array([0.0, 1.0, 100.0]) * SD_OF_UNIT).round(9)
    array([ 1.,  1., 50.])
    """
    return np.asarray(np.maximum(np.divide(rounding_sd, SD_OF_UNIT * 2), EXACT_UNIT))


def series_units(values: Sequence[float], rounded: Sequence[bool]) -> list[float]:
    """Rounding units of the figures of one series, in the order of their days.

    One figure alone is not enough: every tenth exact count ends in a zero by chance. The units 1,
    5, 10, 50, ... each divide the next, so the largest unit that divides all but one of the eleven
    nearest distinct figures (all, if there are fewer than eleven) is their second smallest unit,
    and that is the unit at this position of the series. A figure keeps its own unit if it is not
    called exact and a hundred times coarser than its neighbours (285,000 among 284,120 and
    285,930), which happens by chance once in a hundred times.

    A zero has no unit of its own, and has the finest of the others. Beside one number alone it is
    exact: a day and the total of its month say nothing of how the other days are rounded.

    Parameters
    ----------
    values
        Figures of the series as published.
    rounded
        Whether the figure is one that the claimant does not call exact.

    Returns
    -------
    units
        One per figure.

    Examples
    --------
    >>> series_units([27, 28, 30, 31], [False] * 4)
    [1.0, 1.0, 1.0, 1.0]
    >>> series_units([284_120, 285_000, 285_930], [True] * 3)
    [10.0, 5000.0, 10.0]
    >>> series_units([0, 500, 600], [False] * 3), series_units([0, 500], [False] * 2)
    ([100.0, 50.0, 60.0], [1.0, 50.0])
    """
    distinct = list(dict.fromkeys(values))
    own = [dividing_unit(value) for value in distinct]
    at = {value: place for place, value in enumerate(distinct)}
    nonzero = [place for place, unit in enumerate(own) if unit > 0]
    local = _local_units([own[place] for place in nonzero])
    of_place = dict(zip(nonzero, local, strict=True))
    of_zero = min(local) if len(local) > 1 else EXACT_UNIT
    units = []
    for value, loose in zip(values, rounded, strict=True):
        unit = of_place.get(at[value], of_zero)
        if loose and own[at[value]] >= COARSER * unit:
            unit = own[at[value]]
        units.append(capped(unit, value=value, about=loose) if value else unit)
    return units


def _local_units(own: list[float]) -> list[float]:
    units = []
    for place in range(len(own)):
        first = max(0, min(place - NEIGHBOURS // 2, len(own) - NEIGHBOURS))
        near = sorted(own[first : first + NEIGHBOURS])
        units.append(near[EXCEPTIONS if len(near) == NEIGHBOURS else 0])
    return units
