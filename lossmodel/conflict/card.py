"""The lines that stand for a conflict in a terminal and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.text.card import Card

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.conflict.types import Group, Party

__all__ = ["card"]

GROUPS: Final[dict[Group, str]] = {"person": "people", "equipment": "equipment"}


def card(conflict: Conflict) -> Card:
    """Days, parties, categories, scopes and tables of a conflict.

    Examples
    --------
    >>> from lossmodel.conflict.conflict import load_conflict
    >>> card(load_conflict("battle-of-britain")).lines["parties"]
    'germany (fights britain); britain (fights germany)'
    """
    last = "" if conflict.end is None else f" to {conflict.end.date()}"
    kinds, streams = conflict.categories.values(), len(conflict.streams)
    return Card(
        f"{conflict.title} ({conflict.name})",
        {
            "days": f"from {conflict.start.date()}{last}",
            "parties": "; ".join(_party(p) for p in conflict.parties.values() if not p.sum),
            **{
                words: ", ".join(category.name for category in kinds if category.group == group)
                for group, words in GROUPS.items()
            },
            "scopes": ", ".join(name for name in conflict.scopes if name != "all"),
            "claimants": f"{len(conflict.claimants):,}; streams declared: {streams:,}",
            "truth": "" if conflict.truth is None else f"{len(conflict.truth):,} rows",
            "folder": str(conflict.directory),
            "more": "lossmodel.load_claims(conflict=...) reads its claims",
        },
    )


def _party(party: Party) -> str:
    """A party with its side and the sides that it fights."""
    if party.civilian:
        return f"{party.name} (civilians)"
    side = "" if party.side == party.name else party.side
    fights = f"fights {', '.join(party.fights)}" if party.fights else ""
    about = ", ".join(filter(None, (side, fights)))
    return f"{party.name} ({about})" if about else party.name
