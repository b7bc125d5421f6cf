"""Result of an importer, and how it is written to disk."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims, load_claims, write_claims
from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.conflict.shipped import resolve
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.importers.columns import ColumnMap
from lossmodel.importers.cover import Cover
from lossmodel.system.destination import ALTERNATIVE, destination
from lossmodel.system.unfinished import unfinished
from lossmodel.tables.files import is_there, read_text
from lossmodel.tables.schema import CLAIMANTS, CLAIMS, SOURCES, STREAM, STREAMS, Field

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Imported", "claims_place", "claims_table", "iso", "rows_of"]

RUSSIA_UKRAINE: Final = "russia-ukraine"
TABLES: Final = {"claimants": CLAIMANTS, "streams": STREAMS, "sources": SOURCES}
KEYS: Final = {
    "claimants": ["claimant"],
    "streams": STREAM,
    "sources": ["source"],
}


@dataclass(frozen=True, eq=False)
class Imported:
    """Claims from a foreign table.

    Attributes
    ----------
    claims
        One row per claim, with the columns of a claims table.
    base
        The conflict that they belong to, a shipped one or a folder.
    toml
        Definition of a conflict of their own; empty if they belong to `base`.
    extra
        Rows of `claimants`, `streams` and `sources` that the base may lack.
    notes
        Guesses and corrections, a sentence each.
    heading
        Heading of the notes: `read as` for a known format, `guessed` for a user's own table.
    left_out
        `rows, what, why` of rows that did not become claims.
    guesses
        `column, read as, why, first value, row` of each column of a user's own table.
    columns
        How these columns were read, to be kept.
    file, file_rows
        Name of the user's file, and the row in it of each claim; empty for a public set.
    cover
        What messages do not show of the file.
    """

    claims: pd.DataFrame
    base: str = RUSSIA_UKRAINE
    toml: str = ""
    extra: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    heading: str = "read as"
    left_out: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["rows", "what", "why"])
    )
    guesses: pd.DataFrame = field(default_factory=pd.DataFrame)
    columns: ColumnMap = ColumnMap()
    file: str = ""
    file_rows: tuple[int, ...] = ()
    cover: Cover = Cover()

    def under(self, cover: Cover) -> Imported:
        """The same, without what is not shown of the table."""
        left_out, guesses = self.left_out.copy(), self.guesses.copy()
        for name in ("what", "why"):
            left_out[name] = left_out[name].map(cover.text)
        if cover.cells and len(guesses):
            guesses["first value"] = ""
        notes = tuple(map(cover.text, self.notes))
        return replace(self, notes=notes, left_out=left_out, guesses=guesses, cover=cover)

    def missing(self, name: str) -> pd.DataFrame:
        """Rows of `extra` that the base conflict lacks.

        Parameters
        ----------
        name
            `claimants`, `streams` or `sources`.
        """
        own = self.extra.get(name)
        if own is None or self.toml:
            return _table(own, name)
        there = _read(resolve(self.base) / f"{name}.csv", name)
        known = set(map(tuple, there[KEYS[name]].to_numpy()))
        new = [key not in known for key in map(tuple, own[KEYS[name]].to_numpy())]
        return own[np.array(new, dtype=bool)]

    @property
    def needs_folder(self) -> bool:
        """Whether the claims need rows that the base conflict lacks."""
        return bool(self.toml) or any(len(self.missing(name)) for name in TABLES)

    def load(self) -> Claims:
        """Validated claims with their conflict.

        Raises
        ------
        ClaimsError
            The table is not valid; the error has every problem.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / (Path(self.base).name or "conflict")  # named in messages
            folder.mkdir()
            return self._checked(folder)

    def _checked(self, folder: Path) -> Claims:
        """Claims that passed validation; an error names the user's file and its rows."""
        conflict = self._conflict(folder)
        try:
            return load_claims(self.claims, conflict=conflict)
        except ClaimsError as error:
            problems = self.cover.problems(error.problems)
            if self.file_rows:
                own = (problems["file"] == "table") & (problems["row"] > 1)
                places = [self.file_rows[row - 2] for row in problems.loc[own, "row"]]
                problems.loc[own, "row"] = places
                problems["file"] = problems["file"].replace("table", self.file)
            raise ClaimsError(problems) from None

    def write(self, out: Path) -> list[Path]:
        """Write the claims, completely or not at all.

        Parameters
        ----------
        out
            A path that ends in `.csv` becomes the claims table, with a conflict folder beside it
            if the claims need one; any other becomes a conflict folder with the claims in it.

        Returns
        -------
        paths
            Files and folders written.

        Raises
        ------
        ClaimsError
            The table is not valid; the error has every problem.
        UsageError
            The folder exists already, or the place cannot be written.
        """
        target = claims_place(out)
        as_file = out.suffix == ".csv"
        folder = out.with_name(f"{out.stem}-conflict") if as_file else out
        wants_folder = not as_file or self.needs_folder
        if wants_folder and is_there(folder):
            raise UsageError(f"{folder} exists; {ALTERNATIVE}")
        with unfinished(target, out) as work:
            place = work / "whole"
            place.mkdir()
            claims = self._checked(place)
            write_claims(claims, work / "claims.csv" if as_file else place / "claims.csv")
            if self.columns.columns:
                kept = work / "columns.toml" if as_file else place / "columns.toml"
                kept.write_text(self.columns.toml(), encoding="utf-8", newline="")
            if as_file:
                if self.columns.columns:
                    (work / "columns.toml").replace(self.map_beside(target))
                (work / "claims.csv").replace(target)
            if wants_folder:
                place.rename(folder)
        beside = [self.map_beside(target)] if as_file and self.columns.columns else []
        return ([out] if as_file else []) + ([folder] if wants_folder else []) + beside

    def map_beside(self, out: Path) -> Path:
        """Where the column map is kept beside a claims table."""
        return out.with_name(f"{out.stem}-columns.toml")

    def _conflict(self, folder: Path) -> Conflict:
        """Conflict with the extra rows, written into a folder and read back."""
        base = None if self.toml else resolve(self.base)
        toml = self.toml or read_text(resolve(self.base) / "conflict.toml")
        (folder / "conflict.toml").write_text(toml, encoding="utf-8")
        for name in TABLES:
            tables = [self.missing(name)]
            if base is not None:
                tables.insert(0, _read(base / f"{name}.csv", name))
            whole = pd.concat(tables, ignore_index=True).fillna("")
            whole.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        return load_conflict(folder)


def claims_place(out: Path) -> Path:
    """The claims table (.csv) or conflict folder itself that imported claims are written to.

    Raises
    ------
    UsageError
        Something else stands there, or it cannot be written.
    """
    return destination(out, standing="file" if out.suffix == ".csv" else "nothing")


def _table(table: pd.DataFrame | None, name: str) -> pd.DataFrame:
    columns = [column.name for column in TABLES[name]]
    return pd.DataFrame(columns=columns, dtype=str) if table is None else table


def _read(path: Path, name: str) -> pd.DataFrame:
    if not is_there(path):
        return _table(None, name)
    return pd.read_csv(io.StringIO(read_text(path)), dtype=str, keep_default_na=False)


def rows_of(name: str, rows: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Rows of `claimants`, `streams` or `sources` from their first columns; the others are empty.

    Examples
    --------
    >>> rows_of("sources", [("bbc", "A list of names")]).iloc[0].tolist()
    ['bbc', 'A list of names', '', '', '', '', '', '']
    """
    columns = [column.name for column in TABLES[name]]
    full = [[*row, *[""] * (len(columns) - len(row))] for row in rows]
    return pd.DataFrame(full, columns=columns, dtype=str)


def claims_table(columns: Mapping[str, object]) -> pd.DataFrame:
    """Claims table with all its columns, from the columns that are not empty.

    Examples
    --------
    >>> table = claims_table({"claim_id": ["a"], "value": [5.0]})
    >>> table["scope"].tolist(), list(table)[:3]
    (['all'], ['claim_id', 'claimant', 'party'])
    """
    empty = {column.name: _empty(column) for column in CLAIMS if column.name not in columns}
    table = pd.DataFrame(columns).assign(**empty)
    return table[[column.name for column in CLAIMS]].reset_index(drop=True)


def _empty(column: Field) -> float | str:
    return float("nan") if column.form == "number" else column.default


def iso(days: pd.Series) -> pd.Series:
    """Days as text, YYYY-MM-DD.

    Examples
    --------
    >>> iso(pd.Series([pd.Timestamp(2022, 2, 24)])).tolist()
    ['2022-02-24']
    """
    return pd.to_datetime(days).dt.strftime("%Y-%m-%d")
