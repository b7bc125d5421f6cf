"""Reporting triangles among records: counts by period of death at several dates of knowledge."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from lossmodel.importers.dates import Window
from lossmodel.importers.records import Record
from lossmodel.tables.problems import Problems, quoted

__all__ = ["triangle_notes", "triangles", "up_to_knowledge"]

SHOWN: Final = 3  # cells that a note names

Series = tuple[str, str, str]


def triangles(records: Iterable[Record]) -> list[Series]:
    """Claimant, party and category of series with one period at several dates of knowledge."""
    # mypy: a slice of a longer tuple; the first three parts of a key are these.
    return sorted({r.key[:3] for cell in _cells(records) for r in cell if len(cell) > 1})  # type: ignore[misc]


def up_to_knowledge(records: Iterable[Record], file: str, problems: Problems) -> list[Record]:
    """Records of which a period that had not ended at its date of knowledge ends with it.

    One that had not begun, as below the diagonal of a triangle, is left out if it is zero; others
    are noted as problems.
    """
    kept = []
    for record in records:
        window, known = record.window, record.known
        if not known or f"{window.end}" <= known:
            kept.append(record)
        elif f"{window.start}" <= known:
            end = dt.date.fromisoformat(known)
            kept.append(replace(record, window=Window(window.start, end, window.form)))
        elif record.figure.value != 0:
            problems.add(
                file,
                record.place.column,
                rows=[record.place.row],
                found=quoted(record.place.cell),
                allowed=f"nothing: the period begins on {window.start}, after {known}",
                remedy="Empty the cell, or correct the period or the date of knowledge",
            )
    return kept


def _cells(records: Iterable[Record]) -> list[list[Record]]:
    """The records of each period in the order of their knowledge."""
    found: defaultdict[tuple[object, ...], list[Record]] = defaultdict(list)
    for r in records:
        if r.known:
            found[(*r.key[:5], r.window.start)].append(r)
    cells = [sorted(cell, key=lambda r: r.known) for cell in found.values()]
    return [cell for cell in cells if len({r.known for r in cell}) > 1]


def triangle_notes(records: list[Record]) -> list[str]:
    """Sentences on the triangles in a table, and on cells that fall from one date to the next."""
    notes = [
        f"{claimant}, {party} {category}: a reporting triangle, taken for a list (streams.csv): "
        "what a period gains between two dates is listed late"
        for claimant, party, category in triangles(records)
    ]
    falls = [
        (b.place.row, b.place.column, b.place.cell, a.place.cell, a.known)
        for cell in _cells(records)
        for a, b in pairwise(cell)
        if a.figure.value is not None
        and b.figure.value is not None
        and b.figure.value < a.figure.value
    ]
    if falls:
        named = "; ".join(
            f"row {row}, {column}: {cell}, after {before} on {known}"
            for row, column, cell, before, known in falls[:SHOWN]
        )
        more = f" and {len(falls) - SHOWN:,} more" if len(falls) > SHOWN else ""
        notes.append(
            f"warning: {len(falls):,} cells fall with a later date, as in a list that was "
            f"corrected ({named}{more}); all are kept, and a fit sets the fewest aside"
        )
    return notes
