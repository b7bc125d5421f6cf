"""Running totals to keep of a series, so that increments exceed their rounding."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lossmodel.evidence.rounding import EXACT_UNIT

__all__ = ["Given", "joined", "keep", "rising"]

Reason = Literal["repeated", "out of order", "joined"]

# The rounding sd of an increment, sqrt(2 / 12) units, is then at most 4% of it: less than the noise
# of a ledger, about 25% / sqrt(days), for increments of up to a month.
TIMES: Final = 10
# Units less than five-fold apart are mostly one unit, limited by its cap (see `rounding.capped`).
ALIKE: Final = 5
START: Final = -1


@dataclass(frozen=True)
class Given:
    """A total that is dropped.

    Attributes
    ----------
    place, into
        Positions of it and of the total that it is merged with.
    reason
        Why it is dropped.
    """

    place: int
    into: int
    reason: Reason


def keep(
    values: Sequence[float],
    units: Sequence[float],
    relayed: Sequence[bool],
    *,
    times: float = TIMES,
) -> tuple[list[int], list[Given]]:
    """Positions of the totals to difference, and the others with their reasons.

    Parameters
    ----------
    values, units
        Totals in the order of their dates, and how exact each is.
    relayed
        Whether a total is a relay, which is trusted less than any original.
    times
        Least size of an increment, in rounding units of its endpoints.

    Examples
    --------
    >>> kept, dropped = keep([100, 250, 150, 200], [1, 1, 1, 1], [False] * 4)
    >>> kept, dropped[0].reason
    ([0, 2, 3], 'out of order')
    """
    grades = [math.ceil(math.log10(unit)) if unit > EXACT_UNIT else 0 for unit in units]
    places = rising(values, list(zip(relayed, grades, strict=True)))
    chosen = joined([values[p] for p in places], [units[p] for p in places], times=times)
    kept = [places[p] for p in chosen]
    rose, stays = set(places), set(kept)
    given = []
    for place in range(len(values)):
        if place in stays:
            continue
        at = bisect_left(kept, place)
        reason: Reason = "out of order"
        into = kept[min(at, len(kept) - 1)]
        if at and values[kept[at - 1]] == values[place]:
            into, reason = kept[at - 1], "repeated"
        elif place in rose:
            reason = "joined"
        given.append(Given(place, into, reason))
    return kept, given


def rising(values: Sequence[float], trust: Sequence[tuple[float, ...]]) -> list[int]:
    """Positions of a longest nondecreasing subsequence, trusted totals first.

    A falling total is a misprint, a wrong date or a silent revision. As few as possible are
    dropped, and never a trusted total in favour of a less trusted one.

    Parameters
    ----------
    values
        Totals in the order of their dates.
    trust
        Grade of each total; smaller is more trusted.

    Examples
    --------
    >>> rising([10, 20, 200, 30, 40], [(0,)] * 5)
    [0, 1, 3, 4]
    >>> rising([10, 15, 20], [(0,), (1,), (0,)])
    [0, 1, 2]
    """
    kept: list[int] = []
    for grade in sorted(set(trust)):
        fits = [
            place
            for place, own in enumerate(trust)
            if own == grade and _between(place, kept, values)
        ]
        for place in _longest(fits, values, kept):
            insort(kept, place)
    return kept


def _between(place: int, kept: list[int], values: Sequence[float]) -> bool:
    at = bisect_left(kept, place)
    above = at == 0 or values[kept[at - 1]] <= values[place]
    below = at == len(kept) or values[place] <= values[kept[at]]
    return above and below


def _longest(fits: list[int], values: Sequence[float], kept: list[int]) -> list[int]:
    """Longest nondecreasing subsequence; of equally long ones the one that ends lowest.

    Totals that fit between kept ones cannot contradict them, so one pass over all gaps suffices.
    """
    tails: list[float] = []
    last: list[int] = []
    before: dict[int, int] = {}
    for place in fits:
        length = bisect_right(tails, values[place])
        before[place] = last[length - 1] if length else START
        tails[length : length + 1] = [values[place]]
        last[length : length + 1] = [place]
    chain = []
    place = last[-1] if last else START
    while place != START:
        chain.append(place)
        place = before[place]
    return chain[::-1]


def joined(values: Sequence[float], units: Sequence[float], *, times: float = TIMES) -> list[int]:
    """Positions of totals whose increments are at least `times` the rounding of their endpoints.

    The first increment starts at zero. An increment that is too small is joined with a neighbour by
    dropping one of its totals: the coarser one, or the later of two alike. Totals counted to the
    last unit are not rounded, so they are never dropped, and increments of zero stay: there was no
    loss on those days.

    Parameters
    ----------
    values
        Nondecreasing totals in the order of their dates.
    units
        Rounding unit of each.
    times
        Least size of an increment, in rounding units.

    Examples
    --------
    >>> joined([1_000, 1_020, 1_200, 2_000], [10, 10, 10, 10])
    [0, 2, 3]
    >>> joined([3, 3, 4], [1, 1, 1])
    [0, 1, 2]
    """
    size = len(values)
    coarse = [unit if unit > EXACT_UNIT else 0.0 for unit in units]
    before = list(range(-1, size))  # before[size] is the last place kept
    after = list(range(1, size + 1))
    dropped = [False] * size

    def drop(place: int) -> None:
        dropped[place] = True
        p, n = before[place], after[place]
        before[n] = p
        if p != START:
            after[p] = n

    for level in sorted(set(coarse) - {0.0}, reverse=True):
        here = [place for place in range(size) if coarse[place] == level]
        for place in here:
            while not dropped[place]:
                p, n = before[place], after[place]
                rise = values[place] - (values[p] if p != START else 0.0)
                if rise >= times * level or (n == size and p == START):
                    break
                # The last total is kept rather than the one before it: it is the current one. Its
                # increment then starts at an earlier one, and may be too small still.
                drop(p if n == size and level < ALIKE * units[p] else place)
        for place in here:
            n = after[place]
            if dropped[place] or n == size or coarse[n] == level:
                continue
            if values[n] - values[place] < times * level:
                drop(place)
    return [place for place in range(size) if not dropped[place]]
