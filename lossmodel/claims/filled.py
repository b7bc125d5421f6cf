"""Dates of a claims table that were left blank, filled by their rules."""

from __future__ import annotations

import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS, names_with

__all__ = ["filled", "filled_known"]


def filled(table: pd.DataFrame, conflict: Conflict) -> pd.DataFrame:
    """Fill optional dates, and drop limits that only repeat the value."""
    from_start = table["kind"].isin([*names_with(KINDS, "running"), *names_with(KINDS, "compares")])
    has_limits = table["qualifier"].isin(names_with(QUALIFIERS, "has_limits"))
    end = table["end"]
    published = table["published"].fillna(table["known"]).fillna(end)
    known = filled_known(table.assign(published=published), conflict)
    inferred = table["published_inferred"] | table["published"].isna()
    limits = {
        name: table[name].mask(~has_limits & (table[name] == table["value"]))
        for name in ("low", "high")
    }
    start = table["start"].mask(from_start & table["start"].isna(), conflict.start)
    return table.assign(
        start=start, known=known, published=published, published_inferred=inferred, **limits
    )


def filled_known(table: pd.DataFrame, conflict: Conflict) -> pd.Series[pd.Timestamp]:
    """The day up to which each claimant's knowledge ran, by default `end` or `published`.

    Parameters
    ----------
    table
        Claims with `published` filled.
    conflict
        Declares which streams count cases.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> bool(filled_known(claims.table, claims.conflict).eq(claims.table["known"]).all())
    True
    """
    at_end = table["kind"].isin(names_with(KINDS, "known_at_end"))
    at_end &= ~_counts_cases(table, conflict)
    return table["known"].fillna(table["end"].where(at_end, table["published"]))


def _counts_cases(table: pd.DataFrame, conflict: Conflict) -> pd.Series[bool]:
    """Whether claims are of lists or registers, of which a count holds all cases known by then."""
    root = table["claimant"].where(table["via"] == "", table["via"])
    keys = pd.MultiIndex.from_arrays([root, table["party"], table["category"]])
    streams = conflict.streams
    cases = streams[streams["accounting"].isin(names_with(ACCOUNTINGS, "counts_cases"))]
    listed = pd.MultiIndex.from_frame(cases[STREAM])
    return pd.Series(keys.isin(listed), index=table.index)
