"""Sensitivity of the headline totals to priors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossmodel.evaluation.assumptions import prior_title
from lossmodel.report.blocks import Table
from lossmodel.report.wording import (
    category_title,
    estimate_text,
    interval,
    level,
    party_title,
)
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.report.results import Key, Results

__all__ = ["alternatives_table", "median_range"]

COMMON = "common.sd"


def alternatives_table(results: Results, keys: list[Key]) -> Table | None:
    """Totals for other sds of the common mode, and their medians under other priors."""
    fit = results.fit
    known = fit.local_prior_sensitivity
    own = fit.priors[COMMON].median
    sds = sorted({float(sd) for sd in known.loc[known["prior"] == COMMON, "value"]} - {own})
    rows = [_row(results, key, sds) for key in keys if not _of(fit, key).empty]
    if not rows:
        return None
    names = [f"Common-mode sd {sd:.2f}" for sd in sds]
    return Table(
        "other-priors",
        ["Losses", *names, "Median under other priors", "Priors at its ends"],
        rows,
        caption=(
            f"Totals under other assumptions, with {level(fit)} intervals. The common mode is an "
            "error that all claimants about a party may share; this fit gives it a standard "
            f"deviation of {own:.2f} on the log scale. “Median under other priors” is the range "
            "of the posterior median when the mean of one prior is shifted by one of its standard "
            "deviations, one prior at a time, or the sd of the common mode is changed. Computed "
            "from this fit, without refitting."
        ),
        numeric=frozenset(range(1, 2 + len(sds))),
    )


def median_range(results: Results, key: Key) -> str:
    """Range of the median under other priors; empty if it is not known."""
    rows = _of(results.fit, key)
    return "" if rows.empty else _ends(results, key, rows)


def _of(fit: Fit, key: Key) -> pd.DataFrame:
    rows = fit.local_prior_sensitivity
    party, category, scope = key
    same = rows["party"].eq(party) & rows["category"].eq(category) & rows["scope"].eq(scope)
    return rows[same]


def _ends(results: Results, key: Key, rows: pd.DataFrame) -> str:
    total = results.total(key)
    limits = total["lower"], total["upper"]
    return " to ".join(number(v, *limits) for v in (rows["median"].min(), rows["median"].max()))


def _row(results: Results, key: Key, sds: list[float]) -> list[str]:
    fit = results.fit
    party, category, _ = key
    rows = _of(fit, key)
    common = rows[rows["prior"] == COMMON].set_index("value")
    ordered = rows.sort_values("median", kind="stable")
    least, most = ordered.iloc[0], ordered.iloc[-1]
    return [
        f"{party_title(fit.conflict, party)}, {category_title(fit, category)}",
        *(_total(common.loc[sd].to_dict()) if sd in common.index else "–" for sd in sds),
        _ends(results, key, rows),
        _priors_at_ends(least, most),
    ]


def _total(row: dict[Any, Any]) -> str:
    return f"{estimate_text(row)} ({interval(row)})"


def _priors_at_ends(least: pd.Series, most: pd.Series) -> str:
    """Names of the priors at both ends of a range, and the direction of their shift."""
    if least["prior"] == most["prior"]:
        return f"{prior_title(least['prior'])} {_direction(least)}, {_direction(most)}"
    return "; ".join(f"{prior_title(row['prior'])} {_direction(row)}" for row in (least, most))


def _direction(row: pd.Series) -> str:
    if row["prior"] == COMMON:
        return f"at {row['value']:.2f}"
    return "higher" if row["value"] > 0 else "lower"
