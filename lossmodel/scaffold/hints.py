"""What a table for a new conflict says by its columns, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from lossmodel.importers import Column, Hints, Source
from lossmodel.importers.cover import cover_of
from lossmodel.importers.keys import Keys
from lossmodel.importers.names import keys_of, slug
from lossmodel.importers.persons import is_persons
from lossmodel.importers.roles import map_columns
from lossmodel.importers.shapes import Shape, find_shape
from lossmodel.importers.sides import LIMITS, with_limits
from lossmodel.importers.words import KEYS, normal
from lossmodel.scaffold.plan import OPTIONS, Wishes
from lossmodel.scaffold.sides import name_and_rest
from lossmodel.scaffold.words import REMARKS, category_of, is_of_civilians

__all__ = ["Lacking", "is_list", "lacking", "with_columns", "with_keys", "with_parties"]


class Lacking(NamedTuple):
    """What nothing says of a table, and the columns that may be asked about.

    Attributes
    ----------
    sections
        Sections that nothing says.
    unread
        Columns of words that are not read -> their first cell, empty where it may name a person.
    figures
        Columns of figures.
    """

    sections: tuple[str, ...]
    unread: Mapping[str, str] = MappingProxyType({})
    figures: tuple[str, ...] = ()


def lacking(source: Source, hints: Hints) -> Lacking:
    """Sections that no option, column or heading says."""
    if is_list(source, hints):
        return Lacking(tuple(s for s in ("claimant", "party") if not getattr(hints, s)))
    shape = find_shape(source.columns)
    keys = Keys("", hints.columns.names, hints.parties)
    cover = cover_of(source.cells, keys, given=hints.columns.columns, events=hints.by is not None)
    source = source if shape is None else with_limits(source, shape)
    columns = map_columns(
        source,
        hints.as_map(),
        keys,
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
    return Lacking(
        tuple(
            section
            # A known set says whose figures they are, and of what.
            for section in (OPTIONS if shape is None else ("party",))
            if not getattr(hints, section)
            and section not in read
            and not (figures and all(getattr(column, section) for column in figures))
        ),
        unread,
        tuple(cover.headings.get(n, n) for n, column in columns.items() if column.is_figure),
    )


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


def with_parties(hints: Hints, source: Source, wishes: Wishes, titles: dict[str, str]) -> Hints:
    """Hints with the parties and sides that the user names, as words of headings and cells.

    A side is its party of soldiers if it has one, and a party itself if it has none. A public set
    of events names two parties in columns of their own.
    """
    pairs = [name_and_rest(text) for text in wishes.parties]
    of_civilians = {normal(name) for name in wishes.civilians}
    keys = keys_of([name for name, _ in pairs], what="party")
    titles.update((key, name) for name, key in keys.items())
    words = dict(keys)
    for side in wishes.each_side:
        own = [name for name, of in pairs if normal(of) == normal(side)]
        armed = [n for n in own if normal(n) not in of_civilians and not is_of_civilians(n)]
        if not own:
            titles.setdefault(slug(side), side)
        if not own or len(armed) == 1:
            words.setdefault(side, keys[armed[0]] if armed else slug(side))
    # A heading such as "North" is of the claimant that has its name; a cell is not.
    claimants = {normal(name_and_rest(text)[0]) for text in wishes.claimants}
    headings = [f" {normal(str(heading))} " for heading in source.headings]
    words = {
        word: key
        for word, key in words.items()
        if normal(word) not in claimants or not any(f" {normal(word)}" in h for h in headings)
    }
    hints = replace(hints, parties=words)
    shape = find_shape(source.columns)
    return hints if shape is None else _with_fighting(hints, source, shape, wishes, titles)


def _with_fighting(
    hints: Hints, source: Source, shape: Shape, wishes: Wishes, titles: dict[str, str]
) -> Hints:
    """Hints with the parties that a public set names in columns of their own."""
    headings = {normal(name): name for name in source.headings}
    given = [name_and_rest(text)[0] for text in wishes.parties]
    civilians = [name_and_rest(text)[0] for text in wishes.civilians]
    civil = list(dict.fromkeys([*civilians, *filter(is_of_civilians, given)]))
    armed = [name for name in given if name not in civil]
    known = Keys("", parties=hints.parties)
    fighting: dict[str, str] = {}
    for named in shape.parties.values():
        cells = set(source.cells[headings[named]]) if named in headings else set()
        if len(cells) == 1 and (name := cells.pop()):
            fighting[name] = known.find("party", name) or known.party_within(name)
    if armed and not set(fighting.values()) & {hints.parties.get(name) for name in armed}:
        # Another party, of which all the dead are.
        return replace(hints, parties={n: k for n, k in hints.parties.items() if n in given})
    titles.update((slug(name), name) for name, key in fighting.items() if not key)
    words = {name: key or slug(name) for name, key in fighting.items()}
    columns = dict(hints.columns.columns)
    for figure, named in shape.parties.items():
        if not named and figure in headings and len(civil) == 1:
            of = hints.parties.get(civil[0]) or slug(civil[0])
            parts = {"": "value", **{f" {limit}": limit for limit in LIMITS}}
            for end, role in parts.items():
                columns.setdefault(f"{headings[figure]}{end}", Column(role, party=of))
    return replace(
        hints,
        parties={**hints.parties, **words},
        columns=replace(hints.columns, columns=columns),
    )


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
