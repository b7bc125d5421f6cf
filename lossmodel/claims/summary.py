"""Summary of a claims table and of its streams: of `lossmodel check`, and of a notebook."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.tables.categories import DECLARED
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import KINDS, names_with
from lossmodel.text.card import Card

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict

__all__ = ["card", "describe", "describe_streams", "stream_table"]

_MOST = 8  # words with a count of their own: more do not fit a line
MARGIN: Final = 11
WIDTH: Final = 80
STREAMS: Final = 10  # lines of streams that are printed; the others are counted
# Columns of which words are counted, by the title of the line.
COUNTED: Final = {
    "parties": "party",
    "categories": "category",
    "scopes": "scope",
    "kinds": "kind",
    "qualifiers": "qualifier",
    "claimants": "claimant",
}
# Of these in a notebook, with so many words each.
SHOWN, MOST_SHOWN = ("parties", "categories", "kinds", "claimants"), 4


def describe(claims: Claims, *, width: int = WIDTH) -> str:
    """Counts of claims by party, category, kind and claimant; dates, relays, rounding and hash.

    Parameters
    ----------
    width
        Longest line, in characters.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> print(describe(load_claims(conflict="battle-of-britain")).splitlines()[0])
    conflict   battle-of-britain: Battle of Britain, 1940 (first day 1940-07-01)
    """
    table, conflict = claims.table, claims.conflict
    lines = {
        "conflict": f"{conflict.name}: {conflict.title} (first day {conflict.start.date()})",
        "losses of": _losses_of(table, conflict),
        "published": f"{_span(table['published'], table['published'])}, "
        f"{_share(table['published_inferred'])} inferred",
        **{title: _counts(table[column]) for title, column in COUNTED.items()},
        "relays": _share(table["via"] != ""),
        "parts": _share(table["part_of"] != ""),
        "rounded": _rounded(table["value"]),
        "sha256": claims.sha256[claims.path.name],
    }
    text = [_line(title, line, width) for title, line in lines.items()]
    # A path stays in one piece.
    text.insert(1, f"{'claims':<{MARGIN}}{len(table):,} in {claims.path}, no problem found")
    return "\n".join(text + [_line("note", note, width) for note in claims.notes])


def _line(title: str, text: str, width: int) -> str:
    margin = " " * MARGIN
    return textwrap.fill(
        text,
        width,
        initial_indent=f"{title:<{MARGIN}}",
        subsequent_indent=margin,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _losses_of(table: pd.DataFrame, conflict: Conflict) -> str:
    """First and last day of losses; declarations are later than the losses that they are of."""
    losses = (
        table[table["category"] != DECLARED] if (table["category"] != DECLARED).any() else table
    )
    return _span(losses["start"].fillna(conflict.start), losses["end"])


def stream_table(claims: Claims) -> pd.DataFrame:
    """What each stream of claims is taken for.

    Returns
    -------
    table
        One row per `claimant, party, category`: its `role` towards the party, its `accounting`
        (of figures that are no totals their reading: ratio, overlap, fate, declarations),
        whether that is `declared`, and the number of `claims`; by claimant, as in the table.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> table = stream_table(load_claims(conflict="kargil1999"))
    >>> table.loc[0, ["claimant", "party", "role", "accounting"]].tolist()
    ['india-army', 'india', 'self', 'ledger']
    """
    conflict = claims.conflict
    declared = set(conflict.streams[STREAM].itertuples(index=False, name=None))
    table = claims.table.assign(reading=_readings(claims.table))
    sizes = table.groupby([*STREAM, "reading"], sort=False).size()
    rows = [
        (
            *key,
            conflict.role(key[0], key[1]),
            reading or conflict.stream(*key).accounting,
            bool(reading) or key in declared,
            size,
        )
        for (*names, reading), size in zip(sizes.index, sizes.tolist(), strict=True)
        for key in [tuple(names)]
    ]
    return pd.DataFrame(rows, columns=[*STREAM, "role", "accounting", "declared", "claims"])


def _readings(table: pd.DataFrame) -> pd.Series:
    """Reading of each claim that is no total of a stream, see `AUXILIARY`; empty for others."""
    compared = table["kind"].where(table["kind"].isin(names_with(KINDS, "compares")), "")
    return compared.mask(table["category"] == DECLARED, "declarations")


def describe_streams(claims: Claims, *, width: int = WIDTH, every: bool = False) -> str:
    """Claimants and parties by role and accounting, with their categories and counts of claims.

    Parameters
    ----------
    width
        Longest line, in characters.
    every
        Whether to print all of them, not only those with most claims.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> print(describe_streams(load_claims(conflict="sixday1967")))
    streams    3, accounting declared for 3
      claimant       party   role       accounting  claims
      egypt-command  israel  adversary  ledger      aircraft 1
      egypt-command  egypt   self       ledger      aircraft 1
      israel-army    israel  self       ledger      aircraft 1
    """
    table = stream_table(claims)
    names = table["accounting"].where(table["declared"], table["accounting"] + "?")
    counts = (table["category"] + " " + table["claims"].map("{:,}".format)).tolist()
    keys = zip(table["claimant"], table["party"], table["role"], names, strict=True)
    groups: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    key: tuple[str, ...]
    for key, size, count in zip(keys, table["claims"].tolist(), counts, strict=True):
        groups.setdefault(key, []).append((size, count))
    ranked = sorted(groups.items(), key=lambda item: -sum(size for size, _ in item[1]))
    shown = ranked if every else ranked[:STREAMS]
    head = ("claimant", "party", "role", "accounting")
    widths = [
        max(map(len, column)) for column in zip(head, *(key for key, _ in shown), strict=True)
    ]
    number = table["declared"].sum()
    lines = [_line("streams", f"{len(table):,}, accounting declared for {number:,}", width)]
    lines.append(_row(head, "claims", widths, width))
    for key, categories in shown:
        most_first = sorted(categories, key=lambda pair: -pair[0])
        lines.append(_row(key, ", ".join(count for _, count in most_first), widths, width))
    if len(ranked) > len(shown):
        lines.append(_line("", f"{len(ranked) - len(shown):,} more, shown with --all.", width))
    if number < len(table):
        lines.append(_line("", "? not declared in streams.csv: read as an estimate.", width))
    return "\n".join(lines)


def _row(key: tuple[str, ...], counts: str, widths: list[int], width: int) -> str:
    """One line of streams; the counts have lines of their own where the names leave no room."""
    line = "  " + "".join(f"{cell:<{n}}  " for cell, n in zip(key, widths, strict=True))
    if len(line + counts) <= width:
        return line + counts
    return f"{line.rstrip()}\n{_line('', counts, width)}"


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
        "losses of": _losses_of(table, conflict),
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


def _rounded(value: pd.Series) -> str:
    large = value[value >= 1_000]
    if large.empty:
        return "no figure of 1,000 or more"
    return f"{(large % 100 == 0).mean():.0%} of figures of 1,000 or more are whole hundreds"
