"""The submodel that losses or observations belong to: soldiers, civilians, a class of equipment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lossmodel.model.design.design import CIVILIAN, PEOPLE, PERSON

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict

__all__ = ["submodel_of", "submodels_with"]


def submodels_with(party: str, category: str, conflict: Conflict) -> tuple[str, ...]:
    """Names of the submodels that can include a party's losses of a category.

    Examples
    --------
    >>> from lossmodel import load_conflict
    >>> submodels_with("germany", "aircraft", load_conflict("battle-of-britain"))
    ('aircraft',)
    """
    if conflict.categories[category].group == "equipment":
        return (category,)
    return PEOPLE if conflict.parties[conflict.components(party)[0]].civilian else (PERSON,)


def submodel_of(terms: pd.DataFrame, conflict: Conflict) -> pd.Series[str]:
    """Submodel of each observation."""
    equipment = {c.name for c in conflict.categories.values() if c.group == "equipment"}
    people = pd.Series([_people(p, conflict) for p in terms["party"]], terms.index, dtype=object)
    # A claim of both together makes their losses dependent: they are one submodel then.
    if (people == "").any():
        people[:] = PERSON
    return terms["category"].where(terms["category"].isin(equipment), people)


def _people(party: str, conflict: Conflict) -> str:
    """Submodel of a party's people; empty for a sum of soldiers and civilians."""
    kinds = {conflict.parties[base].civilian for base in conflict.components(party)}
    return "" if len(kinds) > 1 else CIVILIAN if kinds.pop() else PERSON
