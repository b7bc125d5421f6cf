"""Commands about claims tables: check."""

from __future__ import annotations

from lossmodel.cli.app import ClaimsFile, ConflictName, app
from lossmodel.cli.console import answer
from lossmodel.defaults import DEFAULT_CONFLICT


@app.command()
def check(claims: ClaimsFile = None, conflict: ConflictName = DEFAULT_CONFLICT) -> None:
    """Validate a claims table, and count the claims that the model would use."""
    from lossmodel.claims.claims import load_claims
    from lossmodel.claims.summary import describe
    from lossmodel.evidence import collect_evidence

    table = load_claims(claims, conflict=conflict)
    answer(describe(table))
    classes = collect_evidence(table).classes["class"].value_counts()
    counts = ", ".join(
        f"{classes.get(name, 0):,} {name}" for name in ("used", "merged", "left out")
    )
    answer(f"{'evidence':<11}{counts}")
