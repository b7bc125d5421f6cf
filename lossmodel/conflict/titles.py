"""Names of parties, categories and claimants for readers."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lossmodel.conflict.conflict import Conflict

__all__ = [
    "Names",
    "category_title",
    "claimant_names",
    "named",
    "naming",
    "party_title",
    "short_names",
    "total_title",
]


def party_title(conflict: Conflict, party: str) -> str:
    """Title of a party."""
    return conflict.parties[party].title or party if party in conflict.parties else party


def claimant_names(conflict: Conflict) -> Names:
    """Name of each claimant by its identifier."""
    table = conflict.claimants
    named = zip(table["claimant"], table["name"], strict=True)
    return Names({str(claimant): str(name or claimant) for claimant, name in named})


class Names(dict[str, str]):
    """Names by key; a key without a name stands for itself.

    Examples
    --------
    >>> Names({"mod": "Ministry"})["mod"], Names()["gazette"]
    ('Ministry', 'gazette')
    """

    def __missing__(self, key: str) -> str:
        return key


def short_names(conflict: Conflict) -> Names:
    """Names of claimants up to the first comma, where no other name begins so."""
    names = claimant_names(conflict)
    starts = {claimant: name.partition(",")[0] for claimant, name in names.items()}
    counts = Counter(starts.values())
    return Names({c: start if counts[start] == 1 else names[c] for c, start in starts.items()})


def named(conflict: Conflict, text: str) -> str:
    """A sentence with names for the keys of claimants and parties in it.

    Other keys than those with a hyphen or with which their name begins may be words of the
    sentence, and stay.
    """
    return naming(conflict)(text)


def naming(conflict: Conflict) -> Callable[[str], str]:
    """The function `named` of one conflict, for many sentences, some of them the same."""
    parties = {name: party_title(conflict, name) for name in conflict.parties}
    known = {**parties, **short_names(conflict)}
    names = {k: v for k, v in known.items() if "-" in k or v.lower().startswith(k)}
    if not names:
        return str
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    # A key within an id of a claim is no name.
    key = re.compile(rf"(?<![\w+-])({'|'.join(longest_first)})(?![\w+-])")
    return cache(lambda text: key.sub(lambda found: names[found[0]], text))


def category_title(conflict: Conflict, category: str) -> str:
    """Title of a category within a sentence."""
    known = conflict.categories.get(category)
    title = (known.title if known is not None else category).replace("-", " ") or category
    # Only abbreviations keep their capital.
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def total_title(conflict: Conflict, key: tuple[str, str, str]) -> str:
    """Name of a total by its party, category and scope: Russia, killed (citizens)."""
    party, category, scope = key
    narrower = "" if scope == "all" else f" ({scope})"
    return f"{party_title(conflict, party)}, {category_title(conflict, category)}{narrower}"
