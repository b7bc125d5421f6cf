"""Findings and outcomes of claims as text: one paragraph per kind or reason."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.outcomes import CLASSES
from lossmodel.findings.finding import SEVERITIES, Finding
from lossmodel.text.numbers import plural, some

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["count_words", "render", "render_outcomes"]

MARGIN: Final = 11  # the column of `lossmodel check` in which its lines begin
EXAMPLES: Final = 3  # cases of one kind that are printed; the others are counted
REASONS: Final = 4  # reasons of one class that are printed
WIDTH: Final = 80


def count_words(findings: Sequence[Finding]) -> str:
    """Number of findings of each severity.

    Examples
    --------
    >>> finding = Finding("warning", "total-falls", 1, "It falls.", "Correct it", ())
    >>> count_words([finding, finding]), count_words([])
    ('2 warnings', 'none')
    """
    counts = {name: sum(f.severity == name for f in findings) for name in SEVERITIES}
    words = [plural(n, name) for name, n in counts.items() if n]
    return ", ".join(words) or "none"


def render(findings: Sequence[Finding], *, width: int = WIDTH, every: bool = False) -> str:
    """Findings as lines of text, those of one kind together with their remedy.

    Parameters
    ----------
    findings
        In the order of print.
    width
        Longest line, in characters.
    every
        Whether to print every case of a kind, not only the first three.

    Examples
    --------
    >>> finding = Finding("warning", "total-falls", 1, "It falls.", "Correct it", ("c1",))
    >>> print(render([finding]))
    findings   1 warning
    warning    total-falls: It falls.
               Remedy: Correct it.
    """
    lines = [f"{'findings':<{MARGIN}}{count_words(findings)}"]
    for kind in dict.fromkeys(f.kind for f in findings):
        own = [f for f in findings if f.kind == kind]
        shown = own if every else own[:EXAMPLES]
        head = f"{own[0].severity:<{MARGIN}}{kind}"
        head += f" ({len(own)}): " if len(own) > 1 else ": "
        for finding in shown:
            lines.append(_wrapped(finding.message, head, width))
            head = " " * MARGIN
        if len(own) > len(shown):
            rest = f"{len(own) - len(shown):,} more of this kind, shown with --all."
            lines.append(_wrapped(rest, head, width))
        lines.append(_wrapped(f"Remedy: {own[0].remedy}.", " " * MARGIN, width))
    return "\n".join(lines)


def render_outcomes(classes: pd.DataFrame, *, width: int = WIDTH, every: bool = False) -> str:
    """Claims that are merged, with their partners, and those that are left out, by reason.

    Parameters
    ----------
    classes
        As `Evidence.classes`.
    width
        Longest line, in characters.
    every
        Whether to print every claim, not only the first of each of the most frequent reasons.

    Examples
    --------
    >>> from lossmodel import load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> evidence = collect_evidence(load_claims(conflict="georgia2008"))
    >>> print(render_outcomes(evidence.classes).splitlines()[0])
    evidence   14 used, 0 merged, 0 left out
    """
    counts = classes["class"].value_counts()
    words = (f"{counts.get(name, 0):,} {name}" for name in CLASSES)
    lines = [f"{'evidence':<{MARGIN}}{', '.join(words)}"]
    for name in CLASSES[1:]:
        rows = classes[classes["class"] == name]
        head = f"{name:<{MARGIN}}"
        reasons = rows["why"].value_counts().index
        for why in reasons if every else reasons[:REASONS]:
            same = rows[rows["why"] == why]
            pairs = zip(same["claim_id"].tolist(), same["with"].tolist(), strict=True)
            ids = [
                f"{claim} with {_partners(into)}" if into else str(claim) for claim, into in pairs
            ]
            shown = "; ".join(ids) if every else ids[0]
            example = "" if len(ids) == 1 or every else ", such as"
            lines.append(
                _wrapped(f"{len(ids):,}: {why.rstrip('.')}{example or ':'} {shown}.", head, width)
            )
            head = " " * MARGIN
        if not every and len(reasons) > REASONS:
            rest = f"{len(reasons) - REASONS:,} more reasons, shown with --all."
            lines.append(_wrapped(rest, head, width))
    return "\n".join(lines)


def _partners(ids: str) -> str:
    return some(ids.split(";"))


def _wrapped(text: str, head: str, width: int) -> str:
    return textwrap.fill(
        text, width, initial_indent=head, subsequent_indent=" " * MARGIN, break_on_hyphens=False
    )
