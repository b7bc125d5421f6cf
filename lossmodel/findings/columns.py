"""Claims as arrays: findings look at pairs of rows, and a table may have a million."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossmodel.conflict.titles import Names, short_names
from lossmodel.evidence.claim_records import Key, day_number, read_figures
from lossmodel.evidence.corrections import Corrections
from lossmodel.evidence.rounding import capped, dividing_unit
from lossmodel.tables.schema import SERIES, STREAM
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS, names_with

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict

__all__ = ["Columns", "Floats", "Ints", "Mask"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

DAYS: Final = "datetime64[D]"


class Columns:
    """Columns of a claims table as arrays, all of shape (claims,) and in the order of the table.

    Windows are clipped to the first day of the conflict, an empty start is that day, and a mean per
    day counts as the total of its window, as in evidence.

    Parameters
    ----------
    claims
        Validated claims.

    Attributes
    ----------
    first
        First day of the conflict, in days since 1970.
    start, end, known, published
        Days since 1970.
    times
        Days by which a mean per day is multiplied; 1 for a total.
    value
        Total of the window; nan without one.
    low, high
        Limits of a range, otherwise the value.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> columns = Columns(load_claims(conflict="kargil1999"))
    >>> columns.keys[columns.series[0]]
    ('india-army', 'india', 'killed', 'all')
    """

    def __init__(self, claims: Claims) -> None:
        self._claims, self._table = claims, claims.table
        self.first = day_number(claims.conflict.start)
        self.end = self._days("end")
        self.start = np.maximum(self._days("start"), self.first)
        self.known, self.published = self._days("known"), self._days("published")
        days = np.maximum(self.end - self.start + 1, 1)
        self.times = np.where(self.rule("kind", KINDS, "per_day"), days, 1)
        self.value, low, high = (
            self._table[name].to_numpy(dtype=float) * self.times
            for name in ("value", "low", "high")
        )
        self.low, self.high = (
            np.where(self.single | np.isnan(limit), self.value, limit) for limit in (low, high)
        )

    def _days(self, column: str) -> Ints:
        days = self._table[column].to_numpy().astype(DAYS)
        return np.where(np.isnat(days), self.first, days.astype(np.int64))

    def rule(self, column: str, words: Mapping[str, object], rule: str) -> Mask:
        """Whether a rule of the vocabulary holds for the word of each claim in a column."""
        codes, found = self._coded[column]
        holds = set(names_with(words, rule))
        return np.array([word in holds for word in found], dtype=bool)[codes]

    @cached_property
    def _coded(self) -> dict[str, tuple[Ints, list[str]]]:
        coded = {}
        for name in (*SERIES, "kind", "qualifier", "via", "part_of"):
            codes, words = pd.factorize(self._table[name])
            coded[name] = codes.astype(np.int64), [str(word) for word in words]
        return coded

    @property
    def conflict(self) -> Conflict:
        """The conflict of the claims."""
        return self._claims.conflict

    @cached_property
    def names(self) -> Names:
        """Short name of each claimant."""
        return short_names(self.conflict)

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the claims."""
        return [str(name) for name in self._table["claim_id"].tolist()]

    @cached_property
    def _numbered(self) -> tuple[Ints, list[Key]]:
        combined = np.zeros(len(self._table), dtype=np.int64)
        for name in SERIES:
            codes, words = self._coded[name]
            combined = pd.factorize(combined * len(words) + codes)[0].astype(np.int64)
        _, places = np.unique(combined, return_index=True)
        columns = [self._coded[name] for name in SERIES]
        keys: list[Key] = []
        for place in places.tolist():
            claimant, party, category, scope = (words[codes[place]] for codes, words in columns)
            keys.append((claimant, party, category, scope))
        return combined, keys

    @cached_property
    def subject(self) -> Ints:
        """Number of the party, category and scope of each claim."""
        numbers = {key[1:]: number for number, key in enumerate(self.keys)}
        return np.array([numbers[key[1:]] for key in self.keys], dtype=np.int64)[self.series]

    @property
    def series(self) -> Ints:
        """Number of the series of each claim: its claimant, party, category and scope."""
        return self._numbered[0]

    @property
    def keys(self) -> list[Key]:
        """Claimant, party, category and scope of each series, by its number."""
        return self._numbered[1]

    @cached_property
    def own(self) -> Mask:
        """Whether it is the claimant's own figure of a whole, no relay and no part."""
        return self._blank("via") & self.whole

    @cached_property
    def whole(self) -> Mask:
        """Whether it is no part of another claim."""
        return self._blank("part_of")

    def _blank(self, column: str) -> Mask:
        codes, words = self._coded[column]
        found: Mask = np.array([not word for word in words], dtype=bool)[codes]
        return found

    @cached_property
    def exact(self) -> Mask:
        """Whether its claimant calls it exact."""
        return self.rule("qualifier", QUALIFIERS, "exact")

    @cached_property
    def single(self) -> Mask:
        """Whether it is one number and no bound."""
        return self.rule("qualifier", QUALIFIERS, "is_single")

    def form(self, name: str) -> Mask:
        """Whether the qualifier of each claim is of a form: point, at-least or at-most."""
        codes, words = self._coded["qualifier"]
        held = np.array([QUALIFIERS[word].form == name for word in words], dtype=bool)
        found: Mask = held[codes]
        return found

    @cached_property
    def least(self) -> Mask:
        """Whether it is a lower bound."""
        return self.form("at-least")

    @cached_property
    def counts_losses(self) -> Mask:
        """Whether it counts the losses of a window."""
        return self.rule("kind", KINDS, "counts_losses")

    @cached_property
    def total(self) -> Mask:
        """Whether it is a running total from the first day, a claimant's own single number."""
        running = self.rule("kind", KINDS, "running")
        found: Mask = running & self.own & self.single & (self.start == self.first)
        return found

    @cached_property
    def window(self) -> Mask:
        """Whether it is a claimant's own single number for the losses of a window, not running."""
        running = self.rule("kind", KINDS, "running")
        return self.counts_losses & ~running & self.own & self.single

    @cached_property
    def answer(self) -> Mask:
        """Whether it is a claimant's own number or range for a window or a total from the start."""
        running = self.rule("kind", KINDS, "running")
        stated = self.single | self.rule("qualifier", QUALIFIERS, "has_limits")
        whole: Mask = ~running | (self.start == self.first)
        return self.counts_losses & self.own & stated & whole

    def accounted(self, rule: str) -> Mask:
        """Whether each claim is of a stream with an accounting for which a rule holds.

        A stream that streams.csv does not declare is an estimate.
        """
        stream = self._claims.conflict.stream
        held = [bool(getattr(ACCOUNTINGS[stream(*key[:3]).accounting], rule)) for key in self.keys]
        return np.array(held, dtype=bool)[self.series]

    @cached_property
    def declared(self) -> Mask:
        """Whether streams.csv has the accounting of the stream of each claim."""
        streams = self._claims.conflict.streams[STREAM]
        named = set(streams.itertuples(index=False, name=None))
        return np.array([key[:3] in named for key in self.keys], dtype=bool)[self.series]

    def units(self, places: Sequence[int] | Ints) -> list[float]:
        """Rounding units of values, from their trailing zeros."""
        codes, words = self._coded["qualifier"]
        found = []
        for place in np.asarray(places, dtype=np.int64).tolist():
            times = int(self.times[place])
            value = float(self.value[place]) / times
            about = QUALIFIERS[words[codes[place]]].approximate
            found.append(capped(dividing_unit(value), value=value, about=about) * times)
        return found

    @cached_property
    def _corrections(self) -> dict[Key, Corrections]:
        signed = self.rule("kind", KINDS, "signed")
        if not signed.any():
            return {}
        figures = read_figures(self._claims.select(signed))
        last = int(self.end.max())
        return {
            key: Corrections([f for f in figures if f.key == key], first=self.first, last=last)
            for key in dict.fromkeys(f.key for f in figures)
        }

    def corrected(self, places: Ints) -> Floats:
        """Values without the corrections of their series in their windows."""
        values = self.value[places]
        series = self.series[places]
        for number in np.unique(series).tolist() if self._corrections else []:
            booked = self._corrections.get(self.keys[number])
            if booked is None:
                continue
            for at in np.flatnonzero(series == number).tolist():
                window = int(self.start[places[at]]), int(self.end[places[at]])
                values[at] = booked.corrected(float(values[at]), window)
        return values

    @cached_property
    def totals(self) -> list[Ints]:
        """Places of the running totals of each series that has some, by date, one of each.

        Of one date the latest published stands. A list of an earlier state of knowledge may hold
        fewer cases up to a later day, and is left out.
        """
        rows = np.flatnonzero(self.total)
        rows = rows[
            np.lexsort((self.published[rows], self.known[rows], self.end[rows], self.series[rows]))
        ]
        series, end = self.series[rows], self.end[rows]
        rows = rows[
            np.append((series[1:] != series[:-1]) | (end[1:] != end[:-1]), True)[: len(rows)]
        ]
        found = []
        for group in _groups(rows, self.series[rows]):
            known = self.known[group]
            found.append(group[known >= np.maximum.accumulate(known)])
        return found

    def by_series(self, mask: Mask) -> list[Ints]:
        """Places of chosen claims of each series, by start, end and publication."""
        rows = self._sorted(mask)
        return _groups(rows, self.series[rows])

    def successive(self, mask: Mask, *first: Floats) -> tuple[Ints, Ints]:
        """Places of chosen claims of one series that follow one another, as pairs.

        Parameters
        ----------
        mask
            Which claims.
        first
            Numbers by which those of a series are sorted before start, end and publication.
        """
        rows = self._sorted(mask, *first)
        before, after = rows[:-1], rows[1:]
        same = self.series[before] == self.series[after]
        return before[same], after[same]

    def _sorted(self, mask: Mask, *first: Floats) -> Ints:
        rows = np.flatnonzero(mask)
        keys = (self.published, self.end, self.start, *first, self.series)
        return rows[np.lexsort([key[rows] for key in keys])]

    def named(self, places: Iterable[int]) -> tuple[str, ...]:
        """Ids of some claims."""
        return tuple(self.ids[place] for place in places)


def _groups(rows: Ints, series: Ints) -> list[Ints]:
    return np.split(rows, np.flatnonzero(np.diff(series)) + 1) if len(rows) else []
