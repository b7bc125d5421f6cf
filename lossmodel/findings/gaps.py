"""Long stretches of days that no claim covers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.conflict.durations import HALF_YEAR
from lossmodel.conflict.titles import category_title
from lossmodel.evidence.claim_records import day_number
from lossmodel.findings.finding import Case
from lossmodel.findings.words import day
from lossmodel.text.numbers import plural

if TYPE_CHECKING:
    from lossmodel.findings.columns import Columns, Ints
    from lossmodel.findings.finding import Material

__all__ = ["long_gaps"]

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
                f"No claim covers {category_title(conflict, kind)} of {party.title} from {day(a)} "
                f"to {day(b)}: {b - a + 1:,} of {finish - begin + 1:,} days{others}."
            )


def _gaps(columns: Columns, rows: Ints, begin: int, finish: int) -> list[tuple[int, int]]:
    """Stretches of days without a window, from the first day to the last."""
    rows = rows[np.argsort(columns.start[rows], kind="stable")]
    start = np.append(columns.start[rows], finish + 1)
    covered = np.maximum.accumulate(np.append(begin - 1, columns.end[rows]))
    open_ = np.flatnonzero(start > covered + 1)
    pairs = zip((covered[open_] + 1).tolist(), (start[open_] - 1).tolist(), strict=True)
    return [(max(a, begin), min(b, finish)) for a, b in pairs if b >= begin and a <= finish]
