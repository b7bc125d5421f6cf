"""The headlines under other assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossmodel.report.document import Table
from lossmodel.report.wording import (
    ASSUMED,
    category_title,
    estimate_text,
    interval,
    level,
    party_title,
    prior_share,
)
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.report.results import Key, Results

__all__ = ["middle_range", "other_table"]

COMMON = "common.sd"


def other_table(results: Results, keys: list[Key]) -> Table | None:
    """Totals at other sds of the common mode, and how far other priors move their middles."""
    fit = results.fit
    known = fit.local_prior_sensitivity
    own = fit.priors[COMMON].median
    sds = sorted({float(sd) for sd in known.loc[known["prior"] == COMMON, "value"]} - {own})
    rows = [_row(results, key, sds) for key in keys if not _of(fit, key).empty]
    if not rows:
        return None
    names = [f"Shared error {sd:.2f}" for sd in sds]
    return Table(
        "other-priors",
        ["Lost", *names, "Middle under other priors", "Its ends with"],
        rows,
        caption=(
            f"The same totals under other assumptions, {level(fit)} intervals. The claimants may "
            f"all err alike about a party; this fit takes that shared error to have a standard "
            f"deviation of {own:.2f} on the log scale. “Middle under other priors”: where the "
            "median moves to when the mean of one prior is put one of its standard deviations "
            "lower or higher, one prior at a time, or the shared error is changed. Worked out "
            "from the fit's normal approximation, not by fitting anew."
        ),
        numeric=frozenset(range(1, 2 + len(sds))),
    )


def middle_range(results: Results, key: Key) -> str:
    """Where other priors would put the middle of a total that assumptions set, or nothing."""
    rows = _of(results.fit, key)
    if rows.empty or not prior_share(results.fit, key) > ASSUMED:
        return ""
    return _ends(results, key, rows)


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
        _moved(least, most),
    ]


def _total(row: dict[Any, Any]) -> str:
    return f"{estimate_text(row)} ({interval(row)})"


def _moved(least: pd.Series, most: pd.Series) -> str:
    """Say which priors were moved to the ends of a range, and where to."""
    if least["prior"] == most["prior"]:
        return f"{least['prior']} {_where(least)}, {_where(most)}"
    return "; ".join(f"{row['prior']} {_where(row)}" for row in (least, most))


def _where(row: pd.Series) -> str:
    if row["prior"] == COMMON:
        return f"at {row['value']:.2f}"
    return "higher" if row["value"] > 0 else "lower"
