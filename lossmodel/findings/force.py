"""Strengths of forces of which no balance can be made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lossmodel.conflict.titles import party_title, short_names
from lossmodel.findings.finding import Case
from lossmodel.tables.categories import INFLOW, STRENGTH

if TYPE_CHECKING:
    from lossmodel.findings.finding import Material

__all__ = ["strengths_alone"]


def strengths_alone(material: Material) -> Iterator[Case]:
    """Strengths that a claimant gives of one day only, or of a force without recruits."""
    force, names = material.evidence.force, short_names(material.conflict)
    for (party, scope), figures in force.groupby(["party", "scope"], sort=True):
        strengths = figures[figures["category"] == STRENGTH]
        has_recruits = (figures["category"] == INFLOW).any()
        title = party_title(material.conflict, str(party))
        name = title if scope == "all" else f"{title} {scope}"
        for claimant, own in strengths.groupby("claimant", sort=True):
            ids, who = tuple(own["claim_id"]), names[str(claimant)]
            if own["end"].nunique() < 2:
                yield Case(f"{who} gives the strength of {name} on one day only: {ids[0]}.", ids)
            elif not has_recruits:
                yield Case(
                    f"{who} gives strengths of {name}, such as {ids[0]}, and nobody gives its "
                    "recruits.",
                    ids,
                )
