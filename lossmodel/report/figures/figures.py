"""The figures of a report: what is drawn, and as which files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from lossmodel.plots import plot_biases, plot_losses, plot_predictions, plot_shares
from lossmodel.plots.biases import ratio_rows
from lossmodel.plots.style import FAINT, INK, ROWS
from lossmodel.report.figures.tables import MEASURES
from lossmodel.report.wording import main_categories, main_parties, party_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure as Canvas

    from lossmodel.report.figures.tables import FigureTables
    from lossmodel.report.results import Results

__all__ = ["Picture", "draw_pictures", "pictures_of"]

# Narrow enough that the words in it can be read on a phone, where it is not scrolled.
WIDTH: Final = 4.8
# Inches that a mark takes at the top of a figure.
MARK: Final = 0.16
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
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "lossmodel",
    "text.color": INK,
    # A claimant's name is text, whatever signs are in it.
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}


@dataclass(frozen=True)
class Picture:
    """One figure: what it shows, in words, and how it is drawn from tables."""

    name: str
    caption: str
    draw: Callable[[FigureTables], Canvas]
    alt: str = ""


def pictures_of(results: Results) -> dict[str, list[Picture]]:
    """All figures of a report by section."""
    fit = results.fit
    group: Group = "person" if (fit.streams["group"] == "person").any() else "equipment"
    shown = [
        (party, category)
        for party in main_parties(fit)
        for category in main_categories(fit)
        if (party, category, "all") in fit.series
    ]
    return {
        "losses": [_losses(results, party, category) for party, category in shown],
        "claimants": [
            _biases(results, party, group, page)
            for party in main_parties(fit)
            for page in range(1, _pages(results, party, group) + 1)
        ],
        "level": [Picture("shares", SHARES, _draw_shares)],
        "checks": [Picture("predictions", PREDICTIONS, _draw_predictions)],
    }


SHARES: Final = (
    "Which assumptions the remaining uncertainty of each total comes from. What is missing to 100% "
    "comes from the figures themselves."
)
PREDICTIONS: Final = (
    "Each piece of evidence, as a multiple of what the fit expects of it; the number of pieces is "
    "in brackets. Crosses lie outside of where 19 of 20 should lie."
)


def draw_pictures(
    pictures: Sequence[Picture], tables: FigureTables, folder: Path, *, mark: str = ""
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
        for picture in pictures:
            canvas = picture.draw(tables)
            # Laid out once here; the file's writer would draw everything twice to do so.
            canvas.dpi = 72
            top = 1 - MARK / canvas.get_figheight() if mark else 1
            ConstrainedLayoutEngine(rect=(0, 0, 1, top)).execute(canvas)
            for legend in canvas.legends:
                # Legends get room within the layout, but are placed on the whole canvas.
                legend.set_bbox_to_anchor((0, 0, 1, top), transform=canvas.transFigure)
            canvas.text(0.01, 0.995, mark, color="#b03000", fontsize=7, va="top")
            # No date in the file: the same fit gives the same bytes.
            canvas.savefig(folder / f"{picture.name}.svg", metadata={"Date": None})
            found[picture.name] = (folder / f"{picture.name}.svg").read_text(encoding="utf-8")
    return found


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context(cast("Any", STYLE)):
        yield


def _canvas(height: float, rows: int = 1) -> tuple[Canvas, Any]:
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(WIDTH, height))
    axes = canvas.subplots(rows, 1, squeeze=False)[:, 0]
    for spine in (spine for ax in axes for spine in ax.spines.values()):
        # It lies within what the axes take up; asked how far it goes, it would set all ticks anew.
        spine.set_in_layout(False)
    return canvas, axes


def _losses(results: Results, party: str, category: str) -> Picture:
    title = party_title(results.fit.conflict, party)
    caption = (
        f"{title}, {category}: the estimate with its interval, and the claims as published. "
        "Claims since the start stand on the upper curve, those about a day or a period on the "
        "lower one. A claimant that exaggerates or omits lies off the curve; the next part says "
        "how far."
    )
    draw = partial(_draw_losses, party=party, category=category, title=title)
    return Picture(f"losses-{party}-{category}", caption, draw)


def _draw_losses(tables: FigureTables, *, party: str, category: str, title: str) -> Canvas:
    canvas, axes = _canvas(5.0, rows=2)
    for ax, measure in zip(axes, MEASURES, strict=True):
        plot_losses(tables, party=party, category=category, measure=measure, ax=ax)
    axes[0].set_title(f"{title}, {category} since the start")
    axes[1].set_title(f"{title}, {category} a day, by week")
    for ax in axes:
        ax.set_ylabel("")
        ax.set_xlim(tables.days[0], tables.days[-1])
    _legend(canvas, axes)
    return canvas


def _legend(canvas: Canvas, axes: Any) -> None:
    """One legend for all axes, each of its entries once."""
    known: dict[str, Any] = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        for handle, label in zip(handles, labels, strict=True):
            known.setdefault(label, handle)
    canvas.legend(list(known.values()), list(known), loc="outside lower left", ncols=2)


def _pages(results: Results, party: str, group: Group) -> int:
    """How many figures the streams about a party need."""
    streams = results.fit.streams
    parties = streams.loc[streams["group"] == group, "party"]
    about = sum(party in results.fit.conflict.components(name) for name in parties)
    return -(-about // ROWS)


def _biases(results: Results, party: str, group: Group, page: int) -> Picture:
    pages = _pages(results, party, group)
    title = party_title(results.fit.conflict, party)
    title += f" ({page} of {pages})" if pages > 1 else ""

    caption = (
        f"Figures about {title}: how many times the truth each claimant reports, under its own "
        "definition. The wide bar is what was assumed before the claims were read, the line and "
        "dot what came out."
    )
    draw = partial(_draw_biases, party=party, group=group, page=page, title=title)
    return Picture(f"biases-{party}" + (f"-{page}" if page > 1 else ""), caption, draw)


def _draw_biases(
    tables: FigureTables, *, party: str, group: Group, page: int, title: str
) -> Canvas:
    rows = len(ratio_rows(tables, tables.bias(), party=party, group=group))
    canvas, axes = _canvas(1.5 + 0.19 * min(rows - (page - 1) * ROWS, ROWS))
    plot_biases(tables, party=party, group=group, page=page, ax=axes[0])
    axes[0].set_title(title)
    axes[0].set_xlabel("claimed / true")
    canvas.legend(loc="outside upper left", ncols=4, columnspacing=1.2)
    return canvas


def _draw_shares(tables: FigureTables) -> Canvas:
    n = tables.variance_decomposition["quantity"].nunique()
    canvas, axes = _canvas(1.6 + 0.2 * n)
    plot_shares(tables, ax=axes[0])
    axes[0].set_xlabel("share that comes from assumptions (line: 70%)")
    canvas.legend(loc="outside upper left", ncols=3)
    return canvas


def _draw_predictions(tables: FigureTables) -> Canvas:
    terms = tables.terms
    n = terms.loc[terms["residual"].notna(), "claimant"].nunique()
    canvas, axes = _canvas(1.4 + 0.17 * min(n, ROWS))
    plot_predictions(tables, ax=axes[0])
    canvas.legend(loc="outside upper left", ncols=2)
    return canvas
