"""Force balances beside the fit, which say whether the answer fits the army."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.posterior.force_check import force_check
from lossmodel.report.blocks import Block, Table, Text, figure_blocks
from lossmodel.report.wording import claimant_names, date, party_title
from lossmodel.tables.categories import INFLOW, OUTFLOWS
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.api import Fit
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
    records = table.to_dict("records")
    rows = [_row(fit, {str(key): cell for key, cell in row.items()}, names) for row in records]
    words = WORDS + (INSIDE if fit.components.force else OUTSIDE) + ERRORS
    columns = [
        *("Party", "Strengths of", "From", "To", "Growth"),
        *(word.capitalize() for word in (INFLOW, *OUTFLOWS)),
        *("Left: killed and disabled", "In the fit", "p", "Remark"),
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
            numeric=frozenset(range(4, 12)),
        ),
    ]


def _row(fit: Fit, row: dict[str, Any], names: dict[str, str]) -> list[str]:
    scope = "" if row["scope"] == "all" else f" ({row['scope']})"
    remarks = [f"assumed: {row['assumed']}"] if row["assumed"] else []
    remarks += [f"no observation: {row['left_out']}"] if row["left_out"] else []
    return [
        f"{party_title(fit.conflict, row['party'])}{scope}",
        names.get(row["claimant"], row["claimant"]),
        *(date(row[name]) for name in ("start", "end")),
        _count(row["strength_after"] - row["strength_before"]),
        *(_count(row[name]) for name in (INFLOW, *OUTFLOWS)),
        _interval(row, "balance", "balance"),
        _interval(row, "fit_median", "fit"),
        f"{row['p']:.2g}" if np.isfinite(row["p"]) else "–",
        "; ".join(remarks),
    ]


def _count(value: float) -> str:
    return f"{value:,.0f}" if np.isfinite(value) else "–"


def _interval(row: dict[str, Any], middle: str, limits: str) -> str:
    low, high = row[f"{limits}_lower"], row[f"{limits}_upper"]
    if not np.isfinite(row[middle]):
        return "–"
    median, lower, upper = (number(value, low, high) for value in (row[middle], low, high))
    return f"{median} [{lower} to {upper}]"
