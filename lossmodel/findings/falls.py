"""Totals and counts that fall: how each fall reads, and the row that would settle it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.evidence.running_totals import rising
from lossmodel.findings.finding import Case
from lossmodel.findings.words import day, number, series_name
from lossmodel.text.numbers import some

if TYPE_CHECKING:
    from lossmodel.findings.columns import Columns, Floats, Ints
    from lossmodel.findings.finding import Material

__all__ = ["FOLD", "cut_counts", "falling_totals", "set_aside_totals"]

# A total is a misprint where this many times more totals on the other side of the fall contradict
# it. After a cut about as many totals before it are too high as totals after it are too low.
OUTNUMBERED: Final = 3
# Totals in a row that may be misprints of one hand; more are another count.
RUN: Final = 3
# A count that began anew is below this share of the last total, and within this many times the
# largest step of the series: its first total is a step.
ANEW: Final = 0.5
# Totals of a stream without a declared accounting from which a fall to under half is no revision.
SERIES: Final = 8
STEPS: Final = 2
# A total is out of line at this many times the geometric mean of its neighbours, or below it by as
# much, and a figure is no revision of one that is as many times higher or lower. A digit too many
# makes ten, less what a revision is, or what the totals around differ among themselves.
FOLD: Final = 5.0


def falling_totals(material: Material) -> Iterator[Case]:
    """Running totals that fall, where a count began anew, was cut, or has a misprint."""
    return _falling(material, mostly=False)


def set_aside_totals(material: Material) -> Iterator[Case]:
    """Series of running totals of which so many fall that most are set aside."""
    return _falling(material, mostly=True)


def cut_counts(material: Material) -> Iterator[Case]:
    """Latest counts of lists and registers that are set aside, as earlier ones are higher."""
    columns = material.columns
    counts = columns.accounted("counts_cases") & columns.counts_losses & columns.own
    for series in columns.by_series(counts & columns.single):
        last = int(series[np.lexsort((columns.published[series], columns.known[series]))[-1]])
        before = series[(columns.end[series] <= columns.end[last]) & (series != last)]
        before = before[columns.start[before] >= columns.start[last]]
        if not (material.merged[last] and (columns.value[before] > columns.value[last]).any()):
            continue
        high = int(before[np.argmax(columns.value[before])])
        message = (
            f"The latest count of {series_name(columns, last)}, "
            f"{number(columns.value[last])} ({day(columns.known[last])}), is below "
            f"{number(columns.value[high])} ({day(columns.known[high])}) and is set aside: remove "
            f"{columns.ids[high]} if cases were struck off, or correct {columns.ids[last]}."
        )
        yield Case(message, (columns.ids[last],))


def _falling(material: Material, *, mostly: bool) -> Iterator[Case]:
    columns = material.columns
    assessing = columns.accounted("assesses")
    for rows in columns.totals:
        values = columns.corrected(rows)
        if not assessing[rows[0]]:
            falls = _falls(columns, rows, values)
            aside = len(rows) - len(rising(values.tolist(), [(0,)] * len(rows))) if falls else 0
            fate = f"{aside} {'are' if aside > 1 else 'is'} set aside"
        else:
            # An author who declares estimates, or has few, may halve them; no one divides by five.
            revised = columns.declared[rows[0]] or len(rows) < SERIES
            halved = (np.flatnonzero(values[1:] < ANEW * values[:-1]) + 1).tolist()
            falls = [k for k in halved if _is_far(values, k)] if revised else halved
            aside, fate = 0, "all are read as estimates"
        if falls and (2 * aside > len(rows)) is mostly:
            yield _case(columns, rows, values, falls, fate)


def _is_far(values: Floats, place: int) -> bool:
    """Whether a fall is too large for a revision, or is from or to a total out of line."""
    far = FOLD * values[place] <= values[place - 1]
    return bool(far) or _stands_out(values, place - 1) or _sinks(values, place)


def _stands_out(values: Floats, place: int) -> bool:
    """Whether a total is many times those on both sides."""
    if not 0 < place < len(values) - 1:
        return False
    before, value, after = values[place - 1 : place + 2]
    far = value * value >= FOLD * FOLD * before * after
    return bool(far and ANEW * value >= max(before, after))


def _sinks(values: Floats, place: int) -> bool:
    """Whether a total is far below the one before it, to which the next one comes back."""
    if not 0 < place < len(values) - 1:
        return False
    before, value, after = values[place - 1 : place + 2]
    return bool(FOLD * value <= before <= after)


def _falls(columns: Columns, rows: Ints, values: Floats) -> list[int]:
    """Positions of totals that are below the one before them by more than both are rounded."""
    found = []
    for place in (np.flatnonzero(np.diff(values) < 0) + 1).tolist():
        rounded = max(columns.units(rows[place - 1 : place + 1]))
        if values[place - 1] - values[place] > rounded:
            found.append(place)
    return found


def _case(columns: Columns, rows: Ints, values: Floats, falls: Sequence[int], fate: str) -> Case:
    place = falls[0]
    high, low = int(rows[place - 1]), int(rows[place])
    more = ""
    if len(falls) > 1:
        more = f" It falls again on {some([day(columns.end[rows[fall]]) for fall in falls[1:]])}."
    message = (
        f"The total of {series_name(columns, low)} falls from {number(columns.value[high])} "
        f"({day(columns.end[high])}) to {number(columns.value[low])} ({day(columns.end[low])}); of "
        f"{len(rows)} totals {fate}. {_reading(columns, rows, values, place)}{more}"
    )
    return Case(message, tuple(columns.ids[rows[fall]] for fall in falls))


def _reading(columns: Columns, rows: Ints, values: Floats, place: int) -> str:
    """How a fall reads, and what would settle it."""
    high, low = int(rows[place - 1]), int(rows[place])
    if _stands_out(values, place - 1):
        return _misprint(columns, rows[place - 1 : place], "high")
    if _sinks(values, place):
        return _misprint(columns, rows[place : place + 1], "low")
    before, after = _too_high(values, place), _too_low(values, place)
    comes_back = place + after < len(values)
    if comes_back and after <= RUN and before >= OUTNUMBERED * after:
        return _misprint(columns, rows[place : place + after], "low")
    if before <= RUN and before < place and after >= OUTNUMBERED * before:
        return _misprint(columns, rows[place - before : place], "high")
    # The first total is no step: a table may begin long after its count.
    steps = np.delete(np.diff(values), place - 1)
    usual = float(steps.max()) if len(steps) else float(values[0])
    if after > 1 and values[place] <= min(ANEW * values[place - 1], STEPS * usual):
        begin = day(int(columns.end[high]) + 1)
        return (
            f"It reads like a count that began anew: give {columns.ids[low]} and the later totals "
            f"start {begin}."
        )
    if before == place <= RUN and after >= OUTNUMBERED * before:
        return _misprint(columns, rows[:place], "high")
    claimant, party, category, scope = columns.keys[columns.series[low]]
    back = float(columns.value[low] - columns.value[high])
    date = day(columns.end[low])
    reading = "losses taken back" if after > 1 else "a misprint or losses taken back"
    if not comes_back and after == 1:
        reading = "a new count, a misprint or losses taken back"
    return (
        f"It reads like {reading}: correct {columns.ids[high]} or {columns.ids[low]}, or add a row "
        f"{claimant}, {party}, {category}, {scope}, correction, start and end {date}, value "
        f"{number(back)} less the losses of that day."
    )


def _too_high(values: Floats, place: int) -> int:
    """How many totals before a fall are above the total after it, without a break."""
    above = values[:place][::-1] > values[place]
    return place if above.all() else int(above.argmin())


def _too_low(values: Floats, place: int) -> int:
    """How many totals after a fall are below the total before it, without a break."""
    below = values[place:] < values[place - 1]
    return len(below) if below.all() else int(below.argmin())


def _misprint(columns: Columns, rows: Ints, word: str) -> str:
    ids = [columns.ids[row] for row in rows.tolist()]
    return (
        f"It reads like a misprint: {some(ids)} {'are' if len(ids) > 1 else 'is'} too {word} among "
        f"the totals around; correct the value or remove the row."
    )
