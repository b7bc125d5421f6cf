"""Columns of every table of a conflict.

Each has one line of meaning, which the pages of the format, errors and the emitted schemas share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS

__all__ = [
    "CLAIMANTS",
    "CLAIMS",
    "SOURCES",
    "STREAMS",
    "TABLES",
    "TRUTH",
    "Field",
    "Table",
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
    meaning
        Its meaning, in one line.
    empty
        Meaning of an empty cell in words, where it is no fixed value.
    home
        Table that a `key` is a key into, and the key's column there; empty for none.
    least, most
        Limits of a number; None for none.

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
    meaning: str = ""
    empty: str = ""
    home: str = ""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Table:
    """One table of a conflict.

    Attributes
    ----------
    file
        Name of its file.
    meaning
        Its contents, in one line.
    fields
        Its columns.
    key
        Columns that name a row; empty for none.
    needed
        Whether every conflict must have it.
    """

    file: str
    meaning: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    needed: bool = False


_SLUG: Final = "letters a-z, digits and `. _ : + / -`"
_WINDOW: Final = "the days on which the losses fell, not those of the report"

CLAIMS: Final = (
    Field(
        "claim_id", "slug", column=True, filled=True, meaning=f"Unique name of the claim: {_SLUG}."
    ),
    Field(
        "claimant",
        "key",
        column=True,
        filled=True,
        home="claimants.claimant",
        meaning="Who stands behind the figure.",
    ),
    Field(
        "party",
        "key",
        column=True,
        filled=True,
        meaning="Whose losses: a party of conflict.toml, or a declared sum of parties.",
    ),
    Field(
        "category",
        "key",
        column=True,
        filled=True,
        meaning="What is counted, in the claimant's own word.",
    ),
    Field(
        "scope", "key", default="all", meaning="Which part of the party's forces, or which theatre."
    ),
    Field(
        "kind",
        "key",
        column=True,
        filled=True,
        choices=tuple(KINDS),
        meaning="How the figure relates to its window.",
    ),
    Field(
        "start",
        "date",
        column=True,
        empty="the conflict's first day; cumulative and stock only",
        meaning=f"First day of the window: {_WINDOW}.",
    ),
    Field("end", "date", column=True, filled=True, meaning="Last day of the window, included."),
    Field(
        "known",
        "date",
        empty="end for a cumulative figure of a ledger or an estimate, otherwise published",
        meaning="Day up to which the claimant's knowledge ran.",
    ),
    Field(
        "value",
        "number",
        column=True,
        least=0,
        empty="a range has low and high instead",
        meaning="The figure; only a correction may be negative.",
    ),
    Field("low", "number", least=0, empty="no range", meaning="Lower limit of a range."),
    Field("high", "number", least=0, empty="no range", meaning="Upper limit of a range."),
    Field(
        "qualifier",
        "key",
        default="exact",
        choices=tuple(QUALIFIERS),
        meaning="How the claimant qualifies the figure.",
    ),
    Field(
        "published",
        "date",
        column=True,
        empty="known, otherwise end; then it counts as inferred",
        meaning="Day on which the figure became public.",
    ),
    Field(
        "published_inferred",
        "flag",
        default="false",
        meaning="Whether the day of publication is a guess.",
    ),
    Field(
        "source",
        "key",
        home="sources.source",
        meaning="Where it was read: a key of sources.csv or a web address.",
    ),
    Field(
        "via",
        "key",
        home="claimants.claimant",
        empty="the claimant's own figure",
        meaning="The claimant whose figure this one repeats.",
    ),
    Field(
        "part_of",
        home="claims.claim_id",
        empty="no part",
        meaning="The claim_id of the total that this figure is a part of, for the same days.",
    ),
    Field("note", meaning="Remarks in your own words: inferred dates, the wording of the source."),
)
CLAIMANTS: Final = (
    Field("claimant", "name", column=True, filled=True, meaning="Unique name, without semicolons."),
    Field("name", meaning="Full name, for reports."),
    Field(
        "side",
        "key",
        column=True,
        empty="no side: a third party",
        meaning="The side that it belongs to. Its role towards each party follows from this.",
    ),
    Field("url", meaning="Its address on the web."),
    Field(
        "derived_from",
        empty="figures of its own",
        meaning="Claimants from whose figures it computes its own, with ; between them.",
    ),
    Field("note", meaning="Remarks."),
)
STREAMS: Final = (
    Field(
        "claimant",
        "key",
        column=True,
        filled=True,
        home="claimants.claimant",
        meaning="Whose figures.",
    ),
    Field("party", "key", column=True, filled=True, meaning="Whose losses."),
    Field("category", "key", column=True, filled=True, meaning="What is counted."),
    Field(
        "accounting",
        "key",
        column=True,
        filled=True,
        choices=tuple(ACCOUNTINGS),
        meaning="How the claimant counts; a stream without a row is an estimate.",
    ),
    Field("method", meaning="Its method, in a few words."),
    Field("note", meaning="Remarks."),
    Field(
        "within",
        empty="none",
        meaning="The claimant whose list of that party and category has every case of this one.",
    ),
    Field(
        "declared_from",
        "date",
        empty="all its figures do",
        meaning="Day of knowledge from which it includes the missing who were declared dead.",
    ),
)
SOURCES: Final = (
    Field("source", "name", column=True, filled=True, meaning="Unique name, without semicolons."),
    Field("title", meaning="Title of the page or book."),
    Field("publisher", meaning="Who published it."),
    Field("date", meaning="Day of publication."),
    Field("url", meaning="Its address on the web."),
    Field("archive_url", meaning="Address of a stored copy."),
    Field("accessed", meaning="Day on which it was read."),
)
TRUTH: Final = (
    Field("party", "key", column=True, filled=True, meaning="Whose losses."),
    Field("category", "key", column=True, filled=True, meaning="What is counted."),
    Field("scope", "key", default="all", meaning="Which part of the party's forces."),
    Field("start", "date", empty="the conflict's first day", meaning="First day of the window."),
    Field("end", "date", column=True, filled=True, meaning="Last day of the window, included."),
    Field(
        "value",
        "number",
        column=True,
        least=0,
        empty="low and high instead",
        meaning="Losses as they became known later.",
    ),
    Field("low", "number", least=0, empty="none", meaning="Lower limit of them."),
    Field("high", "number", least=0, empty="none", meaning="Upper limit of them."),
    Field(
        "ci_prob",
        "number",
        least=0,
        most=1,
        empty="none",
        meaning="Probability of low to high, more than 0 and less than 1.",
    ),
    Field("known", "date", empty="not known", meaning="Day on which it became known."),
    Field("source", meaning="Where it was read."),
    Field("note", meaning="Remarks."),
)
TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        "claims": Table(
            "claims.csv", "Published figures, one per row.", CLAIMS, ("claim_id",), needed=True
        ),
        "claimants": Table(
            "claimants.csv",
            "Who stands behind the figures, one per row.",
            CLAIMANTS,
            ("claimant",),
            needed=True,
        ),
        "streams": Table(
            "streams.csv",
            "How a claimant counts, one row per claimant, party and category.",
            STREAMS,
            ("claimant", "party", "category"),
        ),
        "sources": Table(
            "sources.csv",
            "Where the figures were read, one page or book per row.",
            SOURCES,
            ("source",),
        ),
        "truth": Table(
            "truth.csv",
            "Losses as they became known later. They are for scoring and never enter a fit.",
            TRUTH,
        ),
    }
)
