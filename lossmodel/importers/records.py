"""Figures of a table with all that a claim needs, each with its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from lossmodel.errors import UsageError
from lossmodel.importers.columns import FIGURES, OF_FIGURES, Column, ColumnMap
from lossmodel.importers.dates import Dates, Window, guess_dates
from lossmodel.importers.keys import Keys
from lossmodel.importers.numbers import Figure, Numbers, guess_numbers, is_missing
from lossmodel.importers.rows import Rows
from lossmodel.importers.source import Source
from lossmodel.importers.units import Unit, scaled
from lossmodel.tables.problems import Problems, one_of, quoted
from lossmodel.tables.vocabulary import KINDS, QUALIFIERS
from lossmodel.text.escape import shell
from lossmodel.text.numbers import some

__all__ = ["Place", "Record", "make_records"]

SHOWN: Final = 4  # columns that a message names
TEXTS: Final = ("claim_id", "source", "via", "part_of", "published_inferred", "note")


class Place(NamedTuple):
    """A cell of the file."""

    row: int
    column: str
    cell: str


@dataclass(frozen=True)
class Record:
    """A figure with the columns of a claim.

    Attributes
    ----------
    position
        Number of its column, by which claims are sorted first.
    place
        Its cell in the file.
    kind
        Empty while it is to be guessed.
    """

    position: int
    place: Place
    claimant: str
    party: str
    category: str
    scope: str
    kind: str
    window: Window
    figure: Figure
    published: str = ""
    known: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def series(self) -> tuple[int, str, str, str, str]:
        """Its column, and of whom and what it counts the losses."""
        return self.position, self.claimant, self.party, self.category, self.scope

    @property
    def key(self) -> tuple[object, ...]:
        """All but the figure: two records of one key are one claim or contradict each other."""
        texts = tuple(sorted(t for t in self.texts.items() if t[0] not in ("claim_id", "note")))
        return (
            *(self.claimant, self.party, self.category, self.scope, self.kind),
            *(self.window.start, self.window.end, self.published, self.known, texts),
        )


def make_records(
    source: Source,
    rows: Rows,
    columns: ColumnMap,
    keys: Keys,
    *,
    names: Mapping[str, Mapping[str, str]],
    units: Mapping[str, Unit],
    day_first: bool | None,
    remarks: bool,
    problems: Problems,
) -> tuple[list[Record], Numbers]:
    """Figures of all cells, and the format of the numbers.

    `remarks` is whether words in brackets behind a figure are kept. Cells that are no figures,
    limits that cross, and claims that lack their claimant, party or category are noted as problems.

    Raises
    ------
    UsageError
        There is no column of figures, or two are read as the same.
    """
    figures = {name: column for name, column in columns.columns.items() if column.is_figure}
    if not figures:
        left = [f"{n!r} ({c.why})" for n, c in columns.columns.items() if c.read == "ignore"]
        said = some(left, SHOWN)
        raise UsageError(
            f"{source.path} has no column of figures beside the dates"
            + (f"; left out are {said}" if said else "")
            + ". Say which has them, and of whom, with --column "
            "'HEADING=value,party=...,category=...,claimant=...'."
        )
    filled = [c for name in figures for c in rows.cells[name].unique() if not is_missing(c)]
    numbers = guess_numbers(filled, columns.options.get("decimal", ""))
    read = _Reader(source, rows, columns, keys, names, units, remarks, problems)
    days = [day for c in figures.values() for day in (c.date, c.known) if day]
    across = guess_dates(days, day_first, inside=keys.span)
    groups: dict[tuple[str, ...], dict[str, str]] = {}
    for name, column in figures.items():
        group = tuple(getattr(column, part) for part in OF_FIGURES)
        twice = groups.setdefault(group, {})
        if column.read in twice:
            raise UsageError(
                f"{source.path}: columns {twice[column.read]!r} and {name!r} are both read as "
                f"{column.description}. Leave one out with --column {shell(f'{name}=ignore')}, or "
                "say of which claimant, party or category it is."
            )
        twice[column.read] = name
    # Columns that differ in their day alone are one series.
    positions = {group[:-2]: i for i, group in enumerate(groups)}
    records = [
        record
        for group, parts in groups.items()
        for record in read.group(positions[group[:-2]], parts, numbers, across)
    ]
    return records, numbers


class _Reader:
    """Reads the cells of one group of columns after another."""

    def __init__(
        self,
        source: Source,
        rows: Rows,
        columns: ColumnMap,
        keys: Keys,
        names: Mapping[str, Mapping[str, str]],
        units: Mapping[str, Unit],
        remarks: bool,
        problems: Problems,
    ) -> None:
        self.file, self.rows, self.columns = source.path.name, rows, columns
        self.names, self.units, self.problems = names, units, problems
        self.keys, self.remarks = keys, remarks
        self.by_role = {c.read: n for n, c in columns.columns.items() if not c.is_figure}
        self.cells = {str(name): rows.cells[name].to_dict() for name in rows.cells}
        self.seen: dict[str, Figure | None] = {}

    def group(
        self, position: int, parts: Mapping[str, str], numbers: Numbers, across: Dates
    ) -> list[Record]:
        """Records of columns that are value, low and high of the same figures."""
        found = []
        first = next(iter(parts.values()))
        column = self.columns.columns[first]
        dated, known = (across.read(day) if day else None for day in (column.date, column.known))
        for row in self.rows.cells.index:
            line = int(str(row))
            window = dated or self.rows.windows.get(line)
            kind = column.kind or self._cell("kind", line).lower()
            figures = {
                r: f for r, n in parts.items() if (f := self._figure(n, line, kind, numbers))
            }
            if not figures or window is None:
                continue
            figure = self._joined(figures, parts, line)
            at = Place(line, first, self.cells[first][line])
            if figure is not None:
                notes = "; ".join(part.note for part in figures.values() if part.note)
                figure = replace(figure, note=notes)
                record = self._record(position, at, column, window, figure, kind)
                found.append(replace(record, known=f"{known.end}") if known else record)
        return found

    def _record(
        self, position: int, at: Place, column: Column, window: Window, figure: Figure, kind: str
    ) -> Record:
        of = {s: self._key(s, at, column) for s in ("claimant", "party", "category", "scope")}
        texts = {role: text for role in TEXTS if (text := self._cell(role, at.row))}
        if figure.note:
            texts["note"] = "; ".join(filter(None, [texts.get("note"), figure.note]))
        if "via" in texts:
            texts["via"] = self.names.get("via", {}).get(texts["via"], texts["via"])
        days = {role: str(days.get(at.row, "")) for role, days in self.rows.days.items()}
        return Record(
            position, at, **of, kind=kind, window=window, figure=figure, texts=texts, **days
        )

    def _key(self, section: str, at: Place, column: Column) -> str:
        own = str(getattr(column, section))
        if own:
            return own
        if section in self.by_role:
            cell = self._cell(section, at.row)
            if cell in self.names[section]:
                return self.names[section][cell]
        given = self.columns.options.get(section, "")
        if given or section == "scope":
            return given or "all"
        self._problem(at.row, self.by_role.get(section, at.column), f"no {section}", f"a {section}",
                      f"Fill the cell, or give --{section}")  # fmt: skip
        return ""

    def _cell(self, role: str, row: int) -> str:
        name = self.by_role.get(role)
        return self.cells[name][row] if name else ""

    def _figure(self, name: str, row: int, kind: str, numbers: Numbers) -> Figure | None:
        cell = self.cells[name][row]
        if is_missing(cell):
            if cell:
                self.rows.left_out.add("cells", f"{quoted(cell)} is no figure", row)
            return None
        negative = cell[:1] in ("-", "−") and kind in KINDS and KINDS[kind].signed
        plain = cell[1:].strip() if negative else cell
        if plain not in self.seen:
            self.seen[plain] = numbers.read(plain)
        figure = self.seen[plain]
        if figure is None:
            allowed = "a figure such as 1200, >1200 or 20-30, or nothing"
            remedy = "Correct or empty the cell"
            if cell[:1] in ("-", "−") and numbers.read(cell[1:].strip()) is not None:
                remedy += ". If it corrects earlier figures, write correction in its row of a "
                remedy += "column kind, and the kind of the others in theirs"
            self._problem(row, name, quoted(cell), allowed, remedy)
            return None
        figure = scaled(figure, plain, self._factor(name, row))
        if figure.note and not self.remarks:
            why = "behind a figure, in a table that may name persons"
            self.rows.left_out.add("remarks in brackets", why, row)
            figure = replace(figure, note="")
        if negative and figure.value is not None:
            figure = replace(figure, value=-figure.value)
        return figure

    def _factor(self, name: str, row: int) -> float:
        """Factor of a cell: thousands of people are no unit of tanks."""
        unit = self.units[name]
        own = self.columns.columns[name].category or self.columns.options.get("category", "")
        cell = self._cell("category", row)
        category = own or self.names.get("category", {}).get(cell, "")
        return 1.0 if unit.persons and self.keys.is_equipment(category) else unit.factor

    def _joined(
        self, figures: Mapping[str, Figure], parts: Mapping[str, str], row: int
    ) -> Figure | None:
        """One figure from value, low and high."""
        if set(figures) == {"value"}:
            return self._qualified(figures["value"], row)
        sizes = {role: figure.value for role, figure in figures.items()}
        if any(size is None for size in sizes.values()):
            name = parts[next(role for role, size in sizes.items() if size is None)]
            allowed = "one number, as other columns have its limits"
            self._problem(row, name, quoted(self.cells[name][row]), allowed, "Write one number")
            return None
        value, low, high = (sizes.get(role) for role in ("value", "low", "high"))
        if low is not None and high is not None:
            return self._limits(value, low, high, parts, row)
        if value is not None:
            self.rows.left_out.add("limits", "without the other limit", row)
            return self._qualified(Figure(value), row)
        return (
            Figure(low, qualifier="at-least")
            if low is not None
            else Figure(high, qualifier="at-most")
        )

    def _limits(
        self, value: float | None, low: float, high: float, parts: Mapping[str, str], row: int
    ) -> Figure | None:
        if low > high or (value is not None and not low <= value <= high):
            name = parts["low"] if low > high else parts["value"]
            order = "low <= best <= high" if "value" in parts else "low <= high"
            found = ", ".join(quoted(self.cells[parts[r]][row]) for r in FIGURES if r in parts)
            self._problem(row, name, found, order, "Correct one of them")
            return None
        return Figure(low) if low == high else Figure(value, low, high, "range")

    def _qualified(self, figure: Figure, row: int) -> Figure | None:
        word = self._cell("qualifier", row).lower().replace(" ", "-")
        if not word or word == figure.qualifier:
            return figure
        if word not in QUALIFIERS:
            self._problem(
                row, self.by_role["qualifier"], quoted(word), one_of(QUALIFIERS), "Correct it"
            )
            return None
        return replace(figure, qualifier=word) if figure.low is None else figure

    def _problem(self, row: int, column: str, found: str, allowed: str, remedy: str) -> None:
        self.problems.add(
            self.file, column, rows=[row], found=found, allowed=allowed, remedy=remedy
        )
