"""Claims: a validated table and the conflict that it belongs to.

All validation is in `load_claims`; no later step checks the table again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from lossmodel.arguments import check_type
from lossmodel.claims.allowed_words import allowed_words, note_other_table
from lossmodel.claims.filled import filled
from lossmodel.claims.summary import card
from lossmodel.claims.triangle import triangle
from lossmodel.claims.validation import check_claims
from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.conflict.inputs import CLAIMS as FILE
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.errors import UsageError
from lossmodel.system.unfinished import write_whole
from lossmodel.tables.cells import Flagger, parse_table
from lossmodel.tables.csv import read_table, sha256
from lossmodel.tables.files import read_bytes
from lossmodel.tables.problems import Problems
from lossmodel.tables.schema import CLAIMS, SERIES

__all__ = ["Claims", "claims_csv", "load_claims", "write_claims"]

# Columns by which `Claims.in_order` sorts rows, the first one first.
ORDER: Final = (
    *("claimant", "party", "category", "scope", "end", "start", "known", "published", "kind"),
    *("qualifier", "value", "low", "high", "published_inferred", "via", "source", "note"),
    *("part_of", "per", "total", "derived", "claim_id"),
)


@dataclass(frozen=True, eq=False)
class Claims:
    """A validated claims table.

    Attributes
    ----------
    table
        One row per claim: the columns of the format and `row`, the line in the file. Dates are
        datetime64[ns], numbers float64, flags are bool, all else is text, empty if missing.
        Optional dates are filled; only a stock may have no start.
    conflict
        The conflict that the claims belong to.
    sha256
        File name -> SHA-256 of every file that was read.
    path
        The file, or a name for a table that does not come from a file.
    notes
        Remarks for the reader, such as columns that are not part of the format.
    known_blank
        Ids of the claims whose `known` was empty in the file and is filled.

    Examples
    --------
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> own = claims.select(claims.table["claimant"] == "air-ministry")
    >>> len(own) < len(claims), own.path.name
    (True, 'claims.csv')
    """

    table: pd.DataFrame
    conflict: Conflict
    sha256: dict[str, str]
    path: Path
    notes: tuple[str, ...] = field(default=())
    known_blank: frozenset[str] = field(default=frozenset())

    def __len__(self) -> int:
        """Number of claims."""
        return len(self.table)

    def __repr__(self) -> str:
        """Claims in about ten lines."""
        return card(self).text()

    def _repr_html_(self) -> str:
        return card(self).html()

    def select(self, keep: Sequence[bool] | np.ndarray | pd.Series) -> Claims:
        """Claims of some rows.

        Parameters
        ----------
        keep
            Shape (number of claims,): True for the rows to keep.

        Returns
        -------
        Claims
            With the `sha256` of the files that they came from.

        Raises
        ------
        UsageError
            `keep` does not say of each claim whether it is kept.

        Examples
        --------
        >>> claims = load_claims(conflict="battle-of-britain")
        >>> set(claims.select(claims.table["party"] == "germany").table["party"])
        {'germany'}
        """
        given: object = keep
        kept = list(given) if isinstance(given, Iterable) else []
        if len(kept) != len(self.table) or not all(isinstance(x, bool | np.bool_) for x in kept):
            raise UsageError(f"keep must be True or False for each of {len(self.table):,} claims.")
        chosen = self.table[np.asarray(kept, dtype=bool)].reset_index(drop=True)
        return replace(self, table=chosen)

    def triangle(
        self, claimant: str, party: str, category: str = "killed", *, scope: str = "all"
    ) -> pd.DataFrame:
        """Reporting triangle: counts by period of death and date of knowledge.

        A period that had not ended at a date of knowledge has its count up to then.

        Parameters
        ----------
        claimant, party, category, scope
            The series.

        Returns
        -------
        DataFrame
            Shape (periods, dates): `value` by `start` and `end` of the periods, the index, and by
            `known`, the columns. NaN where nothing was published; of several releases on one date
            the latest. `lossmodel data import` reads it back from CSV.

        Raises
        ------
        UsageError
            The series has no counts of periods.

        Examples
        --------
        >>> claims = load_claims(conflict="russia-ukraine")
        >>> claims.triangle("mediazona-bbc", "russia", scope="citizens").columns.name
        'known'
        """
        series = (claimant, party, category, scope)
        for name, value in zip(SERIES, series, strict=True):
            check_type(value, name, str, "a name")
        return triangle(self.table, series)

    def in_order(self) -> Claims:
        """The claims in an order of their contents, so that no answer hangs on that of the file.

        Returns
        -------
        Claims
            The same claims. Ids are last in the order: they may be renamed.

        Examples
        --------
        >>> claims = load_claims(conflict="battle-of-britain")
        >>> len(claims.in_order()) == len(claims)
        True
        """
        columns = [name for name in ORDER if name in self.table]
        codes = [pd.factorize(self.table[name], sort=True)[0] for name in reversed(columns)]
        return replace(self, table=self.table.iloc[np.lexsort(codes)].reset_index(drop=True))


def load_claims(
    path: str | Path | pd.DataFrame | None = None,
    *,
    conflict: str | Path | Conflict = DEFAULT_CONFLICT,
) -> Claims:
    """Read and check a claims table.

    Parameters
    ----------
    path
        A CSV file, `-` for standard input, a table in memory, or None for the conflict's own
        `claims.csv`.
    conflict
        Name of a shipped conflict, a folder, or a loaded conflict.

    Returns
    -------
    Claims
        The table, checked, with its conflict.

    Raises
    ------
    ClaimsError
        The table is not valid; the error has every problem.
    UsageError
        There is no such file or conflict.

    Examples
    --------
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> sorted(claims.table["category"].unique())
    ['aircraft']
    """
    about = conflict if isinstance(conflict, Conflict) else load_conflict(conflict)
    place, data = _read(path, about)
    problems = Problems()
    raw = read_table(data, place.name, problems)
    if raw is None:
        problems.raise_if_any()
        raise AssertionError("a table that cannot be read is a problem")
    words = allowed_words(raw, about)
    note_other_table(raw, words, about, problems)
    parsed, ignored = parse_table(raw, CLAIMS, words=words, problems=problems)
    if not len(raw.rows) and not raw.broken:
        allowed, remedy = "at least one claim", "Add rows below the header"
        problems.add(raw.file, "", found="no rows", allowed=allowed, remedy=remedy)
    table = filled(parsed, about)
    check_claims(table, Flagger(raw, problems), about)
    problems.raise_if_any()
    notes = tuple(f"column {name} of {raw.file} is not part of the format" for name in ignored)
    hashes = {**about.sha256, place.name: sha256(data)}
    blank = frozenset(table["claim_id"][parsed["known"].isna()].tolist())
    return Claims(table.assign(row=raw.rows), about, hashes, place, notes, blank)


def _read(path: object, conflict: Conflict) -> tuple[Path, bytes]:
    if isinstance(path, pd.DataFrame):
        table = path.drop(columns="row", errors="ignore").map(_day_or_same)
        return Path("table"), table.to_csv(index=False).encode()
    if path is None:
        return conflict.directory / FILE, conflict.inputs.read(FILE)
    remedy = "a DataFrame, or the name of a file as a text or a Path"
    check_type(path, "claims", (str, Path), remedy)
    if str(path) == "-":
        return Path("standard input"), read_bytes(None)
    place = Path(str(path))
    if place.is_dir():
        raise UsageError(
            f"{str(path)!r} is a folder, not a table of claims. If it is a conflict, give it as "
            "--conflict DIR, in Python as conflict."
        )
    return place, read_bytes(place, or_dash=True)


def _day_or_same(cell: object) -> object:
    """The day of a midnight, in its own time zone; all else stays the same."""
    # A missing day is a datetime, too.
    if isinstance(cell, dt.datetime) and str(cell) != "NaT" and cell.time() == dt.time():
        return cell.date().isoformat()
    return cell


def claims_csv(claims: Claims) -> str:
    """Text of a CSV file that `load_claims` reads back as the same table.

    Examples
    --------
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> claims_csv(claims).splitlines()[0][:29]
    'claim_id,claimant,party,categ'
    """
    table = claims.table.drop(columns="row")
    # What is filled is filled again, and may be filled otherwise under another accounting.
    table["known"] = table["known"].mask(table["claim_id"].isin(claims.known_blank))
    for name in table.select_dtypes("datetime"):
        table[name] = table[name].dt.strftime("%Y-%m-%d")
    for name in table.select_dtypes("number"):
        table[name] = [repr(x).removesuffix(".0") if x == x else "" for x in table[name].tolist()]
    for name in table.select_dtypes("bool"):
        table[name] = table[name].map({True: "true", False: "false"})
    return str(table.to_csv(index=False, lineterminator="\n"))


def write_claims(claims: Claims, path: str | Path) -> None:
    """Write claims as a CSV file, completely or not at all.

    Parameters
    ----------
    claims
        Claims to write.
    path
        The file; an existing one is replaced.

    Raises
    ------
    OSError
        The file cannot be written; an existing one stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_claims(claims, Path(folder) / "claims.csv")
    ...     again = load_claims(Path(folder) / "claims.csv", conflict=claims.conflict)
    >>> again.table.equals(claims.table)
    True
    """
    write_whole(Path(path), claims_csv(claims).encode())
