"""Commands that make a fit, or read one: fit, report, query, verify, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from lossmodel.cli.app import (
    REPORT,
    AsOf,
    Ci,
    ClaimsFile,
    ConflictName,
    Engine,
    FitPath,
    Force,
    Out,
    PriorsFile,
    Seed,
    Until,
    app,
    level,
)
from lossmodel.cli.console import answer, progress
from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from lossmodel.api import Fit

# What the second process needs: first for fits, then for figures and pages.
MEANWHILE: Final = (
    *("lossmodel.inference.schedule", "lossmodel.report.figures.render"),
    *("matplotlib.figure", "matplotlib.backends.backend_svg", "typst"),
)


@app.command()
def fit(
    claims: ClaimsFile = None,
    conflict: ConflictName = "russia-ukraine",
    as_of: AsOf = None,
    until: Until = None,
    engine: Engine = "auto",
    seed: Seed = 1,
    ci: Ci = 0.95,
    priors: PriorsFile = None,
    out: Out = REPORT,
    force: Force = False,
) -> None:
    """Fit a conflict's claims and write the report; print the answer in ten lines."""
    from lossmodel.inference import worker

    with worker.second_process(*MEANWHILE), progress() as say:
        import pandas as pd

        from lossmodel import api
        from lossmodel.claims.claims import load_claims
        from lossmodel.model.priors import Priors
        from lossmodel.report import write_report
        from lossmodel.report.folder import check_replaceable

        # Before the fit, which may take long.
        check_replaceable(out)
        say("reading the claims")
        fitted = api.fit(
            load_claims(claims, conflict=conflict),
            priors=None if priors is None else Priors.from_toml(priors),
            engine=engine,
            seed=seed,
            ci_prob=ci,
            as_of=None if as_of is None else pd.Timestamp(as_of),
            until=None if until is None else pd.Timestamp(until),
            progress=say,
        )
        say("writing the report")
        write_report(fitted, out, force=force)

    from lossmodel.cli.headline import headline

    answer(headline(fitted, out))
    _exit_by_gate(fitted)


@app.command()
def report(fit: FitPath = REPORT, out: Out = REPORT, force: Force = False) -> None:
    """Write the report of a saved fit anew."""
    from lossmodel.cli.headline import headline
    from lossmodel.report import write_report

    with progress() as say:
        say("reading the fit")
        fitted = read_fit(fit)
        say("writing the report")
        write_report(fitted, out, force=force)
    answer(headline(fitted, out))
    _exit_by_gate(fitted)


@app.command()
def query(
    expression: Annotated[
        list[str],
        typer.Argument(help="e.g. killed russia 2023, or: when killed russia passes 100000"),
    ],
    fit: FitPath = REPORT,
    ci: Annotated[
        float | None,
        typer.Option(
            "--ci", metavar="LEVEL", parser=level, show_default=False, help="By default the fit's."
        ),
    ] = None,
    form: Annotated[
        Literal["text", "json", "latex", "bibtex"],
        typer.Option("--format", help="How to print the answer."),
    ] = "text",
) -> None:
    """Ask a fit one question."""
    from lossmodel.query.evaluate import run_query

    answer(run_query(read_fit(fit), " ".join(expression), ci_prob=ci, form=form))


@app.command()
def verify(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, help="A report's folder, or a file of it."),
    ] = REPORT,
) -> None:
    """Check that the numbers of a report's pages and tables are those of the fit beside it."""
    from lossmodel.report import verify_report

    problems = verify_report(folder)
    for problem in problems:
        answer(problem)
    if problems:
        raise typer.Exit(1)
    answer(f"{folder}: every number is the fit's.")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A fit.nc or a report folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another.")],
) -> None:
    """Say what changed between two fits, and which claims did it."""
    from lossmodel.report import compare_fits

    answer(compare_fits(read_fit(first), read_fit(second)))


def read_fit(path: Path) -> Fit:
    """Load the fit that a path names: a file, or a report folder with a fit.nc in it."""
    file = path / "fit.nc" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"no fit at {file}; `lossmodel fit` makes one, or name another's path.")

    from lossmodel.api import load_fit

    return load_fit(file)


def _exit_by_gate(fitted: Fit) -> None:
    if not fitted.diagnostics["gate"]["passed"]:
        raise typer.Exit(1)
