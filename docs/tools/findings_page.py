"""`docs/findings.md`, made from the table of kinds; `docs.tools.format_pages` writes it."""

from __future__ import annotations

from typing import Final

from lossmodel.findings.finding import SEVERITIES
from lossmodel.findings.kinds import KINDS

__all__ = ["page"]

HEAD: Final = """# Findings

`lossmodel check` first refuses a table that breaks a rule of the format. It then prints what the
claims are taken for and looks for errors that a valid table may hide. It exits with status 0, with
`--strict` with status 1 if there is a warning. `--all` prints every case. `--json` prints all of it
for other programs: `streams` (role and accounting of each), `outcomes` (claims that are merged or
left out, and why) and `findings`; the names of the kinds below do not change. From Python,
`lossmodel.check` gives the findings as a table. A fit repeats them in its report.

A **warning** says that an answer may be wrong without any sign of it. A **note** says which choice
was made where the table leaves one. Neither changes the fit.
"""
FOOT: Final = """
A fit may add three more kinds, since they need an estimate. **`contradicted-claimant`** (warning)
is a stream whose figures are far from where the prior of its bias has them, given the figures of
all others. Compare the claimant's unit, category and party with those of others; if they are right,
widen the prior of its bias. **`outside-all-figures`** (warning) is a total, of a party or of a sum
of parties, whose interval has the latest figures of all its claimants on one side: its priors or
other losses put it there, not a claimant. **`unbalanced-force`** (warning) is an army whose
strengths and recruits imply numbers of killed and disabled that differ from those of the fit, see
[force balances](model/force.md).
"""
TITLES: Final = {"warning": "Warnings", "note": "Notes"}


def page() -> str:
    """Text of the page.

    Examples
    --------
    >>> page().splitlines()[0]
    '# Findings'
    """
    lines = [HEAD]
    for severity in SEVERITIES:
        lines += [f"## {TITLES[severity]}", "", "| Kind | Meaning | Remedy |", "|---|---|---|"]
        lines += [
            f"| `{kind.name}` | {kind.meaning} | {kind.remedy}. |"
            for kind in KINDS
            if kind.severity == severity
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" + FOOT
