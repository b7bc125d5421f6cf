"""Plot of force balances beside the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel.plots.axes import axes_or_new
from lossmodel.plots.palette import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST", "plot_force_balance"]

MOST: Final = 20  # balances, the last ones


def plot_force_balance(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Plot each force balance beside the killed and disabled of the fit over the same days.

    Parameters
    ----------
    table
        Rows of `force_check`; of more than `MOST` the last ones.
    ax
        Axes to draw on; by default, those of a new figure.
    """
    ax = axes_or_new(ax, figsize=(6.0, 1.2 + 0.3 * min(len(table), MOST)))
    rows = table.sort_values(["end", "start"]).iloc[-MOST:][::-1]
    at = np.arange(len(rows))
    width = rows["balance_upper"] - rows["balance_lower"]
    ax.barh(at, width, left=rows["balance_lower"], color=FAINT, alpha=0.5, label="balance")
    ax.plot(rows["balance"], at, "|", color=INK, ms=10)
    ax.hlines(at, rows["fit_lower"], rows["fit_upper"], color=INK, lw=1.4, label="fit")
    ax.plot(rows["fit_median"], at, "o", color=INK, ms=4)
    days = [rows[name].dt.strftime("%Y-%m-%d") for name in ("start", "end")]
    ax.set_yticks(at, (rows["party"] + "\n" + days[0] + " to " + days[1]).tolist())
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.set_xlabel("killed and disabled")
    return ax
