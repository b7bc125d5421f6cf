"""Typed values from a TOML document, with a note of every value that is not valid."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from lossmodel.arguments import FIRST_YEAR, LAST_YEAR
from lossmodel.tables.csv import first_odd_byte
from lossmodel.tables.days import day_remedy, parse_day
from lossmodel.tables.names import ALLOWED, LONGEST_NAME, hidden_letter, name_fault
from lossmodel.tables.nesting import is_deep
from lossmodel.tables.problems import Problems, one_of, quoted
from lossmodel.text.spelling import nearest

__all__ = ["Key", "Keys", "parse_toml", "toml_values"]

Value = Literal["text", "names", "day", "number", "whole", "flag", "table"]

# A section, a name and two keys.
_LONGEST_PLACE = 2 * LONGEST_NAME
# Names in a key, and tables and lists within each other: files of the package have four.
MOST_NESTED: Final = 32
_PART: Final = r"""(?:[\w-]+|"(?:\\[^\n]|[^"\\\n])*(?:"|$)|'[^'\n]*(?:'|$))"""
# Texts of several lines, comments, keys with too many names, and single names and texts.
_DEEP_KEY: Final = re.compile(
    r'"{3}(?:\\.|[^\\])*?(?:"{3}|\Z)'
    r"|'{3}.*?(?:'{3}|\Z)|#[^\n]*"
    rf"|(?P<deep>{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MOST_NESTED}}})|{_PART}",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Key:
    """One key of a TOML file.

    Attributes
    ----------
    value
        Type of its value. `names` is one name or a list of them, a `day` a TOML date or a text.
    meaning
        Its meaning, in one line.
    default
        Meaning of a missing key, in words; empty where it must be given.
    least, most
        Limits of a number; None for none.
    choices
        Words allowed.
    pattern
        Form of a text; empty for any.
    aliases
        Other names of the key.

    Examples
    --------
    >>> Key("rate_days", "whole", "Days between knots.", default="14", least=1, most=36_525).names
    ('rate_days',)
    """

    name: str
    value: Value
    meaning: str
    default: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the key, the usual one first."""
        return (self.name, *self.aliases)


def parse_toml(data: bytes, file: str, problems: Problems) -> Keys | None:
    """Parse a TOML file; None, and a note of the place, if it is not one.

    Examples
    --------
    >>> parse_toml(b"start = 2022-02-24", "conflict.toml", Problems()).day("start")
    Timestamp('2022-02-24 00:00:00')
    """
    try:
        return Keys(toml_values(data), "", file, problems)
    except ValueError as error:  # not UTF-8, or not TOML
        problems.add(
            file, "", found=str(error), allowed="TOML in UTF-8", remedy="Mend it at that place"
        )
        return None


def toml_values(data: bytes) -> dict[str, Any]:
    """The tables of a TOML file, with at most so many names in a key and tables in each other.

    Raises
    ------
    ValueError
        It is no such file; the text says why, and where.

    Examples
    --------
    >>> toml_values(b"start = 2022-02-24")
    {'start': datetime.date(2022, 2, 24)}
    """
    position, odd = first_odd_byte(data)
    if position is not None:
        line = data.count(b"\n", 0, position) + 1
        raise ValueError(f"{odd} (at line {line})")
    text = data.decode("utf-8-sig")
    # Before it is parsed: the time for a key grows with the square of its names.
    for found in _DEEP_KEY.finditer(text):
        if found["deep"]:
            line = text.count("\n", 0, found.start()) + 1
            raise ValueError(f"a key of more than {MOST_NESTED} names (at line {line})")
    try:
        values = tomllib.loads(text)
    except RecursionError:
        values = None
    if values is None or is_deep(values, MOST_NESTED + 1):
        raise ValueError(f"more than {MOST_NESTED} tables or lists within each other")
    return values


class Keys:
    """One table of a TOML document.

    Parameters
    ----------
    values
        Its keys and values.
    path
        Its dotted name, such as `parties.russia`; empty for the document itself.
    file
        Name of the file, for messages.
    problems
        Where problems are noted.

    Examples
    --------
    >>> keys = Keys({"share": 0.4}, "scopes.citizens", "conflict.toml", Problems())
    >>> keys.number("share", least=0, most=1), keys.flag("report")
    (0.4, False)
    """

    def __init__(self, values: Mapping[str, Any], path: str, file: str, problems: Problems) -> None:
        self.values, self.path = values, path
        self._file, self._problems = file, problems

    def wrong(self, key: str, *, allowed: str, remedy: str, found: object = None) -> None:
        """Note that the value of a key is not valid."""
        shown = self.values.get(key, "") if found is None else found
        place = ".".join(filter(None, (self.path, key)))
        if hidden_letter(place) or len(place) > _LONGEST_PLACE:
            place = quoted(place)
        self._problems.add(self._file, place, found=quoted(shown), allowed=allowed, remedy=remedy)

    def only(self, *known: str | Key) -> None:
        """Note keys that look like misspelled known ones; other unknown keys are allowed."""
        names = [name for key in known for name in ([key] if isinstance(key, str) else key.names)]
        missing = [name for name in names if name not in self.values]
        for key in self.values:
            if key in names:
                continue
            # Of a short key two letters that changed places are half of it.
            turned = [name for name in missing if sorted(name) == sorted(key)]
            meant = turned[0] if turned else nearest(key, missing, cutoff=0.8)
            if meant:
                self.wrong(key, allowed=one_of(names), remedy=f"Rename it to {meant}", found=key)

    def first(self, *keys: str) -> str:
        """The first of several names of a key that is present; the first name if none is."""
        return next((key for key in keys if key in self.values), keys[0])

    def table(self, key: str) -> Keys:
        """A table inside this one; empty if there is none."""
        value = self.values.get(key, {})
        path = ".".join(filter(None, (self.path, key)))
        if not isinstance(value, dict):
            self.wrong(key, allowed="a table", remedy=f"Write [{path}] and its keys below")
            value = {}
        return Keys(value, path, self._file, self._problems)

    def entries(self, key: str, *, short: str) -> Iterator[tuple[str, Keys]]:
        """Named entries of a section, each as a table.

        Parameters
        ----------
        key
            Name of the section.
        short
            Key that the value of an entry gets if it is not a table.
        """
        section = self.values.get(key, {})
        if isinstance(section, list) and all(isinstance(name, str) for name in section):
            section = dict.fromkeys(section, {})
        whole = Keys({key: section}, self.path, self._file, self._problems).table(key)
        for name, value in whole.values.items():
            whole.check_name(name)
            inner = value if isinstance(value, dict) else {short: value}
            yield name, Keys(inner, f"{whole.path}.{name}", self._file, self._problems)

    def check_name(self, name: str) -> None:
        """Note a name that cannot be seen whole."""
        fault = name_fault(name)
        if fault:
            self.wrong(name, allowed=ALLOWED, remedy=fault, found=name)

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            self.wrong(key, allowed="a text", remedy="Put it in quotes")
            return default
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """One name or a list of names, each of which is there once."""
        value = self.values.get(key, [])
        if isinstance(value, str):
            return (value,) if value else ()
        if isinstance(value, Sequence) and all(isinstance(name, str) for name in value):
            for name in [n for n in dict.fromkeys(value) if list(value).count(n) > 1]:
                remedy = "Leave the second one out, or correct it"
                self.wrong(key, allowed="each name once", remedy=remedy, found=name)
            return tuple(dict.fromkeys(value))
        self.wrong(key, allowed="a name or a list of names", remedy='Write it as ["a", "b"]')
        return ()

    def known_names(self, key: str, known: Sequence[str]) -> tuple[str, ...]:
        """Names as in `names`, each of which must be known."""
        names = self.names(key)
        for name in names:
            if name not in known:
                close = nearest(name, known)
                remedy = f"Did you mean {close}?" if close else "Correct it, or declare it"
                self.wrong(key, allowed=one_of(known), remedy=remedy, found=name)
        return tuple(name for name in names if name in known)

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, allowed="true or false", remedy="Write it without quotes")
            return default
        return value

    def day(self, key: str) -> pd.Timestamp | None:
        """A date, written as a TOML date or as text; None if there is none."""
        value = self.values.get(key, "")
        word = value if isinstance(value, str) else ""
        if isinstance(value, dt.datetime):
            word = value.date().isoformat()
        elif isinstance(value, dt.date):
            word = value.isoformat()
        day = parse_day(word)
        if day is None:
            if value != "":
                allowed = f"a day as YYYY-MM-DD, from {FIRST_YEAR} to {LAST_YEAR}"
                self.wrong(key, allowed=allowed, remedy=day_remedy(word))
            return None
        return pd.Timestamp(day)

    def coded(self, key: Key) -> str:
        """A text of the key's form; empty if there is none."""
        text = self.text(key.name)
        if text and not re.fullmatch(key.pattern, text, re.ASCII):
            self.wrong(key.name, allowed=key.meaning, remedy="Correct it, or leave it out")
            return ""
        return text

    def limited(self, key: Key) -> float | None:
        """A number within the key's limits, from the first of its names; None if there is none."""
        least = -math.inf if key.least is None else key.least
        most = math.inf if key.most is None else key.most
        return self.number(self.first(*key.names), least=least, most=most)

    def whole(self, key: Key) -> int | None:
        """A whole number within the key's limits; None if there is none."""
        value = self.limited(key)
        if value is not None and not value.is_integer():
            self.wrong(key.name, allowed="a whole number", remedy="Correct the number")
            return None
        return None if value is None else int(value)

    def number(self, key: str, *, least: float, most: float) -> float | None:
        """A number from `least` to `most`; None if there is none."""
        value = self.values.get(key)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            allowed = f"a number from {least:g} to {most:g}"
            self.wrong(key, allowed=allowed, remedy="Correct the number")
            return None
        return float(value)
