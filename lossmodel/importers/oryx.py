"""Totals of Oryx, losses of equipment verified by pictures, from public scrapes of its pages.

Scrapes have parsing errors, and a running total of verified cases never falls: totals outside the
longest nondecreasing series are dropped. Classes were renamed and split, so a category is the sum
of its classes, each carried forward to its next total.
"""

from __future__ import annotations

from bisect import bisect_right
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.dates import guess_dates
from lossmodel.importers.result import Imported, claims_table, iso, rows_of
from lossmodel.importers.source import Source

__all__ = ["growing", "is_oryx", "read_oryx"]

CLAIMANT: Final = "oryx"
SOURCE: Final = "oryx-scarnecchia"
PARTIES: Final = MappingProxyType({"Russia": "russia", "Ukraine": "ukraine"})
# Spellings and earlier names of a class.
RENAMED: Final = MappingProxyType(
    {
        "Trucks, Vehicles and Jeeps": "Trucks, Vehicles, and Jeeps",
        "Trucks, Vehicles, Jeeps, and Trains": "Trucks, Vehicles, and Jeeps",
        "Naval Ships and Submarines": "Naval Ships",
        "Unmanned Aerial Vehicles": "Reconnaissance Unmanned Aerial Vehicles",
    }
)
CATEGORIES: Final = MappingProxyType(
    {
        "Tanks": "tanks",
        "Armoured Fighting Vehicles": "armoured-vehicles",
        "Infantry Fighting Vehicles": "armoured-vehicles",
        "Armoured Personnel Carriers": "armoured-vehicles",
        "Mine-Resistant Ambush Protected": "armoured-vehicles",
        "Infantry Mobility Vehicles": "armoured-vehicles",
        "Towed Artillery": "artillery",
        "Self-Propelled Artillery": "artillery",
        "Multiple Rocket Launchers": "mlrs",
        "Surface-To-Air Missile Systems": "air-defence",
        "Self-Propelled Anti-Aircraft Guns": "air-defence",
        "Anti-Aircraft Guns": "air-defence",
        "Trucks, Vehicles, and Jeeps": "vehicles",
        "Reconnaissance Unmanned Aerial Vehicles": "drones",
        "Unmanned Combat Aerial Vehicles": "drones",
        "Aircraft": "aircraft",
        "Helicopters": "helicopters",
        "Naval Ships": "ships",
    }
)
SUBTOTALS: Final = (
    "All Types",
    "All excluding recon drones and trucks",
    "Armoured combat vehicles",
)
FIRST_DAY: Final = pd.Timestamp("2022-02-24")


def is_oryx(columns: set[str]) -> bool:
    """Whether these are the columns of dated totals by class."""
    lower = set(map(str.lower, columns))
    return {"country", "equipment_type", "destroyed"} <= lower and bool(
        lower & {"date", "date_recorded"} and lower & {"total", "type_total"}
    )


def growing(values: np.ndarray) -> np.ndarray:
    """Mask of a longest nondecreasing subsequence, by patience sorting in n log n steps.

    Parameters
    ----------
    values
        Shape (n,).

    Examples
    --------
    >>> growing(np.array([959, 1041, 100, 1061, 1085])).tolist()
    [True, True, False, True, True]
    """
    tails: list[float] = []
    places: list[int] = []
    before = np.full(len(values), -1)
    for i, value in enumerate(values):
        at = bisect_right(tails, value)
        before[i] = places[at - 1] if at else -1
        if at == len(tails):
            tails.append(value)
            places.append(i)
        else:
            tails[at], places[at] = value, i
    keep = np.zeros(len(values), dtype=bool)
    here = places[-1] if places else -1
    while here >= 0:
        keep[here] = True
        here = int(before[here])
    return keep


def read_oryx(source: Source) -> Imported:
    """Claims from dated totals by class: one per category, party and day on which it rose."""
    totals, left_out = _totals(source)
    if totals.empty:
        raise UsageError(
            f"{source.path} has the columns of totals of Oryx, but no row with a day of the war, a "
            "country and a class of theirs."
        )
    totals, fallen = _drop_falling(totals)
    left_out.append((fallen, "totals out of order", "a verified total never falls: parsing errors"))
    parts = [
        _claims(group, str(party), str(category))
        for (party, category), group in totals.groupby(["party", "category"], sort=True)
    ]
    pairs = totals[["party", "category"]].drop_duplicates().sort_values(["party", "category"])
    streams = [
        (CLAIMANT, party, category, "list", "verified", "single losses seen in pictures")
        for party, category in pairs.itertuples(index=False)
    ]
    return Imported(
        claims=pd.concat(parts, ignore_index=True),
        extra={
            "claimants": rows_of(
                "claimants",
                [(CLAIMANT, "Oryx, losses verified by picture", "", "https://www.oryxspioenkop.com",
                  "", "destroyed, damaged, abandoned and captured together")],
            ),
            "streams": rows_of("streams", streams),
            "sources": rows_of(
                "sources",
                [(SOURCE, "Oryx totals, scraped", "scarnecchia", "",
                  "https://github.com/scarnecchia/oryx_data")],
            ),
        },
        notes=(
            "the total is of destroyed, damaged, abandoned and captured",
            "a category is the sum of its classes; a missing class keeps its last total",
            "only days on which a total grew become claims: the others repeat it",
        ),
        left_out=pd.DataFrame([row for row in left_out if row[0]],
                              columns=["rows", "what", "why"]),
    )  # fmt: skip


def _totals(source: Source) -> tuple[pd.DataFrame, list[tuple[int, str, str]]]:
    cells = source.cells.rename(columns=str.lower)
    names = cells["equipment_type"].str.strip().replace(dict(RENAMED))
    total = "total" if "total" in cells else "type_total"
    table = pd.DataFrame(
        {
            "party": cells["country"].str.strip().map(PARTIES),
            "name": names,
            "category": names.map(CATEGORIES),
            "day": _days(cells["date" if "date" in cells else "date_recorded"]),
            "total": pd.to_numeric(cells[total], errors="coerce"),
        }
    )
    subtotal = names.isin(SUBTOTALS)
    unknown = table["category"].isna() & ~subtotal
    broken = ~subtotal & ~unknown & table[["party", "day", "total"]].isna().any(axis=1)
    early = table["day"] < FIRST_DAY
    kinds = ", ".join(sorted(names[unknown].unique())[:4])
    left = [
        (int(subtotal.sum()), "subtotals", "sums of other rows"),
        (int(unknown.sum()), f"classes such as {kinds}", "no category of the vocabulary"),
        (int(broken.sum()), "unreadable rows", "no day, country or total"),
        (int((early & ~subtotal & ~unknown).sum()), "rows before the war", "zeros to count from"),
    ]
    kept = table[~subtotal & ~unknown & ~broken & ~early]
    # Of two totals of a class on one day, the larger one is of a class whose name was cut off.
    twice = kept.sort_values("total").duplicated(["party", "name", "day"])
    left.append((int(twice.sum()), "second totals of a day", "one total per class and day"))
    return kept[~twice.reindex(kept.index)].sort_values("day", kind="stable"), left


def _days(cells: pd.Series) -> pd.Series:
    dates = guess_dates(cells)
    days = {cell: dates.read(cell) for cell in cells.unique()}
    read = [window.start if (window := days[cell]) else None for cell in cells]
    return pd.Series(read, index=cells.index, dtype="datetime64[ns]")


def _drop_falling(totals: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    groups = totals.groupby(["party", "name"], sort=False)
    kept = [group[growing(group["total"].to_numpy())] for _, group in groups]
    found = pd.concat(kept).sort_values("day", kind="stable")
    return found, len(totals) - len(found)


def _claims(group: pd.DataFrame, party: str, category: str) -> pd.DataFrame:
    by_name = group.pivot_table(index="day", columns="name", values="total", aggfunc="max")
    total = by_name.sort_index().ffill().sum(axis=1)
    total = total.cummax()
    total = total[(total.diff() != 0) & (total > 0)]
    days = total.index.to_series()
    return claims_table(
        {
            "claim_id": f"{CLAIMANT}-{party}-{category}-" + iso(days),
            "claimant": CLAIMANT,
            "party": party,
            "category": category,
            "kind": "cumulative",
            "end": iso(days),
            "value": total.to_numpy(),
            "published": iso(days),
            "published_inferred": "true",
            "source": SOURCE,
        }
    )
