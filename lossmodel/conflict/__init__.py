"""A conflict as data: who fights whom, what is counted, who counts."""

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
