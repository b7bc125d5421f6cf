"""Results of long runs that are kept in the data folder, so that reports can show them.

`data/validation/` holds the tables of `make arms`, `make backtests` and `make posterior-sbc`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from lossmodel.conflict.shipped import data_dir

__all__ = ["KeptTable", "keep_table", "kept_table"]

KeptTable = Literal["arms", "posterior-sbc", "revisions-shipped", "revisions-simulated"]
FOLDER = "validation"
DIGITS = 4


def kept_table(name: KeptTable) -> pd.DataFrame | None:
    """A kept table; None where the run has not been kept.

    Examples
    --------
    >>> table = kept_table("arms")
    >>> table is None or "covered_95" in table
    True
    """
    file = data_dir() / FOLDER / f"{name}.csv"
    return pd.read_csv(file) if file.is_file() else None


def keep_table(name: KeptTable, table: pd.DataFrame, folder: Path | None = None) -> Path:
    """Keep a table where `kept_table` looks for it, or in another folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep_table("arms", pd.DataFrame({"wars": [500]}), Path(folder)).name
    'arms.csv'
    """
    place = data_dir() / FOLDER if folder is None else folder
    place.mkdir(exist_ok=True)
    file = place / f"{name}.csv"
    table.round(DIGITS).to_csv(file, index=False)
    return file
