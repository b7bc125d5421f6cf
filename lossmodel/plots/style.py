"""Colours, axes and ticks that plots share.

Colours are those of Okabe and Ito, which people with the common forms of colour blindness can tell
apart; they stand for what a claimant is to the party, so that every claimant is drawn alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "BLOCK_COLOURS",
    "COMPARED",
    "FAINT",
    "INK",
    "ROLE_COLOURS",
    "ROWS",
    "axes_or_new",
    "date_ticks",
    "ratio_ticks",
]

INK: Final = "#22262b"
FAINT: Final = "#8a9099"
ROLE_COLOURS: Final = {"self": "#0072b2", "adversary": "#d55e00", "third-party": "#009e73"}
COMPARED: Final = "#cc79a7"
BLOCK_COLOURS: Final = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"),
    *("#5b626b", "#a3aab3"),
)
# Rows of a plot that has one for each stream or claimant.
ROWS: Final = 40


def ratio_ticks(ax: Axes, lower: pd.DataFrame, upper: pd.DataFrame) -> None:
    """Ticks of a ratio at round numbers, plainly written."""
    low, high = float(np.nanmin(lower)) * 0.9, float(np.nanmax(upper)) * 1.1
    low, high = max(min(low, 0.8), 0.01), min(max(high, 1.25), 100.0)
    steps = np.array([m * 10.0**e for e in range(-2, 3) for m in (1, 2, 5)])
    ax.set_xlim(low, high)
    ax.set_xticks(steps[(steps >= low) & (steps <= high)])
    ax.set_xticks([], minor=True)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def date_ticks(ax: Axes) -> None:
    """Dates that say each part once: the month under a tick, the year where it begins."""
    import matplotlib.dates

    dates: Any = matplotlib.dates  # has no types
    locator = dates.AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))


def axes_or_new(ax: Axes | None) -> Axes:
    """The Axes that were given, or those of a new figure."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots()[1]
