"""Figures of a force balance: the strength of a force, those who join it, those who leave it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import pandas as pd

from lossmodel.evidence.claim_records import Figure, latest
from lossmodel.evidence.observations import rounding_variance
from lossmodel.evidence.rounding import SD_OF_UNIT
from lossmodel.tables.categories import INFLOW, OUTFLOWS, STRENGTH
from lossmodel.tables.vocabulary import KINDS, QUALIFIERS

__all__ = ["COLUMNS", "FORCE", "force_figures"]

FORCE: Final = (STRENGTH, INFLOW, *OUTFLOWS)
COLUMNS: Final = (
    *("claim_id", "claimant", "party", "category", "scope", "form"),
    *("start", "end", "value", "sd", "published"),
)


def force_figures(figures: Iterable[Figure]) -> pd.DataFrame:
    """Strengths and flows of forces, the latest of each window.

    Returns
    -------
    table
        The columns `COLUMNS`: days since 1970; `value`, of a range without one its middle; `sd`,
        its error as far as its claimant states one: rounding and range.

    Examples
    --------
    >>> len(force_figures([]))
    0
    """
    windows: defaultdict[object, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.category in FORCE and _has_its_kind(figure):
            windows[figure.key, figure.window].append(figure)
    return pd.DataFrame(
        [_row(latest(group)) for group in windows.values()], columns=list(COLUMNS)
    ).sort_values(["party", "category", "claimant", "end", "start"], ignore_index=True)


def _has_its_kind(figure: Figure) -> bool:
    """Whether it is a stock of strength or a flow: captives held are not those taken."""
    rules = KINDS[figure.kind]
    return rules.stock if figure.category == STRENGTH else rules.counts_losses


def _row(figure: Figure) -> tuple[object, ...]:
    ranged = QUALIFIERS[figure.qualifier].has_limits
    value = (figure.low + figure.high) / 2 if figure.form == "interval" else figure.value
    width = (figure.high - figure.low) * SD_OF_UNIT if ranged else 0.0
    rounding = 0.0 if figure.form == "interval" else rounding_variance(figure, figure.unit)
    return (
        figure.claim_id, *figure.key, figure.form, figure.start, figure.end, value,
        math.hypot(width, math.sqrt(rounding)), figure.published,
    )  # fmt: skip
