"""Columns of every table of a conflict.

Each has one line of meaning, which the pages of the format, errors and the emitted schemas share.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lossmodel.tables.categories import COMPARED_CATEGORIES
from lossmodel.tables.field import Field, Table
from lossmodel.tables.trust import TRUSTS
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS

__all__ = [
    "CLAIMANTS",
    "CLAIMS",
    "READING",
    "SERIES",
    "SOURCES",
    "STREAM",
    "STREAMS",
    "TABLES",
    "TRUTH",
    "Field",
    "Table",
]

# Columns that name a stream, a series of its figures, and a stream as it is read: a ledger that is
# assessed again after the war is an estimate besides, of the same claimant.
STREAM: Final[list[str]] = ["claimant", "party", "category"]
SERIES: Final[list[str]] = [*STREAM, "scope"]
READING: Final[list[str]] = [*STREAM, "accounting"]

_SLUG: Final = "letters a-z, digits and `. _ : + / -`"

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
        empty="the conflict's first day; cumulative, stock, ratio, overlap and fate only",
        meaning="First day of the window: days on which the losses fell, not those of reports.",
    ),
    Field("end", "date", column=True, filled=True, meaning="Last day of the window, included."),
    Field(
        "known",
        "date",
        empty=(
            "end for a cumulative figure, but published for counts of lists and registers "
            "and for other kinds"
        ),
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
    Field(
        "trust",
        "key",
        default=TRUSTS[0],
        choices=TRUSTS,
        meaning="second-hand: read in a list of figures; doubtful: it may mean something else.",
    ),
    Field(
        "per",
        "key",
        choices=COMPARED_CATEGORIES,
        empty="no ratio",
        meaning="The category to one loss of which the value of a ratio is given.",
    ),
    Field(
        "total",
        "number",
        least=0,
        empty="unknown, and value is a share between 0 and 1",
        meaning="Number of cases examined, of which value is a part: overlap and fate only.",
    ),
    Field(
        "derived",
        "flag",
        default="false",
        meaning="Whether the figure follows from others in the table, as the overlap of lists that "
        "were matched to each other does: it is kept for comparison only.",
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
    Field("doi", empty="none", meaning="Its DOI, such as 10.1073/pnas.2307372120."),
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
            tuple(STREAM),
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
