"""All parts of a report in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossmodel.report.answer import answer_section
from lossmodel.report.document import Document, Figure, Section
from lossmodel.report.wording import date, level

if TYPE_CHECKING:
    from lossmodel.report.pictures import Picture
    from lossmodel.report.results import Results

__all__ = ["NOT_PASSED", "compose"]

NOT_PASSED = "NOT CONVERGED: this fit did not pass its gate. Do not use these numbers."


def compose(results: Results, pictures: dict[str, list[Picture]]) -> Document:
    """Put the report together."""
    fit = results.fit
    passed = bool(fit.diagnostics["gate"]["passed"])
    return Document(
        title=f"Losses: {fit.conflict.title}",
        subtitle=(
            f"{date(fit.days[0])} to {date(fit.days[-1])}, from {len(fit.claims.table):,} "
            f"published claims; {level(fit)} credible intervals, engine {fit.engine}."
        ),
        sections=[
            answer_section(results),
            Section("losses", "Losses over time", figures(pictures["losses"])),
            Section("claimants", "Each claimant's ratio to the truth", figures(pictures["claimants"])),
            Section("level", "What fixes the level", figures(pictures["level"])),
            Section("checks", "Do the claims fit together?", figures(pictures["checks"])),
        ],
        mark="" if passed else NOT_PASSED,
    )


def figures(pictures: list[Picture]) -> list[Figure]:
    """The places of pictures in the document."""
    return [Figure(p.name, p.caption) for p in pictures]
