"""Counts that a side publishes of its own people: which there are, and other readings of them.

A running total of a side's own dead may be a ledger, a list, a register or an estimate, and often
the claims alone do not say which: see ``docs/accounting.md``.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.claims.claims import Claims
from lossmodel.claims.filled import filled_known
from lossmodel.tables.categories import DECLARED, STOCK_CATEGORIES
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import KINDS, names_with

if TYPE_CHECKING:
    from lossmodel.conflict.types import Stream
    from lossmodel.tables.vocabulary import Accounting

__all__ = ["own_counts", "read_as"]

# Figures of different days that make a series: with two there is one increment, whose noise hides
# how the count grows.
SERIES: Final = 3


def own_counts(claims: Claims) -> list[Stream]:
    """Streams of running totals of persons by claimants of the party's own side.

    Returns
    -------
    list
        In the order of the table, with the accounting that the conflict declares, or `estimate`.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> [f"{s.claimant} {s.category}" for s in own_counts(load_claims(conflict="kargil1999"))]
    ['india-army killed', 'india-army wounded']
    """
    conflict, table = claims.conflict, claims.table
    running = table["kind"].isin(names_with(KINDS, "running")) & (table["via"] == "")
    days = table[running].groupby(STREAM, sort=False)["end"].nunique()
    return [
        conflict.stream(claimant, party, category)
        for claimant, party, category in days.index[days >= SERIES]
        if conflict.categories[category].group == "person"
        and category not in (*STOCK_CATEGORIES, DECLARED)
        and conflict.role(claimant, party) == "self"
    ]


def read_as(claims: Claims, stream: Stream, accounting: Accounting) -> Claims:
    """The same claims with another accounting of one stream.

    An empty `known` is filled anew, because it means another day in a list or a register.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> claims = load_claims(conflict="kargil1999")
    >>> other = read_as(claims, own_counts(claims)[0], "register")
    >>> other.conflict.stream("india-army", "india", "killed").accounting
    'register'
    """
    conflict = claims.conflict
    streams = conflict.streams
    same = (streams[STREAM] == [stream.claimant, stream.party, stream.category]).all(axis=1)
    added = pd.DataFrame([asdict(replace(stream, accounting=accounting))], columns=streams.columns)
    # An empty table has no types that the row could be joined with.
    kept = [part for part in (streams[~same], added) if len(part)]
    changed = replace(conflict, streams=pd.concat(kept, ignore_index=True))
    table = claims.table
    blank = table["claim_id"].isin(claims.known_blank)
    known = filled_known(table.assign(known=table["known"].mask(blank)), changed)
    return replace(claims, conflict=changed, table=table.assign(known=known))
