"""The tables of a report as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lossmodel.model.design.grid import Floats

__all__ = ["csv_text"]


def csv_text(table: pd.DataFrame) -> str:
    """Write a table: dates by day, lines ended alike on every system, numbers without loss."""
    numbers = table.select_dtypes("float").columns
    texts = table.assign(**{name: _texts(table[name].to_numpy()) for name in numbers})
    return texts.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")


def _texts(values: Floats) -> NDArray[np.object_]:
    """Shortest text that reads back as the same number, nothing for NaN; each number once."""
    different, where = np.unique(values, return_inverse=True)
    texts = ["" if value != value else repr(value) for value in different.tolist()]
    return np.array(texts, dtype=object)[where]
