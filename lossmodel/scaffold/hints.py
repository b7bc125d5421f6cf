"""What a table for a new conflict says by its columns, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lossmodel.importers import Column, Hints, Source
from lossmodel.importers.cover import cover_of
from lossmodel.importers.keys import Keys
from lossmodel.importers.names import slug
from lossmodel.importers.persons import is_persons
from lossmodel.importers.roles import map_columns
from lossmodel.importers.shapes import find_shape
from lossmodel.importers.words import KEYS, normal
from lossmodel.scaffold.plan import OPTIONS
from lossmodel.scaffold.words import REMARKS, category_of

if TYPE_CHECKING:
    pass

__all__ = ["lacking", "with_columns", "with_keys"]


def lacking(source: Source, hints: Hints) -> dict[str, dict[str, str]]:
    """Sections that nothing says -> columns of words that are not read, with their first cell.

    A cell that may name a person is not shown.
    """
    if is_list(source, hints):
        return {name: {} for name in ("claimant", "party") if not getattr(hints, name)}
    shape = find_shape(source.columns)
    cover = cover_of(
        source.cells, Keys(""), given=hints.columns.columns, events=hints.by is not None
    )
    columns = map_columns(
        source,
        hints.as_map(),
        Keys("", hints.columns.names),
        claimant=hints.claimant,
        party=hints.party,
        shape=shape,
    ).columns
    figures = [column for column in columns.values() if column.is_figure]
    read = {column.read for column in columns.values()}
    unread = {
        name: "" if cover.cells else next(cell for cell in source.cells[name] if cell)
        for name, column in columns.items()
        if column.read == "ignore" and any(map(_is_word, source.cells[name]))
    }
    return {
        section: unread
        # A known set says whose figures they are, and of what.
        for section in (OPTIONS if shape is None else ("party",))
        if not getattr(hints, section)
        and section not in read
        and not (figures and all(getattr(column, section) for column in figures))
    }


def is_list(source: Source, hints: Hints) -> bool:
    """Whether a table is read as a list of persons, of which no column is a figure."""
    return is_persons(source.columns) and not hints.columns.columns


def _is_word(cell: str) -> bool:
    return any(letter.isalpha() for letter in cell)


def with_keys(hints: Hints, titles: dict[str, str]) -> Hints:
    """Hints with keys for the names that a user gives to columns; notes the names by their keys."""
    given = {}
    for heading, column in hints.columns.columns.items():
        category = column.category and (category_of(column.category) or slug(column.category))
        # A column that names nobody is of whom another column or an option says.
        keys = {name: slug(name) for name in (column.claimant, column.party) if name}
        given[heading] = replace(
            column,
            claimant=keys.get(column.claimant, ""),
            party=keys.get(column.party, ""),
            category=category,
        )
        titles.update((key, name) for name, key in keys.items())
    return replace(hints, columns=replace(hints.columns, columns=given))


def with_columns(hints: Hints, source: Source) -> Hints:
    """Hints with the columns that a table for a new conflict has and a guess leaves out.

    A column of categories is one even if most of its words are not known yet, since they are asked
    about; one of web addresses and pages is the source, and one of remarks the note. Of a list of
    persons nothing but the days is read.
    """
    if is_list(source, hints):
        return hints
    given = dict(hints.columns.columns)
    taken = {column.read for column in given.values()} | ({"category"} if hints.category else set())
    for name in (str(name) for name in source.cells if name not in given):
        read = _read_as(normal(name), [cell for cell in source.cells[name] if cell])
        if read and read not in taken:
            given[name] = Column(
                read, why="by its heading" if read != "source" else "has addresses"
            )
            taken.add(read)
    return replace(hints, columns=replace(hints.columns, columns=given))


def _read_as(heading: str, cells: Sequence[str]) -> str:
    """Role of a column that the importers may not see; empty for none."""
    if 2 * sum(cell.startswith(("https://", "http://")) for cell in cells) > len(cells):
        return "source"
    if any(map(str.isdecimal, cells)):
        return ""
    return "category" if heading in KEYS["category"] else "note" if heading in REMARKS else ""
