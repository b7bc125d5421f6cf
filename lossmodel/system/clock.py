"""The time of day and the time that work takes, which a reproducible run leaves out.

`SOURCE_DATE_EPOCH` (seconds since 1970, see reproducible-builds.org) is then the time of day, and
nothing takes any time.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Final

from lossmodel.errors import UsageError

__all__ = ["now", "reproducible", "seconds_since"]

VARIABLE: Final = "SOURCE_DATE_EPOCH"


def reproducible() -> bool:
    """Whether a run is to leave out what differs between two runs."""
    return bool(os.environ.get(VARIABLE))


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
    if not reproducible():
        return datetime.now(UTC).replace(microsecond=0)
    given = os.environ[VARIABLE]
    try:
        return datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{VARIABLE} is {given!r}; it must be a number of seconds since 1970, or not be set."
        ) from None


def seconds_since(began: float) -> float:
    """Seconds since a reading of ``time.perf_counter()``, to the millisecond.

    Examples
    --------
    >>> seconds_since(time.perf_counter()) < 1
    True
    """
    return 0.0 if reproducible() else round(time.perf_counter() - began, 3)
