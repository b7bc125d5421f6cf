"""Days and windows as people and spreadsheets write them.

The format is one for a whole column. A form that can be read in two ways is read in the way that
the other cells prove, or is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lossmodel.importers.date_forms import DAY, EITHER, FORMS, RANK, Window, plain_date

__all__ = ["DAY", "Dates", "Window", "guess_dates", "why_no_date"]

NOON: Final = 12
# Minutes of clocks east of Greenwich ahead of UTC, summer time too: no other has a midnight.
ZONES: Final = frozenset(
    {
        *range(60, 15 * 60, 60),
        *(h * 60 + 30 for h in (3, 4, 5, 6, 9, 10)),
        *(h * 60 + 45 for h in (5, 8, 12)),
    }
)
WEEKDAY: Final = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|пн|вт|ср|чт|пт|сб|нд|вс)[a-z]*\.?,?\s+",
    re.IGNORECASE,
)
CLOCK: Final = re.compile(
    r"^(.*?)(?:[T ]\s*(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([ap]\.?m\.?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?$",
    re.IGNORECASE,
)
TAIL: Final = re.compile(r"\s*(?:г\.?|р\.?|года|року|год|рік)$")
# Marks between the two days of a window.
BETWEEN: Final = (
    *(" - ", " – ", "–", " — ", " to ", " bis ", " до ", " по "),
    *("至", "～", "/", "--", ".."),
)
LONGEST_CELL: Final = 100  # letters; a longer text is a remark, and takes long to search
SHORT: Final = re.compile(r"(\d{1,2})[-/ ](\d{1,2})[-/ ](\d{2})")
# "1-7 Jan 2001", "29 Jan-4 Feb 2001" and "Jan 29-Feb 4, 2001"; other hyphens join parts of one day,
# or figures.
SHORT_SPANS: Final = (
    re.compile(r"(\d{1,2}(?:\s+[^\W\d_]+)?)\s*-\s*(\d{1,2}\s+[^\W\d_]+\.?\s+\d{4})"),
    re.compile(r"([^\W\d_]+\.?\s+\d{1,2})\s*-\s*((?:[^\W\d_]+\.?\s+)?\d{1,2},?\s+\d{4})"),
)
MONTH_AHEAD: Final = re.compile(r"[^\W\d_]+\.?(?=\s+\d)")
# A number of a week or month with its days: "Week 1 (1-7 Jan 2001)".
NUMBERED: Final = re.compile(
    r"(?:week|wk|w|month|period|day|kw|woche|monat|semaine|semana|тиждень|неделя|місяць|месяц)"
    r"\s*\d+\s*[(\[]([^()\[\]]+)[)\]]",
    re.IGNORECASE,
)
EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Dates:
    """Format of the dates of a column.

    Attributes
    ----------
    day_first
        Whether 03/04/2024 is in April; None if it cannot be told.
    next_day
        Whether instants in UTC are midnights of the day after, east of Greenwich.
    notes
        What was decided, a sentence each.

    Examples
    --------
    >>> Dates(day_first=True).read("03/04/2024").start.isoformat()
    '2024-04-03'
    >>> window = Dates().read("Week 1 (1-7 Jan 2001)")
    >>> window.start.isoformat(), window.end.isoformat()
    ('2001-01-01', '2001-01-07')
    """

    day_first: bool | None = None
    next_day: bool = False
    notes: tuple[str, ...] = ()

    def read(self, cell: str) -> Window | None:
        """First and last day of a cell; None if it is no date in this format."""
        found = _read(cell, self.day_first, next_day=self.next_day) or self._span(cell)
        if found is None and (numbered := NUMBERED.fullmatch(cell.strip())):
            return self.read(numbered[1])
        return found

    def read_either(self, cell: str) -> Window | None:
        """As `read`; a cell that has two readings is read in the first that is a date."""
        return self.read(cell) or _read(cell, True) or _read(cell, False)

    def _span(self, cell: str) -> Window | None:
        """Window between two days in one cell."""
        for mark in BETWEEN:
            halves = cell.split(mark)
            if len(halves) == 2 and all(halves) and (found := self._between(*halves)):
                return found
        for pattern in SHORT_SPANS:
            if days := pattern.fullmatch(cell.strip()):
                return self._between(days[1], days[2])
        return None

    def _between(self, first: str, last: str) -> Window | None:
        """Window of two days: the first may lack the month and year, the last a month before it."""
        first, last = first.strip(), last.strip()
        month = MONTH_AHEAD.match(first)
        end = _read(last, self.day_first)
        if end is None and month:
            last = f"{month[0]} {last}"
            end = _read(last, self.day_first)
        if end is None:
            return None
        # As it stands last: "Jan 30" is a month of 2030, too.
        wholes = (*(f"{first} {rest}" for rest in (last[-4:], last.partition(" ")[2])), first)
        start = next(filter(None, (_read(whole, self.day_first) for whole in wholes)), None)
        if start and start.start > end.end and start.start.month != end.end.month:
            # "29 Dec - 4 Jan 2001": the year is that of the last day.
            start = _read(f"{first} {end.end.year - 1}", self.day_first)
        if start is None or start.start > end.end:
            return None
        return Window(start.start, end.end, "first and last day")


# Columns of many rows have few days.
@lru_cache(maxsize=100_000)
def _read(cell: str, day_first: bool | None, *, next_day: bool = False) -> Window | None:
    if len(cell) > LONGEST_CELL or not any(map(str.isdigit, cell)):
        return None
    text = WEEKDAY.sub("", TAIL.sub("", plain_date(cell.strip())))
    instant = _instant(text)
    if instant:
        day = instant[0] + next_day * DAY
        return Window(day, day, "seconds since 1970")
    clock = CLOCK.match(text)
    plain = (clock[1] if clock and clock[2] else text).strip().rstrip(",")
    if text[-1:] in ("Z", "z") and clock and not clock[2]:
        plain = clock[1].strip()
    for form, pattern, order, read in FORMS:
        match = pattern.fullmatch(plain)
        if not match or (form in EITHER and form != _form(day_first)):
            continue
        parts = sorted(zip(order, match.groups(), strict=True), key=lambda p: RANK.index(p[0]))
        try:
            start, end = read(*(part for _, part in parts))
        except ValueError:
            continue
        off = next_day * DAY if clock and clock[2] else dt.timedelta()
        return Window(start + off, end + off, form)
    return None


def _form(day_first: bool | None) -> str:
    return "" if day_first is None else EITHER[0] if day_first else EITHER[1]


def _instant(text: str) -> tuple[dt.date, int] | None:
    """Day and second of the day of an instant in seconds or milliseconds since 1970."""
    if not re.fullmatch(r"\d{9,10}|\d{12,13}", text):
        return None
    seconds = int(text) // (1 if len(text) <= 10 else 1000)
    return EPOCH + (seconds // 86_400) * DAY, seconds % 86_400


def guess_dates(
    cells: Iterable[str],
    day_first: bool | None = None,
    *,
    inside: tuple[dt.date, dt.date] | None = None,
) -> Dates:
    """Format of the dates of a column.

    Parameters
    ----------
    cells
        Its cells in any order, which does not matter.
    day_first
        Order of day and month, if the user gave it.
    inside
        First and last day of the war: an order in which days fall outside is not meant.

    Examples
    --------
    >>> guess_dates(["01/02/2024", "23/02/2024"]).notes
    ('dates are day/month/year',)
    >>> guess_dates(["01/02/2024", "02/02/2024"]).read("01/02/2024") is None
    True
    """
    unique = sorted(set(cells))
    next_day, notes = _midnights(unique)
    open_ = [cell for cell in unique if _read(cell, None) is None]
    both = {order: [_read(cell, order) for cell in open_] for order in (True, False)}
    orders = {order for order, found in both.items() if any(found)}
    if not orders:
        return Dates(day_first, next_day, (*notes, *_named(unique, day_first)))
    if day_first is not None:
        return Dates(day_first, next_day, (*notes, *_named(unique, day_first)))
    if _may_begin_with_the_year(open_):
        return Dates(None, next_day, (*notes, *_named(unique, None)))
    readable = {order: sum(map(bool, both[order])) for order in orders}
    best = {order for order in orders if readable[order] == max(readable.values())}
    if len(best) == 2 and inside:
        held = {order: _held(both[order], inside) for order in best}
        best = {order for order in best if held[order] == max(held.values())}
    order = best.pop() if len(best) == 1 else None
    return Dates(order, next_day, (*notes, *_named(unique, order)))


def why_no_date(cell: str) -> str:
    """Why a cell is no day, with the cell where it has nothing but numbers and a month.

    Examples
    --------
    >>> why_no_date("32/05/2001"), why_no_date("1 mai"), why_no_date("Ann Other")
    (": '32/05/2001' is no day of the calendar", ": '1 mai' has no year", '')
    """
    numbers = re.findall(r"\d+", cell)
    if not numbers or len(cell) > LONGEST_CELL:
        return ""
    # Any other word may be the name of a person, which no message shows.
    plain = plain_date(cell.strip())
    words = re.findall(r"[^\W\d_]+", plain)
    if not all(_read(f"1 {word} 2001", None) for word in words):
        return ""
    if _read(f"{plain} 2001", None) or _read(f"{plain}/2004", True):
        return f": {cell!r} has no year"
    return f": {cell!r} is no day of the calendar" if len(numbers) + len(words) > 1 else ""


def _may_begin_with_the_year(cells: list[str]) -> bool:
    """Whether days such as 22/02/24 may be year, month and day: the last part is no fewer years."""
    parts = [match.groups() for cell in cells if (match := SHORT.fullmatch(cell))]
    if not parts or len(parts) < len(cells):
        return False
    for year, month, day in parts:
        if _read(f"20{year.zfill(2)}-{month}-{day}", None) is None:
            return False
    return len({day for *_, day in parts}) >= len({year for year, *_ in parts})


def _held(found: list[Window | None], inside: tuple[dt.date, dt.date]) -> int:
    return sum(inside[0] <= w.start and w.end <= inside[1] for w in found if w)


def _named(cells: list[str], day_first: bool | None) -> list[str]:
    """Forms of the cells in words."""
    found = Dates(day_first)
    forms = dict.fromkeys(window.form for cell in cells if (window := found.read(cell)))
    words = {
        "day-first": "day/month/year",
        "month-first": "month/day/year",
        "month": "months",
        "ISO week": "ISO weeks",
        "year": "years",
        "quarter": "quarters",
    }
    named = " or ".join(dict.fromkeys(words.get(form, form) for form in forms))
    return [f"dates are {named}"] if named else []


def _midnights(cells: list[str]) -> tuple[bool, list[str]]:
    """Whether instants are midnights of the next day, and what is said of hours."""
    times = []
    for cell in cells:
        instant = _instant(cell)
        clock = CLOCK.match(cell) if len(cell) <= LONGEST_CELL else None
        if instant:
            times.append((instant[1], True))
        elif clock and clock[2]:
            hour = (
                int(clock[2]) % 12 + 12 * ("p" in clock[5].lower()) if clock[5] else int(clock[2])
            )
            second = 3600 * hour + 60 * int(clock[3]) + int(clock[4] or 0)
            zone = (clock[6] or "").upper()
            times.append((second, zone in ("Z", "UTC", "GMT", "+00:00", "+0000")))
    seconds = {second for second, _ in times}
    if not seconds or seconds == {0}:
        return False, []
    if max(seconds) - min(seconds) > 3600 or any(s % 900 for s in seconds):
        return False, ["hours are left out: a time belongs to the day that it is written with"]
    midnights = all((86_400 - s) / 60 in ZONES for s in seconds)
    if min(seconds) < NOON * 3600 or not midnights:
        return False, ["instants are the same hour of each day: the day is the one written"]
    hours = " or ".join(f"{s // 3600}:{s % 3600 // 60:02d}" for s in sorted(seconds))
    if all(utc for _, utc in times):
        return True, [f"instants at {hours} UTC are midnights of the next day, local time"]
    return False, [
        f"all times are {hours}: the day is the one written; if they are midnights in UTC, the "
        "local day is the next"
    ]
