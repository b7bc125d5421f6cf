"""Axes and their ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.arguments import check_type
from lossmodel.plots.palette import INK
from lossmodel.text.months import dates as dates_in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["axes_or_new", "set_count_axis", "set_date_axis", "set_ratio_axis"]

# Steps of ticks within a power of ten, of which the coarsest with three ticks or more is taken.
STEPS: Final = (
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8, 9),
)
FEWEST: Final = 3
# Days up to which each has its tick, as between fewer than five ticks of days come hours.
FEW_DAYS: Final = 7
# A curve that stays below this share of a linear axis cannot be read. Chosen by eye.
READ: Final = 0.2
# Powers of ten below that of the highest median from which a logarithmic axis begins: zeros stay
# on it, and so do limits of a hundredth of the median.
DECADES: Final = 2
# Least share of the largest number that the axis still tells from zero, for its ticks' sake.
LEAST: Final = 1e-5


def axes_or_new(ax: Axes | None, **figure: Any) -> Axes:
    """Return the given Axes, or those of a new figure with the given properties."""
    if ax is not None:
        from matplotlib.axes import Axes

        check_type(ax, "ax", Axes, "the Axes of a figure")
        return ax
    from matplotlib import pyplot

    # Names of claimants and long numbers stay within the figure, however it is saved.
    new: Axes = pyplot.subplots(layout="constrained", **figure)[1]
    return new


def set_ratio_axis(ax: Axes, lower: pd.DataFrame, upper: pd.DataFrame) -> None:
    """Make x a logarithmic axis of ratios: a line at 1, and ticks at round numbers."""
    ax.axvline(1, color=INK, lw=0.8)
    ax.set_xscale("log")
    # Without ratios, as where all figures are ranges, the axis is around 1.
    low = float(np.nanmin(lower.to_numpy(dtype=float), initial=1.0)) * 0.9
    high = float(np.nanmax(upper.to_numpy(dtype=float), initial=1.0)) * 1.1
    low, high = max(min(low, 0.8), 0.01), min(max(high, 1.25), 100.0)
    ax.set_xlim(low, high)
    for steps in STEPS:
        ticks = np.array([m * 10.0**e for e in range(-2, 3) for m in steps])
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) >= FEWEST:
            break
    ax.set_xticks(ticks)
    ax.set_xticks([], minor=True)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def set_count_axis(ax: Axes, medians: pd.Series) -> None:
    """Make y an axis of counts from zero.

    It is logarithmic, but for a short linear piece at zero, where the medians could not be read
    beside all else that has been drawn.
    """
    highest = float(medians.max())
    if 0 < highest < READ * ax.dataLim.y1:
        first = 10.0 ** (np.floor(np.log10(max(highest, LEAST * ax.dataLim.y1))) - DECADES)
        ax.set_yscale("symlog", linthresh=first, linscale=0.3)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    ax.set_ylim(0, None)


def set_date_axis(ax: Axes, days: pd.DatetimeIndex) -> None:
    """Make x an axis of days: concise ticks, never of hours, and the first and the last day below.

    Ticks within a year do not name it.
    """
    import matplotlib.dates

    dates: Any = matplotlib.dates  # has no types
    first, last = ax.dataLim.intervalx
    few = last - first <= FEW_DAYS
    locator = dates.DayLocator() if few else dates.AutoDateLocator()
    concise = dates.ConciseDateFormatter(locator, show_offset=False)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(_day_and_month if few else concise)
    ax.set_xlabel(dates_in_words(days[0], days[-1]))


def _day_and_month(value: float, _: Any) -> str:
    import matplotlib.dates

    dates: Any = matplotlib.dates
    day = dates.num2date(value)
    return f"{day.day} {day:%b}"
