"""Room for a plot beside long names."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, Final, cast

from lossmodel.plots.labels import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["fit_words"]

# Part of the width that names beside a plot may have.
BESIDE: Final = 0.6
LINES: Final = 2  # of a title
FEWEST: Final = 8  # letters


def fit_words(ax: Axes) -> None:
    """Break a title, and shorten names beside the plot, that leave it no room."""
    figure = cast("Figure", ax.figure)
    width = float(figure.bbox.width)
    title = ax.get_title(loc="left")
    if title:
        line = _letters(figure, title, width, ax.title.get_fontsize())
        ax.set_title(fill(shortened(title, LINES * line), line), loc="left")
    labels = ax.get_yticklabels()
    names = [label.get_text() for label in labels]
    short = [
        shortened(name, _letters(figure, name, BESIDE * width, label.get_fontsize()))
        for name, label in zip(names, labels, strict=True)
    ]
    if short != names:
        ax.set_yticks(ax.get_yticks(), short)


def _letters(figure: Figure, text: str, room: float, size: Any) -> int:
    """Letters of a text that a line has room for."""
    line = figure.text(0, 0, text, fontsize=size)
    width = float(line.get_window_extent().width)
    line.remove()
    return len(text) if width <= room else max(int(len(text) * room / width), FEWEST)
