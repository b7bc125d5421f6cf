"""A claims table from a spreadsheet: other decimal marks, other dates, perhaps no ids."""

from __future__ import annotations

from typing import Final

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import Source
from lossmodel.importers.parsing import Numbers, guess_dates, guess_numbers
from lossmodel.importers.result import Imported, claims_table, slug
from lossmodel.importers.wide import Hints
from lossmodel.tables.schema import CLAIMS
from lossmodel.tables.vocabulary import QUALIFIERS

__all__ = ["is_claims", "read_claims"]

NEEDED: Final = {"claimant", "party", "category", "end"}
FIGURES: Final = {"value", "low", "high"}


def is_claims(columns: set[str]) -> bool:
    """Whether the columns are those of a claims table, in upper or lower case.

    Examples
    --------
    >>> is_claims({"Claimant", "Party", "Category", "End", "Value"})
    True
    """
    lower = {name.lower() for name in columns}
    return lower >= NEEDED and bool(lower & FIGURES)


def read_claims(source: Source, hints: Hints) -> Imported:
    """Claims with ISO dates, plain numbers, and ids if the table has none.

    Cells that cannot be read stay as they are, for the validation to report with their rows.

    Raises
    ------
    UsageError
        Two columns differ only in capital letters.
    """
    cells = source.cells.rename(columns=str.lower)
    names = {form: [f.name for f in CLAIMS if f.form == form and f.name in cells]
             for form in ("date", "number")}  # fmt: skip
    table = cells[[f.name for f in CLAIMS if f.name in cells]].copy()
    if table.columns.duplicated().any():
        raise UsageError(f"{source.path}: two columns differ only in capital letters.")
    dates = guess_dates(_filled(cells, names["date"]), hints.day_first)
    numbers = guess_numbers(_filled(cells, names["number"]))
    for name in names["date"]:
        table[name] = [_iso(dates.read(cell), cell) for cell in cells[name]]
    for name in names["number"]:
        table[name] = [_plain(numbers, cell) for cell in cells[name]]
    if "kind" not in table:
        table["kind"] = hints.kind or "cumulative"
    notes = [*source.notes, dates.description, *filter(None, [numbers.description])]
    if "claim_id" not in table:
        keys = table["claimant"] + "-" + table["party"].map(slug) + "-" + table["category"]
        ids = keys + "-" + table["end"]
        again = ids.groupby(ids).cumcount()
        table["claim_id"] = ids.where(again == 0, ids + "-" + (again + 1).astype(str))
        notes.append("ids were made from claimant, party, category and end")
    passed = sorted(set(map(str, cells.columns)) - {f.name for f in CLAIMS})
    return Imported(
        claims=claims_table({str(name): column for name, column in table.items()}),
        base=hints.conflict,
        notes=tuple(notes),
        heading="guessed",
        left_out=pd.DataFrame(
            [(len(cells), f"column {name}", "not part of the format") for name in passed],
            columns=["rows", "what", "why"],
        ),
    )


def _filled(cells: pd.DataFrame, names: list[str]) -> pd.Series:
    whole = pd.concat([cells[name] for name in names]) if names else pd.Series(dtype=str)
    return whole[whole != ""]


def _iso(day: pd.Timestamp | None, cell: str) -> str:
    return cell if day is None else f"{day:%Y-%m-%d}"


def _plain(numbers: Numbers, cell: str) -> str:
    figure = numbers.read(cell) if cell else None
    if figure is None or figure.value is None or not QUALIFIERS[figure.qualifier].exact:
        # A correction may be negative.
        return "-" + _plain(numbers, cell[1:]) if cell[:1] in ("-", "−") else cell
    return repr(figure.value).removesuffix(".0")
