"""Repeated figures, taken back to the one who gave them first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.claim_records import Figure, agree, finest
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, accountings_with

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["find_roots", "merge_relays", "one_ledger"]

Place = tuple[str, str, int, int]

# Words that those who repeat a figure put for one another.
INTERCHANGED: Final = frozenset({"killed", "casualties", "losses", "irrecoverable"})
SYNONYMS: Final = ("losses", "casualties")


def find_roots(figures: Sequence[Figure], conflict: Conflict) -> list[Figure]:
    """Put every relay in the name of the claimant that its chain of relays ends with.

    A chain is followed from claim to claim: a figure that repeats X's leads on if X's own claim of
    the same window and amount repeats somebody else's. Where it ends the figure takes the party and
    the category of that claimant's own ledger, if its wording only differs (see `_declared`).
    """
    by_place: defaultdict[Place, list[Figure]] = defaultdict(list)
    for figure in figures:
        by_place[figure.claimant, figure.scope, figure.start, figure.end].append(figure)
    declared = _declared(conflict)
    return [
        declared(replace(figure, claimant=_root(figure, by_place), relayed=True))
        if figure.via
        else figure
        for figure in figures
    ]


def _root(figure: Figure, by_place: dict[Place, list[Figure]]) -> str:
    seen = {figure.claimant}
    here = figure
    while here.via and here.via not in seen:
        seen.add(here.via)
        same = by_place.get((here.via, figure.scope, figure.start, figure.end), ())
        alike = [f for f in same if agree(figure, f, within=figure.unit)]
        if not alike:
            return here.via
        # Its own words, where it has both: then the chain ends with it.
        here = min(alike, key=lambda f: (bool(f.via), f.claim_id))
    return here.via or here.claimant


def _declared(conflict: Conflict) -> Callable[[Figure], Figure]:
    """Give the function that words a relay as its root does.

    Newspapers write killed, and foreign ministries casualties, where a staff says losses of a party
    that may be a declared sum. If the root has no stream in these words, but exactly one ledger of
    persons that can be meant, the figure is that ledger's.
    """
    streams = list(
        zip(
            *(conflict.streams[name] for name in ("claimant", "party", "category", "accounting")),
            strict=True,
        )
    )
    known = {stream[:3] for stream in streams}
    ledgers: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for claimant, party, category, accounting in streams:
        if ACCOUNTINGS[accounting].sums_days and category in conflict.categories:
            ledgers[claimant].append((party, category))

    def meant(figure: Figure, party: str, category: str) -> bool:
        if figure.category == category or {figure.category, category} <= INTERCHANGED:
            return figure.party == party or figure.party in conflict.components(party)
        return False

    def reword(figure: Figure) -> Figure:
        if (figure.claimant, figure.party, figure.category) in known:
            return figure
        found = [ledger for ledger in ledgers[figure.claimant] if meant(figure, *ledger)]
        # Losses and casualties are two names of one ledger: see `one_ledger`.
        books = {(party, SYNONYMS[0] if name in SYNONYMS else name) for party, name in found}
        if len(books) != 1:
            return figure
        party, category = min(found)
        return replace(figure, party=party, category=category)

    return reword


def one_ledger(figures: Iterable[Figure], conflict: Conflict) -> list[Figure]:
    """Put what a claimant calls losses here and casualties there into one ledger.

    Who declares a ledger of both keeps one set of books under two names; taken as two, every day
    would count twice. Its figures go under the name that has more of its own running totals.
    """
    streams = conflict.streams
    ledgers = streams[
        streams["accounting"].isin(accountings_with("sums_days"))
        & streams["category"].isin(SYNONYMS)
    ]
    names = ledgers.groupby(["claimant", "party"])["category"].nunique()
    double = set(names.index[names == len(SYNONYMS)])
    figures = list(figures)
    totals = Counter(
        (f.claimant, f.party, f.category)
        for f in figures
        if KINDS[f.kind].running and f.form == "point" and not f.relayed
    )

    def name(pair: tuple[str, str]) -> str:
        return max(SYNONYMS, key=lambda category: totals[*pair, category])

    chosen = {pair: name(pair) for pair in double}
    return [
        replace(f, category=chosen[f.claimant, f.party])
        if f.category in SYNONYMS and (f.claimant, f.party) in double
        else f
        for f in figures
    ]


def merge_relays(figures: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    """Merge relays with their originals; of those without one, the finest stands in.

    Returns
    -------
    figures
        Originals, and relays that stand in for originals that the table does not have.
    """
    own: defaultdict[tuple[object, ...], list[Figure]] = defaultdict(list)
    relays: defaultdict[tuple[object, ...], list[Figure]] = defaultdict(list)
    kept = []
    for figure in figures:
        (relays if figure.relayed else own)[*figure.key, *figure.window].append(figure)
        if not figure.relayed:
            kept.append(figure)
    for place, group in relays.items():
        left = [figure for figure in group if not _has_original(figure, own[place], outcomes)]
        if not left:
            continue
        stands = finest(left)
        kept.append(stands)
        for figure in left:
            if figure is not stands:
                outcomes.merge(
                    figure.members,
                    stands.members,
                    f"Repeats the same figure of {figure.claimant}, no finer.",
                )
    return kept


def _has_original(relay: Figure, originals: list[Figure], outcomes: Outcomes) -> bool:
    same = [f for f in originals if agree(relay, f, within=relay.unit)]
    if same:
        outcomes.merge(
            relay.members, finest(same).members, f"Repeats the figure that {relay.claimant} gave."
        )
    elif originals:
        outcomes.merge(
            relay.members,
            finest(originals).members,
            f"Repeats {relay.claimant}, whose own figure of this window differs and stands.",
        )
    return bool(originals)
