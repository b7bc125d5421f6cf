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
EVEN: Final = 0.93  # of the room: one line of a title has wider letters than another
GAPS: Final = 0.16  # inches: the edge, a tick and the pad between it and its name


def fit_words(ax: Axes) -> None:
    """Break a title, and shorten names beside the plot, that leave it no room."""
    figure = cast("Figure", ax.figure)
    width = float(figure.bbox.width)
    labels = ax.get_yticklabels()
    names = [label.get_text() for label in labels]
    short = [
        shortened(name, _letters(figure, name, BESIDE * width, label.get_fontsize()))
        for name, label in zip(names, labels, strict=True)
    ]
    if short != names:
        ax.set_yticks(ax.get_yticks(), short)
    title = ax.get_title(loc="left")
    if title:
        beside = [
            _width(figure, name, label.get_fontsize())
            for name, label in zip(short, labels, strict=True)
        ]
        # It begins where the plot does: beside the names, or where numbers leave off.
        left = max(beside, default=0.0) + GAPS * figure.dpi
        room = width - max(ax.get_position().x0 * width, left)
        line = _letters(figure, title, EVEN * room, ax.title.get_fontsize())
        ax.set_title(_broken(title, line), loc="left")


def _broken(title: str, line: int) -> str:
    """A title in lines of so many letters; a line ends before a word that it has no room for."""
    rooms = range(LINES * line, line, -1)
    tried = (fill(shortened(title, room), line) for room in rooms)
    return next((text for text in tried if text.count("\n") < LINES), shortened(title, line))


def _letters(figure: Figure, text: str, room: float, size: Any) -> int:
    """Letters of a text that a line has room for."""
    width = _width(figure, text, size)
    return len(text) if width <= room else max(int(len(text) * room / width), FEWEST)


def _width(figure: Figure, text: str, size: Any) -> float:
    line = figure.text(0, 0, text, fontsize=size)
    width = float(line.get_window_extent().width)
    line.remove()
    return width
