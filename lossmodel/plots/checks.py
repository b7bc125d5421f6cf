"""Plots of sensitivity and calibration checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel.plots.axes import axes_or_new
from lossmodel.plots.ecdf import GRID, ecdf_band, ecdf_of
from lossmodel.plots.palette import FAINT, INK, ROLE_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["plot_ranks", "plot_tornado"]

MAX_ROWS: Final = 25  # rows of a tornado plot: 7.7 inches high at 0.26 inches per row
LOWER: Final = ROLE_COLOURS["self"]
HIGHER: Final = ROLE_COLOURS["adversary"]
VARIANT_LABELS: Final = {
    "claimant": "without",
    "part": "part off:",
    "accounting": "read otherwise:",
    "common mode": "common mode",
    "prior": "prior power:",
    "location": "prior mean:",
}


def plot_tornado(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Plot the change of the median of one quantity under each variant, largest change on top.

    Variants of the same kind and name share a row, with one bar per direction.

    Parameters
    ----------
    table
        Rows of `Sensitivity.table` for one quantity.
    ax
        Axes to draw on; by default, those of a new figure.
    """
    ax = axes_or_new(ax, figsize=(7.0, 1.2 + 0.26 * MAX_ROWS))
    rows = table[table["kind"] != "fit"]
    labels = rows["kind"].map(VARIANT_LABELS) + " " + rows["name"].str.replace("_", " ")
    limits = rows.groupby(labels)["change"].agg(["min", "max"]) * 100
    largest = limits.abs().max(axis=1).sort_values(ascending=False)
    limits = limits.loc[largest.index[:MAX_ROWS]][::-1]
    positions = np.arange(len(limits))
    down, up = np.minimum(limits["min"], 0), np.maximum(limits["max"], 0)
    ax.barh(positions, down, color=LOWER, height=0.7)
    ax.barh(positions, up, color=HIGHER, height=0.7)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(positions, list(limits.index))
    ax.set_ylim(-0.6, len(limits) - 0.4)
    ax.set_xlabel("change of the median, %")
    ax.set_title(str(table["quantity"].iloc[0]), loc="left")
    return ax


def plot_ranks(ranks: NDArray[np.float64], *, title: str = "", ax: Axes | None = None) -> Axes:
    """Plot the ECDF of ranks minus the diagonal, in its simultaneous 95% band.

    Parameters
    ----------
    ranks
        Shares of draws below the truth, one per simulated war, between 0 and 1.
    title
        Name of the quantity.
    ax
        Axes to draw on; by default, those of a new figure.
    """
    ax = axes_or_new(ax)
    low, high = ecdf_band(len(ranks))
    ax.fill_between(GRID, low - GRID, high - GRID, color=FAINT, alpha=0.35, lw=0)
    ax.step(GRID, ecdf_of(ranks) - GRID, color=INK, lw=1.4, where="post")
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.set_xlabel("rank of the truth among the draws")
    ax.set_ylabel("ECDF minus uniform")
    ax.set_title(f"{title}, {len(ranks):,} wars", loc="left")
    return ax
