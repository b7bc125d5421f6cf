"""Results of long runs that are kept in the data folder, so that reports can show them.

`data/validation/` holds the tables of `make arms`, `make backtests` and `make posterior-sbc`, and
those of ``calibration.py``, ``level.py`` and ``next_claim.py`` in ``benchmarks/``. The column
`computed` is the day of the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.shipped import data_dir

__all__ = ["OF_BACKTEST", "SCORED", "KeptTable", "backtest_rows", "keep_table", "kept_table"]

KeptTable = Literal[
    "arms", "backtests", "calibration", "evidence", "evidence-backtests", "misspecified",
    "next-claims", "posterior-sbc", "revisions-shipped", "revisions-simulated",
]  # fmt: skip
OF_BACKTEST: Final = ["as_of", "party", "category", "scope", "start", "end"]
SCORED: Final = [
    *("truth", "median", "lower", "upper", "covered_50", "covered_80", "covered_95"),
    *("crps", "error"),
]
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


def backtest_rows(
    conflict: Conflict, scores: pd.DataFrame, naive: pd.DataFrame, computed: str
) -> pd.DataFrame:
    """The windows of a backtest beside rules of thumb, as they are kept.

    Parameters
    ----------
    scores, naive
        Those of `Backtest`; rows of the first common-mode sd, the default one.
    computed
        Day of the run.

    Returns
    -------
    DataFrame
        `war, party_title`, what was scored, its scores, and the log error of each rule of thumb, in
        a column with its name.

    Examples
    --------
    >>> from lossmodel.conflict.conflict import load_conflict
    >>> key = {"as_of": None, "party": "germany", "category": "aircraft", "scope": "all"}
    >>> key |= {"start": "1940-07-10", "end": "1940-10-31", "common_sd": 0.15}
    >>> scores = pd.DataFrame([key | dict.fromkeys(SCORED, 0.5) | {"kind": "window"}])
    >>> naive = pd.DataFrame([key | {"rule": "all at face value", "error": -0.2}])
    >>> rows = backtest_rows(load_conflict("battle-of-britain"), scores, naive, "2026-11-26")
    >>> rows[["party_title", "all at face value"]].values.tolist()
    [['Luftwaffe', -0.2]]
    """
    first = scores["common_sd"].iloc[0]
    rows = scores[(scores["kind"] == "window") & (scores["common_sd"] == first)]
    keyed = [table.fillna({"as_of": ""}) for table in (rows, naive[naive["common_sd"] == first])]
    rules = keyed[1].pivot_table("error", OF_BACKTEST, "rule", aggfunc="first").reset_index()
    table: pd.DataFrame = keyed[0][[*OF_BACKTEST, *SCORED]].merge(rules, on=OF_BACKTEST, how="left")
    table.insert(0, "party_title", [conflict.parties[name].title for name in table["party"]])
    table.insert(0, "war", conflict.title)
    return table.assign(computed=computed)
