"""The figures of a report, with their captions."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np
import pandas as pd

from lossmodel.plots import fit as plots
from lossmodel.plots.force import MOST, plot_force_balance
from lossmodel.plots.palette import FAINT, INK
from lossmodel.posterior.force_check import force_check
from lossmodel.posterior.tables import claimed_sums
from lossmodel.report.figures import data
from lossmodel.report.figures.room import fit_words
from lossmodel.report.figures.tables import WORDS
from lossmodel.report.wording import (
    headline_keys,
    level,
    main_categories,
    main_parties,
    party_title,
    quantity_title,
)
from lossmodel.tables.readings import is_auxiliary
from lossmodel.text.escape import file_name
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from lossmodel.report.figures.tables import FigureTables
    from lossmodel.report.results import Results

__all__ = ["FORCE_BALANCE", "FigureSpec", "draw_figures", "figure_specs"]

# Inches: narrow enough that labels stay readable on a phone without scrolling. A phone of 360 px
# has 334 px for the 346 pt of a figure, so that 8.5 pt are 8.2 px.
WIDTH: Final = 4.8
SMALLEST: Final = 8.5
# Inches at the top of a figure for the warning of a fit that did not pass its gate.
MARK: Final = 0.18
Group = Literal["person", "equipment"]
STYLE: Final[dict[str, Any]] = {
    "axes.edgecolor": FAINT,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.alpha": 0.35,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.fontsize": SMALLEST,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "lossmodel",
    "text.color": INK,
    # Names of claimants are plain text, whatever characters they contain.
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": SMALLEST,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": SMALLEST,
}


@dataclass(frozen=True)
class FigureSpec:
    """A figure to draw from tables, or the reason why there is none.

    Attributes
    ----------
    name
        Of its file.
    caption
        Its caption; without `draw` the sentence that stands in its place.
    draw
        Draws it; None where there is nothing to draw.
    alt
        Alternative text.
    data
        The numbers that it shows, for download.
    series
        Party and category of a figure of losses.
    """

    name: str
    caption: str
    draw: Callable[[FigureTables], Figure] | None
    alt: str = ""
    data: Callable[[Results], pd.DataFrame] | None = None
    series: tuple[str, str] | None = None


def figure_specs(results: Results) -> dict[str, list[FigureSpec]]:
    """All figures of a report by section."""
    fit = results.fit
    group: Group = "person" if (fit.streams["group"] == "person").any() else "equipment"
    sums = [key for key in claimed_sums(fit) if key[1] in main_categories(fit)]
    shown = [(party, category) for party, category, _ in (*headline_keys(fit), *sums)]
    return {
        "losses": [_losses(results, party, category) for party, category in shown]
        or [FigureSpec("losses", NO_LOSSES, None)],
        "claimants": [
            _biases(results, party, group, page)
            for party in main_parties(fit)
            for page in range(1, _pages(results, party, group) + 1)
        ],
        "level": [FigureSpec("shares", SHARES, _draw_shares, data=data.shares)],
        "checks": [
            FigureSpec("predictions", PREDICTIONS, _draw_predictions, data=data.predictions)
            if np.isfinite(fit.terms["residual"]).any()
            else FigureSpec("predictions", NO_PREDICTIONS, None),
            *_force(results),
        ],
    }


SHARES: Final = (
    "Shares of each total's posterior variance: by group of priors, and by the figures, which have "
    "the rest to 100%."
)
FORCE_BALANCE: Final = "force-balance"
FORCE: Final = (
    "Force balances: what the strengths and flows of each army leave for its killed and disabled "
    "(bar: normal interval), and the killed and disabled of the fit over the same days (line and "
    "dot: posterior interval and median)."
)
NO_LOSSES: Final = "There is no figure of losses, as the claims are about no party that fights."
NO_PREDICTIONS: Final = (
    "There is no figure of claims beside their expectation: all are zeros, or ranges without a "
    "value, and have no ratio to it."
)
PREDICTIONS: Final = (
    "Each figure as a multiple of its posterior expectation; the number of figures is in brackets. "
    f"Crosses mark figures outside their {percent(plots.PREDICTIVE_PROB)} predictive interval."
)


def draw_figures(
    specs: Sequence[FigureSpec], tables: FigureTables, folder: Path, *, mark: str = ""
) -> dict[str, str]:
    """Write each figure as SVG.

    Returns
    -------
    dict
        The SVG by name.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    found = {}
    with _style():
        for spec in specs:
            if spec.draw is None:
                continue
            figure = spec.draw(tables)
            for ax in figure.axes:
                fit_words(ax)
            # Laid out here, because savefig would draw everything twice to do so.
            figure.dpi = 72
            top = 1 - MARK / figure.get_figheight() if mark else 1
            ConstrainedLayoutEngine(rect=(0, 0, 1, top)).execute(figure)
            for legend in figure.legends:
                # The layout reserves room for legends, but anchors them to the whole figure.
                legend.set_bbox_to_anchor((0, 0, 1, top), transform=figure.transFigure)
            figure.text(0.01, 0.995, mark, color="#b03000", fontsize=SMALLEST, va="top")
            # Without a date, the same fit gives the same bytes.
            figure.savefig(folder / f"{spec.name}.svg", metadata={"Date": None})
            found[spec.name] = (folder / f"{spec.name}.svg").read_text(encoding="utf-8")
    return found


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context(cast("Any", STYLE)), warnings.catch_warnings():
        # A letter that the font lacks, such as an emoji in a name, is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield


def _figure(height: float, rows: int = 1) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for spine in (spine for ax in axes for spine in ax.spines.values()):
        # A spine lies within its axes, and asking for its extent would compute all ticks again.
        spine.set_in_layout(False)
    return figure, axes


def _losses(results: Results, party: str, category: str) -> FigureSpec:
    title = quantity_title(results.fit, (party, category, "all"))
    caption = (
        f"{title}: posterior median with its {level(results.fit)} credible interval, "
        "and the claims as published."
    )
    draw = partial(_draw_losses, party=party, category=category, title=title)
    numbers = partial(data.losses, party=party, category=category)
    name = file_name("losses", party, category)
    return FigureSpec(name, caption, draw, data=numbers, series=(party, category))


def _draw_losses(tables: FigureTables, *, party: str, category: str, title: str) -> Figure:
    figure, axes = _figure(5.0, rows=2)
    for ax, measure in zip(axes, tables.measures, strict=True):
        plots.plot_losses(tables, party=party, category=category, measure=measure, ax=ax)
    axes[0].set_title(f"{title}: cumulative")
    axes[1].set_title(f"{title}: {WORDS[tables.measures[1]]}")
    axes[0].set_xlabel("")  # the days stand below both
    # A war of one day is half a day wide on each side.
    margin = pd.Timedelta(hours=12) if len(tables.days) == 1 else pd.Timedelta(0)
    for ax in axes:
        ax.set_ylabel("")
        ax.set_xlim(tables.days[0] - margin, tables.days[-1] + margin)
    _legend(figure, axes)
    return figure


def _legend(figure: Figure, axes: Any) -> None:
    """One legend for all axes, with each entry once."""
    known: dict[str, Any] = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        for handle, label in zip(handles, labels, strict=True):
            known.setdefault(label, handle)
    figure.legend(list(known.values()), list(known), loc="outside lower left", ncols=2)


def _pages(results: Results, party: str, group: Group) -> int:
    """Number of figures that the streams about a party need."""
    streams = results.fit.streams
    counted = (streams["group"] == group) & ~is_auxiliary(streams["accounting"])
    parties = streams.loc[counted, "party"]
    about = sum(party in results.fit.conflict.components(name) for name in parties)
    return -(-about // plots.ROWS)


def _biases(results: Results, party: str, group: Group, page: int) -> FigureSpec:
    pages = _pages(results, party, group)
    title = party_title(results.fit.conflict, party)
    title += f" ({page} of {pages})" if pages > 1 else ""
    caption = (
        f"Claims about {title}: ratio of claimed to true losses under each claimant's own "
        "definition. Wide bars are prior intervals, lines and dots posterior intervals and "
        "medians. A star marks figures that include other parties."
    )
    draw = partial(_draw_biases, party=party, group=group, page=page, title=title)
    numbers = partial(data.biases, party=party, group=group, page=page)
    name = file_name("biases", party, *[str(page)] * (page > 1))
    return FigureSpec(name, caption, draw, data=numbers)


def _draw_biases(
    tables: FigureTables, *, party: str, group: Group, page: int, title: str
) -> Figure:
    rows = len(plots.ratio_rows(tables, tables.bias(), party=party, group=group))
    figure, axes = _figure(1.5 + 0.19 * min(rows - (page - 1) * plots.ROWS, plots.ROWS))
    plots.plot_biases(tables, party=party, group=group, page=page, ax=axes[0])
    axes[0].set_title(title)
    axes[0].set_xlabel("claimed / true")
    figure.legend(loc="outside upper left", ncols=4, columnspacing=1.2)
    return figure


def _draw_shares(tables: FigureTables) -> Figure:
    n = tables.variance_decomposition["quantity"].nunique()
    figure, axes = _figure(1.6 + 0.2 * n)
    plots.plot_variance_decomposition(tables, ax=axes[0])
    axes[0].set_xlabel("share of the variance of the log total")
    figure.legend(loc="outside upper left", ncols=3)
    return figure


def _force(results: Results) -> list[FigureSpec]:
    rows, conflict = force_check(results.fit), results.fit.conflict
    rows = rows.assign(party=[party_title(conflict, party) for party in rows["party"]])
    return [FigureSpec(FORCE_BALANCE, FORCE, partial(_draw_force, table=rows))] if len(rows) else []


def _draw_force(_: FigureTables, *, table: pd.DataFrame) -> Figure:
    figure, axes = _figure(1.2 + 0.4 * min(len(table), MOST))
    plot_force_balance(table, ax=axes[0])
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _draw_predictions(tables: FigureTables) -> Figure:
    terms = tables.terms
    n = terms.loc[terms["residual"].notna(), "claimant"].nunique()
    figure, axes = _figure(1.4 + 0.17 * min(n, plots.ROWS))
    plots.plot_predictions(tables, ax=axes[0])
    figure.legend(loc="outside upper left", ncols=2)
    return figure
