"""Findings about the structure of a conflict: parties, sides, sums and categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.exclusions import has_no_place, sums_beside_addends
from lossmodel.findings.finding import Case, Material
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import ACCOUNTINGS
from lossmodel.text.numbers import some

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.conflict.conflict import Conflict
    from lossmodel.conflict.types import Party

__all__ = [
    "assumed_enemies",
    "assumed_groups",
    "mixed_sides",
    "parties_without_enemy",
    "sides_without_claimant",
    "silent_parties",
    "sums_of_equipment",
    "uncounted_parties",
    "undeclared_sums",
    "unknown_losses",
    "unsided_claimants",
]

# Names of parties that say that they are all of the others.
NAMES_OF_SUMS: Final = {
    "all", "all-parties", "all-sides", "both", "both-parties", "both-sides", "combined", "overall",
    "sum", "together", "total",
}  # fmt: skip
# Names of sides and parties that are shorter may stand in any name: "Ministry of A".
SHORTEST_NAME: Final = 4


def assumed_enemies(material: Material) -> Iterator[Case]:
    """Two sides that fight each other because nothing says who fights whom."""
    if material.conflict.fights_assumed:
        sides = {p.side for p in material.conflict.parties.values() if p.fights}
        pair = " and ".join(sorted(sides))
        yield Case(f"No party says whom it fights: {pair}, the only sides, are taken as enemies.")


def parties_without_enemy(material: Material) -> Iterator[Case]:
    """Parties to whom all claimants of another side are third parties, not adversaries."""
    conflict = material.conflict
    for name, party in _claimed_parties(material).items():
        if party.civilian or party.fights_declared or (party.side and conflict.enemies(party.side)):
            continue
        about = _about(material, name)
        sides = about["claimant"].map(conflict.side_of)
        others = about[(sides != "") & (sides != party.side)]
        if len(others):
            lacks = "fights nobody" if party.side else "has no side"
            who = ", ".join(sorted(others["claimant"].unique()))
            yield Case(
                f"{name} {lacks}, so that {who} of another side {_is(who)} its third party, "
                f"not its adversary, as in {others['claim_id'].iloc[0]}.",
                tuple(others["claim_id"]),
            )


def sides_without_claimant(material: Material) -> Iterator[Case]:
    """Belligerent sides that no claimant is on, while others have no side."""
    table = material.table
    unsided = table[table["claimant"].map(material.conflict.side_of) == ""]
    missing = _sides_without_claimant(material)
    if missing and len(unsided):
        names = sorted(unsided["claimant"].unique())
        yield Case(
            f"No claimant is on the side {' or '.join(missing)}, while {some(names)} "
            f"{_has(names)} no side and {_counts(names)} as third party.",
            tuple(unsided["claim_id"]),
        )


def _sides_without_claimant(material: Material) -> list[str]:
    """Sides at war without a claimant; none if no side has one, as in a table of observers."""
    conflict = material.conflict
    fighting = {p.side for p in _claimed_parties(material).values() if conflict.enemies(p.side)}
    fighting |= {enemy for side in fighting for enemy in conflict.enemies(side)}
    missing = fighting - {conflict.side_of(name) for name in material.table["claimant"].unique()}
    return sorted(missing) if missing < fighting else []


def unsided_claimants(material: Material) -> Iterator[Case]:
    """Claimants without a side who may be on one: by their name, or by a ledger of its enemy."""
    conflict = material.conflict
    missing = _sides_without_claimant(material)
    streams = material.table[STREAM].drop_duplicates().itertuples(index=False, name=None)
    ledgers: dict[str, str] = {}
    for claimant, party, category in sorted(streams):
        if conflict.side_of(claimant):
            continue
        ledgers.setdefault(claimant, "")
        accounting = conflict.stream(claimant, party, category).accounting
        side = conflict.parties[conflict.components(party)[0]].side
        if ACCOUNTINGS[accounting].sums_days and {*conflict.enemies(side)} & {*missing}:
            ledgers[claimant] = party
    for claimant, ledger in ledgers.items():
        name = _named_after(claimant, conflict)
        if name or ledger:
            reason = f"it has the name of {name}" if name else f"it keeps a ledger of {ledger}"
            rows = material.table["claimant"] == claimant
            yield Case(
                f"{claimant} has no side and counts as third party, though {reason}.",
                tuple(material.table.loc[rows, "claim_id"]),
            )


def _named_after(claimant: str, conflict: Conflict) -> str:
    """The side or party whose name is a part of a claimant's key; empty for none."""
    named = {*conflict.sides, *(p for p, party in conflict.parties.items() if not party.sum)}
    return next(iter(_names_in(claimant, sorted(named))), "")


def _names_in(key: str, names: Iterable[str]) -> list[str]:
    """Names that are whole words of a key, but those that may stand in any."""
    return [name for name in names if len(name) >= SHORTEST_NAME and f"-{name}-" in f"-{key}-"]


def mixed_sides(material: Material) -> Iterator[Case]:
    """Figures of several parties together, to whom their claimant has opposite roles."""
    conflict = material.conflict
    keys = ["claimant", "party"]
    for names, ids in material.table.groupby(keys, sort=True)["claim_id"]:
        claimant, party = map(str, names)
        roles: dict[str, list[str]] = defaultdict(list)
        for base in conflict.components(party):
            roles[conflict.role(claimant, base)].append(base)
        if {"self", "adversary"} <= set(roles):
            own, foe = (" and ".join(roles[role]) for role in ("self", "adversary"))
            yield Case(
                f"{claimant} is on the side of {own} and fights {foe}, and counts both in {party}, "
                f"as in {ids.iloc[0]}: it is read as {conflict.role(claimant, party)}.",
                tuple(ids),
            )


def silent_parties(material: Material) -> Iterator[Case]:
    """Parties of a sum without claims of their own, so that priors alone divide the sum."""
    conflict, evidence = material.conflict, material.evidence
    terms = evidence.terms[["term", "party", "category", "accounting"]]
    terms = terms[~is_auxiliary(terms["accounting"])]
    group_of = {name: category.group for name, category in conflict.categories.items()}
    groups = terms["category"].map(group_of)
    kinds = terms["category"].where(groups == "equipment", "people")
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    claims: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, rows in terms.groupby(kinds, sort=False):
        alone = set(rows["party"])
        group = groups[rows.index[0]]
        for total in sorted(alone):
            for base in conflict.components(total):
                party = conflict.parties[base]
                if base in alone or not party.counts(group) or not _has_days(party, material):
                    continue
                found[total, base].append(str(kind))
                claims[total, base] += rows["term"][rows["party"] == total].tolist()
    for (total, base), names in found.items():
        ids = claims[total, base]
        others = [name for name in conflict.components(total) if name != base]
        rest = "only the priors divide the sum"
        if all((total, name) not in found for name in others):
            rest = f"its losses are those that {' and '.join(others)} leave of the sum"
        yield Case(
            f"Claims of {some(names)} of {total}, such as {ids[0]}, include {base}, and none is "
            f"about {base} alone: {rest}.",
            tuple(ids),
        )


def uncounted_parties(material: Material) -> Iterator[Case]:
    """Parties of which figures compare losses, or say how strong they are, and none counts any."""
    conflict, terms = material.conflict, material.evidence.terms
    counted = terms["party"][~is_auxiliary(terms["accounting"])].unique()
    known = {base for name in counted for base in conflict.components(name)}
    for name, ids in terms.groupby("party", sort=True)["term"]:
        if known.isdisjoint(conflict.components(str(name))):
            yield Case(
                f"No figure counts losses of {name}: those used, such as {ids.iloc[0]}, are "
                "ratios, shares or strengths.",
                tuple(ids),
            )


def undeclared_sums(material: Material) -> Iterator[Case]:
    """Parties whose name says that they are several others, without a declared sum."""
    parties = {name: p for name, p in material.conflict.parties.items() if not p.sum}
    for name in _claimed_parties(material):
        others = [p for p in parties if p != name and not parties[p].civilian]
        if name not in NAMES_OF_SUMS:
            others = _names_in(name, others)
        if len(others) > 1:
            ids = _about(material, name)["claim_id"]
            yield Case(
                f"{name} is fitted as a party of its own beside {' and '.join(others)}, though its "
                f"name says that it is their sum, as in {ids.iloc[0]}.",
                tuple(ids),
            )


def sums_of_equipment(material: Material) -> Iterator[Case]:
    """Sums of equipment that are left out because their addends have claims."""
    table = material.table
    pairs = table[["party", "category"]].drop_duplicates().itertuples(index=False, name=None)
    for (party, category), others in sums_beside_addends(set(pairs), material.conflict).items():
        ids = table["claim_id"][(table["party"] == party) & (table["category"] == category)]
        yield Case(
            f"Claims of {category} of {party} are left out, as {ids.iloc[0]}: the model adds up "
            f"no equipment, and has {' and '.join(others)} by {_itself(others)}.",
            tuple(ids),
        )


def assumed_groups(material: Material) -> Iterator[Case]:
    """Categories that say neither person nor equipment, and are read as equipment."""
    for name, ids in material.table.groupby("category", sort=True)["claim_id"]:
        if material.conflict.categories[str(name)].group_assumed:
            yield Case(
                f"The category {name} has no group and is read as equipment, with losses of its "
                f"own beside killed and wounded, as in {ids.iloc[0]}.",
                tuple(ids),
            )


def unknown_losses(material: Material) -> Iterator[Case]:
    """Categories of people in words of the conflict's own, of which no claim is used."""
    for name, ids in material.table.groupby("category", sort=True)["claim_id"]:
        if has_no_place(str(name), material.conflict):
            yield Case(
                f"No claim of {name} is used, as {ids.iloc[0]}: the model has no such losses of "
                "people.",
                tuple(ids),
            )


def _claimed_parties(material: Material) -> dict[str, Party]:
    """Base parties that claims are about."""
    conflict = material.conflict
    named = {base for p in material.table["party"].unique() for base in conflict.components(p)}
    return {name: party for name, party in conflict.parties.items() if name in named}


def _about(material: Material, name: str) -> pd.DataFrame:
    conflict, table = material.conflict, material.table
    sums = [p for p in table["party"].unique() if name in conflict.components(p)]
    return table[table["party"].isin(sums)]


def _has_days(party: Party, material: Material) -> bool:
    begins = party.start is None or party.start <= material.evidence.until
    return begins and (party.end is None or party.end >= material.conflict.start)


def _is(names: str) -> str:
    return "are" if ", " in names else "is"


def _has(names: list[str]) -> str:
    return "have" if len(names) > 1 else "has"


def _counts(names: list[str]) -> str:
    return "count" if len(names) > 1 else "counts"


def _itself(names: tuple[str, ...]) -> str:
    return "themselves" if len(names) > 1 else "itself"
