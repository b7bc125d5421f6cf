"""Findings about days and sums: long gaps, parts that exceed what they are a part of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.conflict.durations import HALF_YEAR
from lossmodel.evidence.claim_records import day_number
from lossmodel.findings.finding import Case
from lossmodel.findings.words import day, number, plural, series_name, some, window

if TYPE_CHECKING:
    from lossmodel.evidence.claim_records import Key
    from lossmodel.findings.columns import Columns, Ints
    from lossmodel.findings.finding import Material

__all__ = ["long_gaps", "parts_above_sums", "parts_above_totals"]

# A gap is long from two knots of the rate on, since between two knots the path is a line, if it has
# a fifth of the whole period or the half-year in which biases drift.
KNOTS: Final = 2
SHARE: Final = 0.2
LONGEST: Final = HALF_YEAR


def long_gaps(material: Material) -> Iterator[Case]:
    """The longest stretch of days of a party that no claim covers."""
    columns, conflict = material.columns, material.conflict
    first, last = columns.first, day_number(material.evidence.until)
    rows_of: defaultdict[str, defaultdict[str, list[Ints]]] = defaultdict(lambda: defaultdict(list))
    for rows in columns.by_series(columns.counts_losses & ~material.left_out):
        _, sum_, category, _ = columns.keys[columns.series[rows[0]]]
        people = conflict.categories[category].group == "person"
        for base in conflict.components(sum_):
            rows_of[base]["people" if people else category].append(rows)
    for base, kinds in rows_of.items():
        party = conflict.parties[base]
        begin = first if party.start is None else max(first, day_number(party.start))
        finish = last if party.end is None else min(last, day_number(party.end))
        enough = max(KNOTS * conflict.knots.rate_days, min(SHARE * (finish - begin + 1), LONGEST))
        found = []
        for kind, groups in kinds.items():
            gaps = _gaps(columns, np.concatenate(groups), begin, finish)
            found += [(a, b, kind) for a, b in gaps if b - a + 1 >= enough]
        if found:
            a, b, kind = max(found, key=lambda gap: gap[1] - gap[0])
            others = f", and {plural(len(found) - 1, 'more gap')}" if len(found) > 1 else ""
            yield Case(
                f"No claim covers {kind} of {base} from {day(a)} to {day(b)}: {b - a + 1:,} of "
                f"{finish - begin + 1:,} days{others}."
            )


def _gaps(columns: Columns, rows: Ints, begin: int, finish: int) -> list[tuple[int, int]]:
    """Stretches of days without a window, from the first day to the last."""
    rows = rows[np.argsort(columns.start[rows], kind="stable")]
    start = np.append(columns.start[rows], finish + 1)
    covered = np.maximum.accumulate(np.append(begin - 1, columns.end[rows]))
    open_ = np.flatnonzero(start > covered + 1)
    pairs = zip((covered[open_] + 1).tolist(), (start[open_] - 1).tolist(), strict=True)
    return [(max(a, begin), min(b, finish)) for a, b in pairs if b >= begin and a <= finish]


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
