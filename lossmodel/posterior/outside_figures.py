"""Totals outside of all figures that were published about them.

An answer above the largest figure is that of the priors, which expect figures of a role too low, or
of other losses, as many wounded suggest more dead. It may be right, and it is never silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from lossmodel.conflict.titles import short_names, total_title
from lossmodel.posterior.contradictions import OUTSIDE
from lossmodel.posterior.estimates import summarise, total_to
from lossmodel.posterior.rates import Rates, rates
from lossmodel.posterior.tables import reported_series, streams_table
from lossmodel.tables.schema import READING, STREAM
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS, names_with
from lossmodel.text.levels import HALF
from lossmodel.text.months import date, dates
from lossmodel.text.numbers import with_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lossmodel.findings.finding import Finding
    from lossmodel.posterior.fit import Fit
    from lossmodel.posterior.reported import Series

__all__ = ["Compared", "compared_figures", "lies_outside", "outside_findings"]

COLUMNS: Final = (
    *("claim_id", "root", "party", "category", "scope", "kind", "start", "end"),
    *("value", "low", "high", "qualifier", "accounting", "role", "published"),
)
REMEDY: Final = (
    "Look at the prior of the claimant's ratio in the report: if an office counts every case, "
    "declare the accounting of its figures in streams.csv; if claimants of its role were nearer to "
    "the truth in wars like this one, give that prior (docs/priors.md)"
)
OF_COUNTS: Final = (
    "Look at the coverage of the list or register in the report: if it had every case on the day "
    "that it is known for, give the priors of its coverage and delay that say so (docs/priors.md)"
)


class Compared(NamedTuple):
    """What a claimant says of the losses of some days, and what the fit has for them."""

    claimant: str
    claims: tuple[str, ...]
    first: pd.Timestamp
    last: pd.Timestamp
    low: float
    high: float
    lower: float
    median: float
    upper: float

    @property
    def sides(self) -> set[str]:
        """Where the fit lies of the figure: above, below, or neither."""
        above, below = self.high + HALF < self.lower, self.low - HALF > self.upper
        return {"above"} if above else {"below"} if below else set()


def outside_findings(fit: Fit) -> list[Finding]:
    """A warning for each total whose interval has the latest figures of all claimants on one side.

    Totals are those that are reported, and those of sums of parties that claims are about.

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
    for key in (*reported_series(fit), *_sums(fit, claims)):
        figures, where = _on_one_side(_compared(fit, claims, key))
        if figures:
            ids = tuple(name for figure in figures for name in figure.claims)
            sentence = _sentence(fit, key, figures, where)
            own = claims.loc[claims["claim_id"].isin(ids), "accounting"]
            counts = own.isin(names_with(ACCOUNTINGS, "counts_cases")).all()
            remedy = OF_COUNTS if counts else REMEDY
            found.append(Finding("warning", OUTSIDE, len(ids), sentence, remedy, ids))
    return found


def _sums(fit: Fit, claims: pd.DataFrame) -> Iterator[Series]:
    """Sums of parties that claims are about, where the fit has all of them."""
    known = set(reported_series(fit))
    for party, category, scope in claims[["party", "category", "scope"]].drop_duplicates().values:
        parts = fit.conflict.components(party)
        if len(parts) > 1 and {(part, category, scope) for part in parts} <= known:
            yield party, category, scope


def compared_figures(fit: Fit, key: Series) -> list[Compared]:
    """The latest figure of each claimant about a total, with the fit's losses of its days.

    Parameters
    ----------
    key
        Party, category and scope.

    Examples
    --------
    >>> compared_figures(fitted, ("germany", "aircraft", "all"))[0].claimant
    'air-ministry'
    """
    return list(_compared(fit, _claims(fit), key))


def lies_outside(figures: Iterable[Compared]) -> bool:
    """Whether the whole interval lies above or below all figures, which a finding is about."""
    return bool(_on_one_side(figures)[0])


def _on_one_side(figures: Iterable[Compared]) -> tuple[list[Compared], str]:
    """Figures that the fit lies above or below, all of them, and which; none where one reaches it.

    They are looked at up to the first that does: most totals have one.
    """
    seen: list[Compared] = []
    sides = {"above", "below"}
    for figure in figures:
        seen.append(figure)
        sides &= figure.sides
        if not sides:
            return [], ""
    return seen, min(sides)


def _claims(fit: Fit) -> pd.DataFrame:
    """Counts of losses that the fit uses, with the accounting and the role of their streams."""
    table = fit.claims.table.merge(fit.evidence.classes[["claim_id", "class"]], on="claim_id")
    table = table[
        table["kind"].isin(names_with(KINDS, "counts_losses"))
        & table["class"].isin(["used", "merged"])
        & (table["start"] >= fit.days[0])
        & (table["end"] <= fit.days[-1])
        & ~table["derived"]
    ]
    streams = streams_table(fit)[[*READING, "role"]]
    streams = streams.drop_duplicates(STREAM, keep="first")
    streams = streams.rename(columns={"claimant": "root"})
    # A relay is a figure of the claimant that it repeats.
    table = table.assign(root=table["claimant"].where(table["via"] == "", table["via"]))
    table = table.merge(streams, on=["root", "party", "category"], how="left")[[*COLUMNS]]
    return table.sort_values(["end", "published"], kind="stable")


def _compared(fit: Fit, claims: pd.DataFrame, key: Series) -> Iterator[Compared]:
    about = (claims[["party", "category", "scope"]] == list(key)).all(axis=1)
    for claimant, own in claims[about].groupby("root", sort=False):
        yield _of_claimant(fit, str(claimant), _latest(own), rates(fit, *key))


def _latest(rows: pd.DataFrame) -> pd.DataFrame:
    """The latest running total, and windows without a day in common after it, or where none is."""
    running = rows["kind"].isin(names_with(KINDS, "running"))
    totals = rows[running].iloc[-1:]
    windows = rows[~running]
    if len(totals):
        windows = windows[windows["start"] > totals["end"].iloc[0]]
    taken, earliest = [], pd.Timestamp.max
    ends = zip(windows["start"], windows["end"], strict=True)
    for place, (start, end) in reversed(list(enumerate(ends))):
        if end < earliest:
            taken.append(place)
            earliest = start
    return pd.concat([windows.iloc[taken], totals])


def _of_claimant(fit: Fit, claimant: str, rows: pd.DataFrame, path: Rates) -> Compared:
    first, last = ((rows[name] - fit.days[0]).dt.days for name in ("start", "end"))
    days = [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]
    per_day = rows["kind"].isin(names_with(KINDS, "per_day"))
    lengths = np.where(per_day, last - first + 1, 1)
    low, high = (
        rows[limit].where(rows[limit].notna(), rows["value"]) * lengths for limit in ("low", "high")
    )
    accounting = ACCOUNTINGS.get(rows["accounting"].iloc[0])
    cases = accounting is not None and accounting.counts_cases and rows["role"].iloc[0] != "self"
    forms = {QUALIFIERS[qualifier].form for qualifier in rows["qualifier"]}
    limits = summarise(path.on(np.concatenate(days))[:, None], fit.ci_prob)
    return Compared(
        claimant,
        tuple(rows["claim_id"]),
        rows["start"].min(),
        rows["end"].max(),
        -np.inf if "at-most" in forms else float(low.sum()),
        np.inf if "at-least" in forms or cases else float(high.sum()),
        *(float(limits[name][0]) for name in ("lower", "median", "upper")),
    )


def _sentence(fit: Fit, key: Series, figures: list[Compared], where: str) -> str:
    # Of the limits that face the fit: the highest where it is above, the lowest where it is below.
    nearest = (
        max(figures, key=lambda figure: figure.high / figure.median)
        if where == "above"
        else min(figures, key=lambda figure: figure.low / figure.median)
    )
    gives = " to ".join(
        dict.fromkeys(f"{value:,.0f}" for value in (nearest.low, nearest.high) if _finite(value))
    )
    here = with_interval(nearest.median, nearest.lower, nearest.upper)
    days = dates(nearest.first, nearest.last)
    gives += f" by {short_names(fit.conflict)[nearest.claimant]}"
    all_of_them = f"the latest figures of all its claimants; the nearest is {gives} for these days."
    figure = all_of_them if len(figures) > 1 else f"its only claimant's latest figure, {gives}."
    return (
        f"{total_title(fit.conflict, key)}: the answer for {days}, {here}, lies {where} {figure} "
        f"The priors and other losses put it there.{_whole(fit, key, nearest)}"
    )


def _whole(fit: Fit, key: Series, figure: Compared) -> str:
    """The total that a report gives, where the figure is of fewer days; else nothing."""
    if (figure.first, figure.last) == (fit.days[0], fit.days[-1]):
        return ""
    total = total_to(fit, key, fit.days[-1])
    whole = with_interval(total["median"], total["lower"], total["upper"])
    return f" The total to {date(fit.days[-1])} is {whole}."


def _finite(value: Any) -> bool:
    return bool(np.isfinite(value))
