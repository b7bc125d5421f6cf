"""Reading keys of a TOML document one by one, and noting every value that cannot be used."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from lossmodel.tables.cells import parse_day
from lossmodel.tables.problems import Problems, nearest, one_of, quoted

__all__ = ["Keys", "parse_toml"]


def parse_toml(data: bytes, file: str, problems: Problems) -> Keys | None:
    """Parse a TOML file, or note where it breaks off."""
    try:
        return Keys(tomllib.loads(data.decode("utf-8-sig")), "", file, problems)
    except (ValueError, RecursionError) as error:  # not UTF-8, or not TOML
        problems.add(
            file, "", found=str(error), allowed="TOML in UTF-8", remedy="Mend it at that place"
        )
        return None


class Keys:
    """One table of a TOML document.

    Parameters
    ----------
    path
        Where the table stands, as `parties.russia`; empty for the document itself.
    """

    def __init__(self, values: Mapping[str, Any], path: str, file: str, problems: Problems) -> None:
        self.values, self.path = values, path
        self._file, self._problems = file, problems

    def wrong(self, key: str, *, allowed: str, remedy: str, found: object = None) -> None:
        """Note that a key's value cannot be used."""
        shown = self.values.get(key, "") if found is None else found
        place = ".".join(filter(None, (self.path, key)))
        self._problems.add(self._file, place, found=quoted(shown), allowed=allowed, remedy=remedy)

    def only(self, *known: str) -> None:
        """Refuse keys that look like a misspelled known one; other keys are nobody's business."""
        missing = [name for name in known if name not in self.values]
        for key in self.values:
            meant = nearest(key, missing, cutoff=0.8) if key not in known else ""
            if meant:
                self.wrong(key, allowed=one_of(known), remedy=f"Rename it to {meant}", found=key)

    def first(self, *keys: str) -> str:
        """Pick which of several spellings of a key is there; the first if none is."""
        return next((key for key in keys if key in self.values), keys[0])

    def table(self, key: str) -> Keys:
        """Go into a table, empty where there is none."""
        value = self.values.get(key, {})
        path = ".".join(filter(None, (self.path, key)))
        if not isinstance(value, dict):
            self.wrong(key, allowed="a table", remedy=f"Write [{path}] and its keys below")
            value = {}
        return Keys(value, path, self._file, self._problems)

    def entries(self, key: str, *, short: str) -> Iterator[tuple[str, Keys]]:
        """Go through named entries: tables, plain values put under the key `short`, or names."""
        section = self.values.get(key, {})
        if isinstance(section, list) and all(isinstance(name, str) for name in section):
            section = dict.fromkeys(section, {})
        whole = Keys({key: section}, self.path, self._file, self._problems).table(key)
        for name, value in whole.values.items():
            inner = value if isinstance(value, dict) else {short: value}
            yield name, Keys(inner, f"{whole.path}.{name}", self._file, self._problems)

    def text(self, key: str, default: str = "") -> str:
        """Read a text."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            self.wrong(key, allowed="a text", remedy="Put it in quotes")
            return default
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """Read one name or a list of names."""
        value = self.values.get(key, [])
        if isinstance(value, str):
            return (value,) if value else ()
        if isinstance(value, Sequence) and all(isinstance(name, str) for name in value):
            return tuple(dict.fromkeys(value))
        self.wrong(key, allowed="a name or a list of names", remedy='Write it as ["a", "b"]')
        return ()

    def known_names(self, key: str, known: Sequence[str]) -> tuple[str, ...]:
        """Read names of which each must be known."""
        names = self.names(key)
        for name in names:
            if name not in known:
                close = nearest(name, known)
                remedy = f"Did you mean {close}?" if close else "Correct it, or declare it"
                self.wrong(key, allowed=one_of(known), remedy=remedy, found=name)
        return tuple(name for name in names if name in known)

    def flag(self, key: str, default: bool = False) -> bool:
        """Read true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, allowed="true or false", remedy="Write it without quotes")
            return default
        return value

    def day(self, key: str) -> pd.Timestamp | None:
        """Read a date, as such or as text; None where there is none."""
        value = self.values.get(key, "")
        word = value if isinstance(value, str) else ""
        if isinstance(value, dt.datetime):
            word = value.date().isoformat()
        elif isinstance(value, dt.date):
            word = value.isoformat()
        day = parse_day(word)
        if day is None:
            if value != "":
                self.wrong(key, allowed="a day as YYYY-MM-DD", remedy="Write it as 2022-02-24")
            return None
        return pd.Timestamp(day)

    def number(self, key: str, *, least: float, most: float) -> float | None:
        """Read a number from `least` to `most`; None where there is none."""
        value = self.values.get(key)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            allowed = f"a number from {least:g} to {most:g}"
            self.wrong(key, allowed=allowed, remedy="Correct the number")
            return None
        return float(value)
