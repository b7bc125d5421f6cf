"""Figures of the paper, drawn by the package's own functions."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import lossmodel as lm
from lossmodel.plots import plot_variance_decomposition
from lossmodel.plots.palette import INK, LEFT_OUT_COLOUR
from lossmodel.posterior.fit import Fit
from paper.refits import Refits

WIDTH = 6.3
PARTIES = ("russia", "ukraine")


def write_figures(fit: Fit, again: Refits, biases: pd.DataFrame, out: Path) -> None:
    """Write `losses`, `pace`, `biases`, `shares` and `published` as PDF."""
    figures = {
        "losses": losses(fit),
        "pace": pace(fit),
        "biases": ratios(fit, biases),
        "shares": shares(fit),
        "published": published(fit, again.published),
    }
    for name, figure in figures.items():
        # Without a date, so that the same fit gives the same file.
        figure.savefig(out / f"{name}.pdf", metadata={"CreationDate": None})
        pyplot.close(figure)


def losses(fit: Fit) -> Figure:
    """Killed and casualties of both sides since the start."""
    figure, axes = pyplot.subplots(2, 2, figsize=(WIDTH, 5.6), sharex=True, layout="constrained")
    for row, category in zip(axes, ("killed", "casualties"), strict=True):
        for ax, party in zip(row, PARTIES, strict=True):
            lm.plot_losses(fit, party=party, category=category, ax=ax)
            _dated(ax, f"{category.title()}, {fit.conflict.parties[party].title}", fit.days)
    _legend(figure, list(axes.flat))
    return figure


def pace(fit: Fit) -> Figure:
    """Casualties per day of both sides, by month."""
    figure, axes = pyplot.subplots(1, 2, figsize=(WIDTH, 2.9), layout="constrained")
    for ax, party in zip(axes, PARTIES, strict=True):
        lm.plot_losses(fit, party=party, category="casualties", measure="monthly", ax=ax)
        _dated(ax, f"Casualties per day, {fit.conflict.parties[party].title}", fit.days)
    _legend(figure, list(axes))
    return figure


def ratios(fit: Fit, biases: pd.DataFrame) -> Figure:
    """Ratio of each stream, prior and posterior."""
    figure, axes = pyplot.subplots(1, 2, figsize=(WIDTH, 7.6), layout="constrained")
    for ax, party in zip(axes, PARTIES, strict=True):
        lm.plot_biases(fit, party=party, table=biases, ax=ax)
        ax.set_title(f"About {fit.conflict.parties[party].title}", loc="left")
        ax.tick_params(axis="y", labelsize=6)
        ax.set_xlabel("claimed / true, own definition")
    _legend(figure, list(axes))
    return figure


def shares(fit: Fit) -> Figure:
    """Prior shares of the posterior variance, by assumption."""
    figure, ax = pyplot.subplots(figsize=(WIDTH, 4.4), layout="constrained")
    plot_variance_decomposition(fit, ax=ax)
    ax.tick_params(axis="y", labelsize=6.5)
    _legend(figure, [ax], columns=5)
    return figure


def published(fit: Fit, table: pd.DataFrame) -> Figure:
    """Others' totals, and this model's from the claims public on the same day."""
    figure, ax = pyplot.subplots(figsize=(WIDTH, 0.21 * len(table) + 0.9), layout="constrained")
    places = np.arange(len(table))[::-1]
    ax.hlines(places + 0.14, table["lower"], table["upper"], color=INK, lw=1.4)
    ax.plot(table["median"], places + 0.14, "o", ms=3, color=INK, label="this model")
    ax.hlines(places - 0.14, table["low"], table["high"], color=LEFT_OUT_COLOUR, lw=1.4)
    between = np.sqrt(table["low"] * table["high"])
    middle = table["value"].where(table["value"].notna(), between)
    ax.plot(
        middle, places - 0.14, "P", ms=4, mfc="white", color=LEFT_OUT_COLOUR, label="as published"
    )
    labels = [
        f"{row.published:%Y-%m} {row.claimant}: {row.category} {row.party}"
        + ("" if row.scope == "all" else f", {row.scope}")
        for row in table.itertuples()
    ]
    ax.set_yticks(places, labels, fontsize=6.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    ax.set_xlabel("since the start")
    _legend(figure, [ax])
    return figure


def _dated(ax: Axes, title: str, days: pd.DatetimeIndex) -> None:
    ax.set_title(title, loc="left")
    years = [str(year) for year in range(days[0].year + 1, days[-1].year + 1)]
    ax.set_xticks(np.array(years, dtype="datetime64[D]"), years)


def _legend(figure: Figure, axes: list[Axes], *, columns: int = 4) -> None:
    """One legend under all panels."""
    known: dict[str, Artist] = {}
    for ax in axes:
        found, names = ax.get_legend_handles_labels()
        known |= dict(zip(names, found, strict=True))
    handles, labels = list(known.values()), list(known)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=6.5)
