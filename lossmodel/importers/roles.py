"""How the columns of a table are read: as given, as in a public set, or by heading and cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lossmodel.errors import UsageError
from lossmodel.importers.columns import FIGURES, TIMED, Column, ColumnMap
from lossmodel.importers.contents import SOME, Content, contents_of, no_claims
from lossmodel.importers.headings import NO_WORD, STATE, Meaning, explain, with_middles
from lossmodel.importers.keys import Keys
from lossmodel.importers.layout import across_columns
from lossmodel.importers.names import keys_of
from lossmodel.importers.numbers import is_missing
from lossmodel.importers.shapes import Shape
from lossmodel.importers.sides import shape_columns
from lossmodel.importers.source import Source
from lossmodel.importers.words import KEYS, NATIONS, STATES, TIMES, normal
from lossmodel.tables.schema import CLAIMS

__all__ = ["NO_FIGURES", "is_claims", "map_columns"]

# Share of cells of a column that must be dates; rows of totals and footnotes are the others.
MOSTLY: Final = 0.6
# The same under a heading of days, where the others are errors.
NAMED: Final = 0.2
NEEDED: Final = {"claimant", "party", "category", "end"}
TIME_ROLES: Final = {
    "date": "date",
    "start": "start",
    "end": "end",
    "week-ending": "week-ending",
    "week-starting": "week-starting",
    "week": "date",
    "month": "date",
    "year": "date",
    "published": "published",
    "known": "known",
}
# Reasons of columns beside which an unknown heading is not likely a claimant.
MEASURES: Final = {"an id", "a coordinate", "a code", "no count of losses"}
NO_FIGURES: Final = "has no figures"
ADDRESS: Final = re.compile(r"https?://")
# Under these headings a column names claimants, parties or categories for sure; under the other
# words of `KEYS` it does if its cells are known names.
SURE: Final = {"claimant", "source", "party", "side", "category", "scope", "kind", "qualifier"}


def is_claims(columns: set[str]) -> bool:
    """Whether the columns are those of a claims table, in upper or lower case.

    Examples
    --------
    >>> is_claims({"Claimant", "Party", "Category", "End", "Value"})
    True
    """
    lower = {name.lower() for name in columns}
    return lower >= NEEDED and bool(lower & set(FIGURES))


def map_columns(
    source: Source, given: ColumnMap, keys: Keys, *, claimant: str, party: str, shape: Shape | None
) -> ColumnMap:
    """How each column of a table is read, with the reason of each guess.

    Parameters
    ----------
    source
        The table.
    given
        The user's own map, which wins over every guess.
    keys
        Names of the conflict.
    claimant, party
        As the user gave them for all rows.
    shape
        The public set that it is, if any.

    Raises
    ------
    UsageError
        A column of the map is not there, or headings leave open which figures they are of.
    """
    absent = [
        name
        for name, column in given.columns.items()
        if name not in source.columns and column.read != "ignore"
    ]
    if absent:
        raise UsageError(
            f"{source.path} has no column {', '.join(map(repr, absent))}; it has "
            f"{', '.join(map(repr, source.headings))}."
        )
    if is_claims(source.columns):
        columns = _format_columns(source)
    elif shape is not None:
        columns = shape_columns(source, shape, keys, party)
    else:
        columns = _guessed(source, given, keys, claimant=claimant, party=party)
    kept = {name: given.columns.get(name) or columns[name] for name in source.headings}
    return replace(given, columns=kept)


def _format_columns(source: Source) -> dict[str, Column]:
    names = {field.name for field in CLAIMS}
    lower = [str(name).lower() for name in source.headings]
    if len(set(lower)) < len(lower):
        raise UsageError(f"{source.path}: two columns differ only in capital letters.")
    return {
        str(name): Column(str(name).lower(), why="column of a claims table")
        if str(name).lower() in names
        else Column("ignore", why="not part of the format")
        for name in source.headings
    }


def _guessed(
    source: Source, given: ColumnMap, keys: Keys, *, claimant: str, party: str
) -> dict[str, Column]:
    meanings = with_middles({str(name): explain(str(name), keys) for name in source.headings})
    contents = contents_of(source, meanings, keys)
    columns = across_columns(source, given.columns, keys)
    across = any(column.date for column in columns.values())
    columns |= _times(source, given, meanings, contents, across, set(columns))
    columns |= _key_columns(source, meanings, contents, keys, set(columns))
    if not any(c.read == "claimant" for c in (*columns.values(), *given.columns.values())):
        of_parties = any(c.read == "party" for c in (*columns.values(), *given.columns.values()))
        meanings = _settled(meanings, keys, claimant, party, of_parties=of_parties)
    named = {c.read: name for name, c in {**columns, **given.columns}.items() if not c.is_figure}
    left = [name for name in source.headings if name not in {*columns, *given.columns}]
    figures = {}
    unknown = []
    for name in left:
        meaning, content = meanings[name], contents[name]
        if meaning.why == "a total":
            unknown.append(name)
        elif meaning.why or meaning.role:
            columns[name] = Column("ignore", why=meaning.why or "no figures or names of losses")
        elif not content.figures or (content.figures < SOME and not meaning.is_known):
            columns[name] = Column("ignore", why=NO_FIGURES)
        elif meaning.rest:
            unknown.append(name)
        elif doubled := next((section for section in meaning.of if section in named), ""):
            columns[name] = Column("ignore", why=f"column {named[doubled]!r} has the {doubled}")
        else:
            figures[name] = replace(meaning.column(), why="by its heading")
    if not figures and not unknown and not any(c.is_figure for c in given.columns.values()):
        figures = {
            name: replace(meanings[name].column(), why="by its heading")
            for name in left
            if contents[name].filled
            and not (meanings[name].rest or meanings[name].role or meanings[name].why)
        }
    everything = {**columns, **figures, **given.columns}
    return {
        **columns,
        **figures,
        **_unknown_headings(source, unknown, meanings, everything, keys, claimant),
    }


def _times(
    source: Source,
    given: ColumnMap,
    meanings: Mapping[str, Meaning],
    contents: Mapping[str, Content],
    across: bool,
    used: set[str],
) -> dict[str, Column]:
    """Columns of days: those with a heading of days, else the one with most dates in it."""
    columns: dict[str, Column] = {}
    dated = across or {c.read for c in given.columns.values()} & set(TIMED)
    free = [name for name in source.headings if name not in {*given.columns, *used}]
    by_role: dict[str, list[str]] = {}
    for name in free:
        role = meanings[name].role
        if role in TIMES and contents[name].dates >= NAMED:
            by_role.setdefault(role, []).append(name)
    whole = [
        name
        for role in TIMES
        for name in by_role.get(role, ())
        if role not in ("published", "known")
    ]
    if not whole and not dated and "published" in by_role:
        by_role["date"] = by_role.pop("published")
    elif not whole and not dated:
        best = max(free, key=lambda name: contents[name].dates, default="")
        if best and contents[best].dates >= MOSTLY and meanings[best].role not in KEYS:
            by_role.setdefault("date", []).append(best)
    if "end" in by_role and "start" not in by_role and "date" in by_role:
        by_role.pop("end")
    span = "start" in by_role and "end" in by_role
    taken = bool(dated)
    for role in TIMES:
        for number, name in enumerate(by_role.get(role, ())):
            if role in ("published", "known"):
                columns[name] = Column(TIME_ROLES[role], why="by its heading")
            elif span and role in ("start", "end") and number == 0:
                columns[name] = Column(role, why="by its heading")
            elif taken or span:
                columns[name] = Column("ignore", why="another date of the row")
            else:
                read = "date" if role in ("start", "end") else TIME_ROLES[role]
                columns[name] = Column(read, why="has the dates")
                taken = True
    for name in free:
        if name not in columns and meanings[name].role in TIMES:
            columns[name] = Column("ignore", why="no day, or one of a row that has another")
    return columns


def _key_columns(
    source: Source,
    meanings: Mapping[str, Meaning],
    contents: Mapping[str, Content],
    keys: Keys,
    taken: set[str],
) -> dict[str, Column]:
    """Columns whose cells name claimants, parties and categories: one of each."""
    columns: dict[str, Column] = {}
    reads: dict[str, str] = {}
    names = [
        str(n) for n in source.headings if str(n) not in taken and meanings[str(n)].role in KEYS
    ]
    names.sort(key=lambda name: (normal(name) != meanings[name].role, normal(name) not in SURE))
    for name in names:
        role = meanings[name].role.replace("-", "_")
        cells = [cell for cell in source.cells[name].unique() if not is_missing(cell)]
        if contents[name].figures >= SOME or not any(map(str.isalpha, "".join(cells))):
            columns[name] = Column("ignore", why="has no names")
        elif role in reads:
            columns[name] = Column("ignore", why=f"column {reads[role]!r} has the {role}")
        elif any(map(ADDRESS.match, cells)) or role == "source":
            web = all(map(ADDRESS.match, cells)) and "source" not in reads
            reads |= {"source": name} if web else {}
            why = f"has {'' if web else 'texts that are no '}addresses of the web"
            columns[name] = Column("source" if web else "ignore", why=why)
        elif role in ("party", "category") and not _known(
            role, cells, keys, sure=normal(name) in (SURE | NATIONS if len(cells) > 1 else SURE)
        ):
            columns[name] = Column("ignore", why=f"has no {role} of the conflict")
        else:
            reads[role] = name
            columns[name] = Column(role, why="by its heading")
    return columns


def _known(role: str, cells: list[str], keys: Keys, *, sure: bool) -> bool:
    if sure or (keys.conflict is None and role == "party"):
        return True
    found = [
        keys.find(role, cell) or (role == "party" and keys.party_within(cell)) for cell in cells
    ]
    return 2 * sum(map(bool, found)) >= len(cells)


def _settled(
    meanings: Mapping[str, Meaning], keys: Keys, claimant: str, party: str, *, of_parties: bool
) -> dict[str, Meaning]:
    """Headings that could be two things: parties before claimants, states before categories.

    Beside a column of parties they are claimants.
    """
    found = dict(meanings)
    state = next((m.why for m in meanings.values() if m.why == STATE), "")
    for name, meaning in meanings.items():
        if state and normal(name) in STATES:
            found[name] = Meaning(why=STATE)
        key = keys.find("party", name)
        if key and "claimant" in meaning.of and not (of_parties or (party and not claimant)):
            found[name] = Meaning(of={"party": key})
    return found


def _unknown_headings(
    source: Source,
    names: list[str],
    meanings: Mapping[str, Meaning],
    columns: Mapping[str, Column],
    keys: Keys,
    claimant: str,
) -> dict[str, Column]:
    """Columns of figures under headings that nobody knows: claimants, or nothing."""
    found: dict[str, Column] = {}
    others = [name for name, column in columns.items() if column.is_figure]
    for name in names:
        if why := no_claims(source, name, [*others, *(n for n in names if n != name)]):
            found[name] = Column("ignore", why=why)
    left = [name for name in names if name not in found]
    unread = any(column.why.endswith(NO_WORD) for column in columns.values())
    only = len(left) == 1 and not others and not unread
    totals = [name for name in left if meanings[name].why]
    if only and (totals or claimant or any(c.read == "claimant" for c in columns.values())):
        return {**found, left[0]: Column("value", why="the only figures")}
    found |= {name: Column("ignore", why="a total of other figures") for name in totals}
    left = [name for name in left if name not in totals]
    if not left:
        return found
    wide = all(columns[name].claimant for name in others)
    measures = unread or any(column.why in MEASURES for column in columns.values())
    if any(c.read == "claimant" for c in columns.values()) or not wide or measures:
        why = "no word of the format: --column 'HEADING=value,...' reads it"
        return {**found, **dict.fromkeys(left, Column("ignore", why=why))}
    if claimant and not others:
        raise UsageError(
            f"{source.path}: columns {', '.join(map(repr, left))} have figures, and one claimant "
            "is given. Say of which party or category each is with --column "
            "'HEADING=value,party=...', or leave it out with --column 'HEADING=ignore'."
        )
    # Two columns may be of one claimant, in two categories.
    new = {name: meanings[name].rest for name in left}
    made = keys_of([rest for rest in new.values() if not keys.given(rest)], keys.known["claimant"])
    for name, rest in new.items():
        key = keys.given(rest) or made[rest]
        found[name] = replace(meanings[name].column(key), why="a claimant, by its name")
    return found
