"""The 4,609 reports of Radford et al. (2023), in a conflict of their own.

Claimants are blocs: the country of a source, not an office. The file has no addresses, publication
days or relays, and no lists or registers of dead soldiers.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.names import slug
from lossmodel.importers.result import Imported, claims_table, iso, rows_of
from lossmodel.importers.source import Source
from lossmodel.tables.categories import COUNTED

__all__ = ["is_radford", "read_radford"]

DAY_ZERO: Final = pd.Timestamp("2022-02-23")
SOURCE: Final = "radford-et-al-2023"
STAFF: Final = "ua-source"
CATEGORIES: Final = MappingProxyType(
    {
        "Military Deaths": "killed",
        "Military Injuries": "wounded",
        "Military Casualties": "casualties",
        "Civilian Deaths": "killed",
        "Civilian Injuries": "wounded",
        "Civilian Casualties": "casualties",
        "Tanks": "tanks",
        "Armored Vehicles": "armoured-vehicles",
        "Tanks & Armored Combat Vehicles": "tanks-and-armoured-vehicles",
        "Artillery": "artillery",
        "MLRS": "mlrs",
        "AA Systems": "air-defence",
        "Vehicles & Fuel Tanks": "vehicles",
        "Special Military Motor Vehicles": "special-vehicles",
        "Jets": "aircraft",
        "Aircraft (unspecified)": "aircraft-unspecified",
        "Helicopters": "helicopters",
        "UAVs": "drones",
        "Ships": "ships",
    }
)
PARTIES: Final = MappingProxyType({"Russia": "russia", "Ukraine": "ukraine"})
EQUIPMENT: Final = tuple(sorted(set(CATEGORIES.values()) - {"killed", "wounded", "casualties"}))
TOML: Final = """\
# The conflict of the reports that Radford et al. (2023) coded: blocs as claimants, first year.
title = "Reports of Radford et al. (2023), Russia-Ukraine, first year"
start = 2022-02-24

[sides]
russia = "Russia"
ukraine = "Ukraine"

[parties.russia]
title = "Russia"
side = "russia"
fights = "ukraine"

[parties.ukraine]
title = "Ukraine"
side = "ukraine"
fights = "russia"

[parties.ukraine-civilians]
title = "Civilians in Ukraine"
side = "ukraine"
civilian = true

# Classes of one side's briefings that cannot be divided further.
[categories.tanks-and-armoured-vehicles]
group = "equipment"

[categories.special-vehicles]
group = "equipment"

[categories.aircraft-unspecified]
group = "equipment"
"""
CLAIMANTS: Final = rows_of(
    "claimants",
    [
        ("gb-source", "Sources of the United Kingdom"),
        ("osi", "Open-source investigators"),
        ("other", "Other sources"),
        ("ru-source", "Sources of Russia", "russia"),
        ("ua-source", "Sources of Ukraine", "ukraine"),
        ("united-nations", "United Nations"),
        ("us-source", "Sources of the United States"),
    ],
)
# The open-source bloc mixes counts of pictures (its minima) with others' estimates, so it is not a
# list; the United Nations count verified civilian cases.
STREAMS: Final = rows_of(
    "streams",
    [
        *[(STAFF, "russia", c, "ledger", "daily-report") for c in
          ("casualties", "killed", "losses", *EQUIPMENT)],
        *[("ru-source", "ukraine", c, "ledger", "daily-report") for c in EQUIPMENT],
        *[("united-nations", "ukraine-civilians", c, "list", "verified")
          for c in COUNTED],
    ],
)  # fmt: skip


def is_radford(columns: set[str]) -> bool:
    """Whether these are the columns of the replication data."""
    return {"days", "loss_count", "loss_type", "claim_source", "time_frame"} <= columns


def read_radford(
    source: Source, *, definition: Literal["losses", "as-coded"] = "losses"
) -> Imported:
    """Claims from the coded reports: one per row, duplicates included.

    Parameters
    ----------
    source
        The replication data.
    definition
        Category of Russian deaths according to Ukrainian sources: `losses`, because the running
        total of the General Staff does not say whom it counts, or `as-coded`, killed.

    Raises
    ------
    UsageError
        A number cannot be read, or a kind of loss is not known.
    """
    cells = source.cells
    claimant, party, category, recoded = _series(source, definition)
    end = iso(DAY_ZERO + pd.to_timedelta(source.numbers("days"), unit="D"))
    is_day = cells["time_frame"].isin(["Day", "Daily"])
    least, most = (cells[name].astype(str) == "1" for name in ("minimum", "maximum"))
    claims = claims_table(
        {
            "claim_id": [f"radford-{number:04d}" for number in range(1, len(cells) + 1)],
            "claimant": claimant,
            "party": party,
            "category": category,
            "kind": is_day.map({True: "daily", False: "cumulative"}),
            "start": end.where(is_day, ""),
            "end": end,
            "value": source.numbers("loss_count"),
            "qualifier": pd.Series("exact", index=cells.index)
            .mask(least, "at-least")
            .mask(most, "at-most"),
            "published": end,
            "published_inferred": "true",
            "source": SOURCE,
            "note": pd.Series("", index=cells.index).mask(recoded, "coded as deaths in the file"),
        }
    )
    return Imported(
        claims=claims,
        base="",
        toml=TOML,
        extra={
            "claimants": CLAIMANTS,
            "streams": STREAMS,
            "sources": rows_of(
                "sources",
                [(SOURCE, "Estimating conflict losses and reporting biases, replication data",
                  "Radford, Dai, Stoehr, Schein, Fernandez, Sajid", "2023-08-16",
                  "https://github.com/benradford/estimating-conflict-losses")],
            ),
        },
        notes=_notes(cells, int(recoded.sum()), least, most),
    )  # fmt: skip


def _series(
    source: Source, definition: Literal["losses", "as-coded"]
) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """Claimant, party and category of each row, and whether deaths were recoded as losses."""
    cells = source.cells
    kinds = cells["loss_type"].str.rpartition("-")
    unknown = sorted(set(kinds[0]) - set(CATEGORIES)) + sorted(set(kinds[2]) - set(PARTIES))
    if unknown:
        raise UsageError(f"{source.path}: loss_type has {unknown[0]!r}, which is not known.")
    claimant = cells["claim_source"].map(slug)
    party = kinds[2].map(PARTIES)
    party = party.mask(kinds[0].str.startswith("Civilian"), party + "-civilians")
    category = kinds[0].map(CATEGORIES)
    recoded = (claimant == STAFF) & (party == "russia") & (category == "killed")
    if definition == "as-coded":
        recoded &= False
    return claimant, party, category.mask(recoded, "losses"), recoded


def _notes(cells: pd.DataFrame, recoded: int, least: pd.Series, most: pd.Series) -> tuple[str, ...]:
    return (
        "day 1 is 2022-02-24; the file has no days of publication",
        f"{int(cells.duplicated().sum())} rows repeat another exactly: kept, evidence merges them",
        f"{int(least.sum())} minima are at-least, {int(most.sum())} maxima at-most",
        "open-source investigators mix counts of pictures with estimates: estimates, no list",
        f"{recoded} figures of Russian deaths by Ukrainian sources are losses here: the running"
        " total that they repeat does not say whom it counts",
        "claimants are blocs; no bloc counts names or registers of soldiers, so nothing but the"
        " priors of biases fixes the level of persons",
    )
