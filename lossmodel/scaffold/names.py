"""Names in a foreign table: whose figures, whose losses, what is counted, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lossmodel.importers.words import normal
from lossmodel.scaffold.plan import DROPPED
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import KINDS, names_with

if TYPE_CHECKING:
    from lossmodel.importers import Imported

__all__ = ["Named", "TableNames", "names_in"]

# Figures of different days that make a series, as in `claims.own_counts`.
SERIES: Final = 3


@dataclass(frozen=True)
class Named:
    """A name of the table.

    Attributes
    ----------
    name
        As it is written.
    figures
        How many figures have it.
    row
        First row of the file with it.
    """

    name: str
    figures: int
    row: int


@dataclass(frozen=True)
class TableNames:
    """Names of a table by section, the most frequent first, by the key that the importer gave.

    Attributes
    ----------
    claimants, parties, categories
        Key -> name.
    series
        Claimants with running totals or daily figures of three days or more.
    first, last
        First and last day on which any figure counts losses.
    headings
        Section -> heading of its column; without those that have none.
    listed
        Claimant -> categories of which the table lists cases, such as one row per person.
    """

    claimants: Mapping[str, Named] = field(default_factory=dict)
    parties: Mapping[str, Named] = field(default_factory=dict)
    categories: Mapping[str, Named] = field(default_factory=dict)
    series: frozenset[str] = frozenset()
    first: dt.date | None = None
    last: dt.date | None = None
    headings: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)


def names_in(imported: Imported, titles: Mapping[str, str]) -> TableNames:
    """Names of a table that was read while there was no conflict.

    Parameters
    ----------
    imported
        Its claims, with a key for every name.
    titles
        Key -> name, of names that the table does not have.
    """
    # Public sets do not say from which rows their claims are.
    places = list(imported.file_rows) or [0] * len(imported.claims)
    claims = imported.claims.assign(_row=places)
    written = {key: name for name, key in imported.columns.names.items()}
    # Of a name and its spelling with other capital letters, that of the table stays.
    written |= {k: t for k, t in titles.items() if normal(written.get(k, "")) != normal(t)}
    # A heading such as "Killed / Staff" is no name of a claimant: it says more.
    more = {c.claimant for c in imported.columns.columns.values() if c.category or c.party}
    new = imported.extra.get("claimants")
    for key, name in [] if new is None else new[["claimant", "name"]].to_numpy():
        written.setdefault(key, key if key in more else name or key)
    found = {
        section: {
            str(key): Named(written.get(str(key), str(key)), len(rows), int(rows["_row"].min()))
            for key, rows in sorted(
                claims.groupby(section), key=lambda pair: (-len(pair[1]), str(pair[0]))
            )
            if key != DROPPED
        }
        for section in ("claimant", "party", "category")
    }
    running = claims[
        claims["kind"].isin([*names_with(KINDS, "running"), *names_with(KINDS, "single_day")])
    ]
    days = running.groupby(STREAM)["end"].nunique()
    starts = claims["start"].where(claims["start"] != "", claims["end"])
    return TableNames(
        found["claimant"],
        found["party"],
        found["category"],
        frozenset(str(key[0]) for key in days.index[days >= SERIES]),
        dt.date.fromisoformat(min(starts)),
        dt.date.fromisoformat(max(claims["end"])),
        {column.read: name for name, column in imported.columns.columns.items()},
        _listed(imported),
    )


def _listed(imported: Imported) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    streams = imported.extra.get("streams")
    for entry in [] if streams is None else streams.to_dict("records"):
        if entry["accounting"] == "list":
            found.setdefault(entry["claimant"], set()).add(entry["category"])
    return {claimant: frozenset(categories) for claimant, categories in found.items()}
