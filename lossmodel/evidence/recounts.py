"""Figures after the fighting: the last ones of a series, and counts of the whole anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.tables.categories import DECLARED, MISSING
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.conflict.types import Stream
    from lossmodel.evidence.claim_records import Figure

__all__ = ["divided"]

# A ledger's total published so many days after its window is no running sum but a new count.
# Headquarters publish within days, and yearly reviews repeat their totals within a month. After a
# war of days, a total that comes later than the war was long, a week at least, is no report from
# the field either.
RECOUNTED_AFTER, FIELD_REPORTS = 30, 7
# A figure is on time up to so many times the longest delay of the earlier ones: judgement.
ON_TIME: Final = 2


def divided(
    figures: Sequence[Figure], stream: Stream, *, first: int, ended: int | None
) -> tuple[list[Figure], list[Figure]]:
    """Figures of a series, and those of a ledger or register counted anew after the fighting.

    Parameters
    ----------
    first, ended
        Days on which the conflict begins and on which the fighting ended, if it did.
    """
    rules = ACCOUNTINGS[stream.accounting]
    # A register that says from when it adds those declared dead has increments of them.
    if ended is None or rules.has_coverage or rules.assesses or stream.declared_from is not None:
        return list(figures), []
    after = min(RECOUNTED_AFTER, max(FIELD_REPORTS, ended + 1 - first))
    first_published: dict[tuple[int, int, float], int] = {}
    for f in sorted(figures, key=lambda f: f.published):
        first_published.setdefault((f.start, f.end, f.value), f.published)
    in_time = [f for f in figures if f.published <= ended]
    apart: tuple[list[Figure], list[Figure]] = [], []
    for f in figures:
        # A total that is repeated is no new count: it is read as its first publication is.
        known = f.known if rules.counts_cases else f.published
        seen = min(known, first_published[f.start, f.end, f.value])
        late = (
            seen > max(ended, f.end) + after
            and not KINDS[f.kind].single_day
            and not (rules.sums_days and _is_next(f, in_time))
        )
        apart[late and f.category not in (MISSING, DECLARED)].append(f)
    return apart


def _is_next(figure: Figure, earlier: Sequence[Figure]) -> bool:
    """Whether a figure is of new days alone, and no later after them than the earlier ones were."""
    if not earlier or any(f.end >= figure.start and f.start <= figure.end for f in earlier):
        return False
    longest = max(f.published - f.end for f in earlier)
    return figure.published - figure.end <= ON_TIME * longest
