"""Originals: the earlier figures of other claimants that a figure may repeat."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from lossmodel.conflict.durations import FORTNIGHT
from lossmodel.evidence.claim_records import Figure, Key
from lossmodel.evidence.printed import NEXT, Found, Original, Place, Printed, late
from lossmodel.evidence.relays import INTERCHANGED
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, AccountingRules

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict

__all__ = ["Originals"]

# Party, category and scope of a series.
Words = tuple[str, str, str]

# Sd of one day's figure of a ledger about its mean, as a share: the median of the prior of
# ``noise.ledger_day``.
DAY_SD: Final = 0.25
# Sd of the change of the log rate of losses in a fortnight: that of the prior of ``rate.walk_sd``.
WALK_SD: Final = 0.25
# Sd of the hour at which a day begins, in days: uniform over the day. Whoever adds up a month of
# morning reports may take their days, or cut those at both of its ends by the calendar.
EDGE_SD: Final = 1 / math.sqrt(12)


class Originals:
    """All figures of a table, for the question which of them another could repeat.

    Parameters
    ----------
    figures
        Figures with relays attributed to their original claimants.
    conflict
        Its parties and streams.
    first
        First day of the conflict, from which totals run.
    """

    def __init__(self, figures: Iterable[Figure], conflict: Conflict, first: int) -> None:
        self.conflict = conflict
        self._accounting = cache(lambda key: ACCOUNTINGS[conflict.stream(*key[:3]).accounting])
        self._habit: dict[str, float] = {}
        self._together: defaultdict[tuple[int, int, int], set[str]] = defaultdict(set)
        self._printed: defaultdict[Key, list[Figure]] = defaultdict(list)
        for figure in figures:
            if figure.form != "interval" and not figure.is_sum:
                self._printed[figure.key].append(figure)
                self._together[figure.published, *figure.window].add(figure.claimant)
        self._lines = {
            key: _Line(group, first)
            for key, group in self._printed.items()
            if self.accounting(key).sums_days
        }
        self._repeatable = cache(self._others)
        self._ledgers = cache(self._lines_of)
        self._readable = cache(self._printed_of)

    @property
    def habit(self) -> dict[str, float]:
        """Share of copies among the figures of a claimant, as far as they are known."""
        return self._habit

    @habit.setter
    def habit(self, habit: dict[str, float]) -> None:
        self._habit = habit
        # The order of publication follows from it.
        self._readable.cache_clear()

    def accounting(self, key: Key) -> AccountingRules:
        """Rules of the accounting of a series."""
        return self._accounting(key)

    def _others(self, words: Words, accounting: AccountingRules | None) -> list[Key]:
        return [
            key
            for key in self._printed
            if self._is_of(words, key) and accounting in (None, self.accounting(key))
        ]

    def _lines_of(self, words: Words, accounting: AccountingRules | None) -> dict[Key, _Line]:
        keys = self._repeatable(words, accounting)
        return {key: self._lines[key] for key in keys if key in self._lines}

    def _printed_of(self, words: Words, accounting: AccountingRules | None) -> Printed:
        keys = self._repeatable(words, accounting)
        figures = (
            figure
            for key in keys
            for figure in self._printed[key]
            if key not in self._lines or figure.claim_id not in self._lines[key].names
        )
        return Printed(figures, self._place_of)

    def of(
        self, figures: Sequence[Figure], accounting: AccountingRules | None = None
    ) -> Iterator[tuple[Figure, Found]]:
        """Figures of one series, each with those that it could repeat.

        These were public before it, and are about its window and the same losses. Figures without
        any are left out.

        Parameters
        ----------
        accounting
            Only figures of streams with these rules.
        """
        key = figures[0].key
        # Many series are the only ones of their losses, such as lists of equipment.
        if all(claimant == key[0] for claimant, *_ in self._repeatable(key[1:], accounting)):
            return
        lines = self._ledgers(key[1:], accounting)
        printed = self._readable(key[1:], accounting)
        for figure, found in printed.of(figures):
            if KINDS[figure.kind].counts_losses:
                for (claimant, *_), line in lines.items():
                    if claimant != key[0]:
                        found.add(claimant, line.originals(figure, claimant, late(figure)))
            if found.sizes:
                yield figure, found

    def is_together(self, figure: Figure) -> bool:
        """Whether another claimant has a figure of the same window and day of publication."""
        return len(self._together[figure.published, *figure.window]) > 1

    def _place_of(self, figure: Figure) -> Place:
        """Order of publication.

        On one day a staff's is before a paper's, then that of a claimant who seldom repeats others.
        """
        rules, habit = self.accounting(figure.key), self.habit.get(figure.claimant, 0.0)
        return figure.published, rules.assesses, figure.relayed, habit, figure.claimant

    def _is_of(self, words: Words, other: Key) -> bool:
        """Whether a series may repeat another's numbers, in words of its own."""
        party, category, scope = words
        if scope != other[3] or not (category == other[2] or {category, other[2]} <= INTERCHANGED):
            return False
        return party == other[1] or party in self.conflict.components(other[1])


class _Line:
    """Running totals of a ledger, and its total on the days between them."""

    def __init__(self, group: Iterable[Figure], first: int) -> None:
        totals = {
            f.end: f
            for f in sorted(group, key=lambda f: (f.published, f.place))
            if f.form == "point" and f.start == first and not f.relayed
        }
        self.totals = [totals[day] for day in sorted(totals)]
        self.names = {figure.claim_id for figure in self.totals}
        self.first = first
        self._days = [first - 1, *(f.end for f in self.totals)]
        self._values = [0.0, *(f.value for f in self.totals)]

    def originals(self, figure: Figure, claimant: str, late: int) -> Iterator[Original]:
        """Its totals of a window, and of windows that end a little before."""
        last = min(figure.end + NEXT, figure.published)
        ends = range(figure.end - late, last + 1)
        running = figure.start == self.first
        shifts = (0,) if running else (-NEXT, 0, NEXT)
        for end in ends:
            for shift in shifts:
                before = figure.start - 1 + shift
                rise = self._rise(before, end, figure.published)
                if rise is None:
                    continue
                total, sd = rise
                nearest = self._nearest(end)
                printed = sd == 0
                yield Original(claimant, nearest, total, sd, printed)
                if not running:
                    edges = math.sqrt(2) * EDGE_SD * total / (end - before)
                    yield Original(claimant, nearest, total, math.hypot(sd, edges), printed)

    def _rise(self, before: int, end: int, published: int) -> tuple[float, float] | None:
        """Total of the days after one to another, with its sd; None where it is not known."""
        known = self._days[0] <= before < end <= self._days[-1]
        if not known:
            return None
        places = [bisect_left(self._days, day) for day in (before, end)]
        for place, day in zip(places, (before, end), strict=True):
            if place and self._days[place] == day and self.totals[place - 1].published > published:
                return None
        (low, low_variance), (high, high_variance) = (
            self._on(place, day) for place, day in zip(places, (before, end), strict=True)
        )
        return high - low, math.sqrt(low_variance + high_variance)

    def _on(self, place: int, day: int) -> tuple[float, float]:
        """Total on a day, straight between its neighbours, and its variance.

        It varies with the errors of single days, and because the rate between the two totals need
        not be even: halfway, its halves differ by a walk over half of the days.
        """
        if self._days[place] == day:
            return self._values[place], 0.0
        days = self._days[place] - self._days[place - 1]
        rate = (self._values[place] - self._values[place - 1]) / days
        since = day - self._days[place - 1]
        apart = since * (days - since) / days
        walk = WALK_SD * math.sqrt(days / FORTNIGHT / 2)
        spread = (rate * DAY_SD) ** 2 * apart + (rate * walk * apart) ** 2
        return self._values[place - 1] + rate * since, spread

    def _nearest(self, day: int) -> str:
        place = max(1, min(bisect_left(self._days, day), len(self.totals)))
        if place > 1 and day - self._days[place - 1] <= self._days[place] - day:
            place -= 1
        return self.totals[place - 1].claim_id
