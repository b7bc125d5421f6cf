"""Findings as text: one paragraph per kind."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from lossmodel.findings.finding import SEVERITIES, Finding

__all__ = ["count_words", "render"]

MARGIN: Final = 11  # the column of `lossmodel check` in which its lines begin
EXAMPLES: Final = 3  # cases of one kind that are printed; the others are counted
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
    words = [f"{n} {name}{'s' * (n != 1)}" for name, n in counts.items() if n]
    return ", ".join(words) or "none"


def render(findings: Sequence[Finding], *, width: int = WIDTH) -> str:
    """Findings as lines of text, those of one kind together with their remedy.

    Parameters
    ----------
    findings
        In the order of print.
    width
        Longest line, in characters.

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
        head = f"{own[0].severity:<{MARGIN}}{kind}"
        head += f" ({len(own)}): " if len(own) > 1 else ": "
        for finding in own[:EXAMPLES]:
            lines.append(_wrapped(finding.message, head, width))
            head = " " * MARGIN
        if len(own) > EXAMPLES:
            lines.append(_wrapped(f"{len(own) - EXAMPLES} more of this kind.", head, width))
        lines.append(_wrapped(f"Remedy: {own[0].remedy}.", " " * MARGIN, width))
    return "\n".join(lines)


def _wrapped(text: str, head: str, width: int) -> str:
    return textwrap.fill(
        text, width, initial_indent=head, subsequent_indent=" " * MARGIN, break_on_hyphens=False
    )
