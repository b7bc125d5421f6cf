"""Bounds that figures of the same losses contradict.

Losses grow with their window. So a minimum, or a figure, of some days contradicts a maximum, or a
figure, of a window that holds those days, where it is larger. Each pair looked at has a bound: two
figures without one are a matter of ``figures`` and ``falls``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.evidence.bounds import NEAR_DAYS
from lossmodel.findings.figures import APART
from lossmodel.findings.finding import Case, Material
from lossmodel.findings.words import category_of_party, claimant_name, day, number, window
from lossmodel.tables.categories import STOCK_CATEGORIES
from lossmodel.tables.vocabulary import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossmodel.findings.columns import Columns, Ints, Mask

__all__ = ["BEYOND", "FEW", "INDEPENDENT", "bounds_apart", "crossed_bounds"]

# A claimant may be wrong by so many times without a slip: the largest mean ratio of claims to later
# truths among the clusters of past wars.
BEYOND: Final = 45
# Two third parties have no reason to be far from each other: the priors of their biases and noise
# give a probability of one in a thousand to figures of soldiers or equipment that are 6.0 times
# apart, and of civilians 8.4 times. A minimum of an enemy and a maximum of a side itself are 36
# (soldiers) to 200 times (equipment) apart with that probability. Sides count fewer of their own
# losses than third parties do, and these fewer than an enemy: the other way round as many times are
# less probable still.
INDEPENDENT: Final = 10
# By so many times they may differ without a slip, but an answer between them agrees with neither
# bound. Below, it agrees with both within the error of one figure.
FEW: Final = 2
# Who counts more than whom, as a rule.
RANKS: Final = {"self": 0, "third-party": 1, "adversary": 2}
WORDS: Final = {"at-least": "at least ", "at-most": "at most "}

Pair = tuple[int, int]


def crossed_bounds(material: Material) -> Iterator[Case]:
    """Minima above maxima: of one claimant and window, or many times of any within each other.

    How many depends on who made them.
    """
    return _cases(material.columns, _crossed(material))


def bounds_apart(material: Material) -> Iterator[Case]:
    """Minima of one claimant a few times above maxima of another, which no warning names."""
    columns = material.columns
    losses = _compared(material)
    if not losses.any():
        return
    least, most = (_latest(columns, losses & columns.form(name)) for name in WORDS)
    named = {_series(columns, pair) for pair in _crossed(material)}
    apart = _out_of_rank(material, least, most, times=FEW)
    yield from _cases(columns, [pair for pair in apart if _series(columns, pair) not in named])


def _crossed(material: Material) -> list[Pair]:
    """Pairs of places, one of them a bound, of which the first is too many times the second."""
    columns, bounds = material.columns, _bounds(material.columns)
    if not bounds.any():
        return []
    least, most = (_latest(columns, bounds & columns.form(name)) for name in WORDS)
    pairs = _own(columns, least, most)
    losses = _compared(material)
    least, most = (_latest(columns, losses & columns.form(name)) for name in WORDS)
    figures = _latest(columns, losses & columns.single)
    pairs += _within(columns, least, most, columns.series)
    for lows, highs in ((least, most), (figures, most), (least, figures)):
        pairs += _within(columns, lows, highs, columns.subject, times=BEYOND)
        pairs += _out_of_rank(material, lows, highs, times=INDEPENDENT)
        # A window that ends a little later, or begins earlier, has not so many times the losses.
        pairs += _within(columns, lows, highs, columns.subject, times=APART, days=NEAR_DAYS)
    return pairs


def _bounds(columns: Columns) -> Mask:
    """Whether each claim is a bound of a number."""
    bounds: Mask = columns.form("at-least") | columns.form("at-most")
    return bounds & ~columns.rule("kind", KINDS, "compares")


def _compared(material: Material) -> Mask:
    """Whether each claim counts the losses of a window of which somebody gives a bound."""
    columns = material.columns
    # The missing may be found, and a part is less than its whole.
    losses: Mask = (
        columns.counts_losses
        & columns.whole
        & np.isin(columns.subject, columns.subject[_bounds(columns)])
    )
    return losses & ~material.table["category"].isin(STOCK_CATEGORIES).to_numpy()


def _out_of_rank(material: Material, lows: Ints, highs: Ints, *, times: int) -> list[Pair]:
    """Pairs so many times apart whose larger one is not of who counts more as a rule."""
    columns, rank = material.columns, _ranks(material)
    # A list has a part of all cases, so that its count may be far below a minimum.
    whole = ~columns.accounted("counts_cases")
    pairs = []
    for of in (RANKS["self"], RANKS["third-party"]):
        some = lows[rank[lows] == of], highs[whole[highs] & (rank[highs] >= of)]
        pairs += _within(columns, *some, columns.subject, times=times)
    return pairs


def _series(columns: Columns, pair: Pair) -> Pair:
    low, high = pair
    return int(columns.series[low]), int(columns.series[high])


def _cases(columns: Columns, pairs: list[Pair]) -> Iterator[Case]:
    """One case for all pairs of two series, with the pair that is farthest apart."""
    found: dict[Pair, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(_series(columns, pair), []).append(pair)
    for group in found.values():
        low, high = max(group, key=lambda pair: _ratio(columns, *pair))
        yield Case(
            f"{_sentence(columns, low, high)}: {columns.ids[low]} and {columns.ids[high]}.",
            columns.named(dict.fromkeys(place for pair in group for place in pair)),
        )


def _ranks(material: Material) -> Ints:
    """The rank of the role of each claim's claimant towards its party."""
    columns, role = material.columns, material.conflict.role
    ranks = [RANKS[role(claimant, party)] for claimant, party, *_ in columns.keys]
    return np.array(ranks, dtype=np.int64)[columns.series]


def _latest(columns: Columns, mask: Mask) -> Ints:
    """Places of the latest published of each series and window."""
    rows = np.flatnonzero(mask)
    keys = (columns.end[rows], columns.start[rows], columns.series[rows])
    order = np.lexsort((columns.published[rows], *keys))
    moves = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    last: Mask = np.append(moves, True)[: len(rows)]
    return rows[order][last]


def _own(columns: Columns, least: Ints, most: Ints) -> list[Pair]:
    """A claimant's minimum above its maximum of the same window."""

    def keyed(rows: Ints) -> dict[tuple[int, int, int], int]:
        keys = (columns.series[rows], columns.start[rows], columns.end[rows])
        return dict(
            zip(zip(*(key.tolist() for key in keys), strict=True), rows.tolist(), strict=True)
        )

    highs = keyed(most)
    pairs = [(low, highs[at]) for at, low in keyed(least).items() if at in highs]
    return [(low, high) for low, high in pairs if columns.value[low] > columns.value[high]]


def _within(
    columns: Columns, lows: Ints, highs: Ints, group: Ints, *, times: int = 1, days: int = 0
) -> list[Pair]:
    """The largest figure within each window, where it is so many times that of the window.

    Parameters
    ----------
    group
        Number of the losses or of the series of each claim; those of one are compared.
    days
        By which a figure may reach beyond the window.
    """
    # Groups are set apart in time, so that windows within each other are of one.
    span = int(columns.end.max() - columns.start.min()) + days + 1
    apart = 2 * span * group
    start, end = columns.start + apart, columns.end + apart
    lows = lows[np.argsort(-start[lows], kind="stable")]
    highs = highs[np.argsort(-start[highs], kind="stable")]
    ends = np.unique(end[lows])
    largest = _Largest(len(ends))
    at = (np.searchsorted(ends, end[lows]) + 1).tolist()
    upto = np.searchsorted(ends, end[highs] + days, side="right").tolist()
    # The lows that begin in each window are the first so many.
    count = np.searchsorted(-start[lows], days - start[highs], side="right").tolist()
    values = columns.value[lows].tolist()
    found, added = [], 0
    for high, last, n in zip(highs.tolist(), upto, count, strict=True):
        for i in range(added, n):
            largest.add(at[i], values[i], i)
        added = max(added, n)
        value, i = largest.of(last)
        # Of a maximum of nobody, about so many.
        if value > max(times * float(columns.value[high]), times - 1):
            found.append((int(lows[i]), high))
    return found


class _Largest:
    """The largest value among the first places, each in a logarithm of their number of steps."""

    def __init__(self, size: int) -> None:
        self._held = [(-np.inf, -1)] * (size + 1)

    def add(self, place: int, value: float, name: int) -> None:
        """Note a value at a place, from 1."""
        while place < len(self._held):
            self._held[place] = max(self._held[place], (value, name))
            place += place & -place

    def of(self, last: int) -> tuple[float, int]:
        """The largest value from the first place to this one, and its name."""
        best = self._held[0]
        while last:
            best = max(best, self._held[last])
            last -= last & -last
        return best


def _ratio(columns: Columns, low: int, high: int) -> float:
    return float(columns.value[low]) / max(float(columns.value[high]), 1.0)


def _sentence(columns: Columns, low: int, high: int) -> str:
    names = [claimant_name(columns, place) for place in (low, high)]
    says = [f"{_bound(columns, place)}{number(columns.value[place])}" for place in (low, high)]
    of = category_of_party(columns, low)
    other = f"{names[1]} says " if columns.series[low] != columns.series[high] else ""
    if window(columns, low) == window(columns, high):
        until = day(columns.end[high])
        return f"{names[0]} says {says[0]} and {other}{says[1]} {of} to {until}"
    return (
        f"{names[0]} says {says[0]} {of} for {window(columns, low)} and "
        f"{other}{says[1]} for {window(columns, high)}"
    )


def _bound(columns: Columns, place: int) -> str:
    return next((words for name, words in WORDS.items() if columns.form(name)[place]), "")
