"""Commands about claims tables: check, data."""

from __future__ import annotations

import typer

from lossmodel.cli.app import ClaimsFile, ConflictName, app
from lossmodel.cli.console import answer

data = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Conflicts and data sets.")
app.add_typer(data, name="data")


@app.command()
def check(claims: ClaimsFile = None, conflict: ConflictName = "russia-ukraine") -> None:
    """Validate a claims table and say what the model would make of it."""
    from lossmodel.claims import load_claims
    from lossmodel.evidence import collect_evidence
    from lossmodel.summary import describe

    table = load_claims(claims, conflict=conflict)
    answer(describe(table))
    classes = collect_evidence(table).classes["class"].value_counts()
    counts = ", ".join(
        f"{classes.get(name, 0):,} {name}" for name in ("used", "merged", "left out")
    )
    answer(f"{'evidence':<11}{counts}")


@data.command("list")
def list_conflicts() -> None:
    """List the conflicts that --conflict knows by name."""
    from lossmodel.conflict import load_conflict
    from lossmodel.folders import shipped_conflicts

    names = shipped_conflicts()
    width = max(map(len, names), default=0)
    for name in names:
        conflict = load_conflict(name)
        answer(f"{name:<{width}}  {conflict.title}, from {conflict.start.date()}")
