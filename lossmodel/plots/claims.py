"""Claims as points of a plot of losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.plots.palette import FAINT, LEFT_OUT_COLOUR, ROLE_COLOURS
from lossmodel.tables.categories import SHOWN_AS
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, names_with

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lossmodel.plots.drawable import Drawable

__all__ = ["Points", "claim_groups", "claims_about"]

MARKERS: Final = {
    "ledger": "o",
    "estimate": "o",
    "list": "s",
    "register": "D",
    "corrected-register": "D",
}
# Marks of bounds point to the side on which the number may lie.
BOUNDS: Final = {"at-least": "^", "at-most": "v"}
# Above this many points, markers are small dots without an outline, so that they do not hide the
# curve. Chosen by eye.
MANY: Final = 60


@dataclass(frozen=True)
class Points:
    """Claims that are drawn in the same style."""

    rows: pd.DataFrame
    label: str
    style: dict[str, Any]
    cumulative: bool
    is_bound: bool = False

    def draw(self, ax: Axes) -> None:
        """Draw points, ranges of values and, for rates, the days of longer windows."""
        label = self.label
        long = self.rows if self.cumulative else self.rows[self.rows["n_days"] > 1]
        if not self.cumulative and len(long):
            colour = self.style["color"]
            lw = 0.7 if self.is_bound else 1.6
            ax.hlines(long["shown"], long["start"], long["end"], color=colour, lw=lw, label=label)
            label = "_" + label
            if self.is_bound:
                middle = long["start"] + (long["end"] - long["start"]) / 2
                ax.plot(middle, long["shown"], ls="", label=label, **(self.style | {"ms": 4}))
        points = self.rows if self.cumulative else self.rows[self.rows["n_days"] == 1]
        if len(points):
            many = len(points) > MANY
            dots = {"ms": 1.8, "mew": 0, "alpha": 0.45, "mfc": self.style["color"]}
            marks = dots if many else {"ms": 4, "mew": 0.9}
            style: dict[str, Any] = {"ls": "", "clip_on": False} | self.style | marks
            ax.plot(points["end"], points["shown"], label=label, **style)
        wide = self.rows[np.isfinite(self.rows["low"]) & np.isfinite(self.rows["high"])]
        if self.cumulative and len(wide):
            colour = self.style["color"]
            ax.vlines(wide["end"], wide["low"], wide["high"], color=colour, lw=1, alpha=0.7)


def claim_groups(
    fit: Drawable, party: str, category: str, scope: str, *, cumulative: bool
) -> list[Points]:
    """Groups of claims about a series that are drawn in the same style."""
    table = claims_about(fit, party, category, cumulative=cumulative)
    streams = fit.streams[~is_auxiliary(fit.streams["accounting"])]
    streams = streams.set_index(STREAM)[["role", "accounting"]]
    table = table.join(streams, on=STREAM)
    used = (table["class"] == "used") & table["role"].notna()
    same_scope = used & (table["scope"] == scope)
    bounds = table["qualifier"].isin(BOUNDS)
    groups = [
        Points(rows, f"{role}, {accounting}", _style(str(role), str(accounting)), cumulative)
        for (role, accounting), rows in table[same_scope & ~bounds].groupby(["role", "accounting"])
    ]
    for (role, qualifier), rows in table[same_scope & bounds].groupby(["role", "qualifier"]):
        mark = {"color": ROLE_COLOURS[str(role)], "marker": BOUNDS[str(qualifier)], "mfc": "none"}
        words = f"{role}, {str(qualifier).replace('-', ' ')}"
        groups.append(Points(rows, words, mark, cumulative, is_bound=True))
    for chosen, label, colour, marker in (
        (used & ~same_scope, "other scope", FAINT, "s"),
        (~used, "left out, for comparison", LEFT_OUT_COLOUR, "P"),
    ):
        if chosen.any():
            style = {"color": colour, "marker": marker, "mfc": "none"}
            groups.append(Points(table[chosen], label, style, cumulative))
    return groups


def claims_about(fit: Drawable, party: str, category: str, *, cumulative: bool) -> pd.DataFrame:
    """Claims to draw with a series, with their class and the value `shown`.

    A claim about a sum of parties is about none of them alone.
    """
    table = fit.claims.table.merge(fit.evidence.classes[["claim_id", "class"]], on="claim_id")
    table = table[
        (table["party"] == party)
        & table["category"].isin(SHOWN_AS.get(category, (category,)))
        & table["kind"].isin(names_with(KINDS, "counts_losses"))
        & (table["class"] != "merged")
        & (table["end"] <= fit.days[-1])
    ]
    from_start = (table["start"] <= fit.days[0]) & table["kind"].isin(names_with(KINDS, "is_total"))
    since_start = from_start | table["kind"].isin(names_with(KINDS, "running"))
    table = table[since_start if cumulative else ~since_start]
    n_days = (table["end"] - table["start"]).dt.days + 1
    central = table["value"].fillna((table["low"] + table["high"]) / 2)
    per = 1 if cumulative else n_days.mask(table["kind"].isin(names_with(KINDS, "per_day")), 1)
    table = table.assign(n_days=n_days, shown=central / per)
    shown: pd.DataFrame = table[np.isfinite(table["shown"])]
    return shown


def _style(role: str, accounting: str) -> dict[str, Any]:
    colour = ROLE_COLOURS[role]
    hollow = {"mfc": "none"} if ACCOUNTINGS[accounting].assesses else {}
    return {"color": colour, "marker": MARKERS[accounting]} | hollow
