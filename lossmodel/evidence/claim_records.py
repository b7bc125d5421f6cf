"""Claims as records with whole days and window totals, the input of all later steps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.evidence.rounding import capped, dividing_unit
from lossmodel.tables.vocabulary import KINDS, QUALIFIERS, Form, names_with

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims

__all__ = [
    "Figure",
    "Form",
    "Key",
    "Window",
    "agree",
    "day_number",
    "finest",
    "latest",
    "read_figures",
]

Key = tuple[str, str, str, str]
Window = tuple[int, int]

# Order by information: a point, then an interval, then a bound.
RANK: Final = {"point": 0, "interval": 1, "at-least": 2, "at-most": 3}
TEXTS: Final = (
    *("claim_id", "claimant", "party", "category", "scope", "kind", "qualifier", "via"),
    *("part_of", "per"),
)
DAYS: Final = "datetime64[D]"
# Far above the rounding error of sums of doubles, far below the third decimal, to which figures are
# read.
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Figure:
    """One claim as a record, or the sum of several.

    Attributes
    ----------
    claimant
        The claimant behind the figure; of a relay, the original claimant.
    form
        point, interval, at-least or at-most.
    start, end, known, published
        Days since 1970.
    value, low, high
        Totals of the window: a mean per day is multiplied by its days.
    times
        Number of days by which a mean per day was multiplied, else 1.
    unit
        Rounding unit of `value` from its trailing zeros alone; 0 for an interval.
    relayed
        Whether it is another claimant's repetition of the figure.
    members
        Claims in it: itself, or the parts that were summed.
    per, total
        Category to which it is a ratio, and number of cases of which it is a part; empty and NaN
        for figures that count losses.
    derived
        Whether it follows from other figures of the table.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> figure = read_figures(load_claims(conflict="battle-of-britain"))[0]
    >>> figure.key == (figure.claimant, figure.party, figure.category, figure.scope)
    True
    """

    claim_id: str
    claimant: str
    party: str
    category: str
    scope: str
    kind: str
    qualifier: str
    via: str
    part_of: str
    form: Form
    start: int
    end: int
    known: int
    published: int
    value: float
    low: float
    high: float
    times: int
    unit: float
    relayed: bool
    members: tuple[str, ...]
    per: str = ""
    total: float = math.nan
    derived: bool = False

    @property
    def key(self) -> Key:
        """Its series: claimant, party, category, scope."""
        return self.claimant, self.party, self.category, self.scope

    @property
    def window(self) -> Window:
        """First and last day."""
        return self.start, self.end

    @property
    def is_sum(self) -> bool:
        """Whether it is a sum of parts."""
        return len(self.members) > 1

    @property
    def is_bound(self) -> bool:
        """Whether it is a lower or an upper bound."""
        return self.form in ("at-least", "at-most")

    @property
    def place(self) -> tuple[object, ...]:
        """Order among figures that are alike otherwise, by contents; ids are last."""
        amounts = (-1.0 if math.isnan(x) else x for x in (self.value, self.low, self.high))
        return (*amounts, self.published, self.known, self.kind, self.via, self.claim_id)

    @property
    def days(self) -> int:
        """Length of the window in days."""
        return self.end - self.start + 1


def day_number(day: pd.Timestamp) -> int:
    """Days since 1970.

    Examples
    --------
    >>> import pandas as pd
    >>> day_number(pd.Timestamp(1970, 1, 31))
    30
    """
    return int(day.to_datetime64().astype(DAYS).astype(np.int64))


def read_figures(claims: Claims) -> list[Figure]:
    """Every claim as a record, in the order of the table.

    Windows are clipped to the conflict's first day; an empty start becomes that day.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> len(read_figures(claims)) == len(claims)
    True
    """
    table, first = claims.table, day_number(claims.conflict.start)
    end = _days(table["end"], default=np.full(len(table), first))
    start = np.maximum(_days(table["start"], default=np.full(len(table), first)), first)
    known, published = (_days(table[name], default=end) for name in ("known", "published"))
    times = np.where(
        table["kind"].isin(names_with(KINDS, "per_day")), np.maximum(end - start + 1, 1), 1
    )
    texts = [_shared(table[name].astype(str)) for name in TEXTS]
    value = table["value"].astype(float).tolist()
    # Mostly missing: as one object they take 70 MB less of a million figures.
    limits = [_shared(table[name].astype(float) * times) for name in ("low", "high")]
    numbers = [value, *limits, _shared(table["total"].astype(float))]
    whole = [_shared(array) for array in (start, end, known, published, times, table["derived"])]
    first, last = len(texts), len(texts) + len(whole)
    return [
        _figure(row[:first], row[first:last], row[last:])
        for row in zip(*texts, *whole, *numbers, strict=True)
    ]


def _shared(column: pd.Series | np.typing.NDArray[np.int64]) -> list[Any]:
    """Values of a column, equal ones as one object: a long table has few names and days."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    shared = np.empty(len(values), dtype=object)
    shared[:] = values.tolist()
    return list(shared[codes])


def _days(
    column: pd.Series, *, default: np.typing.NDArray[np.int64]
) -> np.typing.NDArray[np.int64]:
    days = column.to_numpy().astype(DAYS)
    return np.where(np.isnat(days), default, days.astype(np.int64))


def _figure(texts: tuple[str, ...], whole: tuple[int, ...], numbers: tuple[float, ...]) -> Figure:
    claim_id, claimant, party, category, scope, kind, qualifier, via, part_of, per = texts
    value, low, high, total = numbers
    rules = QUALIFIERS[qualifier]
    form: Form = "interval" if rules.has_limits and np.isnan(value) else rules.form
    start, end, known, published, times, derived = whole
    unit = 0.0
    if form != "interval":
        unit = capped(dividing_unit(value), value=value, about=rules.approximate) * times
    return Figure(
        claim_id=claim_id,
        claimant=claimant,
        party=party,
        category=category,
        scope=scope,
        kind=kind,
        qualifier=qualifier,
        via=via,
        part_of=part_of,
        form=form,
        start=start,
        end=end,
        known=known,
        published=published,
        value=value * times,
        low=low,
        high=high,
        times=times,
        unit=unit,
        relayed=False,
        members=(claim_id,),
        per=per,
        total=total,
        derived=bool(derived),
    )


def latest(figures: Iterable[Figure]) -> Figure:
    """The figure to use of several for one window.

    The claimant's own figures come before relays, then the latest published, then the latest
    knowledge, then the most informative: a point before an interval before a bound, then the
    finest rounding. Contents break ties, so that neither rows nor ids have an influence.
    """
    return min(
        figures,
        key=lambda f: (f.relayed, -f.published, -f.known, RANK[f.form], f.unit, f.place),
    )


def finest(figures: Iterable[Figure]) -> Figure:
    """The most informative figure: a point before an interval before a bound, then by rounding."""
    return min(figures, key=lambda f: (RANK[f.form], f.unit, -f.published, f.place))


def agree(a: Figure, b: Figure, *, within: float) -> bool:
    """Whether two figures are equal within a tolerance, or compatible if one bounds the other.

    Parameters
    ----------
    within
        Tolerance, in units of `value`.
    """
    tolerance = within + TINY
    if a.form == b.form == "interval":
        return abs(a.low - b.low) <= tolerance and abs(a.high - b.high) <= tolerance
    if "interval" in (a.form, b.form):
        ranged, other = (a, b) if a.form == "interval" else (b, a)
        return ranged.low - tolerance <= other.value <= ranged.high + tolerance
    if a.form == b.form or "point" not in (a.form, b.form):
        return abs(a.value - b.value) <= tolerance
    point, bound = (a, b) if a.form == "point" else (b, a)
    sign = 1 if bound.form == "at-least" else -1
    return sign * (point.value - bound.value) >= -tolerance
