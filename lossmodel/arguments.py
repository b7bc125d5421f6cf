"""Arguments of public functions: a wrong one is a `UsageError` that says what is allowed.

Imports nothing heavy, so that commands start fast.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lossmodel.errors import UsageError
from lossmodel.text.spelling import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "check_choice",
    "check_ci_prob",
    "check_draws",
    "check_fit",
    "check_index",
    "check_path",
    "check_patience",
    "check_seed",
    "check_several",
    "check_type",
    "day_of",
    "parsed",
    "shown",
    "spelled",
]

Word = TypeVar("Word", bound=str)
Number = TypeVar("Number", int, float)

# The seeds that NumPy and its users have in common: 32 bits.
LARGEST_SEED: Final = 2**32 - 1
# Limits of an interval are quantiles; fewer draws than two have no sd.
FEWEST_DRAWS: Final = 2
# Draws of each submodel that fit into the memory of a computer of today.
MOST_DRAWS: Final = 1_000_000
# Characters of a value that an error repeats.
SHOWN: Final = 40
# Years of claims and of limits of a fit: those of a timestamp in nanoseconds, with room.
FIRST_YEAR: Final = 1700
LAST_YEAR: Final = 2199
_NUMBER: Final = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def check_ci_prob(ci_prob: object, default: float | None = None, name: str = "ci_prob") -> float:
    """Check the probability of an interval; None stands for the default, if there is one.

    Examples
    --------
    >>> check_ci_prob(0.9), check_ci_prob(None, 0.95)
    (0.9, 0.95)
    """
    if ci_prob is None and default is not None:
        return default
    found = _real(ci_prob)
    if not 0 < found < 1:
        raise UsageError(
            f"{name} is {shown(ci_prob)}; give a probability between 0 and 1, such as 0.95."
        )
    return found


def check_seed(seed: object) -> int:
    """Check a seed.

    Examples
    --------
    >>> check_seed(1)
    1
    """
    found = _whole(seed)
    if not 0 <= found <= LARGEST_SEED:
        raise UsageError(
            f"seed is {shown(seed)}; give a whole number from 0 to {LARGEST_SEED:,}, such as 1."
        )
    return found


def check_draws(draws: object) -> int | None:
    """Check a number of draws; None stands for the default of the engine.

    Examples
    --------
    >>> check_draws(500)
    500
    """
    if draws is None:
        return None
    found = _whole(draws)
    if not FEWEST_DRAWS <= found <= MOST_DRAWS:
        raise UsageError(
            f"draws is {shown(draws)}; give a whole number from {FEWEST_DRAWS} to "
            f"{MOST_DRAWS:,}, such as 1000, or None for the default of the engine."
        )
    return found


def check_patience(patience: object) -> float | None:
    """Check a limit in seconds; None stands for the default.

    Examples
    --------
    >>> check_patience(60)
    60.0
    """
    if patience is None:
        return None
    found = _real(patience)
    if not found >= 0:
        raise UsageError(
            f"patience is {shown(patience)}; give seconds, a number from 0 on, or None for the "
            "default."
        )
    return found


def check_choice(value: object, name: str, allowed: Iterable[Word]) -> Word:
    """Check that an argument is one of some words; upper and lower case are the same.

    Examples
    --------
    >>> check_choice("Monthly", "measure", ["daily", "monthly"])
    'monthly'
    """
    words = list(allowed)
    for word in words:
        if isinstance(value, str) and value.lower() == word:
            return word
    raise UsageError(f"No {name} {shown(value)}; there are: {', '.join(words)}.")


def check_type(value: object, name: str, kind: type | tuple[type, ...], remedy: str) -> None:
    """Check that an argument is an object of some class.

    Parameters
    ----------
    remedy
        What to give instead: the end of a sentence.

    Examples
    --------
    >>> check_type(1, "count", int, "a whole number")
    """
    if not isinstance(value, kind):
        raise UsageError(f"{name} is {shown(value)}; give {remedy}.")


def check_several(value: object, name: str) -> None:
    """Check that an argument holds several values: a text would be taken letter by letter.

    Examples
    --------
    >>> check_several(["1940-08-14"], "dates")
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise UsageError(f"{name} is {shown(value)}; give a list, such as [{shown(value)}].")


def check_fit(value: object) -> None:
    """Check that an argument is a fit, or has the tables of one.

    Examples
    --------
    >>> check_fit(fitted)
    """
    if not hasattr(value, "evidence") or not hasattr(value, "series"):
        raise UsageError(f'fit is {shown(value)}; give a fit, such as load_fit("fit.nc").')


def check_index(value: object, name: str, size: int, *, first: int = 0) -> int:
    """Check that an argument is the number of one of some rows or pages.

    Examples
    --------
    >>> check_index(0, "stream", 2)
    0
    """
    found, last = _whole(value), first + size - 1
    if not first <= found <= last:
        raise UsageError(f"{name} is {shown(value)}; give a whole number from {first} to {last}.")
    return found


def check_path(value: object, name: str) -> None:
    """Check that an argument is the name of a file or of a folder.

    Examples
    --------
    >>> check_path("fit.nc", "path")
    """
    check_type(value, name, (str, Path), "the name of a file or folder, as a text or a Path")


def day_of(value: object, name: str) -> pd.Timestamp | None:
    """A day from a text YYYY-MM-DD or from an object with a date; None stays None.

    Other texts are refused, because 01/02/2024 is one day in Europe and another in America.

    Examples
    --------
    >>> day_of("2024-02-01", "as_of")
    Timestamp('2024-02-01 00:00:00')
    """
    import numpy as np
    import pandas as pd

    if value is None:
        return None
    known = isinstance(value, dt.date | np.datetime64)
    if known or (isinstance(value, str) and _DATE.fullmatch(value.strip())):
        given: Any = value.strip() if isinstance(value, str) else value
        day = pd.to_datetime(given, errors="coerce")
        if day is not pd.NaT and day.tz is None and FIRST_YEAR <= day.year <= LAST_YEAR:
            found: pd.Timestamp = day.normalize()
            return found
    raise UsageError(
        f"{name} is {shown(value)}; give a day of the calendar without a time zone, in a year from "
        f'{FIRST_YEAR} to {LAST_YEAR}, as a text YYYY-MM-DD such as "2024-02-01", or as a date.'
    )


def spelled(word: object, names: Iterable[str], kind: str) -> str:
    """A name as it is written in a list of names, found in upper or lower case.

    Parameters
    ----------
    word
        The name as it was given.
    names
        The names that there are.
    kind
        What they are names of, for the error.

    Examples
    --------
    >>> spelled("Russia", ["russia", "ukraine"], "party")
    'russia'
    """
    known = list(dict.fromkeys(names))
    if isinstance(word, str):
        if word in known:
            return word
        # The first one, where two names differ in their case alone.
        found = [name for name in known if name.lower() == word.strip().lower()]
        if found:
            return found[0]
        hint = did_you_mean(word, known)
    else:
        hint = " Give a name as text."
    raise UsageError(f"No {kind} {shown(word)}; there are: {', '.join(known) or 'none'}.{hint}")


def parsed(text: object, kind: Callable[[str], Number]) -> Number | None:
    """The number of a text in digits 0 to 9; None for any other text.

    Python itself reads digits of any script, underscores between them, and words such as nan.

    Parameters
    ----------
    kind
        ``int`` or ``float``.

    Examples
    --------
    >>> parsed("12", int), parsed("1.5", int), parsed("1_2", int), parsed("1.5", float)
    (12, None, None, 1.5)
    """
    word = str(text)
    try:
        return kind(word) if _NUMBER.fullmatch(word) else None
    # A fraction that is no whole number, or thousands of digits.
    except ValueError:
        return None


def _whole(value: object) -> int:
    """A whole number; -1 for what is none."""
    return int(value) if not isinstance(value, bool) and isinstance(value, Integral) else -1


def _real(value: object) -> float:
    """A number; NaN for what is none, which no comparison holds for."""
    try:
        if isinstance(value, bool) or not isinstance(value, Real):
            return math.nan
        return float(value)
    except OverflowError:
        return math.inf


def shown(value: object) -> str:
    """A value within a sentence: its text, shortened where it is long, or its type.

    Examples
    --------
    >>> shown("many"), shown([1, 2])
    ("'many'", 'an object of type list')
    """
    if isinstance(value, str | Real | dt.date | None):
        try:
            text = repr(value)
        # Python does not print a whole number of more than 4,300 digits.
        except ValueError:
            return "a number of thousands of digits"
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return f"an object of type {type(value).__name__}"
