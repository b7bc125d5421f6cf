"""A conflict as data: sides, parties, categories, scopes, claimants."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.conflict.card import card
from lossmodel.conflict.checks import check_claimants, check_streams, check_truth
from lossmodel.conflict.inputs import CONFLICT, Inputs
from lossmodel.conflict.relations import Relations
from lossmodel.conflict.shipped import resolve
from lossmodel.conflict.toml import Declared, declare
from lossmodel.conflict.types import (
    Category,
    Knots,
    Party,
    Scope,
    Share,
    Side,
    Stream,
)
from lossmodel.tables.cells import Flagger, Words, empty_table, parse_table
from lossmodel.tables.csv import read_table, sha256
from lossmodel.tables.problems import Problems
from lossmodel.tables.schema import TABLES, Field
from lossmodel.tables.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Category",
    "Conflict",
    "Knots",
    "Party",
    "Scope",
    "Share",
    "Side",
    "Stream",
    "declared_words",
    "load_conflict",
    "read_conflict",
]

# Tables beside the claims.
_TABLES: Final = {table.file: table.fields for name, table in TABLES.items() if name != "claims"}


@dataclass(frozen=True, eq=False)
class Conflict(Relations):
    """A conflict without its claims: parties, categories, scopes, claimants and truth.

    Attributes
    ----------
    start, end
        First and last day; `end` is None while it is unknown.
    sides, parties, categories, scopes
        By name; `scopes` always contains `all`.
    knots
        Spacing of the knots of the model's random walks.
    claimants, streams, sources
        Tables with the columns of the files of these names; empty if the conflict has none.
    truth
        Losses as they became known later, with the columns of `truth.csv`; None if there are none.
    directory
        Its folder.
    cluster
        Its war or battle in the tables of `data/history`, by name or slug, whose rows the default
        priors leave out; empty if it has none there.
    sha256
        File name -> SHA-256 of each file that was read.
    texts
        File name -> text of each file, if they come from a saved fit; None if from a folder.
    fights_assumed
        Whether two sides are taken to fight each other because nothing says who fights whom.
    ucdp_conflict_id
        Its number at the Uppsala Conflict Data Program; None for none.

    Examples
    --------
    >>> war = load_conflict("battle-of-britain")
    >>> war.role("air-ministry", "germany"), war.components("germany")
    ('adversary', ('germany',))
    """

    name: str
    title: str
    start: pd.Timestamp
    sides: dict[str, Side]
    parties: dict[str, Party]
    categories: dict[str, Category]
    scopes: dict[str, Scope]
    knots: Knots
    claimants: pd.DataFrame
    streams: pd.DataFrame
    sources: pd.DataFrame
    truth: pd.DataFrame | None
    directory: Path
    cluster: str = ""
    end: pd.Timestamp | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] | None = None
    fights_assumed: bool = False
    ucdp_conflict_id: int | None = None

    def __repr__(self) -> str:
        """The conflict in about ten lines."""
        return card(self).text()

    def _repr_html_(self) -> str:
        return card(self).html()

    @property
    def inputs(self) -> Inputs:
        """The files that it was read from, claims and priors among them."""
        return Inputs(self.directory, self.texts)


def load_conflict(name_or_dir: str | Path) -> Conflict:
    """Read a conflict: its `conflict.toml` and the tables beside it, without the claims.

    Parameters
    ----------
    name_or_dir
        Name of a shipped conflict, or a folder.

    Returns
    -------
    Conflict
        Its parties, categories, scopes, claimants and truth.

    Raises
    ------
    ClaimsError
        A file is not valid; the error has every problem of every file.
    UsageError
        There is no such conflict.

    Examples
    --------
    >>> war = load_conflict("battle-of-britain")
    >>> war.start.date().isoformat(), sorted(war.sides)
    ('1940-07-01', ['britain', 'germany'])
    """
    return read_conflict(Inputs(resolve(name_or_dir)))


def read_conflict(inputs: Inputs) -> Conflict:
    """Read a conflict from its files, see `load_conflict`.

    Raises
    ------
    ClaimsError
        A file is not valid; the error has every problem of every file.
    UsageError
        There is no `conflict.toml`.
    """
    folder = _Folder(inputs)
    document = parse_toml(folder.read(CONFLICT), CONFLICT, folder.problems)
    declared = None if document is None else declare(document, inputs.place.name)
    if declared is None or declared.start is None or not declared.parties:
        folder.problems.raise_if_any()
        raise AssertionError("a conflict without a start or parties is a problem")
    tables = folder.tables(declared)
    folder.problems.raise_if_any()
    return Conflict(
        # A saved fit keeps the name only, which must not be resolved in the reader's folders.
        name=inputs.place.resolve().name if inputs.texts is None else inputs.place.name,
        title=declared.title,
        start=declared.start,
        sides=declared.sides,
        parties=declared.parties,
        categories=declared.categories,
        scopes=declared.scopes,
        knots=declared.knots,
        claimants=tables["claimants.csv"],
        streams=tables["streams.csv"],
        sources=tables["sources.csv"],
        truth=tables["truth.csv"] if "truth.csv" in folder.sha256 else None,
        directory=inputs.place,
        cluster=declared.cluster,
        end=declared.end,
        sha256=folder.sha256,
        texts=inputs.texts,
        fights_assumed=declared.fights_assumed,
        ucdp_conflict_id=declared.ucdp_conflict_id,
    )


def declared_words(of: Declared | Conflict) -> dict[str, list[str]]:
    """Words that a conflict allows in key columns, beside its claimants and sources.

    Examples
    --------
    >>> declared_words(load_conflict("kargil1999"))["party"]
    ['india', 'pakistan']
    """
    return {
        "side": list(of.sides),
        "party": list(of.parties),
        "category": list(of.categories),
        "scope": list(of.scopes),
    }


class _Folder:
    """Reader of a conflict's files, with the problems found and the hashes."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.problems = Problems()
        self.sha256: dict[str, str] = {}

    def read(self, file: str) -> bytes:
        """Bytes of one file; its hash is kept."""
        data = self.inputs.read(file)
        self.sha256[file] = sha256(data)
        return data

    def tables(self, declared: Declared) -> dict[str, pd.DataFrame]:
        """Tables beside the claims; empty ones for missing files."""
        tables: dict[str, pd.DataFrame] = {}
        words = declared_words(declared)
        for file, fields in _TABLES.items():
            table, flagger = self._table(file, fields, words)
            if file == "claimants.csv":
                words["claimant"] = table["claimant"].tolist()
            if flagger is not None and file == "claimants.csv":
                check_claimants(table, flagger)
            if flagger is not None and file == "streams.csv":
                check_streams(table, flagger)
            if flagger is not None and file == "truth.csv":
                table = check_truth(table, flagger, start=declared.start)
            tables[file] = table
        return tables

    def _table(
        self, file: str, fields: tuple[Field, ...], words: Words
    ) -> tuple[pd.DataFrame, Flagger | None]:
        raw = None
        if self.inputs.has(file):
            raw = read_table(self.read(file), file, self.problems)
        elif file == "claimants.csv":
            allowed, remedy = "a table of claimants", "Add it: claimant, name, side"
            self.problems.add(file, "", found="no such file", allowed=allowed, remedy=remedy)
        if raw is None:
            return empty_table(fields), None
        table, _ = parse_table(raw, fields, words=words, problems=self.problems)
        return table, Flagger(raw, self.problems)
