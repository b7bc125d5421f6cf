"""Figures as files, drawn in a worker process while the main process makes the tables."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lossmodel.report.figures.figures import MEASURES, draw_figures, figure_specs
from lossmodel.report.output.pdf import TypesettingError, convert_figure
from lossmodel.report.results import Results

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["RenderedFigures", "figure_inputs", "render_figures"]

OF_FIT: Final = ("terms", "variance_decomposition")


@dataclass(frozen=True)
class RenderedFigures:
    """Figures as files.

    Attributes
    ----------
    svg
        SVG by name of figure.
    files
        Content by file name.
    problem
        Why formats other than SVG are missing, or empty.
    """

    svg: dict[str, str]
    files: dict[str, bytes]
    problem: str = ""


def render_figures(results: Results, names: Collection[str], mark: str) -> RenderedFigures:
    """Draw figures as SVG, PDF and PNG."""
    specs = [s for section in figure_specs(results).values() for s in section if s.name in names]
    problem = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        svg = draw_figures(specs, folder, mark=mark)
        try:
            for drawn in svg:
                convert_figure(folder, drawn)
        except TypesettingError as error:
            problem = str(error)
        files = {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
        return RenderedFigures(svg, files, problem)


def figure_inputs(results: Results, tables: Collection[str]) -> Results:
    """Results with the tables that figures need, and without the draws."""
    whole = results.fit
    fit = copy.copy(whole)
    fit.__dict__.update(
        {"series": whole.series, "streams": whole.streams, "inputs": {}},
        submodels=dict.fromkeys(whole.submodels),
        **{name: getattr(whole, name) for name in OF_FIT if name in tables},
    )
    slim = Results(fit)
    if "estimates" in tables:
        rows = results.estimates
        slim.__dict__["estimates"] = rows[rows["measure"].isin(MEASURES)]
    if "biases" in tables:
        slim.__dict__["biases"] = results.biases
    return slim
