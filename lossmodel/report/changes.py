"""What changed since an earlier fit: totals, and the claims that account for it.

A report folder keeps both tables, so that its pages can be written and checked without the earlier
fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.estimates import LIMITS, total_to
from lossmodel.report.compare import KEYS, changed_claims, changed_totals
from lossmodel.report.telescope import COLUMNS
from lossmodel.tables.files import is_there

if TYPE_CHECKING:
    from pathlib import Path

    from lossmodel.api import Fit
    from lossmodel.conflict.conflict import Conflict

__all__ = ["CLAIMS", "STEPS", "TOTALS", "Changes", "changes_since", "check_earlier", "read_changes"]

TOTALS: Final = "changes.csv"
CLAIMS: Final = "changed-claims.csv"
STEPS: Final = "changes-by-claims.csv"
# Columns of `changed_totals` by their names in the file.
NAMES: Final = {
    f"{k}_{a}": f"{k}_{name}" for a, name in (("a", "before"), ("b", "now")) for k in LIMITS
}


@dataclass(frozen=True, eq=False)
class Changes:
    """Changes between an earlier fit and a fit.

    Attributes
    ----------
    totals
        party, category, scope; end, the last day that both fits cover; median, lower and upper,
        each `_before` and `_now`; ratio of the medians; last_day_before and fit_before, the last
        day and the hash of the earlier fit.
    claims
        Claims that are not the same evidence in both, with the change of the log of a total that
        each causes (`moves`), largest first; see ``compare.changed_claims``.
    steps
        The change of each headline total by groups of new claims, see ``telescope.telescope``;
        empty if there were no refits.
    """

    totals: pd.DataFrame
    claims: pd.DataFrame
    steps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))


def check_earlier(earlier: Fit, conflict: Conflict) -> None:
    """Check that an earlier fit is one of the same conflict.

    Raises
    ------
    UsageError
        It is of another one.
    """
    if earlier.conflict.name != conflict.name:
        raise UsageError(
            f"The earlier fit is of the conflict {earlier.conflict.name}, this one of "
            f"{conflict.name}: give a fit of the same conflict."
        )


def changes_since(earlier: Fit, fit: Fit) -> Changes:
    """What changed from an earlier fit to a fit of the same conflict.

    Raises
    ------
    UsageError
        The fits are of different conflicts, or have no total in common.
    """
    check_earlier(earlier, fit.conflict)
    day = min(earlier.days[-1], fit.days[-1])
    if not set(earlier.series) & set(fit.series):
        raise UsageError("The earlier fit has no total that this one has.")
    totals = changed_totals(earlier, fit, day).rename(columns=NAMES)
    totals = totals.assign(end=day, last_day_before=earlier.days[-1], fit_before=fit_hash(earlier))
    return Changes(totals, changed_claims(earlier, fit, day))


def read_changes(folder: Path, fit: Fit) -> Changes | None:
    """The changes that a report folder keeps, with the totals of now taken from its fit.

    Raises
    ------
    UsageError
        The tables cannot be read.
    """
    paths = folder / TOTALS, folder / CLAIMS
    if not all(map(is_there, paths)):
        return None
    try:
        totals = pd.read_csv(
            paths[0], parse_dates=["end", "last_day_before"], keep_default_na=False
        )
        claims = pd.read_csv(paths[1], keep_default_na=False)
        numbers = [f"{k}_before" for k in LIMITS]
        totals[numbers] = totals[numbers].astype(float)
        claims["moves"] = claims["moves"].astype(float)
        rows = totals[[*KEYS, "end"]].itertuples(index=False)
        now = [total_to(fit, (p, c, s), day) for p, c, s, day in rows]
    except (ValueError, KeyError, TypeError) as problem:
        raise UsageError(f"{paths[0]} and {paths[1].name} cannot be read: {problem}") from problem
    totals = totals.assign(**{f"{k}_now": [row[k] for row in now] for k in LIMITS})
    return Changes(totals, claims, *_steps(folder / STEPS, fit))


def _steps(path: Path, fit: Fit) -> list[pd.DataFrame]:
    """The table of steps, if there is one; the last step ends at the totals of the fit."""
    if not is_there(path):
        return []
    days = ["published_first", "published_last", "end"]
    try:
        table = pd.read_csv(path, parse_dates=days, keep_default_na=False)[list(COLUMNS)]
        table = table.astype({"median_before": float, "median_now": float})
        last = table["step"] == table["step"].max()
        rows = table.loc[last, [*KEYS, "end"]].itertuples(index=False)
        now = [total_to(fit, (p, c, s), day)["median"] for p, c, s, day in rows]
    except (ValueError, KeyError, TypeError) as problem:
        raise UsageError(f"{path} cannot be read: {problem}") from problem
    table.loc[last, "median_now"] = now
    return [table]
