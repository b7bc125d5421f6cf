"""Claims of a public set that continue the series of a claims table."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd

from lossmodel.claims.claims import claims_csv
from lossmodel.tables.schema import SERIES
from lossmodel.tables.vocabulary import KINDS, names_with

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims

__all__ = ["newer", "with_rows"]


def newer(claims: Claims, found: pd.DataFrame, *, month_ends: bool = False) -> pd.DataFrame:
    """Rows of a set that continue series of a claims table.

    Earlier days are left as they are: the table may have them from a better source, or leave them
    out on purpose. So are series that the table does not have.

    Parameters
    ----------
    claims
        The table.
    found
        Claims of a set, as an importer makes them.
    month_ends
        Whether to keep only the last running total of each calendar month, of months that are
        over: the set has a later total of the series.

    Returns
    -------
    rows
        Rows of `found` that end after the last claim of their series of the kinds of the set.
    """
    days = pd.to_datetime(found["end"])
    same = claims.table[claims.table["kind"].isin(found["kind"].unique())]
    last = same.groupby(SERIES)["end"].max().rename("last").reset_index()
    known = found[SERIES].astype(str).merge(last, on=SERIES, how="left")["last"]
    keep = days.to_numpy() > known.to_numpy()  # not where the series is unknown
    if month_ends:
        running = found[found["kind"].isin(names_with(KINDS, "running"))]
        months = days[running.index].dt.to_period("M")
        groups = running.assign(day=days[running.index], month=months).groupby(SERIES)
        ends = groups[["day", "month"]].transform("max")["month"]
        final = ~running.assign(month=months).sort_values("end").duplicated(
            [*SERIES, "month"], keep="last"
        )
        over = final.reindex(running.index) & (months < ends)
        keep &= over.reindex(found.index, fill_value=True).to_numpy()
    return found[keep]


def with_rows(claims: Claims, rows: list[pd.DataFrame]) -> pd.DataFrame:
    """A claims table and further rows, all as text."""
    table = pd.read_csv(io.StringIO(claims_csv(claims)), dtype=str, keep_default_na=False)
    more = [pd.read_csv(io.StringIO(r.to_csv(index=False)), dtype=str, keep_default_na=False)
            for r in rows if len(r)]  # fmt: skip
    return pd.concat([table, *more], ignore_index=True).fillna("")
