"""All findings about claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lossmodel.arguments import check_type, day_of
from lossmodel.claims.claims import Claims
from lossmodel.evidence import collect_evidence
from lossmodel.findings.finding import SEVERITIES, Finding, Material
from lossmodel.findings.kinds import KINDS
from lossmodel.tables.trust import ANY_TRUST, trusted_words

if TYPE_CHECKING:
    from lossmodel.evidence import Evidence

__all__ = ["COLUMNS", "check", "find"]

COLUMNS = ["severity", "kind", "count", "message", "remedy", "claims"]


def find(claims: Claims, evidence: Evidence) -> list[Finding]:
    """Findings about claims, warnings first, in the order of the kinds.

    Parameters
    ----------
    claims
        Validated claims; those published after the evidence's `as_of` are not looked at.
    evidence
        The evidence collected from them.

    Examples
    --------
    >>> from lossmodel import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> find(claims, collect_evidence(claims))
    []
    """
    if evidence.as_of is not None:
        claims = claims.select(claims.table["published"] <= evidence.as_of)
    if evidence.trust != ANY_TRUST:
        claims = claims.select(claims.table["trust"].isin(trusted_words(evidence.trust)))
    material = Material(claims.in_order(), evidence)
    return [
        Finding(
            kind.severity, kind.name, max(len(case.claims), 1), case.message, kind.remedy,
            case.claims,
        )
        for severity in SEVERITIES
        for kind in KINDS
        if kind.severity == severity
        for case in kind.find(material)
    ]  # fmt: skip


def check(claims: Claims, *, as_of: pd.Timestamp | str | None = None) -> pd.DataFrame:
    """Look for errors that a valid table may hide: the table that `lossmodel check` prints.

    Parameters
    ----------
    claims
        Validated claims.
    as_of
        Only claims published up to this day are looked at.

    Returns
    -------
    table
        One row per finding: `severity` (warning or note), `kind`, `count` (of claims), `message`
        (a sentence with an example), `remedy`, `claims` (their ids, separated by `;`).

    Examples
    --------
    >>> from lossmodel import load_claims
    >>> list(check(load_claims(conflict="battle-of-britain")).columns)
    ['severity', 'kind', 'count', 'message', 'remedy', 'claims']
    """
    check_type(claims, "claims", Claims, "claims of `load_claims`")
    found = find(claims, collect_evidence(claims, as_of=day_of(as_of, "as_of")))
    rows = [(f.severity, f.kind, f.count, f.message, f.remedy, ";".join(f.claims)) for f in found]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"count": int})
