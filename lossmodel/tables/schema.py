"""Columns of every table of a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS

__all__ = [
    "CLAIMANTS",
    "CLAIMS",
    "SOURCES",
    "STREAMS",
    "TRUTH",
    "Field",
]

Form = Literal["text", "slug", "name", "key", "date", "number", "flag"]


@dataclass(frozen=True)
class Field:
    """One column of a table.

    Attributes
    ----------
    form
        Type of its cells: free `text`; a `slug` or a `name`, unique in the table; a `key`, one of
        known words; a `date`, a `number`, a `flag`.
    column, filled
        Whether the column must exist, and whether all its cells must be filled.
    default
        Meaning of an empty cell.
    choices
        Words allowed in a `key` column; empty where they depend on the conflict.

    Examples
    --------
    >>> [field.name for field in CLAIMS if field.filled]
    ['claim_id', 'claimant', 'party', 'category', 'kind', 'end']
    """

    name: str
    form: Form = "text"
    column: bool = False
    filled: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()


CLAIMS: Final = (
    Field("claim_id", "slug", column=True, filled=True),
    Field("claimant", "key", column=True, filled=True),
    Field("party", "key", column=True, filled=True),
    Field("category", "key", column=True, filled=True),
    Field("scope", "key", default="all"),
    Field("kind", "key", column=True, filled=True, choices=tuple(KINDS)),
    Field("start", "date", column=True),
    Field("end", "date", column=True, filled=True),
    Field("known", "date"),
    Field("value", "number", column=True),
    Field("low", "number"),
    Field("high", "number"),
    Field("qualifier", "key", default="exact", choices=tuple(QUALIFIERS)),
    Field("published", "date", column=True),
    Field("published_inferred", "flag"),
    Field("source", "key"),
    Field("via", "key"),
    Field("part_of"),
    Field("note"),
)
CLAIMANTS: Final = (
    Field("claimant", "name", column=True, filled=True),
    Field("name"),
    Field("side", "key", column=True),
    Field("url"),
    Field("derived_from"),
    Field("note"),
)
STREAMS: Final = (
    Field("claimant", "key", column=True, filled=True),
    Field("party", "key", column=True, filled=True),
    Field("category", "key", column=True, filled=True),
    Field("accounting", "key", column=True, filled=True, choices=tuple(ACCOUNTINGS)),
    Field("method"),
    Field("note"),
    Field("within"),
)
SOURCES: Final = (
    Field("source", "name", column=True, filled=True),
    Field("title"),
    Field("publisher"),
    Field("date"),
    Field("url"),
    Field("archive_url"),
    Field("accessed"),
)
TRUTH: Final = (
    Field("party", "key", column=True, filled=True),
    Field("category", "key", column=True, filled=True),
    Field("scope", "key", default="all"),
    Field("start", "date"),
    Field("end", "date", column=True, filled=True),
    Field("value", "number", column=True),
    Field("low", "number"),
    Field("high", "number"),
    Field("ci_prob", "number"),
    Field("known", "date"),
    Field("source"),
    Field("note"),
)
