"""Commands about the package itself: cite, doctor."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lossmodel.cli.app import app
from lossmodel.cli.console import answer


@app.command()
def cite(
    fit: Annotated[
        Path | None,
        typer.Option("--fit", metavar="PATH", show_default=False, help="Fit to cite as well."),
    ] = None,
    form: Annotated[
        Literal["text", "bibtex"], typer.Option("--format", help="Plain text or BibTeX.")
    ] = "text",
) -> None:
    """Print a reference to this version and, on request, to a fit."""
    from lossmodel.cli.fits import read_fit
    from lossmodel.posterior import citation

    answer(citation.cite(None if fit is None else read_fit(fit), form=form))


@app.command()
def doctor() -> None:
    """Check the installation, and report what makes fits slow and how to fix it."""
    from lossmodel.cli.doctor import examine

    findings = examine()
    width = max(len(finding.topic) for finding in findings)
    for finding in findings:
        mark = " " if finding.verdict == "good" else "!"
        answer(f"{mark} {finding.topic:<{width}}  {finding.found}")
        if finding.remedy:
            answer(f"  {'':<{width}}  -> {finding.remedy}")
    bad = [finding for finding in findings if finding.verdict != "good"]
    answer("No problems found." if not bad else f"{len(bad)} of {len(findings)} need attention.")
    if any(finding.verdict == "broken" for finding in bad):
        raise typer.Exit(1)
