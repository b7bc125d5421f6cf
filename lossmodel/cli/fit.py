"""Commands that fit, or read a saved fit: fit, report, query, verify, export."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from lossmodel.cli.app import (
    REPORT,
    AsOf,
    Ci,
    ClaimsFile,
    ConflictName,
    Engine,
    Figures,
    FitPath,
    Force,
    LeastTrust,
    NoCache,
    Out,
    PriorsFile,
    Question,
    Seed,
    Since,
    Until,
    With,
    Without,
    app,
    level,
)
from lossmodel.cli.console import answer, progress
from lossmodel.cli.fits import WORKER_MODULES, exit_by_gate, folder_of, read_fit, write_fit
from lossmodel.defaults import CI_PROB, DEFAULT_CONFLICT
from lossmodel.system.stages import portion

# Shares of the time of the command, for its display of progress: about those of the shipped war.
SHARES: Final = {"fit": (0.02, 0.7), "refits": (0.7, 0.75), "report": (0.75, 1.0)}


@app.command()
def fit(
    claims: ClaimsFile = None,
    conflict: ConflictName = DEFAULT_CONFLICT,
    as_of: AsOf = None,
    until: Until = None,
    trust: LeastTrust = "doubtful",
    engine: Engine = "auto",
    seed: Seed = 1,
    ci: Ci = CI_PROB,
    priors: PriorsFile = None,
    without: Without = None,
    out: Out = REPORT,
    since: Since = None,
    force: Force = False,
    with_: With = None,
    figures: Figures = "all",
    no_cache: NoCache = False,
) -> None:
    """Fit the claims of a conflict, write the report, and print a summary."""
    from lossmodel.inference import worker

    with ExitStack() as stack:
        say = stack.enter_context(progress())
        import pandas as pd

        from lossmodel import api
        from lossmodel.claims.claims import load_claims
        from lossmodel.model.components import Components
        from lossmodel.posterior.fit import conflict_priors
        from lossmodel.posterior.netcdf import check_name
        from lossmodel.report.changes import check_earlier
        from lossmodel.report.folder import reserved

        components = Components().including(*(with_ or ())).without(*(without or ()))
        # Reserved before the fit, which may take long.
        with reserved(out) as target:
            say("reading the claims")
            table = load_claims(claims, conflict=conflict)
            check_name(table.conflict)
            earlier = None if since is None else read_fit(since, no_cache=no_cache)
            if earlier is not None:
                check_earlier(earlier, table.conflict)
            own = conflict_priors(table.conflict, priors)
            # After all refusals, which would end it while it begins.
            stack.enter_context(worker.second_process(*WORKER_MODULES))
            fitted = api.fit(
                table,
                priors=own,
                components=components,
                engine=engine,
                seed=seed,
                ci_prob=ci,
                as_of=None if as_of is None else pd.Timestamp(as_of),
                until=None if until is None else pd.Timestamp(until),
                trust=trust,
                cache=not no_cache,
                progress=portion(say, *SHARES["fit"]),
            )
            warnings = [f for f in fitted.diagnostics["findings"] if f["severity"] == "warning"]
            if warnings:
                number = f"{len(warnings)} warning{'s' * (len(warnings) > 1)}"
                say(f"{number} about the claims: see `lossmodel check` or the report")
            fitted = write_fit(
                target, fitted, say, SHARES, force=force, since=earlier, figures=figures
            )

    from lossmodel.cli.headline import headline

    answer(headline(fitted, out, force=force))
    exit_by_gate(fitted)


@app.command()
def report(
    fit: FitPath = REPORT,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            file_okay=False,
            show_default=False,
            help="Folder of the report; by default that of --fit if it has one, or else "
            "lossmodel-report.",
        ),
    ] = None,
    since: Since = None,
    force: Force = False,
    figures: Figures = "all",
    no_cache: NoCache = False,
) -> None:
    """Write the report of a saved fit again."""
    from lossmodel.cli.headline import headline
    from lossmodel.evaluation.explanation import read_explanation
    from lossmodel.report import write_report
    from lossmodel.report.folder import check_replaceable
    from lossmodel.report.manifest import read_manifest

    # The report of another war, which may be in the default folder, is not replaced.
    place = out or (fit if read_manifest(fit) else REPORT)
    with progress() as say:
        check_replaceable(place)  # before the work
        say("reading the fit")
        fitted = read_fit(fit, no_cache=no_cache)
        earlier = None if since is None else read_fit(since, no_cache=no_cache)
        explanation = read_explanation(folder_of(fit), fitted)
        write_report(
            fitted,
            place,
            force=force,
            since=earlier,
            explanation=explanation,
            figures=figures,
            progress=say,
        )
    answer(headline(fitted, place, force=force))
    exit_by_gate(fitted)


@app.command()
def query(
    question: Question,
    fit: FitPath = REPORT,
    ci: Annotated[
        float | None,
        typer.Option(
            "--ci",
            metavar="LEVEL",
            parser=level,
            show_default=False,
            help="Level of the interval; by default that of the fit.",
        ),
    ] = None,
    form: Annotated[
        Literal["text", "json", "latex", "bibtex"],
        typer.Option("--format", help="Format of the answer."),
    ] = "text",
    no_cache: NoCache = False,
) -> None:
    """Answer a question about a fit: losses, sums, quotients, lethality, ratios, dates."""
    from lossmodel.query.evaluate import run_query

    found = read_fit(fit, no_cache=no_cache)
    answer(run_query(found, " ".join(question), ci_prob=ci, form=form))


@app.command()
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            help="A report folder or one file of it, or a document that quotes a fit: .tex, .md, "
            ".docx or .html.",
        ),
    ] = REPORT,
    fit: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            metavar="PATH",
            show_default=False,
            help="The fit that a document quotes; by default that beside it, or else "
            "lossmodel-report.",
        ),
    ] = None,
    no_cache: NoCache = False,
) -> None:
    """Check that the numbers in a report, or in a document that quotes it, are those of its fit."""
    from lossmodel.report.verify import is_report_file, verify_report

    if fit is None and is_report_file(file):
        problems = verify_report(file, cache=not no_cache)
        good = f"{file}: all numbers agree with the fit."
    else:
        beside = (file.parent / "fit.nc").is_file()
        place = fit or (file.parent if beside else REPORT)
        problems, good = _verify_document(file, place, no_cache=no_cache)
    for problem in problems:
        answer(problem)
    if problems:
        raise typer.Exit(1)
    answer(good)


def _verify_document(file: Path, fit: Path, *, no_cache: bool) -> tuple[list[str], str]:
    """Print untagged numbers; return the problems, and the sentence if there are none."""
    from lossmodel.report.mentions import mentions
    from lossmodel.report.quoting import verify_document

    mentions(file)  # the document that was named, before a fit that may not be there
    found = verify_document(file, read_fit(fit, no_cache=no_cache))
    if found.untagged:
        answer("Numbers without a tag, which are not judged, and what they may be:")
    for line in found.untagged:
        answer(f"  {line}")
    good = f"{file}: {found.agreeing:,} tagged texts and macros agree with the fit in {fit}."
    return found.problems, good


@app.command()
def export(
    formats: Annotated[
        list[str],
        typer.Argument(
            metavar="FORMAT",
            help="xlsx: a workbook of estimates, biases, claims and how to cite; parquet: "
            "estimates and draws; json: totals and series at fixed paths, for web pages; docx: the "
            "report for Word; markdown: the report with figures in PNG. Several may be named.",
        ),
    ],
    fit: FitPath = REPORT,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Folder of the files.")
    ] = Path("lossmodel-export"),
) -> None:
    """Write a fit in formats for spreadsheets, data frames, web pages, Word and Markdown."""
    from lossmodel.evaluation.explanation import read_explanation
    from lossmodel.report.export import export_fit
    from lossmodel.report.folder import check_replaceable

    with progress() as say:
        check_replaceable(out)  # before the work
        say("reading the fit")
        fitted = read_fit(fit)
        say("writing the files")
        export_fit(fitted, formats, out, explanation=read_explanation(folder_of(fit), fitted))
    answer(f"export: {out}")
