"""A user's own table with dates in rows and claimants in columns, and notes of the guesses."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

import pandas as pd

from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import Source
from lossmodel.importers.parsing import Dates, Figure, Numbers, guess_dates, guess_numbers
from lossmodel.importers.result import Imported, claims_table, rows_of, slug
from lossmodel.tables.problems import Problems
from lossmodel.tables.vocabulary import KINDS, WideKind

__all__ = ["Hints", "read_wide"]

# Share of cells of a column that must be dates, or figures: fewer would be a column of remarks.
MOSTLY: Final = 0.8
# Share of steps in which running totals rise, with room for corrections and misprints; figures of
# single days rise in about half of them.
RISING: Final = 0.95


@dataclass(frozen=True)
class Hints:
    """The user's description of a table of their own.

    Attributes
    ----------
    conflict
        The conflict it belongs to, a shipped one or a folder.
    party, category, scope
        Of all its figures.
    kind
        Kind of its figures; guessed if None.
    day_first
        Whether 03/04/2024 is in April; guessed if None.
    claimant
        Whose list a table of persons is.
    by
        Windows in which persons are counted.
    """

    conflict: str = DEFAULT_CONFLICT
    party: str = ""
    category: str = ""
    scope: str = "all"
    kind: WideKind | None = None
    day_first: bool | None = None
    claimant: str = ""
    by: Literal["day", "week", "month"] = "day"


def read_wide(source: Source, hints: Hints) -> Imported:
    """Claims from a table with a column of dates and one column per claimant.

    Raises
    ------
    ClaimsError
        Cells are neither figures nor dates; the error has each of them.
    UsageError
        Party or category are not given, there is no column of dates or of figures, or the kind of
        the figures cannot be guessed.
    """
    if not hints.party or not hints.category:
        raise UsageError(
            f"{source.path} is a table of your own: give the party and the category of its figures "
            "with --party and --category."
        )
    conflict = load_conflict(hints.conflict)
    column, dates = _date_column(source, hints)
    numbers = guess_numbers(_all_cells(source, without=column))
    names, passed = _figure_columns(source, column, numbers)
    days, figures = _cells(source, column, names, dates=dates, numbers=numbers)
    kind, why = _kind(figures, hints.kind)
    keys = {name: _claimant(name, conflict) for name in names}
    known = set(conflict.claimants["claimant"])
    new = {key: name for name, key in keys.items() if key not in known}
    notes = (
        *source.notes,
        f"column {column!r} holds the dates",
        dates.description,
        *filter(None, [numbers.description]),
        f"figures are {kind}: {why}",
        "columns are claimants: " + ", ".join(f"{n} -> {k}" for n, k in keys.items()),
        *(_stranger(key, name, conflict) for key, name in new.items()),
    )
    return Imported(
        claims=_claims(days, figures, keys, kind=kind, hints=hints),
        base=hints.conflict,
        extra={"claimants": rows_of("claimants", list(new.items()))},
        notes=notes,
        heading="guessed",
        left_out=pd.DataFrame(
            [(len(source.cells), f"column {name}", "has no figures") for name in passed],
            columns=["rows", "what", "why"],
        ),
    )


def _all_cells(source: Source, *, without: str) -> pd.Series:
    columns = [source.cells[name] for name in source.cells.columns.drop(without)]
    return pd.concat(columns) if columns else pd.Series(dtype=str)


def _date_column(source: Source, hints: Hints) -> tuple[str, Dates]:
    best, share, how = "", 0.0, guess_dates(pd.Series(dtype=str))
    for name in source.cells.columns:
        cells = source.cells[name][source.cells[name] != ""]
        dates = guess_dates(cells, hints.day_first)
        good = sum(dates.read(cell) is not None for cell in cells) / max(len(source.cells), 1)
        if good > share:
            best, share, how = name, good, dates
    if share < MOSTLY:
        raise UsageError(
            f"{source.path} has no column of dates, such as 2024-02-23 or 23/02/2024: it is "
            "neither a known format nor a table with dates in rows and claimants in columns."
        )
    return best, how


def _figure_columns(source: Source, dates: str, numbers: Numbers) -> tuple[list[str], list[str]]:
    taken: list[str] = []
    passed: list[str] = []
    for name in source.cells.columns.drop(dates):
        cells = source.cells[name][source.cells[name] != ""]
        good = sum(numbers.read(cell) is not None for cell in cells)
        (taken if len(cells) and good >= MOSTLY * len(cells) else passed).append(name)
    if not taken:
        raise UsageError(f"{source.path} has no column of figures beside the dates.")
    return taken, passed


def _cells(
    source: Source, column: str, names: list[str], *, dates: Dates, numbers: Numbers
) -> tuple[list[pd.Timestamp], dict[str, list[Figure | None]]]:
    problems, file = Problems(), source.path.name
    days: list[pd.Timestamp] = []
    for line, cell in source.cells[column].items():
        day = dates.read(cell)
        if day is None:
            problems.add(
                file,
                column,
                rows=[int(str(line))],
                found=repr(cell),
                allowed="a date like the others",
                remedy="Correct or remove the row",
            )
        else:
            days.append(day)
    figures: dict[str, list[Figure | None]] = {}
    for name in names:
        figures[name] = []
        for line, cell in source.cells[name].items():
            figure = numbers.read(cell) if cell else None
            if cell and figure is None:
                problems.add(
                    file,
                    name,
                    rows=[int(str(line))],
                    found=repr(cell),
                    allowed="a figure, or nothing",
                    remedy="Correct or empty the cell",
                )
            figures[name].append(figure)
    problems.raise_if_any()
    return days, figures


def _kind(figures: dict[str, list[Figure | None]], given: WideKind | None) -> tuple[WideKind, str]:
    """Kind of the figures and the reason: running totals rarely fall, daily figures often do."""
    if given:
        return given, "as given"
    steps = falls = 0
    for column in figures.values():
        values = [_size(figure) for figure in column if figure is not None]
        steps += max(len(values) - 1, 0)
        falls += sum(b < a for a, b in zip(values, values[1:], strict=False))
    if not steps:
        raise UsageError(
            "With one figure per claimant the kind cannot be guessed: give --kind cumulative or "
            "--kind daily."
        )
    kind: WideKind = "cumulative" if falls <= (1 - RISING) * steps else "daily"
    return kind, f"they fall in {falls} of {steps} steps (a guess)"


def _size(figure: Figure) -> float:
    return figure.value if figure.value is not None else float(figure.high or 0)


def _claimant(name: str, conflict: Conflict) -> str:
    """Key of the claimant in a column's header, which has its key or its full name."""
    table = conflict.claimants
    by_name = dict(zip(table["name"].str.lower(), table["claimant"], strict=True))
    return str(by_name.get(name.lower(), slug(name)))


def _stranger(key: str, name: str, conflict: Conflict) -> str:
    """Note on a claimant that the conflict does not have, with similar ones that it has."""
    table = conflict.claimants
    alike = [
        claimant
        for claimant, title in zip(table["claimant"], table["name"].str.lower(), strict=True)
        if title.startswith(name.lower()) or claimant in get_close_matches(key, [claimant])
    ]
    hint = f"; if it is {' or '.join(alike)}, use that as the header" if alike else ""
    return (
        f"{conflict.name} does not have {key}: taken as a third party until claimants.csv has its"
        f" side{hint}"
    )


def _claims(
    days: list[pd.Timestamp],
    figures: dict[str, list[Figure | None]],
    keys: dict[str, str],
    *,
    kind: WideKind,
    hints: Hints,
) -> pd.DataFrame:
    rows = [
        _row(day, keys[name], figure, kind=kind, hints=hints)
        for name, column in figures.items()
        for day, figure in zip(days, column, strict=True)
        if figure is not None
    ]
    return claims_table({name: [row[name] for row in rows] for name in (rows[0] if rows else {})})


def _row(
    day: pd.Timestamp, claimant: str, figure: Figure, *, kind: WideKind, hints: Hints
) -> dict[str, object]:
    when = f"{day:%Y-%m-%d}"
    parts = [claimant, slug(hints.party), hints.category, when]
    return {
        "claim_id": "-".join([*parts[:3], *([hints.scope] if hints.scope != "all" else []), when]),
        "claimant": claimant,
        "party": hints.party,
        "category": hints.category,
        "scope": hints.scope,
        "kind": kind,
        "start": when if KINDS[kind].needs_start else "",
        "end": when,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "qualifier": figure.qualifier,
        "published": when,
        "published_inferred": "true",
    }
