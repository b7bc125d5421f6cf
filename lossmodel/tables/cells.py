"""Typed columns from the cells of a table, with a note of every cell that is not valid."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossmodel.tables.csv import RawTable
from lossmodel.tables.days import day_remedy, parse_day
from lossmodel.tables.names import ALLOWED, LONGEST_NAME, name_fault
from lossmodel.tables.problems import GUESSES, Problems, one_of, quoted
from lossmodel.tables.schema import Field
from lossmodel.text.spelling import nearest

__all__ = ["Flagger", "Words", "empty_table", "parse_table"]

Words = Mapping[str, Collection[str]]
LARGEST: Final = 1e10  # more than there are people

_UNIQUE: Final = {  # no semicolons: lists of claims and of claimants are joined by them
    "slug": (re.compile(r"[0-9A-Za-z][0-9A-Za-z._:+/-]*"), "letters a-z, digits and . _ : + / -"),
    "name": (re.compile(r"[^;]+"), "a name without semicolons"),
}
_ADDRESS: Final = ("https://", "http://")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}([,.'_ \u00a0\u2009\u202f]\d{3})+(\.\d+)?", re.ASCII)
_NO_NUMBER: Final = re.compile(r"[+-]?(nan|inf|infinity|na|n/a|none|null|-+)", re.IGNORECASE)
TRUE: Final = ("true", "1", "yes")
FALSE: Final = ("", "false", "0", "no")
_HOMES: Final = {
    "claimant": "claimants.csv",
    "via": "claimants.csv",
    "source": "sources.csv",
    "party": "conflict.toml",
    "category": "conflict.toml",
    "scope": "conflict.toml",
    "side": "conflict.toml",
}


@dataclass(frozen=True)
class Flagger:
    """Notes problems of one table, each for a mask of rows."""

    raw: RawTable
    problems: Problems

    def flag(
        self,
        mask: npt.NDArray[np.bool_],
        column: str,
        *,
        allowed: str | Sequence[str],
        remedy: str | Sequence[str],
        found: Sequence[str] | None = None,
    ) -> None:
        """Note a problem in the rows of a mask.

        Parameters
        ----------
        mask
            Shape (rows of the table,).
        column
            Column that the problem is in.
        allowed, remedy, found
            Texts of the problem: one for all rows, or one for each flagged row. Without `found`,
            the cells as they were written.
        """
        if not mask.any():
            return
        if found is None:
            found = [quoted(text) for text in self.text(column)[mask]]
        rows = self.raw.rows[mask]
        self.problems.add(
            self.raw.file, column, rows=rows, found=found, allowed=allowed, remedy=remedy
        )

    def text(self, column: str) -> pd.Series[str]:
        """Cells of a column as they were written; all empty if there is no such column."""
        if column in self.raw.cells:
            return self.raw.cells[column]
        return pd.Series([""], dtype="str").repeat(len(self.raw.rows)).reset_index(drop=True)


def parse_table(
    raw: RawTable, fields: Sequence[Field], *, words: Words, problems: Problems
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    r"""Turn text into typed columns in the order of `fields`, and note cells that are not valid.

    Dates become datetime64[ns], numbers float64, flags bool; all else stays text.

    Parameters
    ----------
    raw
        Table as text.
    fields
        Columns of the format.
    words
        Column -> words allowed in it, for key columns whose words the schema does not fix.
    problems
        Where problems are noted.

    Returns
    -------
    table
        One row per row of the file; cells that are not valid are empty.
    ignored
        Columns of the file that are not part of the format.

    Examples
    --------
    >>> from lossmodel.tables.csv import read_table
    >>> problems = Problems()
    >>> raw = read_table(b"day,count\n2024-02-30,5\n", "x.csv", problems)
    >>> fields = [Field("day", "date"), Field("count", "number")]
    >>> table, _ = parse_table(raw, fields, words={}, problems=problems)
    >>> table.to_dict("records")
    [{'day': NaT, 'count': 5.0}]
    """
    ignored = _check_columns(raw, fields, problems)
    flagger = Flagger(raw, problems)
    columns = {field.name: _parse_column(field, flagger, words) for field in fields}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(raw.rows))), ignored


def empty_table(fields: Sequence[Field]) -> pd.DataFrame:
    """Table without rows, with the column types of `parse_table`.

    Examples
    --------
    >>> empty_table([Field("value", "number")]).dtypes.to_dict()
    {'value': dtype('float64')}
    """
    raw = RawTable("", pd.DataFrame(index=pd.RangeIndex(0)), np.empty(0, dtype=np.int64))
    flagger = Flagger(raw, Problems())
    return pd.DataFrame({field.name: _parse_column(field, flagger, {}) for field in fields})


def _check_columns(raw: RawTable, fields: Sequence[Field], problems: Problems) -> tuple[str, ...]:
    absent = {field.name: field.column for field in fields if field.name not in raw.cells}
    names = [field.name for field in fields]
    ignored = []
    for column in raw.cells.columns.difference(names, sort=False):
        meant = nearest(column, absent, cutoff=0.8)
        if not meant:
            ignored.append(str(column))
            continue
        del absent[meant]
        problems.add(
            raw.file,
            quoted(column),
            rows=[1],
            found="a column with an unknown name",
            allowed=", ".join(names),
            remedy=f"Rename it to {meant}",
        )
    for field in [field for field in fields if absent.get(field.name)]:
        meaning = f": {field.meaning.rstrip('.')}" if field.meaning else ""
        problems.add(
            raw.file,
            field.name,
            rows=[1],
            found="no such column",
            allowed=", ".join(names),
            remedy=f"Add the column {field.name}{meaning}",
        )
    return tuple(ignored)


def _parse_column(field: Field, flagger: Flagger, words: Words) -> pd.Series:
    if field.name not in flagger.raw.cells:
        return _empty_column(field, len(flagger.raw.rows))
    text = flagger.text(field.name)
    empty = (text == "").to_numpy(dtype=bool)
    if field.filled:
        flagger.flag(
            empty, field.name, allowed="a value in every row", remedy=f"Give the {field.name}"
        )
    if field.form == "date":
        return _dates(field.name, text, flagger)
    if field.form == "number":
        return _numbers(field.name, text, flagger)
    if field.form == "flag":
        return _flags(field.name, text, flagger)
    if field.form in _UNIQUE:
        _check_unique(field, text, flagger)
    elif field.form == "key" and not field.choices and field.name not in words:
        _check_names(field.name, text, flagger)
    elif field.form == "key":
        text = _known_only(field, text, flagger, field.choices or words[field.name])
    return text.mask(empty, field.default) if field.default else text


def _empty_column(field: Field, rows: int) -> pd.Series:
    """The column of a field that the file does not have."""
    if field.form == "date":
        return pd.Series(np.full(rows, "NaT", dtype="datetime64[ns]"))
    if field.form == "number":
        return pd.Series(np.full(rows, np.nan))
    if field.form == "flag":
        return pd.Series(np.zeros(rows, dtype=bool))
    return pd.Series([field.default] * rows, dtype="str")


def _dates(column: str, text: pd.Series, flagger: Flagger) -> pd.Series:
    codes, words = pd.factorize(text)
    days = np.array([parse_day(word) for word in words.tolist()], dtype="datetime64[ns]")
    wrong = np.isnat(days) & (np.asarray(words) != "")
    remedies = np.array([day_remedy(word) for word in words.tolist()], dtype=object)
    bad = wrong[codes]
    flagger.flag(bad, column, allowed="a day as YYYY-MM-DD", remedy=remedies[codes[bad]].tolist())
    return pd.Series(days[codes])


def _numbers(column: str, text: pd.Series, flagger: Flagger) -> pd.Series:
    codes, words = pd.factorize(text)
    values = np.array([_number(word) for word in words.tolist()], dtype=np.float64)
    wrong = np.isnan(values) & (np.asarray(words) != "")
    bad = wrong[codes]
    flagger.flag(
        bad,
        column,
        allowed="a finite number, digits and a decimal point",
        remedy=[_number_remedy(word) for word in text[bad]],
    )
    return pd.Series(values[codes])


def _number(word: str) -> float:
    value = float(word) if _NUMBER.fullmatch(word) else math.nan
    return value + 0.0 if abs(value) <= LARGEST else math.nan


def _number_remedy(word: str) -> str:
    if _THOUSANDS.fullmatch(word):
        digits = re.sub(r"[^0-9+-]", "", word.split(".")[0] if "," in word else word)
        return f"A number has no thousands separators: write {digits}"
    if _NO_NUMBER.fullmatch(word):
        return "Leave the cell empty where there is no number"
    if _NUMBER.fullmatch(word):
        return f"Numbers over {LARGEST:,.0f} are not counts of people or vehicles"
    if re.fullmatch(r"[+-]?\d+,\d+", word, re.ASCII):
        return "Write a decimal point, not a comma"
    return "Text does not belong in a number: put words into note"


def _flags(column: str, text: pd.Series, flagger: Flagger) -> pd.Series:
    lower = text.str.lower()
    bad = (~lower.isin([*TRUE, *FALSE])).to_numpy(dtype=bool)
    flagger.flag(bad, column, allowed="true, false or nothing", remedy="Write true or false")
    return lower.isin(list(TRUE)).astype(bool)


def _check_unique(field: Field, text: pd.Series, flagger: Flagger) -> None:
    column, words = field.name, text.tolist()
    pattern, allowed = _UNIQUE[field.form]
    bad = np.array([bool(word) and not pattern.fullmatch(word) for word in words], dtype=bool)
    flagger.flag(bad, column, allowed=allowed, remedy="Write it without other signs")
    bad |= _check_names(column, text, flagger)
    again = text.duplicated().to_numpy(dtype=bool) & ~bad & (text != "").to_numpy(dtype=bool)
    if again.any():
        first = dict(zip(reversed(words), reversed(flagger.raw.rows.tolist()), strict=True))
        remedies = [f"Row {first[word]} has it already: give another" for word in text[again]]
        flagger.flag(again, column, allowed="each only once", remedy=remedies)


def _check_names(column: str, text: pd.Series, flagger: Flagger) -> npt.NDArray[np.bool_]:
    """Note names that cannot be seen whole, and say where; addresses may be of any length."""
    codes, words = pd.factorize(text)
    faults = np.array([_fault(word) for word in words.tolist()], dtype=object)[codes]
    bad = np.asarray(faults != "", dtype=bool)
    flagger.flag(bad, column, allowed=ALLOWED, remedy=faults[bad].tolist())
    return bad


def _fault(word: str) -> str:
    return name_fault(word, longest=sys.maxsize if word.startswith(_ADDRESS) else LONGEST_NAME)


def _known_only(
    field: Field, text: pd.Series, flagger: Flagger, known: Collection[str]
) -> pd.Series:
    bad = (~text.isin([*known, ""])).to_numpy(dtype=bool)
    remedies = {word: _key_remedy(word, field, known) for word in text[bad].unique()[:GUESSES]}
    other = _key_remedy("", field, ())
    flagger.flag(
        bad,
        field.name,
        allowed=one_of(known),
        remedy=[remedies.get(word, other) for word in text[bad]],
    )
    return text.mask(bad, "") if bad.any() else text


def _key_remedy(word: str, field: Field, known: Collection[str]) -> str:
    if word and (close := nearest(word, known)):
        return f"Did you mean {close}?"
    home = _HOMES.get(field.name, "")
    return f"Correct it, or declare it in {home}" if home and not field.choices else "Correct it"
