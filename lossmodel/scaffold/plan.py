"""A conflict to be made: the options of a user, and the plan that they and the answers give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lossmodel.conflict.types import STANDARD_CATEGORIES, Party, Side
from lossmodel.scaffold.words import quoted, split

if TYPE_CHECKING:
    from lossmodel.tables.vocabulary import Accounting

__all__ = ["DROPPED", "LEFT_OUT", "Author", "Plan", "Wishes"]

# The key that leaves the rows of a word out, and the one that they have while a table is read.
LEFT_OUT: Final = "-"
DROPPED: Final = "left-out:"


# Section of names -> the wish that says it where a table does not.
OPTIONS: Final = {"claimant": "claimants", "party": "parties", "category": "categories"}


@dataclass(frozen=True)
class Wishes:
    """Options of `lossmodel new`; empty ones are asked for.

    Attributes
    ----------
    title
        Title of the conflict.
    sides
        Names of its sides; one with commas is several, unless it is in quotation marks.
    fights
        `SIDE:SIDE`, who fights whom; needed for three sides or more.
    parties
        `NAME` or `NAME=SIDE`, whose losses are counted; a name with a comma is in double quotation
        marks.
    civilians
        Parties of civilians.
    start, end
        First and last day.
    categories
        Categories that are counted, beside those of the table.
    claimants
        `NAME=SIDE`, or `*=SIDE` for all others; a side `-` is none. Names as for parties.
    accountings
        `NAME=ACCOUNTING` or `NAME:CATEGORY=ACCOUNTING`.
    words
        `COLUMN:WORD=KEY` or `WORD=KEY`: the key that a word of the table means.
    """

    title: str = ""
    sides: tuple[str, ...] = ()
    fights: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    civilians: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    categories: tuple[str, ...] = ()
    claimants: tuple[str, ...] = ()
    accountings: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def each_side(self) -> list[str]:
        """Names of the sides, one by one."""
        return [name for text in self.sides for name in split(text)]


@dataclass(frozen=True)
class Author:
    """A claimant of the new conflict.

    Attributes
    ----------
    name
        Its full name.
    side
        Its side; empty for none.
    accountings
        Category -> how it counts, as somebody said; the empty category stands for all others.
    listed
        Categories of which the table lists cases, which somebody may say otherwise.
    """

    name: str
    side: str
    accountings: Mapping[str, Accounting] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()

    def says(self, category: str) -> bool:
        """Whether somebody said how it counts a category."""
        return category in self.accountings or "" in self.accountings

    def declares(self, category: str) -> bool:
        """Whether somebody or the table said how it counts a category."""
        return self.says(category) or category in self.listed

    def accounting(self, category: str) -> Accounting:
        """How it counts a category; `estimate`, which assumes least, if nothing says so."""
        usual: Accounting = "list" if category in self.listed else "estimate"
        return self.accountings.get(category, self.accountings.get("", usual))


@dataclass(frozen=True)
class Plan:
    """Everything that the files of a new conflict say.

    Attributes
    ----------
    title, start, end
        Title, first day, and last day or None.
    sides, parties
        By key.
    categories
        Categories that are counted.
    claimants
        By key.
    words
        Word of the table -> key that it means; `LEFT_OUT` for none.
    """

    title: str
    start: dt.date
    end: dt.date | None
    sides: Mapping[str, Side]
    parties: Mapping[str, Party]
    categories: tuple[str, ...]
    claimants: Mapping[str, Author]
    words: Mapping[str, str] = field(default_factory=dict)

    def options(self) -> list[str]:
        """Options of `lossmodel new` that give this plan without a question.

        Examples
        --------
        >>> sides = {"a": Side("a", "A")}
        >>> Plan("War", dt.date(2001, 1, 1), None, sides, {}, (), {}).options()
        ['--title', 'War', '--start', '2001-01-01', '--side', 'A']
        """
        found = [("--title", self.title), ("--start", f"{self.start}")]
        found += [("--end", f"{self.end}")] if self.end else []
        found += [("--side", quoted(side.title)) for side in self.sides.values()]
        if len(self.sides) > 2:
            pairs = {tuple(sorted((p.side, s))) for p in self.parties.values() for s in p.fights}
            found += [("--fights", ":".join(pair)) for pair in sorted(pairs)]
        for party in self.parties.values():
            found.append(("--party", f"{quoted(party.title)}={party.side or LEFT_OUT}"))
            found += [("--civilians", quoted(party.title))] if party.civilian else []
        found += [("--category", name) for name in self.categories]
        for author in self.claimants.values():
            found.append(("--claimant", f"{quoted(author.name)}={author.side or LEFT_OUT}"))
            for category, accounting in author.accountings.items():
                of = f":{category}" if category else ""
                found.append(("--accounting", f"{author.name}{of}={accounting}"))
        found += [("--map", f"{word}={key}") for word, key in self.words.items()]
        return [part for pair in found for part in pair]

    def is_new(self, category: str) -> bool:
        """Whether a category is none of the standard ones, and has to be declared."""
        return category not in STANDARD_CATEGORIES
