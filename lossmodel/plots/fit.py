"""Pictures of a fit. Each function takes an Axes, draws on it and returns it.

No statistic is computed here: curves, limits and ratios come from the tables of `estimates` and
`ratios`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from lossmodel.plots.style import (
    BLOCK_COLOURS,
    COMPARED,
    FAINT,
    INK,
    ROLE_COLOURS,
    ROWS,
    axes_or_new,
    date_ticks,
    ratio_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lossmodel.plots.drawable import Drawable

__all__ = ["plot_losses", "plot_predictions", "plot_shares"]

MARKERS: Final = {"ledger": "o", "estimate": "o", "list": "s", "register": "D"}
# Words that a figure of casualties may stand under; what each counts is a part of the model.
SHOWN_AS: Final = {"casualties": ("casualties", "losses", "irrecoverable")}
MANY: Final = 60  # from here on points are dots without an outline


def plot_losses(
    fit: Drawable,
    *,
    party: str | None = None,
    category: str = "killed",
    scope: str = "all",
    measure: Literal["cumulative", "weekly", "monthly"] = "cumulative",
    table: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one party's losses over time with their interval, and the claims about them.

    Cumulative claims stand on the cumulative curve; daily and period claims on the rate, which is
    drawn as losses a day in each week or month. Claims that were left out, such as estimates that
    others computed from the same claims, are drawn for comparison.

    Parameters
    ----------
    party
        The first of the fit's series by default.
    table
        Rows of `estimates_table`, where it has been made already.
    ax
        A new figure's by default.

    Returns
    -------
    Axes
        The one that was drawn on.

    Raises
    ------
    UsageError
        The fit has no such series.

    Examples
    --------
    >>> ax = plot_losses(fitted, party="germany", category="aircraft")
    >>> ax.get_legend_handles_labels()[1]
    ['95% credible interval', 'estimate (median)', 'adversary, ledger']
    """
    ax = axes_or_new(ax)
    party = fit.series[0][0] if party is None else party
    rows = _chosen(fit, party, category, scope, measure, table)
    per = 1 if measure == "cumulative" else (rows["end"] - rows["start"]).dt.days + 1
    at = (
        rows["end"]
        if measure == "cumulative"
        else rows["start"] + (rows["end"] - rows["start"]) / 2
    )
    level = f"{rows['ci_prob'].iloc[0] * 100:.4g}% credible interval"
    ax.fill_between(
        at, rows["lower"] / per, rows["upper"] / per, color=FAINT, alpha=0.35, lw=0, label=level
    )
    ax.plot(at, rows["median"] / per, color=INK, lw=1.6, label="estimate (median)")
    for group in _drawn_claims(fit, party, category, scope, cumulative=measure == "cumulative"):
        group.draw(ax)
    ax.set_ylim(bottom=0)
    date_ticks(ax)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    ax.set_ylabel("since the start" if measure == "cumulative" else "a day")
    return ax


def plot_predictions(fit: Drawable, *, ax: Axes | None = None) -> Axes:
    """Draw every claim's value against what the fit expects of it, claimant by claimant.

    A claim outside of the range that it should lie in 19 times of 20 is drawn as a cross.

    Parameters
    ----------
    ax
        A new figure's by default.

    Returns
    -------
    Axes
        The one that was drawn on.

    Examples
    --------
    >>> ax = plot_predictions(fitted)
    >>> ax.get_xlabel()
    'claimed / expected by the fit'
    """
    ax = axes_or_new(ax)
    terms = fit.terms[np.isfinite(fit.terms["residual"])]
    order = terms["claimant"].value_counts()
    whole, order = len(order), order.head(ROWS)
    places = {name: len(order) - 1 - i for i, name in enumerate(order.index)}
    terms = terms[terms["claimant"].isin(places)]
    outside = (terms["pit"] < 0.025) | (terms["pit"] > 0.975)
    for role, colour in ROLE_COLOURS.items():
        for odd, marker in ((False, "o"), (True, "x")):
            some = terms[(terms["role"] == role) & (outside == odd)]
            if some.empty:
                continue
            look = {"ms": 4, "alpha": 0.9, "mew": 1} if odd else {"ms": 3, "alpha": 0.35, "mew": 0}
            style: dict[str, Any] = {"color": colour, "marker": marker, "ls": ""} | look
            label = role + (", surprising" if odd else "")
            ax.plot(np.exp(some["residual"]), some["claimant"].map(places), label=label, **style)
    ax.axvline(1, color=INK, lw=0.8)
    ax.set_xscale("log")
    ratios = np.exp(terms[["residual"]])
    ratio_ticks(ax, ratios, ratios)
    ax.set_yticks(list(places.values()), [f"{name} ({order[name]})" for name in places])
    ax.set_ylim(-0.7, len(places) - 0.3)
    part = "" if whole == len(order) else f" (the {ROWS} of {whole} claimants with most figures)"
    ax.set_xlabel(f"claimed / expected by the fit{part}")
    return ax


def plot_shares(fit: Drawable, *, ax: Axes | None = None) -> Axes:
    """Draw which prior assumptions the remaining variance of each total comes from."""
    ax = axes_or_new(ax)
    wide = fit.variance_decomposition.pivot_table(
        index="quantity", columns="block", values="share", aggfunc="sum", sort=False
    ).fillna(0.0)
    wide = wide[wide.sum().sort_values(ascending=False).index]
    places = np.arange(len(wide))[::-1]
    left = np.zeros(len(wide))
    for block, colour in zip(wide.columns, BLOCK_COLOURS, strict=False):
        ax.barh(places, wide[block], left=left, height=0.65, color=colour, lw=0, label=block)
        left = left + wide[block].to_numpy()
    ax.set_axisbelow(True)
    ax.set_yticks(places, [str(quantity).removesuffix(" all") for quantity in wide.index])
    ax.set_ylim(-0.7, len(wide) - 0.3)
    ax.axvline(0.7, color=INK, lw=0.8, ls=(0, (4, 3)))
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel("share of the variance that comes from priors (line: 70%)")
    return ax


@dataclass(frozen=True)
class _Points:
    """Claims that are drawn alike."""

    rows: pd.DataFrame
    label: str
    style: dict[str, Any]
    cumulative: bool

    def draw(self, ax: Axes) -> None:
        label = self.label
        long = self.rows if self.cumulative else self.rows[self.rows["n_days"] > 1]
        if not self.cumulative and len(long):
            colour = self.style["color"]
            ax.hlines(long["shown"], long["start"], long["end"], color=colour, lw=1.6, label=label)
            label = "_" + label
        points = self.rows if self.cumulative else self.rows[self.rows["n_days"] == 1]
        if len(points):
            many = len(points) > MANY
            dots = {"ms": 1.8, "mew": 0, "alpha": 0.45, "mfc": self.style["color"]}
            look = dots if many else {"ms": 4, "mew": 0.9}
            ax.plot(points["end"], points["shown"], ls="", label=label, **(self.style | look))
        wide = self.rows[np.isfinite(self.rows["low"]) & np.isfinite(self.rows["high"])]
        if self.cumulative and len(wide):
            colour = self.style["color"]
            ax.vlines(wide["end"], wide["low"], wide["high"], color=colour, lw=1, alpha=0.7)


def _drawn_claims(
    fit: Drawable, party: str, category: str, scope: str, *, cumulative: bool
) -> list[_Points]:
    """Sort the claims about a series into groups that are drawn alike."""
    table = fit.claims.table.merge(fit.evidence.classes[["claim_id", "class"]], on="claim_id")
    about = [name for name in set(table["party"]) if party in fit.conflict.components(name)]
    table = table[
        table["party"].isin(about)
        & table["category"].isin(SHOWN_AS.get(category, (category,)))
        & ~table["kind"].isin(("stock", "correction"))
        & (table["class"] != "merged")
        & (table["end"] <= fit.days[-1])
    ]
    since_start = (table["kind"] == "cumulative") | (
        (table["start"] <= fit.days[0]) & (table["kind"] == "period")
    )
    table = table[since_start if cumulative else ~since_start]
    n_days = (table["end"] - table["start"]).dt.days + 1
    middle = table["value"].fillna((table["low"] + table["high"]) / 2)
    per = 1 if cumulative else n_days.where(table["kind"] != "average", 1)
    table = table.assign(n_days=n_days, shown=middle / per)
    table = table[np.isfinite(table["shown"])]
    streams = fit.streams.set_index(["claimant", "party", "category"])[["role", "accounting"]]
    table = table.join(streams, on=["claimant", "party", "category"])
    used = (table["class"] == "used") & table["role"].notna()
    alike = used & (table["scope"] == scope)
    groups = [
        _Points(rows, f"{role}, {accounting}", _style(role, accounting), cumulative)
        for (role, accounting), rows in table[alike].groupby(["role", "accounting"])
    ]
    for some, label in (
        (used & ~alike, "of another scope"),
        (~used, "left out, for comparison"),
    ):
        if some.any():
            colour = FAINT if label == "of another scope" else COMPARED
            style = {"color": colour, "marker": "s" if colour == FAINT else "P", "mfc": "none"}
            groups.append(_Points(table[some], label, style, cumulative))
    return groups


def _style(role: str, accounting: str) -> dict[str, Any]:
    colour = ROLE_COLOURS[role]
    hollow = {"mfc": "none"} if accounting == "estimate" else {}
    return {"color": colour, "marker": MARKERS[accounting]} | hollow


def _chosen(
    fit: Drawable, party: str, category: str, scope: str, measure: Any, table: pd.DataFrame | None
) -> pd.DataFrame:
    if table is None:
        return fit.estimate(category, party, scope=scope, measure=measure)
    same = table["party"].eq(party) & table["category"].eq(category) & table["scope"].eq(scope)
    return table[same & table["measure"].eq(measure)]
