"""Keys of a conflict for the names of a table: claimants, parties, categories, scopes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Final

import pandas as pd

from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.conflict.durations import CENTURY
from lossmodel.conflict.types import STANDARD_CATEGORIES
from lossmodel.importers.words import CATEGORIES, PARTIES, normal

__all__ = ["SECTIONS", "Keys"]

SHORTEST: Final = 3  # letters of a name of which an adjective is made, and one more
SECTIONS: Final = ("claimant", "party", "category", "scope")


class Keys:
    """The names that a conflict knows, in the spellings of tables.

    Parameters
    ----------
    conflict
        Name or folder of a conflict; empty while there is none, when only the usual categories are
        known.
    names
        The user's own: name in the table -> key.
    parties
        Name -> key of parties of a conflict that is being made.

    Examples
    --------
    >>> keys = Keys("battle-of-britain")
    >>> keys.find("party", "Germany"), keys.find("party", "German")
    ('germany', 'germany')
    >>> Keys("").find("category", "Fatalities")
    'killed'
    """

    def __init__(
        self,
        conflict: str,
        names: Mapping[str, str] | None = None,
        parties: Mapping[str, str] | None = None,
    ) -> None:
        self.conflict: Conflict | None = load_conflict(conflict) if conflict else None
        self.parties = dict(parties or {})
        self.own = {normal(name): key for name, key in (names or {}).items()}

    @cached_property
    def known(self) -> Mapping[str, frozenset[str]]:
        """Section -> its keys; those of the usual categories while there is no conflict."""
        if self.conflict is None:
            there = {"category": CATEGORIES, "party": self.parties.values()}
            return {name: frozenset(there.get(name, ())) for name in SECTIONS}
        return {
            "claimant": frozenset(self.conflict.claimants["claimant"]),
            "party": frozenset(self.conflict.parties),
            "category": frozenset(self.conflict.categories),
            "scope": frozenset(self.conflict.scopes),
        }

    @cached_property
    def spelt(self) -> Mapping[str, Mapping[str, str]]:
        """Section -> spelling -> key."""
        found = {name: {normal(key): key for key in sorted(self.known[name])} for name in SECTIONS}
        for key, words in CATEGORIES.items():
            if key in self.known["category"]:
                found["category"] |= dict.fromkeys(map(normal, words), key)
        if self.conflict is not None:
            table = self.conflict.claimants
            pairs = zip(table["name"], table["claimant"], strict=True)
            found["claimant"] |= {normal(name): str(key) for name, key in pairs if normal(name)}
            for section, entries in (
                ("party", self.conflict.parties),
                ("category", self.conflict.categories),
                ("scope", self.conflict.scopes),
            ):
                found[section] |= {
                    normal(entry.title): key for key, entry in entries.items() if entry.title
                }
        found["party"] |= {
            normal(name): key for name, key in self.parties.items() if key in self.known["party"]
        }
        others = {
            word: found["party"][normal(name)]
            for name, words in PARTIES.items()
            if normal(name) in found["party"]
            for word in map(normal, words)
        }
        found["party"] = {**others, **_adjectives(found["party"]), **found["party"]}
        for spelling, key in self.own.items():
            for name in SECTIONS:
                if key in self.known[name]:
                    found[name][spelling] = key
        return found

    def find(self, section: str, text: str) -> str:
        """Key of a name; empty if there is none."""
        return self.spelt[section].get(normal(text), "")

    def party_within(self, text: str) -> str:
        """The one party that a longer name mentions, as "Government of X" does; empty if none."""
        words = f" {normal(text)} "
        found = {
            key
            for spelling, key in self.spelt["party"].items()
            if len(spelling) > 2 and f" {spelling} " in words
        }
        return found.pop() if len(found) == 1 else ""

    def given(self, text: str) -> str:
        """Key that the user gave for a name; empty if none."""
        return self.own.get(normal(text), "")

    @property
    def civilians(self) -> list[str]:
        """Parties of civilians."""
        parties = self.conflict.parties if self.conflict else {}
        return [name for name, party in parties.items() if party.civilian]

    @property
    def span(self) -> tuple[dt.date, dt.date] | None:
        """First and last day of the war; None while there is no conflict."""
        if self.conflict is None:
            return None
        last = self.conflict.end
        if last is None:
            last = self.conflict.start + pd.Timedelta(days=CENTURY)
        return self.conflict.start.date(), last.date()

    def is_equipment(self, category: str) -> bool:
        """Whether a category is known to be of equipment, not of people."""
        categories = self.conflict.categories if self.conflict else STANDARD_CATEGORIES
        return category in categories and categories[category].group == "equipment"

    def like(self, name: str) -> list[str]:
        """Claimants with a similar name."""
        if self.conflict is None:
            return []
        table = self.conflict.claimants
        words = normal(name)
        close = get_close_matches(words.replace(" ", "-"), list(table["claimant"]), n=2)
        alike: Iterable[str] = (
            str(key)
            for key, title in zip(table["claimant"], table["name"], strict=True)
            if words and normal(title).startswith(words)
        )
        return sorted({*close, *alike})


def _adjectives(parties: Mapping[str, str]) -> dict[str, str]:
    """Adjectives of parties with a name of one word, as English forms them of most countries."""
    found: dict[str, str] = {}
    for name, key in parties.items():
        if " " not in name and len(name) > SHORTEST:
            ends = (
                f"{name}n",
                f"{name}ian",
                f"{name}i",
                f"{name}ese",
                f"{name[:-1]}ian",
                f"{name[:-1]}",
            )
            found |= dict.fromkeys((*ends, f"{name}ns", f"{name}ians", f"{name}is"), key)
    return found
