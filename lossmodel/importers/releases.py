"""Days of releases of public sets of events, as the names of their files say them.

UCDP numbers its releases. Version 25.1 of the Georeferenced Event Dataset (``GEDEvent_v25_1.csv``)
covers the years to 2024 and came out about June 2025; the cover of its codebook says that the data
were extracted on 2025-03-19. Candidate events of March 2025 are version 25.0.3, those of January to
March ``GEDEvent_v25_01_25_03.csv``, and come out with a lag of up to a month (Hegre et al. 2020).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, NamedTuple

from lossmodel.importers.dates import DAY
from lossmodel.system.clock import now

__all__ = ["Release", "ucdp_release"]

CENTURY: Final = 2000
MONTHS: Final = 12
NAME: Final = re.compile(
    r"(?<![a-z])ged(?:[-_ ]?events?)?[-_ ]?v?[-_ ]?(\d[\d_. -]*)", re.IGNORECASE
)
# What a browser or a user puts behind the version: the number of a copy, or a date.
COPY: Final = r"(?:[ -]+\d+)*"
# The first version of which the number is a year; those before are 5.0 and lower.
FIRST: Final = 17
YEARLY: Final = re.compile(rf"(\d\d)[_. -]?1{COPY}")
MONTHLY: Final = re.compile(rf"(\d\d)[_. -]0[_. -](\d{{1,2}}){COPY}")
MONTHS_OF_A_YEAR: Final = re.compile(rf"(\d\d)[_. -]0?1[_. -](\d\d)[_. -](\d\d){COPY}")
# Month and day up to which the records of a yearly version were extracted, as of 25.1, and by which
# it is published.
EXTRACTED: Final = (3, 19)
PUBLISHED: Final = (6, 30)


class Release(NamedTuple):
    """A version of a set of events.

    Attributes
    ----------
    version
        As its makers write it.
    known, published
        Days up to which it has events, and by which it is out; neither is exact.
    why
        How the days follow from the version, in words.
    covered
        Day before which it cannot exist: that of the extraction, or the last of its month.
    """

    version: str
    known: dt.date
    published: dt.date
    why: str
    covered: dt.date


def ucdp_release(name: str) -> Release | None:
    """The release that a file of UCDP has in its name; None if it has none, or one to come.

    Parameters
    ----------
    name
        Name of a file.

    Examples
    --------
    >>> release = ucdp_release("GEDEvent_v25_1.csv")
    >>> release.version, str(release.known), str(release.published)
    ('25.1', '2025-03-19', '2025-06-30')
    >>> str(ucdp_release("GEDEvent_v25_0_3.csv").published), ucdp_release("events.csv")
    ('2025-04-30', None)
    >>> ucdp_release("GEDEvent_v24_1-2.csv").version, ucdp_release("GEDEvent_v99_1.csv")
    ('24.1', None)
    """
    found = NAME.search(name)
    numbers = found.group(1).strip("_.- ") if found else ""
    release = _release(numbers)
    today = now().date()
    # A version of which the events are yet to come is none.
    if release is None or release.covered > today:
        return None
    # One that is at hand is out.
    return release._replace(
        known=min(release.known, today), published=min(release.published, today)
    )


def _release(numbers: str) -> Release | None:
    """The release of a version, with what may stand behind it; None for what is no version."""
    # That of months has the number of a yearly one, and two more that would be taken for a copy's.
    if match := MONTHS_OF_A_YEAR.fullmatch(numbers):
        first, year, month = map(int, match.groups())
        version = f"{first}.01.{year}.{month:02}"
        if first != year:
            return None
    elif match := MONTHLY.fullmatch(numbers):
        year, month = map(int, match.groups())
        version = f"{year}.0.{month}"
    elif match := YEARLY.fullmatch(numbers):
        year = int(match.group(1))
        if year < FIRST:
            return None
        known, published = (dt.date(CENTURY + year, *day) for day in (EXTRACTED, PUBLISHED))
        why = "a yearly version is extracted about March and published about June of its year"
        return Release(f"{year}.1", known, published, why, known)
    else:
        return None
    if year < FIRST or not 1 <= month <= MONTHS:
        return None
    covered, day = (_last_day(CENTURY + year, month + more) for more in (0, 1))
    why = "candidate events are published up to a month after the month that they are of"
    return Release(version, day, day, why, covered)


def _last_day(year: int, month: int) -> dt.date:
    """Last day of a month; the thirteenth is the first of the next year."""
    months = year * MONTHS + month
    return dt.date(months // MONTHS, months % MONTHS + 1, 1) - DAY
