"""Totals outside of all figures that were published about them.

An answer above the largest figure is that of the priors, which expect figures of a role too low, or
of other losses, as many wounded suggest more dead. It may be right, and it is never silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from lossmodel.posterior.contradictions import OUTSIDE
from lossmodel.posterior.estimates import summarise
from lossmodel.posterior.rates import Rates, rates
from lossmodel.posterior.tables import STREAM, reported_series, streams_table
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS, names_with
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.findings.finding import Finding
    from lossmodel.posterior.fit import Fit
    from lossmodel.posterior.reported import Series

__all__ = ["outside_findings"]

# Figures are whole numbers, and a fit has expected losses: 0 says that there were less than 0.5.
HALF: Final = 0.5
REMEDY: Final = (
    "Look at the prior of the claimant's ratio in the report: if an office counts every case, "
    "declare the accounting of its figures in streams.csv; if claimants of its role were nearer to "
    "the truth in wars like this one, give that prior (docs/priors.md)"
)


class _Compared(NamedTuple):
    """What a claimant says of the losses of some days, and what the fit has for them."""

    claimant: str
    claims: tuple[str, ...]
    low: float
    high: float
    lower: float
    median: float
    upper: float


def outside_findings(fit: Fit) -> list[Finding]:
    """A warning for each total whose interval has the latest figures of all claimants on one side.

    A claimant's figure is its latest running total with the windows after it, or their sum alone,
    compared with the fit's losses of the same days. A bound is compared in its own direction, and
    a list or a register that is not the side's own is a lower bound: it misses losses, and an
    answer above it is no surprise.

    Examples
    --------
    >>> outside_findings(fitted)
    []
    """
    # Answers to questions need the sentences of other modules and no findings.
    from lossmodel.findings.finding import Finding

    claims = _claims(fit)
    found = []
    for key in reported_series(fit):
        figures = _compared(fit, claims, key)
        if not figures:
            continue
        above = all(figure.high + HALF < figure.lower for figure in figures)
        if above or all(figure.low - HALF > figure.upper for figure in figures):
            ids = tuple(name for figure in figures for name in figure.claims)
            sentence = _sentence(key, figures, "above" if above else "below")
            found.append(Finding("warning", OUTSIDE, len(ids), sentence, REMEDY, ids))
    return found


def _claims(fit: Fit) -> pd.DataFrame:
    """Counts of losses that the fit uses, with the accounting and the role of their streams."""
    table = fit.claims.table.merge(fit.evidence.classes[["claim_id", "class"]], on="claim_id")
    table = table[
        table["kind"].isin(names_with(KINDS, "counts_losses"))
        & table["class"].isin(["used", "merged"])
        & (table["start"] >= fit.days[0])
        & (table["end"] <= fit.days[-1])
    ]
    streams = streams_table(fit)[[*STREAM, "role"]]
    streams = streams.drop_duplicates(STREAM[:3], keep="first").rename(columns={"claimant": "root"})
    # A relay is a figure of the claimant that it repeats.
    table = table.assign(root=table["claimant"].where(table["via"] == "", table["via"]))
    table = table.merge(streams, on=["root", *STREAM[1:3]], how="left")
    return table.sort_values(["end", "published"], kind="stable")


def _compared(fit: Fit, claims: pd.DataFrame, key: Series) -> list[_Compared]:
    about = (claims[["party", "category", "scope"]] == list(key)).all(axis=1)
    rows = claims[about & ~claims["derived"]]
    path = rates(fit, *key) if len(rows) else None
    return [
        _of_claimant(fit, str(claimant), _latest(own), path)
        for claimant, own in rows.groupby("claimant", sort=False)
        if path is not None
    ]


def _latest(rows: pd.DataFrame) -> pd.DataFrame:
    """The latest running total, and windows without a day in common after it, or where none is."""
    is_running = rows["kind"].isin(names_with(KINDS, "running")).to_numpy()
    last = int(np.flatnonzero(is_running)[-1]) if is_running.any() else -1
    taken: list[int] = []
    for i in range(len(rows) - 1, -1, -1):
        after = last < 0 or rows["start"].iloc[i] > rows["end"].iloc[last]
        apart = not taken or rows["end"].iloc[i] < rows["start"].iloc[taken[-1]]
        if after and apart and not is_running[i]:
            taken.append(i)
    return rows.iloc[taken if last < 0 else [*taken, last]]


def _of_claimant(fit: Fit, claimant: str, rows: pd.DataFrame, path: Rates) -> _Compared:
    first, last = ((rows[name] - fit.days[0]).dt.days for name in ("start", "end"))
    ends = list(zip(first.tolist(), last.tolist(), strict=True))
    fitted = sum(path.between(*days) for days in ends)
    per_day = rows["kind"].isin(names_with(KINDS, "per_day"))
    days = np.where(per_day, last - first + 1, 1)
    low, high = (
        rows[limit].where(rows[limit].notna(), rows["value"]) * days for limit in ("low", "high")
    )
    accounting = ACCOUNTINGS.get(rows["accounting"].iloc[0])
    cases = accounting is not None and accounting.counts_cases and rows["role"].iloc[0] != "self"
    forms = {QUALIFIERS[qualifier].form for qualifier in rows["qualifier"]}
    limits = summarise(np.asarray(fitted)[:, None], fit.ci_prob)
    return _Compared(
        claimant,
        tuple(rows["claim_id"]),
        -np.inf if "at-most" in forms else float(low.sum()),
        np.inf if "at-least" in forms or cases else float(high.sum()),
        *(float(limits[name][0]) for name in ("lower", "median", "upper")),
    )


def _sentence(key: Series, figures: list[_Compared], where: str) -> str:
    party, category, scope = key
    total = f"{category} {party}" + ("" if scope == "all" else f" {scope}")
    nearest = (max if where == "above" else min)(figures, key=_far)
    gives = " to ".join(
        dict.fromkeys(f"{value:,.0f}" for value in (nearest.low, nearest.high) if _finite(value))
    )
    limits = nearest.lower, nearest.upper
    median, lower, upper = (number(value, *limits) for value in (nearest.median, *limits))
    return (
        f"The answer for {total} lies {where} the latest figures of all its claimants; the priors "
        f"and other losses put it there. The nearest is {gives} by {nearest.claimant}, where the "
        f"fit has {median} [{lower} to {upper}] for the same days."
    )


def _far(figure: _Compared) -> float:
    """The figure over the fit, which is least far for the nearest one on either side."""
    value = figure.high if _finite(figure.high) else figure.low
    return value / max(figure.median, 1e-9)


def _finite(value: Any) -> bool:
    return bool(np.isfinite(value))
