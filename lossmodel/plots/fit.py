"""Plots of a fit. Each function takes an Axes, draws on it and returns it.

No statistic is computed here: curves, limits and ratios come from the tables of `estimates` and
`ratios`. Colours encode the role of a claimant towards the party.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from lossmodel.arguments import check_choice, check_fit, check_index, spelled
from lossmodel.errors import UsageError
from lossmodel.plots.axes import axes_or_new, set_count_axis, set_date_axis, set_ratio_axis
from lossmodel.plots.claims import claim_groups
from lossmodel.plots.curve import curve, series_rows
from lossmodel.plots.labels import counted, stream_label, totals, with_others
from lossmodel.plots.palette import FAINT, FIGURES_COLOUR, GROUP_COLOURS, INK, ROLE_COLOURS
from lossmodel.plots.tail import hatch_tail
from lossmodel.posterior.estimates import Measure, rate_measure
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import READING
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lossmodel.plots.drawable import Drawable

__all__ = ["plot_biases", "plot_losses", "plot_predictions", "plot_variance_decomposition"]

# Rows of a figure, so that it fits on a page of A4 at 0.19 inches per row.
ROWS: Final = 40
INSIDE_MARKS: Final = {"ms": 3, "alpha": 0.35, "mew": 0}
OUTSIDE_MARKS: Final = {"ms": 4, "alpha": 0.9, "mew": 1}
FEW: Final = 100  # figures that do not cover one another, and are drawn as clearly as those outside
# Probability of the central predictive interval outside which a figure is marked.
PREDICTIVE_PROB: Final = 0.95


def plot_losses(
    fit: Drawable,
    *,
    party: str | None = None,
    category: str = "killed",
    scope: str = "all",
    measure: Measure = "cumulative",
    ci_prob: float | None = None,
    table: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the losses of one party over time, with their interval and the claims about them.

    Cumulative claims are drawn with cumulative losses; daily and period claims with losses per
    day, of each day or averaged over each week, month or year. Claims that were left out of the
    fit, such as estimates derived from the same claims, are drawn for comparison.

    Parameters
    ----------
    fit
        A fit.
    party, category, scope
        The series, in upper or lower case; by default, persons killed of the first party of the
        fit.
    measure
        ``"cumulative"`` plots numbers since the start; ``"daily"``, ``"weekly"``, ``"monthly"`` and
        ``"yearly"`` plot numbers per day.
    ci_prob
        Probability of the equal-tailed interval; the fit's own by default.
    table
        The table of estimates with the columns of ``estimates.csv``, if it has been computed.
    ax
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    Axes
        The Axes with one line (the posterior median), one band (the credible interval) and one
        group of points per role and accounting of the claimants; a hatched end, see `tail_start`.
        The axis of counts is logarithmic where the line could not be read on a linear one.

    Raises
    ------
    UsageError
        The fit has no such series.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_losses(fitted, party="germany", category="aircraft", ax=Figure().subplots())
    >>> ax.get_legend_handles_labels()[1][:2]
    ['95% credible interval', 'estimate (median)']
    """
    check_fit(fit)
    ax = axes_or_new(ax)
    party = spelled(fit.series[0][0] if party is None else party, fit.conflict.parties, "party")
    category = spelled(category, fit.conflict.categories, "category")
    scope = spelled(scope, fit.conflict.scopes, "scope")
    measure = check_choice(measure, "measure", get_args(Measure))
    if table is None and ci_prob is not None:
        ask: Any = fit.estimate  # The tables of a report have one interval.
        table = ask(category, party, scope=scope, measure=measure, ci_prob=ci_prob)
    rows = series_rows(fit, party, category, scope, measure, table)
    line, cumulative = curve(rows), measure == "cumulative"
    level = f"{rows['ci_prob'].iloc[0] * 100:.4g}% credible interval"
    ax.fill_between(
        line["at"], line["lower"], line["upper"], color=FAINT, alpha=0.35, lw=0, label=level
    )
    alone: dict[str, Any] = {"marker": "_", "ms": 14} if len(line) == 1 else {}
    if alone:
        ax.vlines(line["at"], line["lower"], line["upper"], color=FAINT, alpha=0.35, lw=14)
    ax.plot(line["at"], line["median"], color=INK, lw=1.6, label="estimate (median)", **alone)
    hatch_tail(ax, series_rows(fit, party, category, scope, rate_measure(len(fit.days)), table))
    for group in claim_groups(fit, party, category, scope, cumulative=cumulative):
        group.draw(ax)
    set_date_axis(ax, fit.days)
    set_count_axis(ax, line["median"])
    title, how = fit.conflict.parties[party].title, "cumulative" if cumulative else "per day"
    ax.set_ylabel(f"{title}: {category}, {how}")
    return ax


def plot_biases(
    fit: Drawable,
    *,
    party: str | None = None,
    group: Literal["person", "equipment"] = "person",
    ci_prob: float | None = None,
    table: pd.DataFrame | None = None,
    page: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Plot the ratio of claimed to true losses of each stream, over its prior.

    A stream is the claims of one claimant about one category of one party. Ratios are under the
    claimant's own definition, over the whole period, on a logarithmic axis.

    Parameters
    ----------
    fit
        A fit.
    party
        Only streams about this party, or about a sum of parties with it, in upper or lower case;
        by default, all streams.
    group
        Streams about people or about equipment.
    ci_prob
        Probability of the equal-tailed intervals; the fit's own by default.
    table
        The table of biases with the columns of ``biases.csv``, if it has been computed.
    page
        Number of the page, from 1; a page has 40 streams, sorted by role and median ratio.
    ax
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    Axes
        The Axes with one row per stream: prior interval (wide bar), posterior interval (line) and
        posterior median (dot).

    Raises
    ------
    UsageError
        There are no such streams, or no such page.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_biases(fitted, party="germany", group="equipment", ax=Figure().subplots())
    >>> sorted(label.get_text() for label in ax.get_yticklabels())
    ['Air Ministry: aircraft', 'German High Command: aircraft']
    """
    check_fit(fit)
    ax = axes_or_new(ax)
    party = None if party is None else spelled(party, fit.conflict.parties, "party")
    group = check_choice(group, "group", ("person", "equipment"))
    ask: Any = fit.bias
    if table is None:
        table = ask() if ci_prob is None else ask(ci_prob=ci_prob)
    rows = ratio_rows(fit, table, party=party, group=group)
    if rows.empty:
        raise UsageError(f"There are no {group} claims about {party or 'any party'}.")
    whole, page = len(rows), check_index(page, "page", -(-len(rows) // ROWS), first=1)
    rows = rows.iloc[(page - 1) * ROWS : page * ROWS]
    positions = np.arange(len(rows))[::-1]
    ax.hlines(positions, rows["prior_lower"], rows["prior_upper"], color=FAINT, alpha=0.45, lw=6)
    colours = rows["role"].map(ROLE_COLOURS)
    ax.hlines(positions, rows["ratio_lower"], rows["ratio_upper"], color=colours, lw=1.8)
    ax.scatter(rows["ratio_median"], positions, color=colours, s=18, zorder=3)
    set_ratio_axis(ax, rows[["ratio_lower", "prior_lower"]], rows[["ratio_upper", "prior_upper"]])
    ax.set_yticks(positions, [stream_label(fit, row, party) for row in rows.itertuples()])
    ax.set_ylim(-0.7, len(rows) - 0.3)
    part = "" if len(rows) == whole else f" ({len(rows)} of {whole} streams)"
    starred = any(with_others(fit, name, party) for name in rows["party"])
    also = "; * with other parties" if starred else ""
    ax.set_xlabel(f"claimed / true, in the claimant's own words{part}{also}")
    for role in dict.fromkeys(rows["role"]):
        ax.plot([], [], "o-", ms=4, color=ROLE_COLOURS[role], label=role)
    ax.plot([], [], color=FAINT, alpha=0.45, lw=6, label="prior")
    return ax


def plot_predictions(fit: Drawable, *, ax: Axes | None = None) -> Axes:
    """Plot each figure as a multiple of its posterior expectation, by claimant.

    Crosses mark figures outside their central 95% predictive interval; the axis is logarithmic.

    Parameters
    ----------
    fit
        A fit.
    ax
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    Axes
        The Axes with one row per claimant, for the 40 claimants with most figures.

    Raises
    ------
    UsageError
        No figure has such a multiple.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_predictions(fitted, ax=Figure().subplots())
    >>> ax.get_xlabel()
    'claimed / expected by the fit'
    """
    check_fit(fit)
    terms = fit.terms[np.isfinite(fit.terms["residual"])]
    if terms.empty:
        raise UsageError(
            "No figure has a ratio to its expectation: all are zeros, or ranges without a value."
        )
    ax = axes_or_new(ax)
    order = terms["claimant"].value_counts()
    whole, order = len(order), order.head(ROWS)
    positions = {name: len(order) - 1 - i for i, name in enumerate(order.index)}
    terms = terms[terms["claimant"].isin(positions)]
    outside = (terms["pit"] - 0.5).abs() > PREDICTIVE_PROB / 2
    for role, colour in ROLE_COLOURS.items():
        for is_outside, marker in ((False, "o"), (True, "x")):
            some = terms[(terms["role"] == role) & (outside == is_outside)]
            if some.empty:
                continue
            marks = OUTSIDE_MARKS if is_outside or len(terms) < FEW else INSIDE_MARKS
            style: dict[str, Any] = {"color": colour, "marker": marker, "ls": ""} | marks
            label = role + (f", outside {percent(PREDICTIVE_PROB)}" if is_outside else "")
            ax.plot(np.exp(some["residual"]), some["claimant"].map(positions), label=label, **style)
    ratios = np.exp(terms[["residual"]])
    set_ratio_axis(ax, ratios, ratios)
    ax.set_yticks(list(positions.values()), [counted(fit, order, name) for name in positions])
    ax.set_ylim(-0.7, len(positions) - 0.3)
    part = "" if whole == len(order) else f"\n({ROWS} of {whole} claimants)"
    ax.set_xlabel(f"claimed / expected by the fit{part}")
    return ax


def plot_variance_decomposition(fit: Drawable, *, ax: Axes | None = None) -> Axes:
    """Plot the shares of each total's posterior variance: each group of priors, and the figures.

    Parameters
    ----------
    fit
        A fit.
    ax
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    Axes
        The Axes with one bar per total, from 0 to 1.
    """
    ax = axes_or_new(ax)
    wide = fit.variance_decomposition.pivot_table(
        index="quantity", columns="block", values="share", aggfunc="sum", sort=False
    ).fillna(0.0)
    wide = wide[wide.sum().sort_values(ascending=False).index]
    few = len(GROUP_COLOURS) - 1
    if wide.shape[1] > few + 1:
        wide = wide.iloc[:, :few].assign(other=wide.iloc[:, few:].sum(axis=1))
    positions = np.arange(len(wide))[::-1]
    left = np.zeros(len(wide))
    for group, colour in zip(wide.columns, GROUP_COLOURS[: wide.shape[1]], strict=True):
        ax.barh(positions, wide[group], left=left, height=0.65, color=colour, lw=0, label=group)
        left = left + wide[group].to_numpy()
    ax.set_axisbelow(True)
    ax.set_yticks(positions, totals(fit, wide.index))
    ax.set_ylim(-0.7, len(wide) - 0.3)
    figures = np.maximum(1 - left, 0)
    ax.barh(positions, figures, left=left, height=0.65, color=FIGURES_COLOUR, lw=0, label="figures")
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel("share of the posterior variance")
    return ax


def ratio_rows(
    fit: Drawable, table: pd.DataFrame, *, party: str | None = None, group: str = "person"
) -> pd.DataFrame:
    """Rows of a table of biases of totals over the whole period, sorted by role and ratio."""
    whole = (table["start"] == fit.days[0]) & (table["end"] == fit.days[-1])
    rows = table[whole & ~is_auxiliary(table["accounting"])]
    # In a fit shorter than half a year, the only half-year has the dates of the whole period.
    rows = rows.drop_duplicates(READING, keep="last")
    rows = rows[rows["definition_wounded_share_median"].notna() == (group == "person")]
    if party is not None:
        about = [party in (name, *fit.conflict.components(name)) for name in rows["party"]]
        rows = rows[np.array(about, dtype=bool)]
    return rows.sort_values(["role", "ratio_median"], kind="stable")
