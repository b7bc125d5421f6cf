"""Reporting triangle of a series: its counts by period and date of knowledge."""

from __future__ import annotations

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.tables.schema import SERIES
from lossmodel.tables.vocabulary import KINDS

__all__ = ["triangle"]


def triangle(table: pd.DataFrame, series: tuple[str, str, str, str]) -> pd.DataFrame:
    """Counts of periods by dates of knowledge, see `Claims.triangle`.

    Parameters
    ----------
    table
        Claims.
    series
        Claimant, party, category and scope.

    Raises
    ------
    UsageError
        The series has no counts of periods.
    """
    totals = [name for name, r in KINDS.items() if r.counts_losses and not (r.running or r.per_day)]
    rows = table[table["kind"].isin(totals) & (table["via"] == "") & table["value"].notna()]
    own = rows[(rows[SERIES] == list(series)).all(axis=1)]
    if own.empty:
        known = [
            " ".join(key) for key in dict.fromkeys(zip(*(rows[c] for c in SERIES), strict=True))
        ]
        there = f"there are: {'; '.join(known[:12])}" if known else "there are none"
        raise UsageError(f"{' '.join(series)} has no counts of periods; {there}.")
    # A period that had not ended at an early date goes on at later ones.
    ends = own.groupby("start")["end"].transform("max")
    goes_on = own["end"] >= own["known"].clip(upper=ends)
    own = own.assign(end=own["end"].mask(goes_on, ends)).sort_values("published", kind="stable")
    found = own.pivot_table(
        index=["start", "end"], columns="known", values="value", aggfunc="last", sort=True
    )
    return found.sort_index()
