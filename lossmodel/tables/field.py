"""The columns of a table: their types and rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Field", "Table"]

Form = Literal["text", "slug", "name", "key", "date", "number", "flag"]


@dataclass(frozen=True)
class Field:
    """One column of a table.

    Attributes
    ----------
    form
        Type of its cells: free `text`; a `slug` or a `name`, unique in the table; a `key`, one of
        known words; a `date`, a `number`, a `flag`.
    column, filled
        Whether the column must exist, and whether all its cells must be filled.
    default
        Meaning of an empty cell.
    choices
        Words allowed in a `key` column; empty where they depend on the conflict.
    meaning
        Its meaning, in one line.
    empty
        Meaning of an empty cell in words, where it is no fixed value.
    home
        Table that a `key` is a key into, and the key's column there; empty for none.
    least, most
        Limits of a number; None for none.

    Examples
    --------
    >>> Field("day", "date", column=True).filled
    False
    """

    name: str
    form: Form = "text"
    column: bool = False
    filled: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    meaning: str = ""
    empty: str = ""
    home: str = ""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Table:
    """One table of a conflict.

    Attributes
    ----------
    file
        Name of its file.
    meaning
        Its contents, in one line.
    fields
        Its columns.
    key
        Columns that name a row; empty for none.
    needed
        Whether every conflict must have it.
    """

    file: str
    meaning: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    needed: bool = False
