"""Cells of a workbook that are merged over several rows: a text stands in each of them.

A file has the text of merged cells in the first of them alone.
"""

from __future__ import annotations

import io
import re
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

from lossmodel.importers.dates import Dates
from lossmodel.importers.header import is_data
from lossmodel.importers.numbers import guess_numbers
from lossmodel.text.numbers import some

__all__ = ["Merged", "fill_merged", "merged_down"]

RANGE: Final = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]{0,99}?\bref=[\"']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})[\"']"
)
MOST: Final = 100_000  # ranges of a sheet of claims
# Forms of a day that a figure may have, too.
OF_FIGURES: Final = ("serial number of a spreadsheet", "seconds since 1970")


class Merged(NamedTuple):
    """Merged cells: the first and last row, from 1, and the column of their text, from 0."""

    first: int
    last: int
    column: int


def merged_down(data: bytes, part: str) -> list[Merged]:
    """Cells of a sheet that are merged over several rows.

    Parameters
    ----------
    data
        A workbook that has been checked.
    part
        Name of the part of the archive that has the sheet; nothing is found without it.
    """
    from openpyxl.utils import column_index_from_string

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if part not in archive.namelist():
            return []
        text = archive.read(part)
    found = [
        Merged(int(match[2]), int(match[3]), column_index_from_string(match[1].decode()) - 1)
        for match in islice(RANGE.finditer(text), MOST)
    ]
    return [merged for merged in found if merged.last > merged.first]


def fill_merged(rows: list[tuple[int, list[str]]], ranges: Iterable[Merged]) -> list[str]:
    """Write the texts of merged cells into their other rows; the notes say where.

    A figure stays in its first row: in each it would count several times. So do headings.

    Parameters
    ----------
    rows
        Number and cells of the rows of a sheet, which are changed.
    ranges
        Its merged cells.

    Examples
    --------
    >>> rows = [(1, ["who", "day"]), (2, ["Staff", "2001-05-01"]), (3, ["", "2001-05-02"])]
    >>> fill_merged(rows, [Merged(2, 3, 0)])
    ['cells that are merged over rows stand in each of them: 1 (row 2)']
    >>> rows[2]
    (3, ['Staff', '2001-05-02'])
    """
    numbers = [number for number, _ in rows]
    head = next(
        (n for n, cells in rows if sum(map(bool, cells)) > 1 and any(map(is_data, cells))), 0
    )
    filled: list[int] = []
    counts: list[int] = []
    done: dict[int, int] = {}  # column -> last row
    for first, last, column in sorted(ranges):
        at = bisect_left(numbers, first)
        inside = rows[at : bisect_right(numbers, last)]
        if first < max(head, done.get(column, 0) + 1) or not inside or inside[0][0] != first:
            continue
        done[column] = last
        text = inside[0][1][column] if column < len(inside[0][1]) else ""
        if text and _is_figure(text):
            counts.append(first)
        elif text:
            filled.append(first)
            for _, cells in inside[1:]:
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or text
    return [
        f"{what}: {len(at):,} (row {some([*map(str, at)], 3)})"
        for what, at in (
            ("cells that are merged over rows stand in each of them", filled),
            ("figures that are merged over rows stand in the first of them alone", counts),
        )
        if at
    ]


def _is_figure(text: str) -> bool:
    window = Dates().read_either(text)
    day = window is not None and window.form not in OF_FIGURES
    return not day and guess_numbers([text]).read(text) is not None
