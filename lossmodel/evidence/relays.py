"""Relays: repeated figures, attributed to their original claimant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lossmodel.conflict.durations import FORTNIGHT
from lossmodel.evidence.claim_records import Figure, agree, finest
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, names_with

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["attributed", "find_roots", "merge_relays", "one_ledger"]

Place = tuple[str, str, int, int]

# Categories that relays use for one another.
INTERCHANGED: Final = frozenset({"killed", "casualties", "losses", "irrecoverable"})
SYNONYMS: Final = ("losses", "casualties")


def find_roots(figures: Sequence[Figure], conflict: Conflict) -> list[Figure]:
    """Attribute every relay to the claimant at the end of its chain of relays.

    A chain is followed from claim to claim: it continues if the repeated claimant's own claim of
    the same window and amount is a relay too. At its end the figure gets the party and category of
    that claimant's ledger if only the wording differs (see `_declared`).

    Returns
    -------
    figures
        All figures in their order; relays have `relayed` set.
    """
    declared = _declared(conflict, figures)
    return [declared(f) if f.relayed else f for f in attributed(figures)]


def attributed(figures: Sequence[Figure]) -> list[Figure]:
    """Figures with the claimant at the end of their chain of relays, in their own words."""
    by_place: defaultdict[Place, list[Figure]] = defaultdict(list)
    for figure in figures:
        by_place[figure.claimant, figure.scope, figure.start, figure.end].append(figure)
    return [
        replace(figure, claimant=_root(figure, by_place), relayed=True) if figure.via else figure
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
        # A claimant with both a relay and a figure of its own ends the chain.
        here = min(alike, key=lambda f: (bool(f.via), f.place))
    return here.via or here.claimant


def _declared(conflict: Conflict, figures: Iterable[Figure]) -> Callable[[Figure], Figure]:
    """Function that gives a relay the party and category of its original.

    Newspapers write killed, and foreign ministries casualties, where a staff says losses of a party
    that may be a declared sum. If the original claimant has no stream with these words, but exactly
    one ledger of persons that fits, the figure belongs to that ledger. If it has both, the figure
    belongs to the ledger where that alone has its number.
    """
    own: defaultdict[tuple[str, str, str], list[Figure]] = defaultdict(list)
    for figure in figures:
        if not figure.via:
            own[figure.key[:3]].append(figure)
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
        named = (figure.claimant, figure.party, figure.category)
        if named[1:] in ledgers[figure.claimant]:
            return figure
        found = [ledger for ledger in ledgers[figure.claimant] if meant(figure, *ledger)]
        # Losses and casualties are two names for one ledger: see `one_ledger`.
        books = {(party, SYNONYMS[0] if name in SYNONYMS else name) for party, name in found}
        if len(books) != 1:
            return figure
        if named in known and (
            _has_number(own[named], figure)
            or not any(_has_number(own[figure.claimant, *ledger], figure) for ledger in found)
        ):
            return figure
        party, category = min(found)
        return replace(figure, party=party, category=category)

    return reword


def _has_number(series: Iterable[Figure], relay: Figure) -> bool:
    """Whether a series has the number of a relay, on its day or in the fortnight before."""
    late = FORTNIGHT if KINDS[relay.kind].running else 0
    return any(
        figure.scope == relay.scope
        and figure.start == relay.start
        and 0 <= relay.end - figure.end <= late
        and agree(figure, relay, within=relay.unit)
        for figure in series
    )


def one_ledger(figures: Iterable[Figure], conflict: Conflict) -> list[Figure]:
    """Join a claimant's ledgers of losses and of casualties of one party.

    A claimant with both keeps one ledger under two names; as two, every day would count twice. All
    figures get the category with more of the claimant's own running totals.
    """
    streams = conflict.streams
    ledgers = streams[
        streams["accounting"].isin(names_with(ACCOUNTINGS, "sums_days"))
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
    # Most have that name already, and a copy of each takes longer than all else here.
    return [
        replace(f, category=category)
        if f.category in SYNONYMS
        and (category := chosen.get((f.claimant, f.party), f.category)) != f.category
        else f
        for f in figures
    ]


def merge_relays(figures: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    """Merge relays with their originals; the finest relay of a missing original replaces it.

    Returns
    -------
    figures
        Originals, and one relay for each original that is not in the table.
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
        chosen = finest(left)
        kept.append(chosen)
        for figure in left:
            if figure is not chosen:
                outcomes.merge(
                    figure.members,
                    chosen.members,
                    f"Another relay of the figure of {figure.claimant} is at least as exact.",
                )
    return kept


def _has_original(relay: Figure, originals: list[Figure], outcomes: Outcomes) -> bool:
    same = [f for f in originals if agree(relay, f, within=relay.unit)]
    if same:
        outcomes.merge(
            relay.members, finest(same).members, f"Repeats the figure of {relay.claimant}."
        )
    elif originals:
        outcomes.merge(
            relay.members,
            finest(originals).members,
            f"Repeats {relay.claimant}, whose own figure of this window differs and is used.",
        )
    return bool(originals)
