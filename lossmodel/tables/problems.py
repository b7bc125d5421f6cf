"""Problems of a set of files, collected so that one error lists them all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossmodel.errors import ClaimsError
from lossmodel.text.numbers import some

__all__ = ["DAYS_OF_WAR", "GUESSES", "MISTYPED_DAY", "Problems", "one_of", "quoted"]

_COLUMNS: Final = ("file", "row", "column", "found", "allowed", "remedy")
GUESSES: Final = 40  # distinct wrong words that get a suggestion; nobody reads more
# What is allowed in place of a day outside of the war.
DAYS_OF_WAR: Final = "days of the conflict"
MISTYPED_DAY: Final = "Correct the year, month or day"
_LONGEST = 60  # letters of a quoted value: with file, row and column it fits a line


class Problems:
    """Problems found so far in a set of files.

    Examples
    --------
    >>> problems = Problems()
    >>> problems.add("x.csv", "value", rows=[2], found="'-1'", allowed="0 or more", remedy="Fix it")
    >>> try:
    ...     problems.raise_if_any()
    ... except ClaimsError as error:
    ...     print(error.problems["row"].tolist())
    [2]
    """

    def __init__(self) -> None:
        self._frames: list[pd.DataFrame] = []

    def add(
        self,
        file: str,
        column: str,
        *,
        rows: Sequence[int] | npt.NDArray[np.int64] = (0,),
        found: str | Sequence[str],
        allowed: str | Sequence[str],
        remedy: str | Sequence[str],
    ) -> None:
        """Note a problem in one row or in many.

        Parameters
        ----------
        file, column
            Where it is.
        rows
            Lines in the file; 0 is the whole file.
        found, allowed, remedy
            One text for all rows, or one text per row.
        """
        if not len(rows):
            return
        values = (file, rows, column, found, allowed, remedy)
        columns = {name: _spread(v, len(rows)) for name, v in zip(_COLUMNS, values, strict=True)}
        self._frames.append(pd.DataFrame(columns, dtype=object))

    def raise_if_any(self) -> None:
        """Raise one error with all problems by file and row, each cell once.

        Raises
        ------
        ClaimsError
            There is a problem.
        """
        if not self._frames:
            return
        table = pd.concat(self._frames, ignore_index=True)
        table["row"] = table["row"].astype(np.int64)
        cell = (table["row"] > 0) & (table["column"] != "")
        again = table.duplicated(["file", "row", "column"])
        table = table[~(again & (cell | table.duplicated()))]
        order = table["file"].map({name: i for i, name in enumerate(table["file"].unique())})
        table = table.assign(_file=order).sort_values(["_file", "row"], kind="stable")
        raise ClaimsError(table.drop(columns="_file").reset_index(drop=True))


def _spread(value: Any, n: int) -> npt.NDArray[np.object_]:
    spread = np.empty(n, dtype=object)
    spread[:] = value if isinstance(value, str) else np.asarray(value, dtype=object)
    return spread


def quoted(value: object) -> str:
    r"""A value in quotes, shortened, its control characters escaped.

    Examples
    --------
    >>> quoted(""), quoted("a\x07")
    ('nothing', "'a\\x07'")
    """
    text = str(value)
    if not text:
        return "nothing"
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def one_of(known: Collection[str], *, most: int = 12) -> str:
    """Allowed words as a text, the first dozen by name.

    Examples
    --------
    >>> one_of(["a", "b", "c"], most=2)
    'one of a, b and 1 more'
    """
    names = list(dict.fromkeys(known))
    if not names:
        return "nothing, as none is declared"
    return f"one of {some(names, most)}"
