"""Claims as records of whole days and window totals, which is all that evidence works with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.evidence.rounding import capped, dividing_unit
from lossmodel.tables.vocabulary import QUALIFIERS, Form, kinds_with

if TYPE_CHECKING:
    import pandas as pd

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

# A point says more than an interval, an interval more than a bound.
RANK: Final = {"point": 0, "interval": 1, "at-least": 2, "at-most": 3}
TEXTS: Final = ("claim_id", "claimant", "party", "category", "scope", "kind", "qualifier", "via")
DAYS: Final = "datetime64[D]"
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Figure:
    """One claim on its way to evidence.

    Attributes
    ----------
    claimant
        Who stands behind the figure: the root, where it is a relay.
    start, end, known, published
        Days since 1970.
    value, low, high
        Totals of the window: an average is multiplied by its days.
    times
        Days that an average was multiplied by, else 1.
    unit
        Rounding unit of `value`, read off this figure alone; 0 of an interval.
    relayed
        Whether somebody else repeats the figure.
    members
        The claims that it is made of: itself, or the parts that were summed.
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

    @property
    def key(self) -> Key:
        """What its series is: claimant, party, category, scope."""
        return self.claimant, self.party, self.category, self.scope

    @property
    def window(self) -> Window:
        """First and last day."""
        return self.start, self.end

    @property
    def is_sum(self) -> bool:
        """Whether it was added up from parts."""
        return len(self.members) > 1

    @property
    def is_bound(self) -> bool:
        """Whether it bounds its claimant's own figure from one side."""
        return self.form in ("at-least", "at-most")

    @property
    def days(self) -> int:
        """Length of the window."""
        return self.end - self.start + 1


def day_number(day: pd.Timestamp) -> int:
    """Days since 1970."""
    return int(day.to_datetime64().astype(DAYS).astype(np.int64))


def read_figures(claims: Claims) -> list[Figure]:
    """Every claim as a figure; windows begin no earlier than the conflict."""
    table, first = claims.table, day_number(claims.conflict.start)
    end = _days(table["end"], default=np.full(len(table), first))
    start = np.maximum(_days(table["start"], default=np.full(len(table), first)), first)
    known, published = (_days(table[name], default=end) for name in ("known", "published"))
    times = np.where(table["kind"].isin(kinds_with("per_day")), np.maximum(end - start + 1, 1), 1)
    texts = [table[name].astype(str).tolist() for name in (*TEXTS, "part_of")]
    numbers = [table[name].astype(float).tolist() for name in ("value", "low", "high")]
    whole = [array.tolist() for array in (start, end, known, published, times)]
    return [
        _figure(row[:9], row[9:14], row[14:]) for row in zip(*texts, *whole, *numbers, strict=True)
    ]


def _days(
    column: pd.Series, *, default: np.typing.NDArray[np.int64]
) -> np.typing.NDArray[np.int64]:
    days = column.to_numpy().astype(DAYS)
    return np.where(np.isnat(days), default, days.astype(np.int64))


def _figure(texts: tuple[str, ...], whole: tuple[int, ...], numbers: tuple[float, ...]) -> Figure:
    claim_id, claimant, party, category, scope, kind, qualifier, via, part_of = texts
    value, low, high = numbers
    rules = QUALIFIERS[qualifier]
    form: Form = "interval" if rules.has_limits and np.isnan(value) else rules.form
    start, end, known, published, times = whole
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
        low=low * times,
        high=high * times,
        times=times,
        unit=unit,
        relayed=False,
        members=(claim_id,),
    )


def latest(figures: Iterable[Figure]) -> Figure:
    """The figure that stands where several are given for one window.

    Nobody's relay displaces what its author says. Then the latest published stands; of several on
    one day the one that says most: a point before an interval before a bound, the finer rounding.
    Names come last, so that the order of the rows never decides.
    """
    return min(
        figures,
        key=lambda f: (f.relayed, -f.published, -f.known, RANK[f.form], f.unit, f.claim_id),
    )


def finest(figures: Iterable[Figure]) -> Figure:
    """The figure that says most: a point before an interval before a bound, the finer rounding."""
    return min(figures, key=lambda f: (RANK[f.form], f.unit, -f.published, f.claim_id))


def agree(a: Figure, b: Figure, *, within: float) -> bool:
    """Whether two figures are the same within some slack, or one's bound allows the other."""
    slack = within + TINY
    if a.form == b.form == "interval":
        return abs(a.low - b.low) <= slack and abs(a.high - b.high) <= slack
    if "interval" in (a.form, b.form):
        ranged, other = (a, b) if a.form == "interval" else (b, a)
        return ranged.low - slack <= other.value <= ranged.high + slack
    if a.form == b.form or "point" not in (a.form, b.form):
        return abs(a.value - b.value) <= slack
    point, bound = (a, b) if a.form == "point" else (b, a)
    sign = 1 if bound.form == "at-least" else -1
    return sign * (point.value - bound.value) >= -slack
