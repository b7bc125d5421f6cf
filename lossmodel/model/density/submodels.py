"""The submodel that observations belong to: soldiers, civilians, a class of equipment; or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lossmodel.model.design.design import CIVILIAN, PEOPLE, PERSON
from lossmodel.tables.categories import DECLARED, MISSING
from lossmodel.tables.vocabulary import OBSERVED_AS

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from lossmodel.conflict.conflict import Conflict
    from lossmodel.model.components import Components

__all__ = ["objection", "submodel_of", "submodels_with"]


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


def objection(term: Mapping[Hashable, Any], conflict: Conflict, components: Components) -> str:
    """Why an observation has no place in a model with some components; empty if it has one."""
    civilian = conflict.parties[conflict.components(term["party"])[0]].civilian
    component = OBSERVED_AS[term["accounting"]].component
    if component and not getattr(components, component):
        return f"The component of the {component} is off."
    of_missing = term["category"] in (MISSING, DECLARED)
    if of_missing and not components.missing:
        return "The component of the missing is off."
    if of_missing and civilian:
        return "The model has no missing dead among civilians."
    delayed = term["accounting"] == "list" or (components.missing and not civilian)
    if _adds_days(term) or (components.delay and delayed):
        return ""
    return "It is an increment for days of an earlier vintage, which without delays is zero."


def _adds_days(term: Mapping[Hashable, Any]) -> bool:
    """Whether an observation has days that the vintage before it did not include."""
    known = term["days_from"]
    return not all(any(a <= lo and hi <= b for a, b in known) for lo, hi in term["days"])
