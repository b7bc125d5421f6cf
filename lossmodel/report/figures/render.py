"""Figures as files, drawn in a second process while this one makes the tables."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lossmodel.report.figures.figures import draw_pictures
from lossmodel.report.output.pdf import PressError, convert_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.report.figures.figures import Picture
    from lossmodel.report.figures.tables import FigureTables

__all__ = ["Drawn", "draw"]


@dataclass(frozen=True)
class Drawn:
    """Figures as files.

    Attributes
    ----------
    svg
        By name of figure.
    files
        Content by name of file.
    problem
        Why other forms than SVG are missing, or nothing.
    """

    svg: dict[str, str]
    files: dict[str, bytes]
    problem: str = ""


def draw(pictures: Sequence[Picture], tables: FigureTables, mark: str) -> Drawn:
    """Draw figures as SVG, PDF and PNG."""
    problem = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        svg = draw_pictures(pictures, tables, folder, mark=mark)
        try:
            for drawn in svg:
                convert_figure(folder, drawn)
        except PressError as error:
            problem = str(error)
        return Drawn(svg, {f.name: f.read_bytes() for f in sorted(folder.iterdir())}, problem)
