"""Headings of a grid: title rows before them, two rows of them, rows that repeat them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import Grid
from lossmodel.importers.dates import Dates
from lossmodel.importers.words import TIMES, normal

__all__ = ["LEVELS", "Headed", "is_data", "split_header"]

LEVELS: Final = " / "  # between two headings of a column
# Share of digits among letters and digits from which a cell is data and no heading: "Feb 2022" has
# 0.57, "понад 10 000" 0.5, "killed in 2022" 0.33.
DIGITS: Final = 0.4
RULE: Final = re.compile(r":?-{3,}:?")  # below the headings of a table in Markdown
SEARCHED: Final = 40  # rows that may stand before the first row of data


class Headed(NamedTuple):
    """Columns with headings, the row in the file as index, titles, and what was set apart."""

    cells: pd.DataFrame
    notes: tuple[str, ...]
    titles: tuple[str, ...] = ()


def split_header(grid: Grid, path: Path) -> Headed:
    """Columns of a grid under their headings.

    Raises
    ------
    UsageError
        There is no header or no row of data, a heading is there twice, or a row has more cells than
        the header.

    Examples
    --------
    >>> grid = Grid([(1, ["Losses"]), (2, ["date", "n"]), (3, ["2022-03-01", "5"])])
    >>> headed = split_header(grid, Path("x.csv"))
    >>> list(headed.cells), headed.notes
    (['date', 'n'], ("row 1 is a title: 'Losses'",))
    """
    rows = grid.rows
    if len(rows) < 2:
        raise UsageError(f"{path} contains no table: a header and at least one row are needed.")
    titles = _titles(rows)
    rows = rows[titles:]
    notes = [f"row {line} is a title: {_shown(cells)!r}" for line, cells in grid.rows[:titles]]
    count = _heading_rows(rows)
    header = rows[0][1]
    named = any(normal(header[0]) in words for words in TIMES.values())
    if count == 0 and not (named or _is_across(rows)):
        raise UsageError(
            f"{path} row {rows[0][0]} has figures already: put a row of headings before it."
        )
    used = 1
    if count > 1 and _spans(rows[0][1], rows[1][1]):
        header, used = _joined(rows[0][1], rows[1][1]), 2
        notes.append(f"rows {rows[0][0]} and {rows[1][0]} are headings together")
    body = rows[used:]
    if body and all(cell.startswith("#") for cell in body[0][1] if cell):
        body = body[1:]  # tags of the Humanitarian Exchange Language
    body = [row for row in body if not all(map(RULE.fullmatch, filter(None, row[1])))]
    again = [row for row in body if row[1] == header]
    if again:
        notes.append(f"{len(again):,} rows repeat the header")
        body = [row for row in body if row[1] != header]
    if not body:
        raise UsageError(f"{path} contains no table: a header and at least one row are needed.")
    above = tuple(" ".join(filter(None, cells)) for _, cells in grid.rows[:titles])
    return Headed(_table(header, body, path), tuple(notes), above)


def _titles(rows: list[tuple[int, list[str]]]) -> int:
    """Rows before the header that have one cell, in a table of several columns."""
    widths = Counter(sum(map(bool, cells)) for _, cells in rows[: 10 * SEARCHED])
    usual = max(widths, key=lambda width: (widths[width], width))
    if max(widths) < 2:
        return 0
    found = 0
    for _, cells in rows[: min(SEARCHED, len(rows) - 1)]:
        if sum(map(bool, cells)) > 1 or usual < 2 and not _follows(rows[found + 1 :]):
            break
        found += 1
    return found


def _follows(rows: list[tuple[int, list[str]]]) -> bool:
    return any(sum(map(bool, cells)) > 1 for _, cells in rows[:SEARCHED])


def is_data(cell: str) -> bool:
    """Whether a cell has so many digits that it is no heading.

    Examples
    --------
    >>> is_data("Feb 2022"), is_data("killed in 2022")
    (True, False)
    """
    signs = sum(letter.isalnum() for letter in cell)
    return signs > 0 and sum(letter.isdigit() for letter in cell) >= DIGITS * signs


def _heading_rows(rows: list[tuple[int, list[str]]]) -> int:
    for number, (_, cells) in enumerate(rows[:SEARCHED]):
        if any(map(is_data, cells)):
            return number
    return 1


def _is_across(rows: list[tuple[int, list[str]]]) -> bool:
    """Whether days stand in the header: its first cell is no data, rows are of names or periods."""
    first, *rest = rows[0][1]
    below = [cells[0] for _, cells in rows[1:SEARCHED] if cells]
    if is_data(first):
        return False
    dates = Dates()
    periods = [w for cell in below if (w := dates.read_either(cell)) and w.days > 1]
    of_periods = len(periods) > len(below) / 2 and all(map(dates.read_either, filter(None, rest)))
    return of_periods or not any(map(is_data, below))


def _spans(first: list[str], second: list[str]) -> bool:
    """Whether a heading of the first row holds for several columns of the second."""
    above = [first[i] if i < len(first) else "" for i, cell in enumerate(second) if cell]
    filled = [cell for cell in above if cell]
    return len(filled) < len(above) or len(set(filled)) < len(filled)


def _joined(first: list[str], second: list[str]) -> list[str]:
    found, above = [], ""
    for i in range(max(len(first), len(second))):
        upper = first[i] if i < len(first) else ""
        lower = second[i] if i < len(second) else ""
        above = upper or above
        found.append(LEVELS.join(part for part in (above, lower) if part))
    return found


def _table(header: list[str], body: list[tuple[int, list[str]]], path: Path) -> pd.DataFrame:
    width = len(header)
    last = max((i for i, (_, cells) in enumerate(body) if any(map(is_data, cells))), default=0)
    for i, (line, cells) in enumerate(body):
        if i <= last and any(cells[width:]):
            raise UsageError(
                f"{path} row {line} has {len(cells)} cells, the header {width}: put quotes around "
                "a cell that has the separator in it, or give every column a heading."
            )
    filled = [any(i < len(cells) and cells[i] for _, cells in body) for i in range(width)]
    kept = [i for i in range(width) if header[i] or filled[i]]
    names = [header[i] or f"column {i + 1}" for i in kept]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise UsageError(f"{path}: columns {', '.join(map(repr, twice))} appear twice.")
    table = [[row[i] if i < len(row) else "" for i in kept] for _, row in body]
    return pd.DataFrame(table, columns=names, index=[line for line, _ in body], dtype=str)


def _shown(cells: list[str]) -> str:
    return next(cell for cell in cells if cell)[:60]
