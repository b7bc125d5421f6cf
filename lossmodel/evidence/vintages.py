"""Lists and registers: increments between two dates of knowledge."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lossmodel.evidence.bounds import NEAR_DAYS
from lossmodel.evidence.claim_records import Figure, Window, latest
from lossmodel.evidence.observations import Observation, rounding_variance, single_observation
from lossmodel.evidence.partitions import Partition, partitions
from lossmodel.evidence.revisions import merge_restatements, merge_revisions
from lossmodel.evidence.rounding import SD_OF_UNIT, series_units
from lossmodel.evidence.running_totals import keep
from lossmodel.tables.vocabulary import QUALIFIERS, AccountingRules

if TYPE_CHECKING:
    from lossmodel.evidence.outcomes import Outcomes

__all__ = ["vintage_observations"]

RUNNING: Final[Window] = (0, 0)
# An increment need only exceed its rounding, which is in its noise: joining vintages would lose the
# last count of a list, its best one.
VINTAGE_TIMES: Final = 1
# A difference of two statistical counts under twice its sd, from their ranges, is noise: chance
# exceeds that once in twenty times.
RANGE_PART: Final = 2
WHY: Final = {
    "repeated": "Repeats the count of an earlier date: no case was added.",
    "out of order": "Out of order among its neighbouring vintages: a corrected count.",
    "tiled": "Its names are counted again by a release with all periods of death.",
    "summed": "A period of the first release, whose sum continues the running totals before it.",
    "recounted": "Counted again for the same days: the last count of a register stands.",
    "joined": "Its increment is smaller than the rounding: joined with a neighbouring vintage.",
}


def vintage_observations(
    figures: Iterable[Figure],
    *,
    first: int,
    accounting: AccountingRules,
    outcomes: Outcomes,
    recount_days: float = 0.0,
) -> list[Observation]:
    """One observation per vintage: the increment in knowledge since the previous one.

    A running count grows in days and in knowledge at once; a count of the dead of one window grows
    in knowledge alone. Each is a chain of its own; a running count shares its names with the counts
    of all periods of death, see `partitions`. "At least" in a list is a count of verified cases,
    hence a point; in a register it is a bound, which is not differenced and is used only if no
    point of its chain is near.

    Parameters
    ----------
    figures
        All figures of one claimant, party, category and scope.
    first
        First day of the conflict, in days since 1970.
    accounting
        Rules of the stream's accounting.
    outcomes
        Where merged claims are noted.
    recount_days
        A later count of the same days replaces one that is older by no more days than these: of
        registers, which have no delay but that of declarations.
    """
    points: list[Figure] = []
    bounds: list[Figure] = []
    for figure in figures:
        if not figure.is_bound:
            points.append(figure)
        elif figure.is_sum or not accounting.minimum_is_count:
            bounds.append(figure)
        else:
            points.append(replace(figure, form="point"))
    observations: list[Observation] = []
    points = _one_a_date(points, outcomes)
    points = _without_replaced(points, recount_days, outcomes)
    triangle = partitions(points, first)
    if triangle:
        points, observations = _of_triangle(triangle, points, first, outcomes)
    chains = _chains(points, first)
    for name, chain in chains.items():
        chains[name], increments = _increments(chain, outcomes)
        observations += increments
    for bound in merge_restatements(merge_revisions(bounds, outcomes), outcomes):
        name = RUNNING if bound.start == first else bound.window
        near = [f for f in chains.get(name, ()) if _is_near(f, bound)]
        if near:
            outcomes.merge(
                bound.members,
                near[0].members,
                "A bound within a fortnight of a count of the same series adds nothing.",
            )
        else:
            observations.append(single_observation(bound, kind="vintage"))
    return observations


def _of_triangle(
    triangle: Sequence[Partition], points: Sequence[Figure], first: int, outcomes: Outcomes
) -> tuple[list[Figure], list[Observation]]:
    """Each name once, of a triangle and of the running totals beside it, see `partitions`.

    Returns
    -------
    points, observations
        Counts of other windows, and what is new in those of the triangle and in the totals.
    """
    begin, end = triangle[0], triangle[-1]
    windows = {tile.window for date in triangle for tile in date.tiles}
    tiles = [f for f in points if f.window in windows and f.known >= begin.known]
    inside = set(map(id, tiles))
    before = [f for f in points if f.start == first and f.known < begin.known]
    by_totals = len(before) > len(begin.tiles)
    if by_totals:
        inside |= set(map(id, [*before, begin.total]))
    after: list[Figure] = []
    others: list[Figure] = []
    for figure in (f for f in points if id(f) not in inside):
        if figure.known > end.known:
            goes_on = figure.start == first and figure.end >= (after or [end.sum])[-1].end
            (after if goes_on else others).append(figure)
        else:
            date = next(date for date in triangle if date.known >= figure.known)
            outcomes.merge(figure.members, date.members, WHY["tiled"])
    observations: list[Observation] = []
    for start in dict.fromkeys(f.start for f in tiles):
        chain = [f for f in tiles if f.start == start]
        found = _increments(chain, outcomes)[1]
        if by_totals and chain[0].known == begin.known:
            outcomes.merge(found[0].members, begin.sum.members, WHY["summed"])
            found = found[1:]
        observations += found
    if by_totals:
        observations += _increments([*before, begin.sum], outcomes)[1]
    if after:
        base, *found = _increments([end.sum, *after], outcomes)[1]
        outcomes.merge(base.members, end.members, WHY["tiled"])
        observations += found
    return others, observations


def _chains(points: Iterable[Figure], first: int) -> dict[Window, list[Figure]]:
    """Chains of vintages that can be subtracted from one another, in the order of knowledge.

    A count from the start continues the running chain unless its window ends before that of the
    previous one: then neither count contains the other.
    """
    chains: defaultdict[Window, list[Figure]] = defaultdict(list)
    for figure in points:
        running = chains[RUNNING] if figure.start == first else None
        if running is None or (running and figure.end < running[-1].end):
            chains[figure.window].append(figure)
        else:
            running.append(figure)
    return {name: chain for name, chain in chains.items() if chain}


def _one_a_date(points: Iterable[Figure], outcomes: Outcomes) -> list[Figure]:
    dates: defaultdict[tuple[int, Window], list[Figure]] = defaultdict(list)
    for figure in points:
        dates[figure.known, figure.window].append(figure)
    nodes = []
    for place in sorted(dates, key=lambda place: (place[0], place[1][1], place[1][0])):
        chosen = latest(dates[place])
        nodes.append(chosen)
        for figure in dates[place]:
            if figure is not chosen:
                outcomes.merge(
                    figure.members,
                    chosen.members,
                    "Another count of the same date is used: published later, or more exact.",
                )
    return nodes


def _without_replaced(
    points: Iterable[Figure], recount_days: float, outcomes: Outcomes
) -> list[Figure]:
    """The counts but those of which a later one of the same days is a new count."""
    if not recount_days:
        return list(points)
    kept: dict[Window, Figure] = {}
    left: list[Figure] = []
    for figure in sorted(points, key=lambda f: f.known, reverse=True):
        later = kept.get(figure.window)
        if later is not None and later.known - figure.known <= recount_days:
            outcomes.merge(figure.members, later.members, WHY["recounted"])
            continue
        kept[figure.window] = figure
        left.append(figure)
    return left[::-1]


def _is_near(figure: Figure, bound: Figure) -> bool:
    return abs(figure.known - bound.known) <= NEAR_DAYS


def _increments(nodes: list[Figure], outcomes: Outcomes) -> tuple[list[Figure], list[Observation]]:
    """Nondecreasing vintages whose increments exceed their rounding, and the increments."""
    rounding = _units(nodes)
    units = [max(unit, RANGE_PART * _range_sd(f)) for f, unit in zip(nodes, rounding, strict=True)]
    kept, given = keep(
        [_count(f) for f in nodes], units, [f.relayed for f in nodes], times=VINTAGE_TIMES
    )
    for drop in given:
        outcomes.merge(nodes[drop.place].members, nodes[drop.into].members, WHY[drop.reason])
    kept = _rising(kept, nodes, outcomes)
    observations = [single_observation(nodes[kept[0]], kind="vintage", unit=rounding[kept[0]])]
    for a, b in zip(kept, kept[1:], strict=False):
        observations.append(_increment(nodes[a], nodes[b], units=(rounding[a], rounding[b])))
    return [nodes[place] for place in kept], observations


def _rising(kept: Sequence[int], nodes: Sequence[Figure], outcomes: Outcomes) -> list[int]:
    """Kept vintages without repetitions of the previous count."""
    rising: list[int] = []
    for place in kept:
        if rising and _count(nodes[place]) == _count(nodes[rising[-1]]):
            into = nodes[rising[-1]].members
            outcomes.merge(nodes[place].members, into, WHY["repeated"])
        else:
            rising.append(place)
    return rising


def _count(figure: Figure) -> float:
    if figure.form == "interval":
        return (figure.low + figure.high) / 2
    return figure.value


def _range_sd(figure: Figure) -> float:
    return (
        (figure.high - figure.low) * SD_OF_UNIT if QUALIFIERS[figure.qualifier].has_limits else 0.0
    )


def _units(nodes: Sequence[Figure]) -> list[float]:
    counts = [f for f in nodes if f.form != "interval"]
    found = series_units(
        [f.value / f.times for f in counts], [not QUALIFIERS[f.qualifier].exact for f in counts]
    )
    of = {f.claim_id: unit * f.times for f, unit in zip(counts, found, strict=True)}
    return [of.get(f.claim_id, 0.0) for f in nodes]


def _increment(a: Figure, b: Figure, *, units: tuple[float, float]) -> Observation:
    value = _count(b) - _count(a)
    # Sd of the difference on the log scale, by the delta method; a zero has no log.
    sd = math.hypot(_range_sd(a), _range_sd(b))
    return Observation(
        carrier=b,
        members=a.members + b.members,
        form="point",
        value=value,
        kind="vintage",
        days=(b.window,),
        variance=rounding_variance(a, units[0]) + rounding_variance(b, units[1]),
        range_sd=sd / value if value else 0.0,
        known_from=a.known,
        days_from=(a.window,),
    )
