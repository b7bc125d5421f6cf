"""Commands about claims tables and their format: check, schema."""

from __future__ import annotations

import json
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


@app.command()
def schema(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="claims, claimants, streams, sources or truth; by default all of them.",
            show_default=False,
        ),
    ] = "",
    conflict: Annotated[
        str,
        typer.Option(
            "--conflict",
            metavar="NAME|DIR",
            help="Print the whole data package of a conflict, with its own words.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Print the columns of the tables as a Frictionless Table Schema (JSON)."""
    from lossmodel.errors import UsageError
    from lossmodel.tables.frictionless import table_schema
    from lossmodel.tables.schema import TABLES

    if table and conflict:
        raise UsageError("Give a table, or --conflict for the data package of all of them.")
    if conflict:
        from lossmodel.conflict.conflict import load_conflict
        from lossmodel.conflict.datapackage import data_package_json

        answer(data_package_json(load_conflict(conflict)).rstrip())
        return
    schemas = {name: table_schema(name) for name in TABLES}
    answer(json.dumps(table_schema(table) if table else schemas, indent=1, ensure_ascii=False))
