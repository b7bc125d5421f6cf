"""Figures that are sums of others: of sectors, of killed and wounded, of successive windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.claim_records import Figure, Key

if TYPE_CHECKING:
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["merge_added_categories", "merge_tiled", "take_parts"]

Amount = tuple[float, float, float]
Slot = tuple[str, str, str, int, int, int, str]

# A published sum may differ from the sum of its addends by their rounding: a tenth of a percent
# allows for addends with at least four significant digits.
TOLERANCE: Final = 1e-3


def take_parts(
    figures: Sequence[Figure],
    *,
    everything: Sequence[Figure],
    modelled: frozenset[str],
    outcomes: Outcomes,
) -> list[Figure]:
    """Merge parts with their total; without the total, sum them.

    Parts differ from their total in the sector of the front. A figure that names a total but counts
    something else (another party or category, a modelled scope) is a claim of its own.

    Without the total it is unknown whether all parts are in the table, so their sum is a lower
    bound, and upper bounds of parts are left out.

    Parameters
    ----------
    figures
        Figures within the dates.
    everything
        All claims, for the scope of a total that is left out by its date.
    modelled
        Scopes in the model.
    outcomes
        Where merged and left out parts are noted.

    Returns
    -------
    figures
        Figures that are no parts, and one sum for the parts of each missing total.
    """
    totals = {figure.claim_id: figure for figure in everything}
    present = {figure.claim_id for figure in figures}
    kept: list[Figure] = []
    orphans: defaultdict[tuple[str, Key, int, int], list[Figure]] = defaultdict(list)
    for figure in figures:
        total = totals.get(figure.part_of)
        if not figure.part_of or (total and _is_other(figure, total, modelled)):
            kept.append(figure)
        elif figure.part_of in present:
            outcomes.merge(figure.members, (figure.part_of,), "A part of a total in the table.")
        else:
            key = figure.key if total is None else (*figure.key[:3], total.scope)
            orphans[figure.part_of, key, figure.start, figure.end].append(figure)
    for (_, key, *_), parts in orphans.items():
        kept += _summed(parts, scope=key[3], outcomes=outcomes)
    return kept


def _is_other(part: Figure, total: Figure, modelled: frozenset[str]) -> bool:
    if (part.party, part.category) != (total.party, total.category):
        return True
    return part.scope != total.scope and part.scope in modelled


def _summed(parts: list[Figure], *, scope: str, outcomes: Outcomes) -> list[Figure]:
    lower = sorted((f for f in parts if f.form != "at-most"), key=lambda f: f.claim_id)
    upper = [f for f in parts if f.form == "at-most"]
    for figure in upper:
        outcomes.leave_out(
            figure.members, "An upper bound of a part does not bound the total, which is missing."
        )
    if not lower:
        return []
    total = sum(f.low if f.form == "interval" else f.value for f in lower)
    members = tuple(name for f in lower for name in f.members)
    latest = max(f.published for f in lower)
    known = max(f.known for f in lower)
    return [
        replace(
            lower[0], scope=scope, form="at-least", qualifier="at-least", value=total, unit=0.0,
            low=float("nan"), high=float("nan"), published=latest, known=known, members=members,
            part_of=lower[0].part_of,
        )
    ]  # fmt: skip


def merge_added_categories(figures: Sequence[Figure], outcomes: Outcomes) -> list[Figure]:
    """Merge casualties that are the sum of killed and wounded of the same release.

    Returns
    -------
    figures
        Figures without these casualties.
    """
    addends: defaultdict[Slot, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.category in ("killed", "wounded"):
            addends[*_slot(figure), figure.category].append(figure)
    kept = []
    for figure in figures:
        if figure.category == "casualties":
            killed, wounded = (
                addends.get((*_slot(figure), name), ()) for name in ("killed", "wounded")
            )
            pair = next(((k, w) for k in killed for w in wounded if _is_sum(figure, [k, w])), None)
            if pair:
                outcomes.merge(
                    figure.members,
                    [name for f in pair for name in f.members],
                    "The sum of the killed and the wounded of the same release.",
                )
                continue
        kept.append(figure)
    return kept


def _slot(figure: Figure) -> tuple[str, str, str, int, int, int]:
    return (
        figure.claimant,
        figure.party,
        figure.scope,
        figure.start,
        figure.end,
        figure.published,
    )


def _is_sum(total: Figure, addends: Sequence[Figure]) -> bool:
    if any(f.form != total.form for f in addends):
        return False
    if total.form == "interval":
        pairs = [
            (total.low, sum(f.low for f in addends)),
            (total.high, sum(f.high for f in addends)),
        ]
    else:
        pairs = [(total.value, sum(f.value for f in addends))]
    return all(abs(a - b) <= max(total.unit / 2, TOLERANCE * a) for a, b in pairs)


def merge_tiled(figures: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    """Merge totals that are the sum of successive windows of the same series and release.

    For all accountings but ledgers, which are split into increments anyway.

    Returns
    -------
    figures
        Figures without these totals.
    """
    groups: defaultdict[tuple[Key, int], list[Figure]] = defaultdict(list)
    for figure in figures:
        groups[figure.key, figure.published].append(figure)
    kept = []
    for group in groups.values():
        starts: defaultdict[int, list[Figure]] = defaultdict(list)
        for figure in group:
            starts[figure.start].append(figure)
        for figure in group:
            tiles = _tiles(figure, starts) if len(starts) > 1 else []
            if tiles:
                outcomes.merge(
                    figure.members,
                    [name for f in tiles for name in f.members],
                    "The sum of successive windows of the same release.",
                )
            else:
                kept.append(figure)
    return kept


def _tiles(total: Figure, starts: dict[int, list[Figure]]) -> list[Figure]:
    """Shorter windows that cover the total's days once each and add up to it."""
    pending: list[list[Figure]] = [[]]
    while pending:
        row = pending.pop()
        after = row[-1].end + 1 if row else total.start
        if after == total.end + 1 and _is_sum(total, row):
            return row
        pending += [
            [*row, f] for f in starts.get(after, ()) if f.end <= total.end and f.days < total.days
        ]
    return []
