"""The time of day and the time that work takes, which a reproducible run leaves out.

`SOURCE_DATE_EPOCH` (seconds since 1970, see reproducible-builds.org) is then the time of day, and
nothing takes any time.
"""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from typing import Final

from lossmodel.errors import UsageError

__all__ = ["begin", "now", "reproducible", "seconds_since", "slowdown"]

VARIABLE: Final = "SOURCE_DATE_EPOCH"
LATEST: Final = datetime(2199, 12, 31, tzinfo=UTC)


def begin() -> None:
    """Look at `SOURCE_DATE_EPOCH` before a command works; empty, it counts as not set.

    Libraries that write files read the variable as well, and some of them an empty one as a number.

    Raises
    ------
    UsageError
        It is not a number of seconds.
    """
    if not reproducible():
        os.environ.pop(VARIABLE, None)


def reproducible() -> bool:
    """Whether a run is to leave out what differs between two runs.

    Raises
    ------
    UsageError
        `SOURCE_DATE_EPOCH` is not a number of seconds.
    """
    return _given() is not None


def now() -> datetime:
    """The time of day in UTC, to the second.

    Raises
    ------
    UsageError
        `SOURCE_DATE_EPOCH` is not a number of seconds.

    Examples
    --------
    >>> now().tzinfo is UTC
    True
    """
    return _given() or datetime.now(UTC).replace(microsecond=0)


def _given() -> datetime | None:
    """The time of day that `SOURCE_DATE_EPOCH` gives; None if it is not set or empty."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        return None
    last = int(LATEST.timestamp())
    if re.fullmatch(r"\d{1,12}", given, re.ASCII) and int(given) <= last:
        return datetime.fromtimestamp(int(given), UTC)
    raise UsageError(
        f"{VARIABLE} is {given[:40]!r}; it must be a whole number of seconds since 1970, from 0 to "
        f"{last}, or not be set."
    )


def seconds_since(began: float) -> float:
    """Seconds since a reading of ``time.perf_counter()``, to the millisecond.

    Examples
    --------
    >>> seconds_since(time.perf_counter()) < 1
    True
    """
    return 0.0 if reproducible() else round(time.perf_counter() - began, 3)


def slowdown(by_clock: float, of_work: float) -> float:
    """How many times longer than on an idle machine work takes, in seconds of both; at least 1.

    Examples
    --------
    >>> slowdown(3.0, 1.5), slowdown(1.0, 1.0), slowdown(0.0, 1.0)
    (2.0, 1.0, 1.0)
    """
    return max(by_clock / max(of_work, 1e-3), 1.0)
