"""Sheets of XLSX workbooks and Parquet tables, as a grid of cells.

Both are opened with a library that is an extra. A workbook is an archive: its expanded size is
looked at before anything of it is expanded, and neither macros nor links are followed.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import MOST_COLUMNS, Grid
from lossmodel.importers.merged_cells import fill_merged, merged_down

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

__all__ = ["ARCHIVE", "OLD", "PARQUET", "parquet_grid", "workbook_grid"]

ARCHIVE: Final = b"PK\x03\x04"
OLD: Final = b"\xd0\xcf\x11\xe0"  # XLS, and XLSX with a password
PARQUET: Final = b"PAR1"
# Bytes of all parts of a workbook when expanded: about two million cells.
LARGEST: Final = 200_000_000
# Expanded over packed; sheets of numbers reach about 15, a bomb 1,000.
MOST_EXPANSION: Final = 200
MOST_ROWS: Final = 1_048_576  # of a sheet of any program
# Of a whole file, blank ones too: ten bytes each.
MOST_CELLS: Final = LARGEST // 10
EXPORT: Final = "Export its sheet as CSV, UTF-8."


def workbook_grid(data: bytes, path: Path, sheet: str = "") -> Grid:
    """Cells of one sheet of a workbook; of formulas, the values saved with them.

    Parameters
    ----------
    data
        Contents of the file.
    path
        For messages.
    sheet
        Its name; the only sheet with cells if empty.

    Raises
    ------
    UsageError
        It is no workbook that can be opened, openpyxl is missing, or several sheets have cells.
    """
    try:
        import openpyxl
    except ImportError:
        raise UsageError(
            f"{path} is a workbook. {EXPORT} Or install openpyxl: pip install lossmodel[xlsx]."
        ) from None
    _check_archive(data, path)
    try:
        values, formulas = (
            _Workbook(
                openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=saved), path
            )
            for saved in (True, False)
        )
        name, rows = values.filled(sheet)
        written = formulas.rows(name)
        merged = fill_merged(rows, merged_down(data, values.part(name)))
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises errors of every kind
        raise UsageError(f"{path} cannot be opened as a workbook: {error}. {EXPORT}") from error
    return Grid(rows, (f"sheet {name!r}", *_formulas(rows, written, path), *merged))


def _check_archive(data: bytes, path: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"{path} is a broken workbook: {error}. {EXPORT}") from error
    if "xl/workbook.xml" not in names:
        raise UsageError(f"{path} is an archive, but no workbook in XLSX. {EXPORT}")
    if size > LARGEST or size > MOST_EXPANSION * max(len(data), 1 << 16):
        raise UsageError(
            f"{path} would expand to {size:,} bytes, and at most {LARGEST:,} and "
            f"{MOST_EXPANSION} times its size are read. {EXPORT}"
        )


@dataclass
class _Workbook:
    """Sheets of a workbook, and how many cells of them have been read."""

    book: Workbook
    path: Path
    read: int = 0

    def filled(self, sheet: str) -> tuple[str, list[tuple[int, list[str]]]]:
        """Name and rows of a sheet; of the only one with cells if no name is given."""
        names = [name for name in self.book.sheetnames if hasattr(self.book[name], "iter_rows")]
        if sheet:
            if sheet not in names:
                raise UsageError(
                    f"{self.path} has no sheet {sheet!r}; it has {', '.join(map(repr, names))}."
                )
            return sheet, self.rows(sheet)
        filled = {name: rows for name in names if (rows := self.rows(name))}
        if len(filled) != 1:
            raise UsageError(
                f"{self.path} has {len(filled)} sheets with cells: {', '.join(map(repr, filled))}. "
                "Say which with --sheet."
            )
        return next(iter(filled.items()))

    def part(self, name: str) -> str:
        """Name of the part of the archive that has a sheet; empty if it is not known."""
        return str(getattr(self.book[name], "_worksheet_path", "") or "").lstrip("/")

    def rows(self, name: str) -> list[tuple[int, list[str]]]:
        """Rows of a sheet that are not blank, with their numbers."""
        found = []
        sheet = self.book[name]
        # The size that a file states may be wrong: its rows would be cut to it, or filled up.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            self.read += len(row)
            if number > MOST_ROWS or self.read > MOST_CELLS:
                raise UsageError(
                    f"{self.path} has more rows or columns than a sheet of claims. {EXPORT}"
                )
            cells = [_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if len(cells) > MOST_COLUMNS:
                raise UsageError(
                    f"{self.path} has {len(cells):,} columns, and at most {MOST_COLUMNS:,} are "
                    "read."
                )
            if cells:
                found.append((number, cells))
        return found


def _formulas(
    rows: list[tuple[int, list[str]]], written: list[tuple[int, list[str]]], path: Path
) -> list[str]:
    saved = dict(rows)
    places = [
        (number, column)
        for number, cells in written
        for column, cell in enumerate(cells)
        if cell.startswith("=")
    ]
    if not places:
        return []
    for number, column in places:
        cells = saved.get(number, [])
        if column >= len(cells) or not cells[column]:
            raise UsageError(
                f"{path} row {number}, column {column + 1}: a formula without a saved value. Open "
                f"and save the workbook, or write the value. {EXPORT}"
            )
    at = ", ".join(dict.fromkeys(str(number) for number, _ in places[:3]))
    return [f"formulas read as their saved values: {len(places):,} (first in row {at})"]


def _text(cell: object) -> str:
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return str(cell).replace("\xa0", " ").strip()


def parquet_grid(data: bytes, path: Path) -> Grid:
    """Cells of a Parquet table.

    Raises
    ------
    UsageError
        It is broken, or pyarrow is missing.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise UsageError(
            f"{path} is a Parquet table. Export it as CSV, UTF-8, or install pyarrow: "
            "pip install lossmodel[parquet]."
        ) from None
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        _check_parquet(file, path)
        table = file.read()
        columns = {
            str(name): table.column(i).to_pylist() for i, name in enumerate(table.column_names)
        }
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - pyarrow raises errors of every kind
        raise UsageError(f"{path} cannot be read as Parquet: {error}. Export it as CSV.") from error
    rows = [
        (number, [_text(cell) for cell in row])
        for number, row in enumerate(zip(*columns.values(), strict=True), 1)
    ]
    return Grid([(0, list(columns)), *((number, row) for number, row in rows if any(row))])


def _check_parquet(file: Any, path: Path) -> None:
    meta = file.metadata
    size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    cells = meta.num_rows * meta.num_columns
    if meta.num_columns > MOST_COLUMNS or size > LARGEST or cells > MOST_CELLS:
        raise UsageError(f"{path} has {cells:,} cells, more than a table of claims.")
