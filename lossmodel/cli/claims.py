"""Commands about claims tables: check."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from lossmodel.cli.app import ClaimsFile, ConflictName, app
from lossmodel.cli.console import answer
from lossmodel.defaults import DEFAULT_CONFLICT

NARROW, WIDE = 40, 100  # lines of text in characters, whatever the terminal


@app.command()
def check(
    claims: ClaimsFile = None,
    conflict: ConflictName = DEFAULT_CONFLICT,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if there is a warning.")
    ] = False,
) -> None:
    """Validate a claims table, count the claims that the model would use, and list findings."""
    from lossmodel.claims.claims import load_claims
    from lossmodel.claims.summary import describe
    from lossmodel.evidence import collect_evidence
    from lossmodel.findings import find, render

    table = load_claims(claims, conflict=conflict)
    answer(describe(table))
    evidence = collect_evidence(table)
    classes = evidence.classes["class"].value_counts()
    counts = ", ".join(
        f"{classes.get(name, 0):,} {name}" for name in ("used", "merged", "left out")
    )
    answer(f"{'evidence':<11}{counts}")
    findings = find(table, evidence)
    columns = shutil.get_terminal_size().columns
    answer(render(findings, width=min(max(columns, NARROW), WIDE)))
    if strict and any(finding.severity == "warning" for finding in findings):
        raise typer.Exit(1)
