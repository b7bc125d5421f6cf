"""Force balances beside the fit, which say whether the answer fits the army."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.posterior.force_check import force_check
from lossmodel.report.blocks import Block, Table, Text, figure_blocks
from lossmodel.report.wording import claimant_names, party_title
from lossmodel.tables.categories import INFLOW, OUTFLOWS
from lossmodel.text.months import date
from lossmodel.text.numbers import with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.conflict.titles import Names
    from lossmodel.report.figures.figures import FigureSpec

__all__ = ["FORCE_FILE", "force_blocks"]

FORCE_FILE: Final = "force-balance.csv"
WORDS: Final = (
    "Between two figures of its strength a force loses, as killed and disabled, the recruits less "
    "its growth, less the captured, the deserted and the discharged. "
)
OUTSIDE: Final = (
    "The fit has not seen these figures, so that they check its level from outside: p is the "
    "probability of a balance at least as far out as this one. With --with force they are "
    "observations instead. "
)
INSIDE: Final = (
    "They are observations of this fit (--with force), so that they are no check of it. "
)
IN_PART: Final = (
    "Those without a reason below are observations of this fit (--with force), so that they are no "
    "check of it; the others it has not seen. "
)
UNUSED: Final = (
    "For the reasons below none of them is an observation of this fit, though it was asked for "
    "(--with force). "
)
ERRORS: Final = (
    "Errors of strengths and flows, and the shares of flows that nobody published, are the priors "
    "force.*. "
)


def force_blocks(fit: Fit, figures: Sequence[FigureSpec] = ()) -> list[Block]:
    """A figure and a table of the force balances; nothing without any."""
    table = force_check(fit)
    if table.empty:
        return []
    names = claimant_names(fit)
    records = [{str(key): cell for key, cell in row.items()} for row in table.to_dict("records")]
    rows = [_row(fit, row, names) for row in records]
    words = WORDS + _status(table, asked=fit.components.force) + ERRORS
    columns = [
        *("Party", "Strengths of", "Days", "Growth"),
        *(word.capitalize() for word in (INFLOW, *OUTFLOWS)),
        *("Left: killed and disabled", "In the fit", "p"),
    ]
    return [
        Text("Force balance", tone="heading"),
        Text(f"{words}All columns are in {FORCE_FILE}."),
        *figure_blocks(figures),
        Table(
            "force",
            columns,
            rows,
            caption="Balance of each force, with its normal interval, beside the posterior median "
            "and interval of its killed and disabled over the same days.",
            numeric=frozenset(range(3, 11)),
        ),
        *(_remark(fit, row, names) for row in records if row["assumed"] or row["left_out"]),
    ]


def _status(table: pd.DataFrame, *, asked: bool) -> str:
    """Whether the balances are observations of the fit."""
    if not asked:
        return OUTSIDE
    if table["in_likelihood"].all():
        return INSIDE
    return IN_PART if table["in_likelihood"].any() else UNUSED


def _row(fit: Fit, row: dict[str, Any], names: Names) -> list[str]:
    return [
        _force_title(fit, row),
        names[row["claimant"]],
        f"{row['start'].date()} to {row['end'].date()}",
        _count(row["strength_after"] - row["strength_before"]),
        *(_count(row[name]) for name in (INFLOW, *OUTFLOWS)),
        _interval(row, "balance", "balance"),
        _interval(row, "fit_median", "fit"),
        f"{row['p']:.2g}" if np.isfinite(row["p"]) else "–",
    ]


def _remark(fit: Fit, row: dict[str, Any], names: Names) -> Text:
    """Flows of a balance that are assumed, and why it is no observation, below the table."""
    claimant = names[row["claimant"]]
    said = [f"assumed: {row['assumed'].replace(': ', ' on ')}"] if row["assumed"] else []
    first, _, rest = row["left_out"].partition(" ")
    said += [f"it is no observation, as {names[first]} {rest}"] if rest else []
    days = f"{date(row['start'])} to {date(row['end'])}"
    return Text(f"{_force_title(fit, row)} by {claimant}, {days}: {'; '.join(said)}.", tone="small")


def _force_title(fit: Fit, row: dict[str, Any]) -> str:
    scope = "" if row["scope"] == "all" else f" ({row['scope']})"
    return f"{party_title(fit.conflict, row['party'])}{scope}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if np.isfinite(value) else "–"


def _interval(row: dict[str, Any], middle: str, limits: str) -> str:
    if not np.isfinite(row[middle]):
        return "–"
    return with_interval(row[middle], row[f"{limits}_lower"], row[f"{limits}_upper"])
