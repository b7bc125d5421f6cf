"""Totals whose median lies below or above all figures of them, with the reason, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from lossmodel.model.design.design import PEOPLE
from lossmodel.posterior.outside_figures import compared_figures, lies_outside
from lossmodel.posterior.ratios import over_all
from lossmodel.posterior.tables import streams_table
from lossmodel.tables.schema import READING
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.posterior.outside_figures import Compared

__all__ = ["beside_figures"]

# A median as near to a figure as rounding may bring it is the figure itself to a reader.
NEAR: Final = 1.05
# Figures that can agree with one another.
FEWEST: Final = 2
# Middle of a prior, of its limits on the log scale, from which it moves an answer in a direction.
LEANS: Final = math.log(1.05)
ROLES: Final = {
    "adversary": "adversaries",
    "self": "a side itself",
    "third-party": "third parties",
}


def beside_figures(fit: Fit, key: tuple[str, str, str], *, since: bool = True) -> str:
    """That a median lies below or above all figures of its total, and why; empty where not.

    Each claimant's latest figure is compared with the losses of its own days. Bounds, lists that
    are not the side's own, denials, and answers whose whole interval lies there, are left out: a
    warning is about these. One figure alone agrees with no other.
    """
    every = compared_figures(fit, key)
    figures = [each for each in every if math.isfinite(each.low + each.high) and each.high > 0]
    where = _where(figures)
    if len(figures) < FEWEST or not where or lies_outside(every):
        return ""
    counted = "both figures" if len(figures) == FEWEST else f"all {len(figures)} figures"
    denied = any(each.low == each.high == 0 for each in every)
    left_out = ["bounds and lists"] if len(figures) + denied < len(every) else []
    left_out += ["a figure of none"] if denied else []
    aside = f" ({' and '.join(left_out)} aside)" if left_out else ""
    why = _since(fit, key, figures, where) if since else ""
    return f"lies {where} {counted}{_values(fit, figures)}{aside}{why}"


def _where(figures: list[Compared]) -> str:
    if figures and all(figure.median > NEAR * figure.high for figure in figures):
        return "above"
    if figures and all(NEAR * figure.median < figure.low for figure in figures):
        return "below"
    return ""


def _values(fit: Fit, figures: list[Compared]) -> str:
    """The figures, if all are of the days of the total."""
    if any((figure.first, figure.last) != (fit.days[0], fit.days[-1]) for figure in figures):
        return ", each for its own days"
    ends = (min(figure.low for figure in figures), max(figure.high for figure in figures))
    return f", {' to '.join(dict.fromkeys(f'{end:,.0f}' for end in ends))}"


def _since(fit: Fit, key: tuple[str, str, str], figures: list[Compared], where: str) -> str:
    """The priors that put a median there, one for each role."""
    party, category, _ = key
    streams = over_all(fit).merge(streams_table(fit)[[*READING, "block"]], on=READING)
    streams = streams[(streams["party"] == party) & (streams["category"] == category)]
    streams = streams[streams["claimant"].isin([figure.claimant for figure in figures])]
    sign = 1 if where == "below" else -1
    leaning = [
        row
        for _, row in streams.drop_duplicates("role").iterrows()
        if row["prior_lower"] > 0
        and sign * math.log(row["prior_lower"] * row["prior_upper"]) / 2 > LEANS
    ]
    if not leaning:
        return "; the priors and other losses put it there"
    said = [_expected(row) for row in leaning]
    said[0] = said[0].replace(" times", " times the losses", 1)
    if all(_is_of_history(fit, row) for row in leaning):
        return f", since in past wars {' and '.join(said)}"
    return f", since by the priors {' and '.join(said)}"


def _expected(row: pd.Series[Any]) -> str:
    limits = row["prior_lower"], row["prior_upper"]
    median, lower, upper = (number(value, *limits) for value in (row["prior_median"], *limits))
    return f"{ROLES[row['role']]} gave {median} times ({lower} to {upper})"


def _is_of_history(fit: Fit, row: pd.Series[Any]) -> bool:
    block = row["block"] if row["block"] in PEOPLE else "equipment"
    name = f"bias.{row['role']}.{block}"
    return name in fit.priors.entries and fit.priors[name].basis == "history"
