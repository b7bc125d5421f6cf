"""Commands about figures that will be published: seal, score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lossmodel.cli.app import REPORT, ClaimsFile, ConflictName, Engine, FitPath, Seed, app
from lossmodel.cli.console import answer, progress
from lossmodel.cli.evaluation import table_text
from lossmodel.cli.fits import read_fit
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.system.destination import destination


@app.command()
def seal(
    fit: FitPath = REPORT,
    ahead: Annotated[
        list[int] | None,
        typer.Option(
            "--ahead",
            metavar="DAYS",
            min=1,
            max=3650,
            show_default=False,
            help="Days after the last day of the fit; repeatable. By default 14, 30, 60, 90, 180.",
        ),
    ] = None,
    engine: Engine = "laplace",
    seed: Seed = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            dir_okay=False,
            show_default=False,
            help="The file; by default sealed-DATE.json, of the last day of the fit.",
        ),
    ] = None,
) -> None:
    """Predict totals that claimants will publish, and write them with a date and a hash."""
    if out is not None:
        destination(out)
    with progress() as say:
        from lossmodel.evaluation.sealing import AHEAD
        from lossmodel.evaluation.sealing import seal as run
        from lossmodel.system.unfinished import write_whole

        say("reading the fit")
        fitted = read_fit(fit)
        made = run(fitted, ahead=ahead or AHEAD, engine=engine, seed=seed, progress=say)
        path = out or Path(f"sealed-{made['last_day']}.json")
        destination(path)
        text = json.dumps(made, ensure_ascii=False) + "\n"
        write_whole(path, text.encode())
    kind = "a retrospective set" if made["retrospective"] else "sealed"
    count = f"{len(made['predictions']):,} running totals after {made['last_day']}"
    answer(f"{path}: {count}, {kind} on {made['sealed']}\nsha256 {made['sha256']}")


@app.command()
def score(
    sealed: Annotated[
        Path, typer.Argument(metavar="SEALED", help="A file of `lossmodel seal`.", exists=True)
    ],
    claims: ClaimsFile = None,
    conflict: ConflictName = DEFAULT_CONFLICT,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", dir_okay=False, show_default=False, help="Table of the scores."
        ),
    ] = None,
) -> None:
    """Score sealed predictions against claims that have been published since."""
    if out is not None:
        destination(out, standing="file")
    from lossmodel.claims.claims import load_claims
    from lossmodel.evaluation.sealed import read_sealed, score_sealed, summarise_scores

    content = read_sealed(sealed)
    scores = score_sealed(content, load_claims(claims, conflict=conflict))
    if content["retrospective"]:
        answer("A retrospective set: its figures may have been published when it was made.")
    if scores.empty:
        answer(f"None of the figures predicted on {content['sealed']} has been published yet.")
        return
    shown = ["claimant", "party", "category", "known", "added", "median", "lower", "upper"]
    answer(table_text(scores[[*shown, "pit", "crps"]]))
    answer("\n" + table_text(summarise_scores(scores)))
    if out is not None:
        from lossmodel.report.folder import csv_text
        from lossmodel.system.unfinished import write_whole

        write_whole(out, csv_text(scores).encode())
