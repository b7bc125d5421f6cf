"""Foreign tables as text, whatever the form of the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import Grid, csv_grid
from lossmodel.importers.encoding import decode
from lossmodel.importers.header import split_header
from lossmodel.importers.json_reader import is_json, json_grid
from lossmodel.importers.markup import html_grid, is_html, is_wiki, wiki_grid
from lossmodel.importers.workbook import ARCHIVE, OLD, PARQUET, parquet_grid, workbook_grid
from lossmodel.tables.files import read_bytes

__all__ = ["Source", "read_source"]


@dataclass(frozen=True, eq=False)
class Source:
    """A table as written in a file.

    Attributes
    ----------
    path
        The file.
    cells
        All text, empty where missing; the index is the row in the file.
    notes
        Guesses about the file, one text each.
    titles
        Rows above the headings.

    Examples
    --------
    >>> cells = pd.DataFrame({"date": ["2022-02-25"], "total": ["1,200"]}, index=[2])
    >>> Source(Path("x.csv"), cells).numbers("total", thousands=",").tolist()
    [1200.0]
    """

    path: Path
    cells: pd.DataFrame
    notes: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """Names of the columns."""
        return set(self.cells.columns)

    @property
    def headings(self) -> list[str]:
        """Names of the columns in their order."""
        return list(map(str, self.cells.columns))

    def numbers(self, name: str, *, thousands: str = "") -> pd.Series:
        """A column as float64, NaN for empty cells.

        Raises
        ------
        UsageError
            A cell is not a number.
        """
        cells = self.cells[name]
        plain = cells.str.replace(thousands, "", regex=False) if thousands else cells
        found = pd.to_numeric(plain.where(plain != ""), errors="coerce").astype(float)
        self._refuse(name, found.isna() & (plain != ""), "a number")
        return found

    def days(self, name: str, *, form: str = "%Y-%m-%d", like: str = "2022-12-31") -> pd.Series:
        """A column as datetime64.

        Parameters
        ----------
        form
            Format of the dates, as for `strftime`.
        like
            An example of it, for messages.

        Raises
        ------
        UsageError
            A cell is not a date in this format.
        """
        found = pd.to_datetime(self.cells[name], format=form, errors="coerce")
        self._refuse(name, found.isna(), f"a date like {like}")
        return found

    def _refuse(self, name: str, bad: pd.Series, wanted: str) -> None:
        if not bad.any():
            return
        at = int(bad.to_numpy().argmax())
        raise UsageError(
            f"{self.path} row {self.cells.index[at]}, column {name}: "
            f"{self.cells[name].iloc[at]!r} is not {wanted}. The file differs from its "
            "publisher's format; download it again."
        )


def read_source(path: Path, *, sheet: str = "", encoding: str = "") -> Source:
    r"""Read a table from CSV, JSON, XLSX, Parquet, a web page or a wiki.

    Parameters
    ----------
    path
        The file; its contents tell its form, not its name.
    sheet
        Sheet of a workbook.
    encoding
        Encoding of a text; found out if empty.

    Raises
    ------
    UsageError
        There is no such file, or it contains no table.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "x.csv"
    ...     _ = path.write_text("date;total\n2022-02-25;5\n")
    ...     read_source(path).notes
    ('columns are separated by semicolons',)
    """
    grid, notes = _grid(read_bytes(path), path, sheet, encoding)
    headed = split_header(grid, path)
    return Source(path, headed.cells, (*notes, *grid.notes, *headed.notes), headed.titles)


def _grid(data: bytes, path: Path, sheet: str, encoding: str) -> tuple[Grid, tuple[str, ...]]:
    if data.startswith(ARCHIVE):
        return workbook_grid(data, path, sheet), ()
    if data.startswith(OLD):
        raise UsageError(
            f"{path} is a workbook of an old form, or has a password. Export its sheet as CSV, "
            "UTF-8."
        )
    if data.startswith(PARQUET):
        return parquet_grid(data, path), ()
    if sheet:
        raise UsageError(f"{path} is no workbook, so it has no sheet {sheet!r}.")
    text, notes = decode(data, path, encoding)
    text = text.removeprefix("\ufeff")
    for known, read in ((is_wiki, wiki_grid), (is_html, html_grid), (is_json, json_grid)):
        if known(text):
            return read(text, path), notes
    return csv_grid(text, path), notes
