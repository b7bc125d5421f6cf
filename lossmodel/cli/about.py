"""Commands about the package itself: how to cite it, how it fares on this machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lossmodel.cli.app import app
from lossmodel.cli.console import answer


@app.command()
def cite(
    fit: Annotated[
        Path | None,
        typer.Option("--fit", metavar="PATH", show_default=False, help="Also cite this fit."),
    ] = None,
    form: Annotated[
        Literal["text", "bibtex"], typer.Option("--format", help="A paragraph or a BibTeX entry.")
    ] = "text",
) -> None:
    """Print how to cite this version, and the very fit that your numbers come from."""
    from lossmodel.cli.fit import read_fit
    from lossmodel.posterior import citation

    answer(citation.cite(None if fit is None else read_fit(fit), form=form))


@app.command()
def doctor() -> None:
    """Say what would make this machine slow, and how to mend it."""
    from lossmodel.cli.doctor import examine

    findings = examine()
    width = max(len(finding.topic) for finding in findings)
    for finding in findings:
        mark = " " if finding.verdict == "good" else "!"
        answer(f"{mark} {finding.topic:<{width}}  {finding.found}")
        if finding.remedy:
            answer(f"  {'':<{width}}  -> {finding.remedy}")
    bad = [finding for finding in findings if finding.verdict != "good"]
    answer("Nothing here is slow." if not bad else f"{len(bad)} of {len(findings)} need a look.")
    if any(finding.verdict == "broken" for finding in bad):
        raise typer.Exit(1)
