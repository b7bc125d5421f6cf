"""Losses over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.report.blocks import Section, Text, figure_blocks
from lossmodel.report.sections.lethality import drifting_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Results

__all__ = ["losses_section"]

READING: Final = (
    "The upper panel of each figure has cumulative losses and claims, the lower one losses per day "
    "and claims about a day or a period. Triangles that point up are lower bounds, those that "
    "point down upper bounds. Claims of a biased claimant lie off the curve; the section “Ratio of "
    "claimed to true losses” gives its bias. A claim about several parties together "
    "stands in a figure of their sum."
)


def losses_section(results: Results, figures: Sequence[FigureSpec]) -> Section:
    """Figures over time."""
    blocks = figure_blocks(figures)
    if any(spec.draw for spec in figures):
        blocks.insert(0, Text(READING))
    blocks += drifting_apart(results.fit)
    return Section("losses", "Losses over time", blocks)
