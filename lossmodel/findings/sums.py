"""Sums that do not hold: of shorter windows, of parts, of parties and categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.findings.finding import Case
from lossmodel.findings.words import day, number, series_name, window
from lossmodel.text.numbers import plural, some

if TYPE_CHECKING:
    from lossmodel.evidence.claim_records import Key
    from lossmodel.findings.columns import Columns, Ints
    from lossmodel.findings.finding import Material

__all__ = ["broken_sums", "parts_above_sums", "parts_above_totals"]

# Figures that are not rounded may still differ from their sum by revisions too small to be printed:
# as in evidence, by a tenth of a percent.
TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class _Sum:
    """A total and the figures of shorter windows that cover its days once each."""

    total: float
    added: float
    pieces: list[int]
    ends: tuple[int, ...]  # its claim, or the two totals that it is between

    @property
    def apart(self) -> float:
        return abs(self.total - self.added)


def broken_sums(material: Material) -> Iterator[Case]:
    """Figures of shorter windows that do not add up to the total of their days."""
    columns = material.columns
    totals = {int(columns.series[rows[0]]): rows for rows in columns.totals}
    # Days of death as known soon after and as known later are different counts.
    for rows in columns.by_series(columns.window & ~columns.accounted("counts_cases")):
        running = totals.get(int(columns.series[rows[0]]), rows[:0])
        longer = rows[columns.end[rows] > columns.start[rows]]
        if not (len(running) or len(longer)):
            continue
        sums = [s for s in _sums(columns, rows, longer, running) if _differs(columns, s)]
        if sums:
            yield _broken(columns, sums)


def _broken(columns: Columns, sums: list[_Sum]) -> Case:
    worst = max(sums, key=lambda s: s.apart)
    first, last, whole = worst.pieces[0], worst.pieces[-1], worst.ends[-1]
    says = f"{columns.ids[whole]} says {number(worst.total)}"
    if len(worst.ends) > 1:
        says = f"the total rises by {number(worst.total)} from {columns.ids[worst.ends[0]]} to "
        says += columns.ids[whole]
    days, ids = day(columns.end[last]), columns.ids[first]
    if first != last:
        days, ids = f"{day(columns.start[first])} to {days}", f"{ids} to {columns.ids[last]}"
    more = f"; {plural(len(sums) - 1, 'more total')} differ" if len(sums) > 1 else ""
    name = series_name(columns, whole)
    return Case(
        f"{plural(len(worst.pieces), 'figure')} of {name} for {days} ({ids}) add up to "
        f"{number(worst.added)}, but {says}{more}.",
        columns.named([*worst.pieces, *worst.ends]),
    )


def _differs(columns: Columns, found: _Sum) -> bool:
    """Whether a sum differs from its total by more than rounding."""
    rounded = sum(columns.units(found.pieces)) + sum(columns.units(found.ends))
    return found.apart > max(rounded / 2, TOLERANCE * found.total)


def _sums(columns: Columns, rows: Ints, longer: Ints, running: Ints) -> Iterator[_Sum]:
    """Totals of a series whose days are covered by shorter windows."""
    # The shortest window from each day on, of equal ones the latest published.
    next_piece: dict[int, int] = {}
    for row in rows[np.lexsort((columns.published[rows], -columns.end[rows]))].tolist():
        next_piece[int(columns.start[row])] = row
    for row in longer.tolist():
        pieces = _tiles(columns, next_piece, int(columns.start[row]), int(columns.end[row]))
        if len(pieces) > 1:
            value = float(columns.value[row])
            yield _Sum(value, float(columns.value[pieces].sum()), pieces, (row,))
    values = columns.corrected(running)
    for at, row in enumerate(running.tolist()):
        ends = (int(running[at - 1]), row) if at else (row,)
        begin = int(columns.end[ends[0]]) + 1 if at else columns.first
        step = float(values[at] - values[at - 1]) if at else float(values[at])
        pieces = _tiles(columns, next_piece, begin, int(columns.end[row])) if step >= 0 else []
        if pieces:
            yield _Sum(step, float(columns.value[pieces].sum()), pieces, ends)


def _tiles(columns: Columns, next_piece: dict[int, int], begin: int, end: int) -> list[int]:
    """Shortest windows one after another that cover some days exactly; none where they do not."""
    found = []
    while begin <= end:
        piece = next_piece.get(begin)
        if piece is None:
            return []
        found.append(piece)
        begin = int(columns.end[piece]) + 1
    return found if begin == end + 1 else []


def parts_above_totals(material: Material) -> Iterator[Case]:
    """Parts whose sum is above the total that they are a part of."""
    columns, table = material.columns, material.table
    place = {name: row for row, name in enumerate(columns.ids)}
    # Parts of one window and release; counts of the same part on several days do not add up.
    parts: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for row in np.flatnonzero(table["part_of"] != "").tolist():
        total = place.get(str(table["part_of"].iat[row]))
        if total is not None and _subject(columns, row) == _subject(columns, total):
            parts[total, *_release(columns, row)].append(row)
    for (total, *_), rows in parts.items():
        counted = [row for row in rows if columns.single[row] or columns.least[row]]
        added = float(columns.value[counted].sum())
        apart = added - float(columns.value[total])
        if columns.single[total] and apart > sum(columns.units([total, *counted])) / 2:
            yield Case(
                f"{plural(len(counted), 'part')} of {columns.ids[total]} with a sum of "
                f"{number(added)} exceed its {number(columns.value[total])}: "
                f"{some(columns.named(counted))}.",
                columns.named([total, *counted]),
            )


def _subject(columns: Columns, row: int) -> tuple[str, str]:
    _, party, category, _ = columns.keys[columns.series[row]]
    return party, category


def parts_above_sums(material: Material) -> Iterator[Case]:
    """Figures of parties or categories above their claimant's figure of a sum that has them."""
    columns = material.columns
    chosen = columns.counts_losses & columns.own & (columns.single | columns.least)
    series = {columns.keys[columns.series[rows[0]]]: rows for rows in columns.by_series(chosen)}
    for key, rows in series.items():
        for names in _parts(material, key):
            parts = [
                {_release(columns, row): row for row in series[name].tolist()}
                for name in names
                if name in series
            ]
            if parts:
                yield from _above(columns, rows, parts)


def _parts(material: Material, whole: Key) -> list[list[Key]]:
    """Series of the base parties, and of the base categories, of one that is of a sum."""
    claimant, party, category, scope = whole
    bases, addends = material.conflict.components(party), material.conflict.addends(category)
    return [
        [(claimant, base, category, scope) for base in bases if base != party],
        [(claimant, party, addend, scope) for addend in addends if addend != category],
    ]


def _above(
    columns: Columns, rows: Ints, parts: list[dict[tuple[int, int, int], int]]
) -> Iterator[Case]:
    found = []
    for row in rows[columns.single[rows]].tolist():
        # Of one release, since a later figure of a part may be above an old one of the whole.
        same = [part[at] for at in [_release(columns, row)] for part in parts if at in part]
        added = float(columns.value[same].sum())
        if same and added - columns.value[row] > sum(columns.units([row, *same])) / 2:
            found.append((row, same, added))
    if not found:
        return
    row, same, added = found[0]
    more = f", and {plural(len(found) - 1, 'more figure')}" if len(found) > 1 else ""
    yield Case(
        f"{series_name(columns, row)} says {number(columns.value[row])} for "
        f"{window(columns, row)}, less than the {number(added)} of its parts{more}: "
        f"{columns.ids[row]} and {some(columns.named(same))}.",
        columns.named(dict.fromkeys(n for row, same, _ in found for n in (row, *same))),
    )


def _release(columns: Columns, row: int) -> tuple[int, int, int]:
    return int(columns.start[row]), int(columns.end[row]), int(columns.published[row])
