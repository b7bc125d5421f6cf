"""Battles: short windows that figures are of alone, on days that little else is known of.

A figure of one day stands for the days around it where it is one of a series. In a war of few
battles it is known because that day was unlike the others, and the rate between battles is far
lower. The rate of a battle is a factor of its own above the path of the rates.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from lossmodel.conflict.durations import MONTH, WEEK
from lossmodel.model.design.grid import Grid
from lossmodel.tables.readings import counts_losses

__all__ = ["IN_COMMON", "Battles", "Span", "battles_of", "cut_at", "rarity", "windows_of"]

# A figure of a window of up to a week, or of a fortieth of the war if that is longer, may be of a
# battle, and those of windows of up to a month tell what the days around it were like; in a war of
# weeks both are parts of its length. Longer runs of short windows are series, and more than a
# quarter of the days are no choice of days. Judgement: the first day of the Somme stands alone in
# a table of years, the days of the Battle of Britain are of a series.
SHORT, SHORT_OF_LONG_WAR, SHORT_PART = WEEK, 40, 8
LONG, LONG_PART = MONTH, 3
MOST_PART = 4
# The prior ``rate.battle`` is of the highest hundredth of the days of a war. Of a lognormal with
# sd s on the log scale, the least of the highest share p of the days is exp(s z - s^2 / 2) times
# the mean day, with z the normal quantile of 1 - p; with s = 1.2 it is eight times at a hundredth.
RARE, DAYS_SD = 0.01, 1.2
# Share of the variance that the battles of one party have in common: judgement. Some wars are
# steady and some are quiet but for a few days, and days may be known for their losses or by chance.
IN_COMMON = 0.75

Span = tuple[int, int]
Battles = dict[str, list[Span]]


def battles_of(
    terms: pd.DataFrame, grid: Grid, components: Callable[[str], Iterable[str]]
) -> tuple[Battles, Grid]:
    """Half-open ranges of days of battles by party, and a grid with cells for them.

    Parameters
    ----------
    terms
        The observations of the submodel.
    components
        From a party to the parties that it is the sum of, itself where it is none.

    Examples
    --------
    >>> day, end = pd.Timestamp("1870-08-18"), pd.Timestamp("1870-12-31")
    >>> terms = pd.DataFrame({"party": ["a"], "kind": "window", "days": [((day, day),)]})
    >>> terms["accounting"] = "estimate"
    >>> battles_of(terms, Grid(pd.Timestamp("1870-07-19"), end), lambda party: [party])[0]
    {'a': [(30, 31)]}
    """
    windows = windows_of(terms, grid, components)
    found = {party: list(_battles(sorted(spans), grid.size)) for party, spans in windows.items()}
    battles = {party: spans for party, spans in found.items() if spans}
    return battles, cut_at(grid, battles)


def windows_of(
    terms: pd.DataFrame, grid: Grid, components: Callable[[str], Iterable[str]]
) -> dict[str, set[Span]]:
    """Half-open ranges of days that figures of losses are of, by party; arguments as above."""
    windows: dict[str, set[Span]] = {}
    for party, days in terms.loc[counts_losses(terms), ["party", "days"]].itertuples(index=False):
        lo, hi = grid.span(days[0][0], days[-1][1])
        for base in components(party):
            if lo < hi:
                windows.setdefault(base, set()).add((lo, hi))
    return windows


def cut_at(grid: Grid, spans: Mapping[str, Iterable[Span]]) -> Grid:
    """A grid whose cells begin and end with these ranges of days, too."""
    cuts = {day for own in spans.values() for span in own for day in span}
    return replace(grid, cuts=tuple(sorted(cuts.union(grid.cuts))))


def rarity(share: float) -> float:
    """Log factor of the highest share of the days, as a multiple of that of a hundredth.

    Examples
    --------
    >>> [round(rarity(share), 2) for share in (0.0001, 0.01, 0.1, 0.5)]
    [1.81, 1.0, 0.39, 0.0]
    """
    least, rare = (DAYS_SD * ndtri(1 - part) - DAYS_SD**2 / 2 for part in (share, RARE))
    return max(0.0, float(least / rare))


def _battles(windows: list[Span], size: int) -> Iterator[Span]:
    """Runs of days in short windows around which no window tells more than a total."""
    longest = min(max(SHORT, size // SHORT_OF_LONG_WAR), LONG)
    brief, middling = min(longest, max(size // SHORT_PART, 1)), min(LONG, size // LONG_PART)
    # Running totals begin together, and are of no battle.
    first = windows[0][0]
    running = any(lo == first and hi - lo > brief for lo, hi in windows)
    short, known = np.zeros(size + 2, dtype=bool), np.zeros(size + 2, dtype=bool)
    for lo, hi in windows:
        alone = not (running and lo == first)
        if alone and hi - lo <= brief:
            short[lo + 1 : hi + 1] = True
        elif hi - lo <= middling:
            known[lo + 1 : hi + 1] = True
    runs = np.flatnonzero(np.diff(short.astype(int))).reshape(-1, 2)
    if short.sum() > size / MOST_PART:
        return
    # Increments of running totals follow one another.
    begins, ends = (set(days) for days in zip(*windows, strict=True))
    for lo, hi in runs.tolist():
        if hi - lo <= LONG and not (known[lo : hi + 2].any() or hi in begins or lo in ends):
            yield lo, hi
