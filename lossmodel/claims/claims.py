"""Claims: a table that was checked at the door, and the conflict that it speaks of.

Nothing behind the door checks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel.claims.validation import check_claims
from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.conflict.inputs import CLAIMS as FILE
from lossmodel.tables.cells import Flagger, parse_table
from lossmodel.tables.csv import RawTable, read_bytes, read_table, sha256
from lossmodel.tables.problems import Problems
from lossmodel.tables.schema import CLAIMS

__all__ = ["Claims", "claims_csv", "load_claims", "write_claims"]


@dataclass(frozen=True, eq=False)
class Claims:
    """A validated claims table.

    Attributes
    ----------
    table
        One claim a row: the columns of the format and `row`, the line in the file. Dates are
        datetime64[ns], numbers float64, `published_inferred` is bool, all else is text, empty
        where there is none. Days that the format lets stand empty are filled; only a stock may
        have no start.
    sha256
        File name -> SHA-256 of every file that was read.
    notes
        What the reader should know though it is no problem, such as columns passed over.

    Examples
    --------
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> german = claims.select(claims.table["party"] == "germany")
    >>> len(german) < len(claims)
    True
    """

    table: pd.DataFrame
    conflict: Conflict
    sha256: dict[str, str]
    path: Path
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """Count the claims."""
        return len(self.table)

    def select(self, keep: Sequence[bool] | np.ndarray | pd.Series) -> Claims:
        """Keep some claims: one True or False a row. Hashes still name the files read."""
        chosen = self.table[np.asarray(keep, dtype=bool)].reset_index(drop=True)
        return replace(self, table=chosen)


def load_claims(
    path: str | Path | pd.DataFrame | None = None,
    *,
    conflict: str | Path | Conflict = "russia-ukraine",
) -> Claims:
    """Read and check a claims table.

    Parameters
    ----------
    path
        A CSV file, `-` for standard input, a table in memory, or None for the conflict's own
        `claims.csv`.
    conflict
        A shipped conflict's name, a folder, or a conflict that was loaded before.

    Raises
    ------
    ClaimsError
        With every problem of the table.
    UsageError
        Where there is no such file or conflict.

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
    parsed, ignored = parse_table(raw, CLAIMS, words=_words(raw, about), problems=problems)
    if not len(raw.rows) and not raw.broken:
        allowed, remedy = "at least one claim", "Add rows below the header"
        problems.add(raw.file, "", found="no rows", allowed=allowed, remedy=remedy)
    table = _fill(parsed, about)
    check_claims(table, Flagger(raw, problems), about)
    problems.raise_if_any()
    notes = tuple(f"column {name} of {raw.file} is not part of the format" for name in ignored)
    hashes = {**about.sha256, place.name: sha256(data)}
    return Claims(table.assign(row=raw.rows), about, hashes, place, notes)


def _read(path: str | Path | pd.DataFrame | None, conflict: Conflict) -> tuple[Path, bytes]:
    if isinstance(path, pd.DataFrame):
        table = path.drop(columns="row", errors="ignore")
        return Path("table"), table.to_csv(index=False).encode()
    if path == "-":
        return Path("standard input"), read_bytes(None)
    if path is None:
        return conflict.directory / FILE, conflict.inputs.read(FILE)
    return Path(path), read_bytes(Path(path))


def _words(raw: RawTable, conflict: Conflict) -> dict[str, list[str]]:
    """Collect the words that key columns may hold.

    Sources are free where the conflict has no table of them; an address is its own source.
    """
    claimants = conflict.claimants["claimant"].tolist()
    words = {
        "claimant": claimants,
        "via": claimants,
        "party": list(conflict.parties),
        "category": list(conflict.categories),
        "scope": list(conflict.scopes),
    }
    if len(conflict.sources) and "source" in raw.cells:
        used = raw.cells["source"].unique()
        addresses = [word for word in used if word.startswith(("https://", "http://"))]
        words["source"] = [*conflict.sources["source"], *addresses]
    return words


def _fill(table: pd.DataFrame, conflict: Conflict) -> pd.DataFrame:
    """Fill what the format lets stand empty, and drop limits that only repeat the value."""
    is_total = table["kind"] == "cumulative"
    is_range = table["qualifier"] == "range"
    end = table["end"]
    published = table["published"].fillna(table["known"]).fillna(end)
    known = table["known"].fillna(end.where(is_total, published))
    inferred = table["published_inferred"] | table["published"].isna()
    limits = {
        name: table[name].mask(~is_range & (table[name] == table["value"]))
        for name in ("low", "high")
    }
    start = table["start"].mask(is_total & table["start"].isna(), conflict.start)
    return table.assign(
        start=start, known=known, published=published, published_inferred=inferred, **limits
    )


def claims_csv(claims: Claims) -> str:
    """Write claims as the text of a CSV file that `load_claims` reads back as the same table."""
    table = claims.table.drop(columns="row")
    for name in table.select_dtypes("datetime"):
        table[name] = table[name].dt.strftime("%Y-%m-%d")
    for name in ("value", "low", "high"):
        table[name] = [repr(x).removesuffix(".0") if x == x else "" for x in table[name].tolist()]
    table["published_inferred"] = table["published_inferred"].map({True: "true", False: "false"})
    return str(table.to_csv(index=False, lineterminator="\n"))


def write_claims(claims: Claims, path: str | Path) -> None:
    """Write claims as a CSV file, whole or not at all, see `claims_csv`."""
    unfinished = Path(f"{path}.unfinished")
    unfinished.write_text(claims_csv(claims), encoding="utf-8", newline="")
    unfinished.replace(path)
