"""A conflict as data: sides, parties, categories, scopes, claimants."""

from lossmodel.conflict.conflict import (
    Category,
    Conflict,
    Knots,
    Party,
    Scope,
    Share,
    Side,
    Stream,
    load_conflict,
)

__all__ = [
    "Category",
    "Conflict",
    "Knots",
    "Party",
    "Scope",
    "Share",
    "Side",
    "Stream",
    "load_conflict",
]
