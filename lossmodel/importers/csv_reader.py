"""CSV in any dialect of spreadsheets, as a grid of cells."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final, NamedTuple

from lossmodel.errors import UsageError

__all__ = ["MOST_COLUMNS", "Grid", "csv_grid"]

DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SEPARATOR: Final = "sep="  # a first line that some spreadsheets write and read
SAMPLE: Final = 200  # lines from which the delimiter is guessed
# As in a claims table: one without an end of columns is no table of claims.
MOST_COLUMNS: Final = 2_000


class Grid(NamedTuple):
    """Cells of a file before its header is known.

    Attributes
    ----------
    rows
        `(row in the file, cells)`, without empty rows.
    notes
        Guesses about the file, one text each.
    """

    rows: list[tuple[int, list[str]]]
    notes: tuple[str, ...] = ()


def csv_grid(text: str, path: Path) -> Grid:
    r"""Cells of a CSV file.

    Raises
    ------
    UsageError
        Its quotes are broken, or it has too many columns.

    Examples
    --------
    >>> csv_grid("date;total\n2022-02-25;5\n", Path("x.csv")).notes
    ('columns are separated by semicolons',)
    """
    first = text.split("\n", 1)[0].strip()
    declared = first.lower().startswith(SEPARATOR) and first[len(SEPARATOR) :] in DELIMITERS
    delimiter = first[len(SEPARATOR) :] if declared else _delimiter(text, path)
    rows = []
    line = 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            _check_width(len(row), path)
            cells = [cell.replace("\xa0", " ").strip() for cell in row]
            if any(cells) and not (declared and line == 1):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path} row {line} cannot be read: {error}.") from error
    notes = () if delimiter == "," else (f"columns are separated by {DELIMITERS[delimiter]}",)
    return Grid(rows, notes)


def _check_width(width: int, path: Path) -> None:
    if width > MOST_COLUMNS:
        raise UsageError(
            f"{path} has {width:,} columns, and at most {MOST_COLUMNS:,} are read: it is no table "
            "of claims."
        )


def _delimiter(text: str, path: Path) -> str:
    """Delimiter that gives most lines as many fields as most have; of equals, the most fields."""
    lines = text[: 1 << 20].splitlines()[:SAMPLE]

    def score(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0.0, 0
        width = max(set(widths), key=lambda w: (widths.count(w), w)) if widths else 0
        agree = sum(w == width for w in widths) / max(len(widths), 1)
        return (agree if width > 1 else 0.0, width)

    best = max(DELIMITERS, key=score)
    _check_width(score(best)[1], path)
    return best
