"""The answer of a fit in ten lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from lossmodel.fitting import Fit

__all__ = ["summary"]

SHOWN: Final = 6


def summary(fit: Fit, out: Path) -> str:
    """Totals up to the last day, with their intervals, and where the rest is to be found."""
    classes = fit.evidence.classes["class"].value_counts()
    counts = ", ".join(
        f"{classes.get(name, 0):,} {name}" for name in ("used", "merged", "left out")
    )
    first, last = fit.days[0].date(), fit.days[-1].date()
    lines = [
        f"{fit.conflict.title}, {first} to {last}; claims: {counts}",
        f"median and {100 * fit.ci_prob:g}% credible interval of expected losses, {fit.engine}:",
        *_totals(fit),
        _gate(fit),
        str(out),
    ]
    return "\n".join(lines)


def _totals(fit: Fit) -> list[str]:
    """The largest series that count a whole party, in the conflict's own order."""
    whole = [(party, category) for party, category, scope in fit.series if scope == "all"]
    last = {key: fit.estimate(key[1], key[0], measure="cumulative").iloc[-1] for key in whole}
    largest = sorted(whole, key=lambda key: -last[key]["median"])[:SHOWN]
    width = max(len(f"{category} {party}") for party, category in largest)
    return [
        f"  {f'{category} {party}':<{width}}  {_interval(last[party, category])}"
        for party, category in whole
        if (party, category) in largest
    ]


def _interval(row: pd.Series) -> str:
    return f"{row['median']:,.0f} [{row['lower']:,.0f} to {row['upper']:,.0f}]"


def _gate(fit: Fit) -> str:
    gate = fit.diagnostics["gate"]
    if gate["passed"]:
        return "gate: passed"
    return "gate: NOT PASSED: " + "; ".join(gate["failures"])
