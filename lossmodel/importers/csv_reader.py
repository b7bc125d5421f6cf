"""Foreign tables as text: JSON lists, and CSV in any dialect of spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.tables.files import read_bytes

__all__ = ["Source", "read_source"]

DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
WORKBOOK: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
SEPARATOR: Final = "sep="  # a first line that some spreadsheets write and read
SAMPLE: Final = 200  # lines from which the delimiter is guessed
FEWEST: Final = 2  # rows of a table: a header and one more


@dataclass(frozen=True, eq=False)
class Source:
    """A table as written in a file.

    Attributes
    ----------
    path
        The file.
    cells
        All text, empty where missing; the index is the line in the file.
    notes
        Guesses about the file, one text each.

    Examples
    --------
    >>> cells = pd.DataFrame({"date": ["2022-02-25"], "total": ["1,200"]}, index=[2])
    >>> Source(Path("x.csv"), cells).numbers("total", thousands=",").tolist()
    [1200.0]
    """

    path: Path
    cells: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """Names of the columns."""
        return set(self.cells.columns)

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


def read_source(path: Path) -> Source:
    r"""Read a JSON list of records, or a CSV file in any common encoding and dialect.

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
    text, encoding = _decode(read_bytes(path), path)
    if text.lstrip().startswith("["):
        return Source(path, _records(text, path))
    try:
        return _table(text, path, encoding)
    except csv.Error as error:
        raise UsageError(f"{path} cannot be read as a table: {error}.") from error


def _decode(data: bytes, path: Path) -> tuple[str, str]:
    if data.startswith(WORKBOOK):
        raise UsageError(f"{path} is a workbook. Export its sheet as CSV, UTF-8.")
    encodings = [name for mark, name in MARKS if data.startswith(mark)] or ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path} is not text. Export the table as CSV, UTF-8.")


def _records(text: str, path: Path) -> pd.DataFrame:
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path} begins like JSON but breaks off in line {error.lineno}: it is incomplete."
        ) from error
    # Nested too deeply, or a number of more digits than Python reads.
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}.") from error
    if not records or not all(isinstance(record, dict) for record in records):
        raise UsageError(f"{path} contains no list of records.")
    columns = list(dict.fromkeys(name for record in records for name in record))
    rows = [[_text(record.get(name)) for name in columns] for record in records]
    return pd.DataFrame(rows, columns=columns, index=range(1, len(rows) + 1), dtype=str)


def _text(cell: object) -> str:
    # JSON from pandas may contain NaN, which differs from itself.
    return "" if cell is None or cell != cell else str(cell)


def _table(text: str, path: Path, encoding: str) -> Source:
    first = text.split("\n", 1)[0].strip()
    declared = first.lower().startswith(SEPARATOR) and first[len(SEPARATOR) :] in DELIMITERS
    delimiter = first[len(SEPARATOR) :] if declared else _delimiter(text)
    rows = [(line, row) for line, row in _numbered(text, delimiter) if any(map(str.strip, row))]
    rows = rows[1:] if declared else rows
    if len(rows) < FEWEST:
        raise UsageError(f"{path} contains no table: a header and at least one row are needed.")
    header = [name.strip() for name in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    if len(set(header)) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        raise UsageError(f"{path}: columns {', '.join(map(repr, twice))} appear twice.")
    width = len(header)
    body = [[*row[:width], *[""] * (width - len(row))] for _, row in rows[1:]]
    cells = pd.DataFrame(body, columns=header, index=[line for line, _ in rows[1:]], dtype=str)
    cells = cells.apply(lambda column: column.str.replace("\xa0", " ").str.strip())
    notes = [] if delimiter == "," else [f"columns are separated by {DELIMITERS[delimiter]}"]
    if encoding == "utf-8-sig":
        notes.append("the file begins with a byte-order mark")
    elif encoding != "utf-8":
        notes.append(f"the file is {encoding}, not UTF-8")
    return Source(path, cells, tuple(notes))


def _numbered(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found, line = [], 1
    for row in reader:
        found.append((line, row))
        line = reader.line_num + 1
    return found


def _delimiter(text: str) -> str:
    """Delimiter that gives most lines as many fields as the header; of equals, the most fields."""
    lines = text.splitlines()[:SAMPLE]

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        width = widths[0] if widths else 0
        agree = sum(w == width for w in widths) / max(len(widths), 1)
        return (agree if width > 1 else 0.0, width)

    return max(DELIMITERS, key=score)
