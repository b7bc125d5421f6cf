"""Collecting what is wrong with a set of files, to say it all at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossmodel.errors import ClaimsError

__all__ = ["GUESSES", "Problems", "nearest", "one_of", "quoted"]

_COLUMNS: Final = ("file", "row", "column", "found", "allowed", "remedy")
GUESSES: Final = 40  # distinct wrong words that get a suggestion; nobody reads more
_LONGEST = 60
_MOST_COMPARED = 5_000  # comparing spellings is slow


class Problems:
    """Problems found so far, in all files of one reading."""

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
        """Note the same kind of problem in one row or in many; texts are shared or one a row."""
        if not len(rows):
            return
        values = (file, rows, column, found, allowed, remedy)
        columns = {name: _spread(v, len(rows)) for name, v in zip(_COLUMNS, values, strict=True)}
        self._frames.append(pd.DataFrame(columns, dtype=object))

    def raise_if_any(self) -> None:
        """Raise one `ClaimsError` with everything, by file and row, each cell only once."""
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
    """Show a value that was found: shortened, and with nothing in it that upsets a terminal."""
    text = str(value)
    if not text:
        return "nothing"
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def nearest(word: str, known: Collection[str], *, cutoff: float = 0.6) -> str:
    """Find the known word that is spelled most like this one, or give an empty text."""
    if len(known) > _MOST_COMPARED:
        return ""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower()[:_LONGEST], list(by_lower), n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else ""


def one_of(known: Collection[str], *, most: int = 12) -> str:
    """Say which words are allowed, the first dozen by name."""
    names = list(dict.fromkeys(known))
    if not names:
        return "nothing, as none is declared"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "one of " + ", ".join(names[:most]) + more
