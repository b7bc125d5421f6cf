"""Pictures of checks, in the colours of `lossmodel.plots`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.plots.ecdf import PLACES, ecdf_band, ecdf_of
from lossmodel.plots.style import FAINT, INK, ROLE_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["plot_ranks", "plot_tornado"]

LONGEST: Final = 25
LOWER: Final = ROLE_COLOURS["self"]
HIGHER: Final = ROLE_COLOURS["adversary"]


def plot_tornado(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw by how much the median of one quantity moves, the largest change on top.

    Variants of the same kind and name share a bar line, one bar a side.

    Parameters
    ----------
    table
        Rows of `Sensitivity.table` of one quantity.
    """
    ax = _axes(ax, height=0.26)
    rows = table[table["kind"] != "fit"]
    labels = rows["kind"].map(WORDS) + " " + rows["name"].str.replace("_", " ")
    limits = rows.groupby(labels)["change"].agg(["min", "max"]) * 100
    reach = limits.abs().max(axis=1).sort_values(ascending=False)
    limits = limits.loc[reach.index[:LONGEST]][::-1]
    places = np.arange(len(limits))
    down, up = np.minimum(limits["min"], 0), np.maximum(limits["max"], 0)
    ax.barh(places, down, color=LOWER, height=0.7)
    ax.barh(places, up, color=HIGHER, height=0.7)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(places, list(limits.index))
    ax.set_ylim(-0.6, len(limits) - 0.4)
    ax.set_xlabel("change of the median, %")
    ax.set_title(str(table["quantity"].iloc[0]), loc="left")
    return ax


WORDS: Final = {
    "claimant": "without",
    "part": "part off:",
    "common mode": "common mode",
    "prior": "prior power:",
    "location": "prior mean:",
}


def plot_ranks(ranks: NDArray[np.float64], *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the ECDF of ranks less the diagonal, in its simultaneous 95% band.

    Parameters
    ----------
    ranks
        Shares of draws below the truth, one a war.
    """
    ax = _axes(ax)
    low, high = ecdf_band(len(ranks))
    ax.fill_between(PLACES, low - PLACES, high - PLACES, color=FAINT, alpha=0.35, lw=0)
    ax.step(PLACES, ecdf_of(ranks) - PLACES, color=INK, lw=1.4, where="post")
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.set_xlabel("rank of the truth among the draws")
    ax.set_ylabel("ECDF less the diagonal")
    ax.set_title(f"{title}, {len(ranks):,} wars", loc="left")
    return ax


def _axes(ax: Axes | None, *, height: float = 0.0) -> Any:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    size = (7.0, 1.2 + height * LONGEST) if height else None
    return pyplot.subplots(figsize=size, layout="constrained")[1]
