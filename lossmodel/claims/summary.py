"""Summary of a claims table: the text of `lossmodel check`, and the lines of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lossmodel.text.card import Card

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims

__all__ = ["card", "describe"]

_MOST = 8  # words with a count of their own: more do not fit a line
# Columns of which words are counted, by the title of the line.
COUNTED = {
    "parties": "party",
    "categories": "category",
    "scopes": "scope",
    "kinds": "kind",
    "qualifiers": "qualifier",
    "claimants": "claimant",
}
# Of these in a notebook, with so many words each.
SHOWN, MOST_SHOWN = ("parties", "categories", "kinds", "claimants"), 4


def describe(claims: Claims) -> str:
    """Counts of claims by party, category, kind and claimant; dates, relays, rounding and hash.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> print(describe(load_claims(conflict="battle-of-britain")).splitlines()[0])
    conflict   battle-of-britain: Battle of Britain, 1940 (first day 1940-07-01)
    """
    table, conflict = claims.table, claims.conflict
    lines = {
        "conflict": f"{conflict.name}: {conflict.title} (first day {conflict.start.date()})",
        "claims": f"{len(table):,} in {claims.path}, no problem found",
        "losses of": _span(table["start"].fillna(conflict.start), table["end"]),
        "published": f"{_span(table['published'], table['published'])}, "
        f"{_share(table['published_inferred'])} inferred",
        **{title: _counts(table[column]) for title, column in COUNTED.items()},
        "streams": _streams(claims),
        "relays": _share(table["via"] != ""),
        "parts": _share(table["part_of"] != ""),
        "rounded": _rounded(table["value"]),
        "sha256": claims.sha256[claims.path.name],
    }
    text = [f"{title:<11}{line}" for title, line in lines.items()]
    return "\n".join(text + [f"note       {note}" for note in claims.notes])


def card(claims: Claims) -> Card:
    """The lines that stand for claims in a terminal and in a notebook.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> card(load_claims(conflict="battle-of-britain")).lines["parties"]
    'germany 48, britain 29'
    """
    table, conflict = claims.table, claims.conflict
    if table.empty:
        return Card(f"No claims: {conflict.title}", {"file": str(claims.path)})
    relays = int((table["via"] != "").sum())
    lines = {
        "losses of": _span(table["start"].fillna(conflict.start), table["end"]),
        "published": _span(table["published"], table["published"]),
        **{title: _counts(table[COUNTED[title]], MOST_SHOWN) for title in SHOWN},
        "relays": f"{relays:,}" if relays else "",
        "file": str(claims.path),
        "more": ".table is the DataFrame; lossmodel.check(claims) gives findings",
    }
    return Card(f"{len(table):,} claims: {conflict.title}", lines)


def _span(first: pd.Series, last: pd.Series) -> str:
    return f"{first.min().date()} to {last.max().date()}"


def _share(mask: pd.Series) -> str:
    return f"{mask.sum():,} ({mask.mean():.0%})"


def _counts(words: pd.Series, most: int = _MOST) -> str:
    counts = words.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    shown = ", ".join(f"{word} {n:,}" for word, n in counts.head(most).items())
    rest = counts.iloc[most:]
    return shown + (f", {len(rest)} more {rest.sum():,}" if len(rest) else "")


def _streams(claims: Claims) -> str:
    keys = ["claimant", "party", "category"]
    used = claims.table[keys].drop_duplicates()
    declared = used.merge(claims.conflict.streams[keys]).shape[0]
    return f"{len(used):,}, accounting declared for {declared:,}, the others are estimates"


def _rounded(value: pd.Series) -> str:
    large = value[value >= 1_000]
    if large.empty:
        return "no figure of 1,000 or more"
    return f"{(large % 100 == 0).mean():.0%} of figures of 1,000 or more are whole hundreds"
