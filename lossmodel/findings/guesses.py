"""Days of publication that are guesses, of lists and registers, where they matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lossmodel.findings.finding import Case, Material
from lossmodel.findings.words import day, series_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["guessed_publications"]


def guessed_publications(material: Material) -> Iterator[Case]:
    """Series of lists and registers of which nothing says when they were published.

    A series of running totals, each as it was on its own day, says more: it shows how the list
    grows, and its days are mostly those of its releases.
    """
    columns, table = material.columns, material.table
    inferred = table["published_inferred"].to_numpy(dtype=bool)
    running = table["kind"].eq("cumulative").to_numpy()
    chosen = columns.counts_losses & columns.own & columns.accounted("counts_cases")
    for rows in columns.by_series(chosen):
        last, known = int(columns.end[rows].max()), columns.known[rows]
        grows = running[rows].all() and np.ptp(known) > 0
        if not inferred[rows].all() or grows or known.max() > last:
            continue
        first = min(rows.tolist(), key=lambda row: int(table["row"].iloc[row]))
        line = f"{material.claims.path.name} row {table['row'].iloc[first]}"
        figures = f"its {len(rows)} figures are" if len(rows) > 1 else "its figure is"
        by = "the last day of each" if np.ptp(known) > 0 else day(last)
        yield Case(
            f"The day of publication of {series_name(columns, first)} is a guess, the last day "
            f"that it counts: {figures} read as all that was known on {by}, from "
            f"{columns.ids[first]} on ({line}).",
            columns.named(rows.tolist()),
        )
