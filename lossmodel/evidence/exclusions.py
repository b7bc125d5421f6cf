"""Claims left out from the start: too late, outside the model, or derived from others' figures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.evidence.claim_records import Figure, day_number
from lossmodel.evidence.force_figures import FORCE
from lossmodel.tables.categories import DECLARED
from lossmodel.tables.trust import Trust, trusted_words
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence.outcomes import Outcomes

__all__ = [
    "MODELLED",
    "has_no_place",
    "in_model",
    "in_time",
    "modelled_scopes",
    "sums_beside_addends",
    "trusted",
]

# Categories of persons that the model has a place for.
MODELLED: Final = frozenset(
    {"killed", "wounded", "casualties", "losses", "irrecoverable", "missing", DECLARED}
)


def in_time(
    figures: Iterable[Figure],
    *,
    as_of: pd.Timestamp | None,
    until: pd.Timestamp | None,
    first: int,
    outcomes: Outcomes,
) -> list[Figure]:
    """Figures published by `as_of` whose losses end by `until` and not before the conflict.

    Parameters
    ----------
    as_of, until
        Last day of publication and last day of losses; None for no limit.
    first
        First day of the conflict, in days since 1970.
    outcomes
        Where the reasons for the others are noted.
    """
    published = None if as_of is None else day_number(as_of)
    last = min((day for day in (as_of, until) if day is not None), default=None)
    last_day = None if last is None else day_number(last)
    kept = []
    for figure in figures:
        if published is not None and figure.published > published:
            outcomes.leave_out(figure.members, f"Published after {as_of:%Y-%m-%d}.")
        elif last_day is not None and figure.end > last_day and figure.category != DECLARED:
            outcomes.leave_out(figure.members, f"Ends after {last:%Y-%m-%d}, the last day.")
        elif figure.end < first:
            outcomes.leave_out(figure.members, "Ends before the conflict begins.")
        else:
            kept.append(figure)
    return kept


def trusted(
    figures: Iterable[Figure], *, marks: Mapping[str, Trust], least: Trust, outcomes: Outcomes
) -> list[Figure]:
    """Figures that are trusted as much as the least trusted ones to use.

    Parameters
    ----------
    marks
        Trust of each claim.
    least
        Least trust of a claim that is used.
    outcomes
        Where the reasons for the others are noted.
    """
    allowed = frozenset(trusted_words(least))
    kept = []
    for figure in figures:
        mark = marks[figure.claim_id]
        if mark in allowed:
            kept.append(figure)
        else:
            outcomes.leave_out(figure.members, f"Marked {mark}, and the fit was to use {least}.")
    return kept


def modelled_scopes(conflict: Conflict) -> frozenset[str]:
    """Scopes whose share of their party is fixed or has a prior.

    Examples
    --------
    >>> from lossmodel.conflict.conflict import load_conflict
    >>> sorted(modelled_scopes(load_conflict("battle-of-britain")))
    ['all']
    """

    def known(name: str, below: frozenset[str] = frozenset()) -> bool:
        scope = conflict.scopes.get(name)
        if name == "all" or scope is None or name in below:
            return name == "all"
        if scope.complement_of:
            return known(scope.complement_of, below | {name})
        return scope.share is not None and known(scope.of or "all", below | {name})

    return frozenset(name for name in conflict.scopes if known(name)) | {"all"}


def in_model(figures: Iterable[Figure], *, conflict: Conflict, outcomes: Outcomes) -> list[Figure]:
    """Figures of modelled categories and scopes, without those derived from others' figures.

    Parameters
    ----------
    outcomes
        Where the reasons for the others are noted.
    """
    table, scopes = conflict.claimants, modelled_scopes(conflict)
    derived = dict(zip(table["claimant"], table["derived_from"], strict=True))
    figures = list(figures)
    sums = sums_beside_addends({(f.party, f.category) for f in figures}, conflict)
    kept = []
    for figure in figures:
        sources = str(derived.get(figure.claimant, "")).replace(";", ", ")
        why = _why_not(figure, conflict, scopes)
        others = sums.get((figure.party, figure.category), ())
        if others:
            why = f"The model adds up no equipment, and has {', '.join(others)} by themselves."
        if sources:
            why = f"Computed from the figures of {sources}: kept for comparison only."
        if why:
            outcomes.leave_out(figure.members, why)
        else:
            kept.append(figure)
    return kept


def sums_beside_addends(
    claimed: Collection[tuple[str, str]], conflict: Conflict
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Sums of equipment that claims give beside addends of theirs.

    Each category of equipment has losses of its own in the model, so that a sum and its addends
    would get totals that do not add up. Of categories that share an addend the one with the fewest
    addends stays.

    Parameters
    ----------
    claimed
        Party and category of each claim.

    Returns
    -------
    sums
        (party, sum of categories) -> the categories that stay.

    Examples
    --------
    >>> from lossmodel.conflict.conflict import load_conflict
    >>> sums_beside_addends({("germany", "aircraft")}, load_conflict("battle-of-britain"))
    {}
    """
    equipment = {c for _, c in claimed if conflict.categories[c].group == "equipment"}
    ranked = sorted(equipment, key=lambda c: (len(conflict.addends(c)), c))
    if all(len(conflict.addends(c)) == 1 for c in ranked):
        return {}
    stay: dict[str, list[str]] = {}
    found = {}
    for category in ranked:
        parties = sorted({p for p, c in claimed if c == category})
        for party in parties:
            bases, addends = conflict.components(party), set(conflict.addends(category))
            others = {c for b in bases for c in stay.get(b, ()) if addends & {*conflict.addends(c)}}
            if others:
                found[party, category] = tuple(sorted(others))
        for base in {
            b for p in parties if (p, category) not in found for b in conflict.components(p)
        }:
            stay.setdefault(base, []).append(category)
    return found


def has_no_place(category: str, conflict: Conflict) -> bool:
    """Whether a category of people is none that the model knows, in words of the conflict's own.

    Examples
    --------
    >>> has_no_place("killed", fitted.conflict)
    False
    """
    known = category in MODELLED or category in FORCE
    return not known and conflict.categories[category].group == "person"


def _why_not(figure: Figure, conflict: Conflict, scopes: frozenset[str]) -> str:
    name = figure.category
    if figure.derived:
        return "It follows from other figures of the table: kept for comparison only."
    if name == "captured":
        return "The captured are neither killed nor wounded, so the model does not count them."
    if name in FORCE:
        return (
            "A figure of a force balance, which checks the fit and stands outside the likelihood."
        )
    if has_no_place(name, conflict):
        return f"The model has no place for the category {name}."
    if figure.scope not in scopes:
        return f"The share of the scope {figure.scope} in its party has no prior."
    accounting = conflict.stream(*figure.key[:3]).accounting
    if KINDS[figure.kind].signed and not ACCOUNTINGS[accounting].sums_days:
        return "Only the totals of a ledger can be corrected."
    return ""
