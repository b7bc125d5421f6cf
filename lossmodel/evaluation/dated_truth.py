"""Rows of the truth for a backtest, and the dates at which they are due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims
from lossmodel.conflict.checks import check_truth
from lossmodel.conflict.conflict import Conflict, declared_words
from lossmodel.defaults import CI_PROB
from lossmodel.errors import UsageError
from lossmodel.tables.categories import DECLARED
from lossmodel.tables.cells import Flagger, parse_table
from lossmodel.tables.csv import read_table
from lossmodel.tables.problems import Problems, quoted
from lossmodel.tables.schema import TRUTH
from lossmodel.tables.vocabulary import KINDS, QUALIFIERS, names_with

__all__ = ["due_at", "due_rows", "truth_from_claims"]

SERIES = ["party", "category", "scope"]


def truth_from_claims(claims: Claims, claimants: Sequence[str] | None = None) -> pd.DataFrame:
    """Later claims as rows of a truth table: by default those of registers.

    Of each party, category, scope and window the figure published last is taken.

    Parameters
    ----------
    claimants
        Claimants to take instead of the registers.

    Returns
    -------
    DataFrame
        The columns of `truth.csv`; `known` is the day of publication, `note` the claim.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> rows = truth_from_claims(load_claims(conflict="russia-ukraine"))
    >>> bool((rows["known"] >= rows["end"]).all())
    True
    """
    table = claims.table
    keys = zip(table["claimant"], table["party"], table["category"], strict=True)
    if claimants is None:
        chosen = np.array([claims.conflict.stream(*k).accounting == "register" for k in keys])
    else:
        chosen = table["claimant"].isin(list(claimants)).to_numpy()
    chosen &= table["kind"].isin(names_with(KINDS, "is_total")).to_numpy()
    chosen &= (table["category"] != DECLARED).to_numpy()
    chosen &= (table["via"] == "").to_numpy()
    chosen &= ~table["qualifier"].isin(names_with(QUALIFIERS, "is_bound")).to_numpy()
    rows = table[chosen].sort_values("published")
    rows = rows.drop_duplicates([*SERIES, "start", "end"], keep="last")
    rows = rows.assign(known=rows["published"], ci_prob=CI_PROB, note=rows["claim_id"])
    columns = [*SERIES, "start", "end", "value", "low", "high", "ci_prob", "known", "source"]
    return rows[[*columns, "note"]].reset_index(drop=True)


def due_rows(
    claims: Claims,
    truth: pd.DataFrame | None = None,
    dates: Sequence[str | pd.Timestamp] | None = None,
) -> Iterator[tuple[str | None, pd.DataFrame]]:
    """Dates, and the rows of the truth that are due at each; dates without rows are left out.

    Parameters
    ----------
    truth
        Rows as in `truth.csv`; by default the conflict's, else the later figures of its registers.
    dates
        By default the end of each row's window; for a conflict that has ended, only None.

    Raises
    ------
    UsageError
        There is no truth.
    ClaimsError
        The truth that is given is not valid; the error has every problem of it.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> [date for date, _ in due_rows(load_claims(conflict="russia-ukraine"))]
    ['2023-02-26', '2024-02-25']
    """
    table = _truth(claims, truth)
    for date in _dates(claims, table, dates):
        rows = due_at(table, date)
        if len(rows):
            yield None if date is None else str(date.date()), rows


def due_at(table: pd.DataFrame, date: pd.Timestamp | None) -> pd.DataFrame:
    """The latest row of each series that has ended by a date and is known only later.

    Without a date every row is due.

    Examples
    --------
    >>> table = pd.DataFrame({"party": "a", "category": "killed", "scope": "all"}, index=[0, 1])
    >>> table["end"] = pd.to_datetime(["2023-01-01", "2023-02-01"])
    >>> table["known"] = pd.Timestamp("2024-01-01")
    >>> due_at(table, pd.Timestamp("2023-03-01"))["end"].dt.strftime("%Y-%m-%d").tolist()
    ['2023-02-01']
    """
    if date is None:
        return table
    unknown = table[(table["end"] <= date) & ~(table["known"] <= date)]
    latest = unknown.groupby(SERIES)["end"].transform("max")
    return unknown[unknown["end"] == latest]


def _truth(claims: Claims, truth: pd.DataFrame | None) -> pd.DataFrame:
    if truth is not None:
        return _read(truth, claims.conflict)
    table = claims.conflict.truth
    if table is None:
        table = truth_from_claims(claims)
    if table.empty:
        raise UsageError(
            f"{claims.conflict.name} has no truth.csv and no register: give the truth to score by."
        )
    return table.reset_index(drop=True)


def _read(truth: pd.DataFrame, conflict: Conflict) -> pd.DataFrame:
    """A table with the columns of `truth.csv`, checked as that file is."""
    if not isinstance(truth, pd.DataFrame):
        raise UsageError(f"truth is {quoted(truth)}: give a DataFrame, with rows as in truth.csv.")
    problems = Problems()
    raw = read_table(truth.to_csv(index=False).encode(), "truth", problems)
    if raw is not None and not len(raw.rows) and not raw.broken:
        allowed = "at least one row"
        problems.add("truth", "", found="no rows", allowed=allowed, remedy="Give the truth")
    if raw is not None:
        table, _ = parse_table(raw, TRUTH, words=declared_words(conflict), problems=problems)
        table = check_truth(table, Flagger(raw, problems), start=conflict.start)
    problems.raise_if_any()
    return table.reset_index(drop=True)


def _dates(
    claims: Claims, table: pd.DataFrame, dates: Sequence[str | pd.Timestamp] | None
) -> list[pd.Timestamp | None]:
    if dates is not None:
        return [pd.Timestamp(date) for date in dates]
    if claims.conflict.end is not None:
        return [None]
    return sorted(set(table["end"]))
