"""Summary of a fit in ten lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.evidence.outcomes import CLASSES
from lossmodel.posterior.estimates import estimate
from lossmodel.report.wording import is_assumed
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from lossmodel.posterior.fit import Fit

__all__ = ["headline"]

SHOWN: Final = 6


def headline(fit: Fit, out: Path) -> str:
    """Totals to the last day with their intervals, the gate and the path of the report."""
    counts = fit.evidence.classes["class"].value_counts()
    claims = ", ".join(f"{counts.get(name, 0):,} {name}" for name in CLASSES)
    first, last = fit.days[0].date(), fit.days[-1].date()
    lines = [
        f"{fit.conflict.title}, {first} to {last}; claims: {claims}",
        f"Expected losses, median [{100 * fit.ci_prob:.4g}% credible interval], {fit.engine}:",
        *_totals(fit),
        _gate(fit),
        f"report: {out}",
    ]
    return "\n".join(lines)


def _totals(fit: Fit) -> list[str]:
    """The largest series with scope ``all``, in the order of the fit."""
    whole = [(party, category) for party, category, scope in fit.series if scope == "all"]
    totals = {(p, c): estimate(fit, c, p, measure="cumulative").iloc[-1] for p, c in whole}
    largest = sorted(whole, key=lambda key: -totals[key]["median"])[:SHOWN]
    width = max((len(f"{category} {party}") for party, category in largest), default=0)
    return [
        f"  {f'{category} {party}':<{width}}  {_interval(totals[party, category])}"
        + (", set by assumptions" if is_assumed(fit, (party, category, "all")) else "")
        for party, category in whole
        if (party, category) in largest
    ]


def _interval(row: pd.Series) -> str:
    limits = row["lower"], row["upper"]
    median, lower, upper = (number(value, *limits) for value in (row["median"], *limits))
    return f"{median} [{lower} to {upper}]"


def _gate(fit: Fit) -> str:
    gate = fit.diagnostics["gate"]
    if gate["passed"]:
        approximate = "; approximate, as the posterior is not normal: " if gate["doubts"] else ""
        return "gate: passed" + approximate + "; ".join(map(str, gate["doubts"]))
    return "gate: NOT PASSED: " + "; ".join(map(str, gate["failures"]))
