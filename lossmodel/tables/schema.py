"""The columns of every table, written down once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "CLAIMANTS",
    "CLAIMS",
    "KINDS",
    "OPEN_KINDS",
    "QUALIFIERS",
    "SOURCES",
    "STOCK_CATEGORIES",
    "STREAMS",
    "TRUTH",
    "Field",
]

KINDS: Final = ("daily", "period", "average", "cumulative", "stock", "correction")
QUALIFIERS: Final = ("exact", "about", "at-least", "at-most", "range")
OPEN_KINDS: Final = ("cumulative", "stock")  # their windows may have no start
STOCK_CATEGORIES: Final = ("missing", "captured")
ACCOUNTINGS: Final = ("ledger", "estimate", "list", "register")

Form = Literal["text", "slug", "name", "key", "date", "number", "flag"]


@dataclass(frozen=True)
class Field:
    """One column of a table.

    Attributes
    ----------
    column, filled
        Whether the column must be there, and whether no cell of it may be empty.
    default
        What an empty cell stands for.
    choices
        The words allowed in a `key` column where the conflict does not set them.
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
    Field("kind", "key", column=True, filled=True, choices=KINDS),
    Field("start", "date", column=True),
    Field("end", "date", column=True, filled=True),
    Field("known", "date"),
    Field("value", "number", column=True),
    Field("low", "number"),
    Field("high", "number"),
    Field("qualifier", "key", default="exact", choices=QUALIFIERS),
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
    Field("accounting", "key", column=True, filled=True, choices=ACCOUNTINGS),
    Field("method"),
    Field("note"),
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
