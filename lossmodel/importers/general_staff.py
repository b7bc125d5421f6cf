"""Daily reports of the General Staff of Ukraine, from a public repository.

A report states what was known in the morning, so its total runs to the day before.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from lossmodel.importers.result import Imported, claims_table, iso, rows_of
from lossmodel.importers.source import Source

__all__ = ["is_corrections", "is_equipment", "is_personnel", "read_equipment", "read_personnel"]

CLAIMANT: Final = "ua-general-staff"
SOURCE: Final = "petroivaniuk-2022-ukraine-russia-war-dataset"
PERSONS: Final = ("russia+north-korea", "losses")
CLASSES: Final = MappingProxyType(
    {
        "tank": "tanks",
        "APC": "armoured-vehicles",
        "field artillery": "artillery",
        "MRL": "mlrs",
        "anti-aircraft warfare": "air-defence",
        "vehicles and fuel tanks": "vehicles",
        "drone": "drones",
        "aircraft": "aircraft",
        "helicopter": "helicopters",
        "naval ship": "ships",
        "submarines": "submarines",
    }
)
# Until the end of April 2022 lorries and fuel tanks were two classes.
LORRIES: Final = "military auto"
FUEL: Final = "fuel tank"
JOINED: Final = "vehicles and fuel tanks"
# Corrections that the General Staff announced for earlier days; used without a table of them.
KNOWN_CORRECTIONS: Final = MappingProxyType({"2025-02-28": 1650.0, "2025-04-22": 160.0})
# The corrections in this row are part of the next day's totals and not of the totals of 27 May: 31
# missiles, 3 aircraft and 2 helicopters more, 2 tanks fewer.
MISDATED: Final = MappingProxyType({pd.Timestamp("2023-05-27"): pd.Timestamp("2023-05-28")})
SOURCES: Final = rows_of(
    "sources",
    [
        (
            SOURCE,
            "2022 Ukraine Russia War Dataset",
            "Petro Ivaniuk",
            "",
            "https://github.com/PetroIvaniuk/2022-Ukraine-Russia-War-Dataset",
        )
    ],
)


def is_personnel(columns: set[str]) -> bool:
    """Whether these are the columns of the personnel table, as published or derived from it."""
    return {"date", "day"} <= columns and (
        {"personnel", "personnel*"} <= columns or "personnel_cumulative" in columns
    )


def is_equipment(columns: set[str]) -> bool:
    """Whether these are the columns of the equipment table."""
    return {"date", "tank", "APC", LORRIES} <= columns


def is_corrections(columns: set[str]) -> bool:
    """Whether these are the columns of the table of corrections."""
    return {"date", "tank", "APC", "field artillery"} <= columns and not is_equipment(columns)


def read_personnel(source: Source, corrections: Source | None = None) -> Imported:
    """Claims from the personnel table: one total per report, and corrections.

    Parameters
    ----------
    source
        The personnel table.
    corrections
        The table of corrections; without it, `KNOWN_CORRECTIONS`.

    Raises
    ------
    UsageError
        A date or number cannot be read.
    """
    cells = source.cells
    plain = "personnel" in source.columns
    totals = source.numbers("personnel" if plain else "personnel_cumulative")
    words = cells["personnel*" if plain else "qualifier"]
    reports = source.days("date")
    qualifier = words.map({"more": "at-least", "about": "about"}).fillna("exact")
    parts = [_claims(reports, totals, PERSONS, qualifier=qualifier.to_numpy())]
    booked, note = _personnel_corrections(corrections, reports)
    parts.append(_corrections(booked, PERSONS))
    notes = [
        "a report's total runs to the day before it",
        "worded as eliminated: category losses, party russia+north-korea from the first day",
        f"{int((words == 'more').sum())} totals are given as more than so many",
        note,
    ]
    present = [name for name in ("POW", "pow_cumulative") if name in source.columns]
    out = [(int(cells[name].ne("").sum()), "prisoners", "not modelled") for name in present]
    return _imported(parts, notes, out)


def read_equipment(source: Source, corrections: Source | None = None) -> Imported:
    """Claims from the equipment table: one total per report and class, and corrections.

    Parameters
    ----------
    source
        The equipment table.
    corrections
        The table of corrections; without it, corrections count as losses.

    Raises
    ------
    UsageError
        A date or number cannot be read.
    """
    cells, reports = source.cells, source.days("date")
    parts = []
    booked = {} if corrections is None else _booked(corrections)
    for name, category in CLASSES.items():
        if name not in cells:
            continue
        values = source.numbers(name)
        if name == JOINED:
            values, joined = _join_vehicles(values, cells, source, reports)
            booked[JOINED] = pd.concat([joined, booked.get(JOINED, _nothing())])
        parts.append(_claims(reports, values, ("russia", category)))
        parts.append(_corrections(booked.get(name, _nothing()), ("russia", category)))
    known = {"date", "day", *CLASSES, LORRIES, FUEL}
    out = [
        (int(cells[name].ne("").sum()), name, "no category of the standard vocabulary")
        for name in cells.columns
        if name not in known
    ]
    notes = [
        "a report's total runs to the day before it",
        "vehicles exclude fuel tanks until their class includes them, which is a correction",
    ]
    if corrections is not None:
        notes.append("corrections dated 2023-05-27 are those of the report of 28 May")
    else:
        notes.append("the table of corrections was not given: corrections count as losses")
    return _imported(parts, notes, out)


def _imported(
    parts: list[pd.DataFrame], notes: list[str], out: list[tuple[int, str, str]]
) -> Imported:
    return Imported(
        claims=pd.concat([part for part in parts if len(part)], ignore_index=True),
        extra={"sources": SOURCES},
        notes=tuple(notes),
        left_out=pd.DataFrame([row for row in out if row[0]], columns=["rows", "what", "why"]),
    )


def _claims(
    reports: pd.Series,
    totals: pd.Series,
    series: tuple[str, str],
    *,
    qualifier: np.ndarray | str = "exact",
) -> pd.DataFrame:
    party, category = series
    table = claims_table(
        {
            "claim_id": f"{CLAIMANT}-{category}-" + iso(reports),
            "claimant": CLAIMANT,
            "party": party,
            "category": category,
            "kind": "cumulative",
            "end": iso(reports - pd.Timedelta(days=1)),
            "value": totals.to_numpy(),
            "qualifier": qualifier,
            "published": iso(reports),
            "published_inferred": "false",
            "source": SOURCE,
        }
    )
    return table[totals.notna().to_numpy()]


def _corrections(booked: pd.Series, series: tuple[str, str]) -> pd.DataFrame:
    party, category = series
    booked = booked[booked != 0]
    reports = booked.index.to_series()
    day = iso(reports - pd.Timedelta(days=1))
    return claims_table(
        {
            "claim_id": f"{CLAIMANT}-{category}-correction-" + iso(reports),
            "claimant": CLAIMANT,
            "party": party,
            "category": category,
            "kind": "correction",
            "start": day,
            "end": day,
            "value": booked.to_numpy(),
            "published": iso(reports),
            "published_inferred": "false",
            "source": SOURCE,
        }
    )


def _personnel_corrections(corrections: Source | None, reports: pd.Series) -> tuple[pd.Series, str]:
    if corrections is not None and "personnel" in corrections.columns:
        return _booked(corrections)["personnel"], "corrections are those of the given table"
    known = pd.Series(KNOWN_CORRECTIONS)
    known.index = pd.to_datetime(known.index)
    inside = known[known.index.isin(reports)]
    return inside, f"corrections are those known to the importer: {len(inside)} of 2"


def _booked(corrections: Source) -> dict[str, pd.Series]:
    days = corrections.days("date").replace(dict(MISDATED))
    names = [name for name in corrections.cells.columns if name not in ("date", "day")]
    return {
        name: pd.Series(corrections.numbers(name).fillna(0).to_numpy(), index=days)
        for name in names
    }


def _join_vehicles(
    values: pd.Series, cells: pd.DataFrame, source: Source, reports: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Totals of vehicles across the change of classes, and the fuel tanks added by it."""
    if LORRIES not in cells or FUEL not in cells:
        return values, _nothing()
    lorries, fuel = source.numbers(LORRIES), source.numbers(FUEL)
    before = values.isna() & lorries.notna()
    if not before.any() or not values.notna().any():
        return values.where(~before, lorries), _nothing()
    last = float(fuel[before].dropna().iloc[-1])
    first_joined = reports[values.notna()].iloc[0]
    return values.where(~before, lorries), pd.Series([last], index=pd.DatetimeIndex([first_joined]))


def _nothing() -> pd.Series:
    return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
