"""Figures as files, drawn in a worker process while the main process makes the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from lossmodel.report.figures.figures import draw_figures
from lossmodel.report.typesetting import Format, TypesettingError, typeset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.figures.tables import FigureTables

__all__ = ["FigureForms", "RenderedFigures", "render_figures"]

# Files of each figure: SVG, PDF and PNG, or SVG alone, which all pages show.
FigureForms = Literal["all", "svg"]

FIGURE_SOURCE: Final = b"""#set document(date: none)
#set page(width: auto, height: auto, margin: 0pt, fill: %s)
#image(sys.inputs.path)"""
# A PDF figure is placed on pages of any colour, so it has no background.
BACKGROUND: Final[dict[Format, bytes]] = {"pdf": b"none", "png": b"white"}


@dataclass(frozen=True)
class RenderedFigures:
    """Figures as files.

    Attributes
    ----------
    svg
        SVG by name of figure.
    problem
        Why formats other than SVG are missing, or empty.
    """

    svg: dict[str, str]
    problem: str = ""


def render_figures(
    specs: Sequence[FigureSpec],
    tables: FigureTables,
    folder: Path,
    mark: str,
    forms: FigureForms = "all",
) -> RenderedFigures:
    """Draw figures into a folder, as SVG and, unless that is all that is asked for, PDF and PNG."""
    svg = draw_figures(specs, tables, folder, mark=mark)
    try:
        for drawn in svg if forms == "all" else ():
            convert_figure(folder, drawn)
    except TypesettingError as error:
        return RenderedFigures(svg, str(error))
    return RenderedFigures(svg)


def convert_figure(folder: Path, name: str) -> None:
    """Convert an SVG of the folder to PDF and PNG.

    Drawing once and converting takes a third of the time of drawing three times.

    Raises
    ------
    TypesettingError
        Typst failed.
    """
    for form, background in BACKGROUND.items():
        drawn = typeset(FIGURE_SOURCE % background, folder, form, path=f"/{name}.svg")
        (folder / f"{name}.{form}").write_bytes(drawn)
