"""All parts of a report in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel import __version__
from lossmodel.posterior.citation import fit_hash
from lossmodel.report.document import Document
from lossmodel.report.sections.answer import answer_section
from lossmodel.report.sections.checks import checks_section
from lossmodel.report.sections.claimants import claimants_section
from lossmodel.report.sections.evidence import evidence_section
from lossmodel.report.sections.identification import level_section
from lossmodel.report.sections.losses import losses_section
from lossmodel.report.sections.provenance import origin_section, priors_section
from lossmodel.report.wording import date, level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lossmodel.report.figures.figures import Picture
    from lossmodel.report.results import Results

__all__ = ["NOT_PASSED", "compose"]

NOT_PASSED: Final = "NOT CONVERGED: this fit did not pass its gate. Do not use these numbers."


def compose(results: Results, pictures: Mapping[str, Sequence[Picture]]) -> Document:
    """Put the report together.

    Parameters
    ----------
    pictures
        The figures of each part.
    """
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
            losses_section(results, pictures["losses"]),
            claimants_section(results, pictures["claimants"]),
            level_section(results, pictures["level"]),
            evidence_section(results),
            checks_section(results, pictures["checks"]),
            priors_section(fit),
            origin_section(fit),
        ],
        mark="" if passed else NOT_PASSED,
        facts={"lossmodel": __version__, "fit": fit_hash(fit)},
    )
