"""Days, months and quarters in words, as the language of questions writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lossmodel.text.months import MONTHS

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["is_month", "with_numbers"]

_NUMBERS: Final = {
    **{month.lower(): n for n, month in enumerate(MONTHS, start=1)},
    **{month[:3].lower(): n for n, month in enumerate(MONTHS, start=1)},
    "sept": 9,
}
_MONTH: Final = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_WORDS: Final = re.compile(
    rf"(?<!\S)(?:in |on )?(?:(?P<day>\d{{1,2}}) )?(?P<month>{_MONTH})\.?"
    r"(?: (?P<day2>\d{1,2}),?)? (?P<year>\d{4})(?![^\s)/])",
    re.ASCII,
)
_QUARTER: Final = re.compile(
    r"(?<!\S)(?:in )?(?:q([1-4])[ -]?(\d{4})|(\d{4})[ -]?q([1-4]))(?![^\s)/])", re.ASCII
)
_IN: Final = re.compile(r"(?<=\S )(?:in|on) (?=\d{4})", re.ASCII)


def is_month(word: str) -> bool:
    """Whether a word in lower case is a month.

    Examples
    --------
    >>> is_month("sept"), is_month("north")
    (True, False)
    """
    return word in _NUMBERS


def with_numbers(text: str, names: Collection[str]) -> str:
    """A question in lower case with its windows in numbers: 2020-09 for september 2020.

    Words that are names of the fit stay as they are.

    Parameters
    ----------
    names
        Names of the fit, in lower case.

    Examples
    --------
    >>> with_numbers("killed armenia in sept 2020", ["armenia"])
    'killed armenia 2020-09'
    >>> with_numbers("killed armenia 30 september 2020 / killed armenia q3 2020", [])
    'killed armenia 2020-09-30 / killed armenia 2020-q3'
    """

    def numbers(found: re.Match[str]) -> str:
        day = found["day"] or found["day2"]
        if found["month"] in names or (found["day"] and found["day2"]):
            return found[0]
        month = f"{found['year']}-{_NUMBERS[found['month']]:02d}"
        return f"{month}-{int(day):02d}" if day else month

    def quarter(found: re.Match[str]) -> str:
        return f"{found[2] or found[3]}-q{found[1] or found[4]}"

    text = _QUARTER.sub(quarter, _WORDS.sub(numbers, text))
    return text if {"in", "on"} & set(names) else _IN.sub("", text)
