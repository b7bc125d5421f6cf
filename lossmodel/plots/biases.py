"""How far claimants are from the truth, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lossmodel.errors import UsageError
from lossmodel.plots.style import FAINT, INK, ROLE_COLOURS, ROWS, axes_or_new, ratio_ticks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from lossmodel.plots.drawable import Drawable

__all__ = ["plot_biases", "ratio_rows"]


def plot_biases(
    fit: Drawable,
    *,
    party: str | None = None,
    group: Literal["person", "equipment"] = "person",
    table: pd.DataFrame | None = None,
    page: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Draw each stream's ratio to the truth under its own definition, the prior behind it.

    Parameters
    ----------
    party
        Only streams about this party, or about a sum that contains it.
    table
        The result of `biases_table`, where it has been made already.
    page
        Which `ROWS` of the streams to draw, by role and ratio.
    ax
        A new figure's by default.

    Returns
    -------
    Axes
        The one that was drawn on.

    Raises
    ------
    UsageError
        There are no such streams.

    Examples
    --------
    >>> ax = plot_biases(fitted, group="equipment")
    >>> ax.get_xscale()
    'log'
    """
    ax = axes_or_new(ax)
    rows = ratio_rows(fit, fit.bias() if table is None else table, party=party, group=group)
    whole, rows = len(rows), rows.iloc[(page - 1) * ROWS : page * ROWS]
    if rows.empty:
        raise UsageError(f"The fit has no {group} claims about {party} to draw on page {page}.")
    places = np.arange(len(rows))[::-1]
    ax.hlines(places, rows["prior_lower"], rows["prior_upper"], color=FAINT, alpha=0.45, lw=6)
    colours = rows["role"].map(ROLE_COLOURS)
    ax.hlines(places, rows["ratio_lower"], rows["ratio_upper"], color=colours, lw=1.8)
    ax.scatter(rows["ratio_median"], places, color=colours, s=18, zorder=3)
    ax.axvline(1, color=INK, lw=0.8)
    ax.set_xscale("log")
    ratio_ticks(ax, rows[["ratio_lower", "prior_lower"]], rows[["ratio_upper", "prior_upper"]])
    ax.set_yticks(places, [_stream_label(fit, row, party) for row in rows.itertuples()])
    ax.set_ylim(-0.7, len(rows) - 0.3)
    part = "" if len(rows) == whole else f" ({len(rows)} of {whole} streams)"
    ax.set_xlabel(f"claimed / true, under the claimant's own definition{part}")
    for role in dict.fromkeys(rows["role"]):
        ax.plot([], [], "o-", ms=4, color=ROLE_COLOURS[role], label=role)
    ax.plot([], [], color=FAINT, alpha=0.45, lw=6, label="prior")
    return ax


def ratio_rows(
    fit: Drawable, table: pd.DataFrame, *, party: str | None = None, group: str = "person"
) -> pd.DataFrame:
    """Give the rows over all of a table of biases, by role and ratio, as they are shown."""
    rows = table[(table["start"] == fit.days[0]) & (table["end"] == fit.days[-1])]
    # In a fit of less than half a year the only half-year has the dates of the whole.
    rows = rows.drop_duplicates(["claimant", "party", "category"], keep="last")
    people = rows["definition_wounded_share_median"].notna()
    rows = rows[people if group == "person" else ~people]
    if party is not None:
        about = [party in (name, *fit.conflict.components(name)) for name in rows["party"]]
        rows = rows[np.array(about, dtype=bool)]
    return rows.sort_values(["role", "ratio_median"], kind="stable")


def _stream_label(fit: Drawable, stream: Any, party: str | None) -> str:
    """Claimant and category, and who else is in the figures where a party was asked for."""
    parties = [p for p in fit.conflict.components(stream.party) if party is not None and p != party]
    also = f" (with {', '.join(parties)})" if parties else ""
    return f"{stream.claimant}: {stream.category}{also}"
