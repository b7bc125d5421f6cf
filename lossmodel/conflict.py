"""A conflict as data: who fights whom, what is counted, and who counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from lossmodel.vocabulary import (
    Category,
    Knots,
    Party,
    Role,
    Scope,
    Share,
    Side,
    Stream,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = [
    "Category",
    "Conflict",
    "Knots",
    "Party",
    "Scope",
    "Share",
    "Side",
    "Stream",
]

STREAM_COLUMNS: Final = ("claimant", "party", "category", "accounting", "method", "note")


@dataclass(frozen=True, eq=False)
class Conflict:
    """Everything that is known about a conflict apart from the claims.

    Attributes
    ----------
    scopes
        Always contains `all`.
    claimants, streams, sources
        The tables of the same names; sources is empty where the conflict has none.
    truth
        Later known losses, or None.
    sha256
        File name -> SHA-256 of each file that was read.
    """

    name: str
    title: str
    start: pd.Timestamp
    sides: dict[str, Side]
    parties: dict[str, Party]
    categories: dict[str, Category]
    scopes: dict[str, Scope]
    knots: Knots
    claimants: pd.DataFrame
    streams: pd.DataFrame
    sources: pd.DataFrame
    truth: pd.DataFrame | None
    directory: Path
    sha256: dict[str, str] = field(default_factory=dict)

    def role(self, claimant: str, party: str) -> Role:
        """How a claimant stands to a party: derived from sides, never typed.

        Self on the party's own side, adversary where the two sides fight each other, otherwise
        third-party, allies included. A declared sum takes the role of its first component.
        """
        of_claimant = self._side_of_claimant.get(claimant, "")
        of_party = self.parties[self.components(party)[0]].side
        if not of_claimant or not of_party:
            return "third-party"
        if of_claimant == of_party:
            return "self"
        fights = (of_claimant, of_party) in self._fighting
        return "adversary" if fights else "third-party"

    def stream(self, claimant: str, party: str, category: str) -> Stream:
        """How a claimant keeps these figures; an estimate where the conflict does not say."""
        undeclared = Stream(claimant, party, category, "estimate")
        return self._streams.get((claimant, party, category), undeclared)

    def components(self, party: str) -> tuple[str, ...]:
        """Give the base parties of a declared sum; a base party is its own only component."""
        addends = self.parties[party].sum
        if not addends:
            return (party,)
        return tuple(dict.fromkeys(base for name in addends for base in self.components(name)))

    @cached_property
    def _side_of_claimant(self) -> dict[str, str]:
        return dict(zip(self.claimants["claimant"], self.claimants["side"], strict=True))

    @cached_property
    def _fighting(self) -> frozenset[tuple[str, str]]:
        """Both directions: who is fought by a side as a belligerent is its adversary as well."""
        pairs = {(p.side, side) for p in self.parties.values() for side in p.fights}
        return frozenset(pairs | {(b, a) for a, b in pairs})

    @cached_property
    def _streams(self) -> dict[tuple[str, str, str], Stream]:
        rows = self.streams[list(STREAM_COLUMNS)].itertuples(index=False, name=None)
        return {(row[0], row[1], row[2]): Stream(*row) for row in rows}
