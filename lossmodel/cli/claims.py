"""Commands about claims tables and their format: check, schema."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossmodel.cli.app import ClaimsFile, ConflictName, app
from lossmodel.cli.console import answer
from lossmodel.defaults import DEFAULT_CONFLICT

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims
    from lossmodel.evidence import Evidence
    from lossmodel.findings import Finding

NARROW, WIDE = 40, 100  # lines of text in characters, whatever the terminal


@app.command()
def check(
    claims: ClaimsFile = None,
    conflict: ConflictName = DEFAULT_CONFLICT,
    every: Annotated[
        bool, typer.Option("--all", "-a", help="Print every stream, merged claim and finding.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of it as JSON, for other programs.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if there is a warning.")
    ] = False,
) -> None:
    """Validate a claims table; say what each claim is taken for, and what may be wrong with it."""
    from lossmodel.claims.claims import load_claims
    from lossmodel.evidence import collect_evidence
    from lossmodel.findings import find

    table = load_claims(claims, conflict=conflict)
    evidence = collect_evidence(table)
    findings = find(table, evidence)
    if as_json:
        answer(json.dumps(_document(table, evidence, findings), indent=2, ensure_ascii=False))
    else:
        answer(_text(table, evidence, findings, every=every))
    if strict and any(finding.severity == "warning" for finding in findings):
        raise typer.Exit(1)


def _text(claims: Claims, evidence: Evidence, findings: list[Finding], *, every: bool) -> str:
    from lossmodel.claims.summary import describe, describe_streams
    from lossmodel.findings import render, render_outcomes

    width = min(max(shutil.get_terminal_size().columns, NARROW), WIDE)
    return "\n".join(
        [
            describe(claims, width=width),
            describe_streams(claims, width=width, every=every),
            render_outcomes(evidence.classes, width=width, every=every),
            render(findings, width=width, every=every),
        ]
    )


def _document(claims: Claims, evidence: Evidence, findings: list[Finding]) -> dict[str, Any]:
    from dataclasses import asdict

    from lossmodel.claims.summary import stream_table

    classes = evidence.classes
    return {
        "conflict": claims.conflict.name,
        "title": claims.conflict.title,
        "file": str(claims.path),
        "claims_sha256": claims.sha256[claims.path.name],
        "claims": len(claims),
        "classes": {str(name): int(n) for name, n in classes["class"].value_counts().items()},
        "streams": stream_table(claims).to_dict("records"),
        "outcomes": classes[classes["class"] != "used"].to_dict("records"),
        "notes": list(claims.notes),
        "findings": [asdict(finding) for finding in findings],
    }


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
