"""Figures that are sums of others: of sectors, of killed and wounded, of successive windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from lossmodel.evidence.claim_records import Figure, Key

if TYPE_CHECKING:
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["merge_added_categories", "merge_tiled", "take_parts"]

Slot = tuple[str, str, str, int, int, int, str]
# Windows one after another, as a linked list from the last.
_Row: TypeAlias = "tuple[Figure, _Row] | None"

# A published sum may differ from the sum of its addends by their rounding: a tenth of a percent
# allows for addends with at least four significant digits.
TOLERANCE: Final = 1e-3
# Decimals to which sums of windows are told apart, far below any tolerance and far above the error
# of doubles.
DECIMALS: Final = 6
# Sums that are tried for one total. A release of a year by days, weeks and months, all rounded, has
# about a thousand; more come only of many figures for the same windows, where chance would find a
# tiling of any total.
MOST_SUMS: Final = 10_000


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
    lower = sorted((f for f in parts if f.form != "at-most"), key=lambda f: f.place)
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
    sums = (sum(column) for column in zip(*map(_amounts, addends), strict=True))
    pairs = zip(_amounts(total), sums, strict=True)
    return all(abs(a - b) <= _tolerance(total, a) for a, b in pairs)


def _amounts(figure: Figure) -> tuple[float, ...]:
    """Numbers of a figure that add up."""
    return (figure.low, figure.high) if figure.form == "interval" else (figure.value,)


def _tolerance(total: Figure, amount: float) -> float:
    return max(total.unit / 2, TOLERANCE * amount)


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
        tilings = _Tilings(group)
        for figure in group:
            tiles = tilings.of(figure)
            if tiles:
                outcomes.merge(
                    figure.members,
                    [name for f in tiles for name in f.members],
                    "The sum of successive windows of the same release.",
                )
            else:
                kept.append(figure)
    return kept


class _Tilings:
    """Shorter windows of one release that cover a total's days once each and add up to it."""

    def __init__(self, group: Iterable[Figure]) -> None:
        # Figures by form and first day, and of these the ones that another figure continues.
        self._starts: defaultdict[tuple[str, int], list[Figure]] = defaultdict(list)
        for figure in sorted(group, key=lambda f: (f.end, *_amounts(f))):
            self._starts[figure.form, figure.start].append(figure)
        self._last: defaultdict[tuple[str, int, int], list[Figure]] = defaultdict(list)
        for (form, start), figures in self._starts.items():
            for figure in figures:
                self._last[form, start, figure.end].append(figure)
        self._continued = {
            place: [f for f in figures if (f.form, f.end + 1) in self._starts]
            for place, figures in self._starts.items()
        }

    def of(self, total: Figure) -> list[Figure]:
        """The windows that add up to a total; none where there are none.

        Each day is reached with each sum once: rows of windows with the same sum up to the same day
        go on alike, and there are more of them than can be counted.
        """
        most = tuple(amount + _tolerance(total, amount) for amount in _amounts(total))
        pending: list[tuple[int, tuple[float, ...], _Row]] = [
            (total.start, (0.0,) * len(most), None)
        ]
        seen = {pending[0][:2]}
        while pending and len(seen) < MOST_SUMS:
            after, sums, row = pending.pop()
            for figure in self._after(after, total):
                added = tuple(
                    round(a + b, DECIMALS) for a, b in zip(sums, _amounts(figure), strict=True)
                )
                place = figure.end + 1, added
                if place in seen or any(a > b for a, b in zip(added, most, strict=True)):
                    continue
                seen.add(place)
                longer = figure, row
                if figure.end == total.end:
                    tiles = _figures(longer)
                    if _is_sum(total, tiles):
                        return tiles
                else:
                    pending.append((*place, longer))
        return []

    def _after(self, day: int, total: Figure) -> Iterator[Figure]:
        """Windows from a day on that may be the next, the total's last ones first."""
        if day != total.start:
            yield from self._last.get((total.form, day, total.end), ())
        for figure in self._continued.get((total.form, day), ()):
            if figure.end >= total.end:
                return
            yield figure


def _figures(row: _Row) -> list[Figure]:
    """The windows of a row, the first one first."""
    found = []
    while row is not None:
        figure, row = row
        found.append(figure)
    return found[::-1]
