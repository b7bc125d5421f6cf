"""A CSV file as a table of text, each row with its line number in an editor."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossmodel.tables.problems import Problems, quoted

__all__ = ["RawTable", "first_odd_byte", "read_table", "sha256"]

# A table of a conflict has at most 19 columns of its own. With the 16,384 of a spreadsheet one
# without a row takes seconds.
MOST_COLUMNS: Final = 2_000
_CHUNK = 50_000  # rows held as Python text at a time: some tens of MB
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_COMMAS = "Put quotes around a text with a comma in it, and give every cell"
_QUOTES = "quotes around whole cells only, closed, and doubled inside a cell"


@dataclass(frozen=True)
class RawTable:
    """Cells as they were written, without surrounding blanks.

    Attributes
    ----------
    file
        Name of the file, for messages.
    cells
        One row per row of the file, all text.
    rows
        Line of each row in the file; the header is on line 1.
    broken
        Whether lines are missing because they could not be read.
    """

    file: str
    cells: pd.DataFrame
    rows: npt.NDArray[np.int64]
    broken: bool = False


def sha256(data: bytes) -> str:
    """SHA-256 of a file's bytes, as hexadecimal text.

    Examples
    --------
    >>> sha256(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(data).hexdigest()


def read_table(data: bytes, file: str, problems: Problems) -> RawTable | None:
    r"""Split a CSV file into cells; None if it is not a CSV file with a header.

    Parameters
    ----------
    data
        Contents of the file.
    file
        Its name, for messages.
    problems
        Where problems are noted.

    Examples
    --------
    >>> table = read_table(b"a,b\n1, 2\n\n3,4\n", "x.csv", Problems())
    >>> table.cells["b"].tolist(), table.rows.tolist()
    (['2', '4'], [2, 4])
    """
    if not _is_text(data, file, problems):
        return None
    records = _Records(data)
    _, header = next(iter(records), (1, []))
    if not header:
        records.report(file, problems)
        problems.add(
            file, "", found="an empty file", allowed="a header and rows", remedy="Fill the file"
        )
        return None
    if not _is_header(header, file, problems):
        return None
    cells, rows = _collect(records.of_width(len(header)), header)
    broken = records.report(file, problems)
    return RawTable(file, cells.loc[:, [name != "" for name in header]], rows, broken)


def _collect(
    records: Iterator[tuple[int, list[str]]], header: list[str]
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Gather records in chunks, so that a long file is never in memory as Python text."""
    frames = [pd.DataFrame(columns=header, dtype="str")]
    rows = [np.empty(0, dtype=np.int64)]
    while chunk := list(islice(records, _CHUNK)):
        frames.append(pd.DataFrame([cells for _, cells in chunk], columns=header, dtype="str"))
        rows.append(np.array([row for row, _ in chunk], dtype=np.int64))
    return pd.concat(frames, ignore_index=True), np.concatenate(rows)


class _Records:
    """Records of a CSV file with the line that each begins on, without blank ones."""

    def __init__(self, data: bytes) -> None:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
        self._reader = csv.reader(text, strict=True)
        self.broken: list[tuple[int, str, str, str]] = []

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            row = self._reader.line_num + 1
            try:
                cells = list(map(str.strip, next(self._reader)))
            except StopIteration:
                return
            except csv.Error as error:
                found = f"a line that breaks off ({error})"
                self.broken.append((row, found, _QUOTES, "Mend the quotes"))
                continue
            if any(cells):
                yield row, cells

    def of_width(self, width: int) -> Iterator[tuple[int, list[str]]]:
        """Yield the records that have as many cells as the header."""
        for row, cells in self:
            if len(cells) == width or (len(cells) > width and not any(cells[width:])):
                yield row, cells[:width]
            else:
                allowed = f"{width}, as many as the header has"
                self.broken.append((row, f"{len(cells)} cells", allowed, _COMMAS))

    def report(self, file: str, problems: Problems) -> bool:
        """Note the lines that could not be read, and say whether there were any."""
        if self.broken:
            rows, found, allowed, remedy = zip(*self.broken, strict=True)
            problems.add(file, "", rows=rows, found=found, allowed=allowed, remedy=remedy)
        return bool(self.broken)


def _is_text(data: bytes, file: str, problems: Problems) -> bool:
    """Note a file that is not UTF-8 text, and its likely format."""
    position, found = first_odd_byte(data)
    if position is None:
        return True
    problems.add(
        file,
        "",
        rows=[data.count(b"\n", 0, position) + 1],
        found=found,
        allowed="text in UTF-8",
        remedy="Save the file as CSV in UTF-8",
    )
    return False


def first_odd_byte(data: bytes) -> tuple[int | None, str]:
    r"""Where a file is not text in UTF-8, and what is there; None and no words where it is.

    Examples
    --------
    >>> first_odd_byte(b"killed"), first_odd_byte(b"k\xffilled")[0]
    ((None, ''), 1)
    """
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return 0, "a spreadsheet or an archive"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _half_is_zero(data):
        return 0, "text in UTF-16"
    control = _CONTROL.search(data)
    if control:
        count = data.count(control.group())
        return (
            control.start(),
            f"{count:,} bytes {control.group().hex()}, which text never contains",
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start : error.start + 1].hex()
        return error.start, f"a byte {byte} that is not UTF-8 (Latin-1 or Windows-1252?)"
    return None, ""


def _half_is_zero(data: bytes) -> bool:
    start = data[:1000]
    return len(start) > 1 and max(start[::2].count(0), start[1::2].count(0)) > len(start) / 4


def _is_header(header: list[str], file: str, problems: Problems) -> bool:
    """Note too many or duplicate columns, and delimiters other than commas."""
    other = next((mark for mark in ";\t|" if mark in header[0]), "")
    if len(header) == 1 and other:
        problems.add(
            file,
            "",
            rows=[1],
            found=f"columns separated by {other!r}",
            allowed="columns separated by commas",
            remedy="Save the file with commas",
        )
        return False
    if len(header) > MOST_COLUMNS:
        problems.add(
            file,
            "",
            rows=[1],
            found=f"{len(header):,} columns",
            allowed=f"at most {MOST_COLUMNS:,}",
            remedy="Remove the columns that are not part of the format",
        )
        return False
    counts = Counter(name for name in header if name)
    twice = sorted(name for name, count in counts.items() if count > 1)
    for name in twice:
        problems.add(
            file,
            quoted(name),
            rows=[1],
            found=f"{counts[name]} columns of this name",
            allowed="one",
            remedy="Rename or remove the others",
        )
    return not twice
