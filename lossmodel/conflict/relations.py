"""Who stands where in a conflict, and what its sums add up."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from lossmodel.conflict.types import Category, Party, Role, Stream, base_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["Relations"]


class Relations:
    """The part of ``Conflict`` that follows from its parties, categories and tables."""

    parties: dict[str, Party]
    categories: dict[str, Category]
    claimants: pd.DataFrame
    streams: pd.DataFrame

    def role(self, claimant: str, party: str) -> Role:
        """Role of a claimant towards a party, derived from their sides.

        Parameters
        ----------
        claimant, party
            Their names.

        Returns
        -------
        str
            `self` on the party's own side, `adversary` if the two sides fight each other, otherwise
            `third-party`, allies included. A declared sum has the role of its first component.

        Examples
        --------
        >>> from lossmodel import load_conflict
        >>> load_conflict("battle-of-britain").role("air-ministry", "britain")
        'self'
        """
        of_claimant = self.side_of(claimant)
        of_party = self.parties[self.components(party)[0]].side
        if not of_claimant or not of_party:
            return "third-party"
        if of_claimant == of_party:
            return "self"
        fights = (of_claimant, of_party) in self._fighting
        return "adversary" if fights else "third-party"

    def enemies(self, side: str) -> tuple[str, ...]:
        """Sides that a side fights.

        Parameters
        ----------
        side
            Its name.

        Returns
        -------
        tuple of str
            In alphabetical order.

        Examples
        --------
        >>> from lossmodel import load_conflict
        >>> load_conflict("battle-of-britain").enemies("britain")
        ('germany',)
        """
        return tuple(sorted(other for own, other in self._fighting if own == side))

    def stream(self, claimant: str, party: str, category: str) -> Stream:
        """Stream of a claimant's figures.

        Parameters
        ----------
        claimant, party, category
            Their names.

        Returns
        -------
        Stream
            Its accounting is `estimate` unless it is declared.

        Examples
        --------
        >>> from lossmodel import load_conflict
        >>> load_conflict("battle-of-britain").stream("nobody", "britain", "tanks").accounting
        'estimate'
        """
        undeclared = Stream(claimant, party, category, "estimate")
        return self._streams.get((claimant, party, category), undeclared)

    def components(self, party: str) -> tuple[str, ...]:
        """Base parties of a declared sum.

        Parameters
        ----------
        party
            Its name.

        Returns
        -------
        tuple of str
            A base party is its own only component.

        Examples
        --------
        >>> from lossmodel import load_conflict
        >>> load_conflict("russia-ukraine").components("russia+north-korea")
        ('russia', 'north-korea')
        """
        return base_names(self.parties, party)

    def addends(self, category: str) -> tuple[str, ...]:
        """Base categories of a sum of categories.

        Parameters
        ----------
        category
            Its name.

        Returns
        -------
        tuple of str
            A base category is its own only one.

        Examples
        --------
        >>> from lossmodel import load_conflict
        >>> load_conflict("battle-of-britain").addends("casualties")
        ('killed', 'wounded')
        """
        return base_names(self.categories, category)

    def main_parties(self, parties: Iterable[str]) -> tuple[str, ...]:
        """First party of each side among some base parties, without civilians.

        Parameters
        ----------
        parties
            Names of base parties.

        Returns
        -------
        tuple of str
            In the order given.

        Examples
        --------
        >>> from lossmodel import load_conflict
        >>> load_conflict("russia-ukraine").main_parties(["russia", "north-korea", "ukraine"])
        ('russia', 'ukraine')
        """
        found: dict[str, str] = {}
        for name in parties:
            party = self.parties[name]
            if not party.civilian:
                found.setdefault(party.side, name)
        return tuple(found.values())

    def side_of(self, claimant: str) -> str:
        """Side of a claimant.

        Parameters
        ----------
        claimant
            Its name.

        Returns
        -------
        str
            Empty for none.

        Examples
        --------
        >>> from lossmodel import load_conflict
        >>> load_conflict("battle-of-britain").side_of("air-ministry")
        'britain'
        """
        return self._side_of_claimant.get(claimant, "")

    @cached_property
    def _side_of_claimant(self) -> dict[str, str]:
        return dict(zip(self.claimants["claimant"], self.claimants["side"], strict=True))

    @cached_property
    def _fighting(self) -> frozenset[tuple[str, str]]:
        """Pairs of sides that fight each other, in both orders."""
        pairs = {(p.side, side) for p in self.parties.values() for side in p.fights}
        return frozenset(pairs | {(b, a) for a, b in pairs})

    @cached_property
    def _streams(self) -> dict[tuple[str, str, str], Stream]:
        table = self.streams.astype(object)
        rows = table.where(table.notna(), None).itertuples(index=False, name=None)
        return {(row[0], row[1], row[2]): Stream(*row) for row in rows}
