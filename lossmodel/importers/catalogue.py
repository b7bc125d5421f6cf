"""Public data sets with an importer: addresses, licences and caveats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lossmodel.errors import UsageError
from lossmodel.importers.download import Remote
from lossmodel.text.spelling import did_you_mean

__all__ = ["CATALOGUE", "FEEDS", "DataSet", "Feed", "find_data_set", "newest"]

RAW: Final = "https://raw.githubusercontent.com"
STAFF: Final = f"{RAW}/PetroIvaniuk/2022-Ukraine-Russia-War-Dataset/37655f8/data"
ECONOMIST: Final = (
    f"{RAW}/TheEconomist/the-economist-ukraine-war-dead-and-wounded-estimates/978a24b/source-data/"
    "deaths-and-casualties-data/Soldier%20deaths_casualties%20in%20Ukraine%20-%20estimates.csv"
)
RADFORD: Final = (
    f"{RAW}/benradford/estimating-conflict-losses/b138b4821a675185cfe2f17d1624dbf0228c8615/"
    "data/replication-data-pnas.csv"
)
ORYX: Final = f"{RAW}/scarnecchia/oryx_data/a8624b4/daily_count.csv"
BOOKED: Final = Remote(
    "russia_losses_equipment_correction.json", f"{STAFF}/russia_losses_equipment_correction.json"
)


@dataclass(frozen=True)
class DataSet:
    """A public data set.

    Attributes
    ----------
    files
        Files to download. A file without a hash was not checked at its commit: the first download
        is trusted and its hash kept.
    caveats
        One text per caveat.
    """

    name: str
    title: str
    files: tuple[Remote, ...]
    licence: str
    caveats: tuple[str, ...]


CATALOGUE: Final = (
    DataSet(
        "general-staff-personnel",
        "Russian losses of persons, daily totals of the General Staff of Ukraine",
        (Remote("russia_losses_personnel.json", f"{STAFF}/russia_losses_personnel.json"), BOOKED),
        "MIT, Petro Ivaniuk",
        (
            "a claimant's own figures: one observer, however many repeat them",
            "the report of a day covers the day before; totals are rounded to tens",
            "1,650 and 160 of 28 Feb and 22 Apr 2025 are corrections, not losses of these days",
        ),
    ),
    DataSet(
        "general-staff-equipment",
        "Russian losses of equipment, daily totals of the General Staff of Ukraine",
        (Remote("russia_losses_equipment.json", f"{STAFF}/russia_losses_equipment.json"), BOOKED),
        "MIT, Petro Ivaniuk",
        (
            "the report of a day covers the day before",
            "classes change in 2022: fuel tanks join the vehicles",
        ),
    ),
    DataSet(
        "economist",
        "Estimates of deaths and casualties that The Economist compiled",
        (Remote("economist-estimates.csv", ECONOMIST,
                "614676065b5ac9d08dfcbc63282227037954adad74a558a1c0fdef61d4f263b4"),),
        "CC BY 4.0, The Economist",
        (
            "three dates are wrong and are corrected; publication days are mostly guessed",
            "British monthly means repeat the General Staff; much else is in the shipped claims",
        ),
    ),
    DataSet(
        "radford",
        "Reports coded by Radford et al. (2023), first year",
        (Remote("replication-data-pnas.csv", RADFORD,
                "21adb806dcc553832d813831028974c6967785ec1322bd0a78c68272a774bb34"),),
        "MIT, Benjamin Radford",
        (
            "claimants are blocs; 252 rows repeat others; no days of publication",
            "totals of the General Staff are coded as deaths",
            "a conflict of its own: do not add it to the shipped claims, which hold the same",
        ),
    ),
    DataSet(
        "oryx",
        "Losses of equipment verified by picture by Oryx, scraped daily",
        (Remote("daily_count.csv", ORYX),),
        "CC BY 4.0, Oryx; scraped by scarnecchia",
        (
            "early rows have parsing faults: totals out of order are dropped",
            "a lower bound of the losses: only those that were photographed",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Feed:
    """A data set whose newer rows continue series of a conflict's claims.

    Attributes
    ----------
    month_ends
        Whether the conflict's table has only the last total of each month.
    """

    name: str
    month_ends: bool = False


# Conflict -> its feeds. Oryx is none: its scrape ends in July 2025, and since May 2026 its vehicles
# are a narrower class, which no rule can tell from the totals.
FEEDS: Final = {
    "russia-ukraine": (
        Feed("general-staff-personnel"),
        Feed("general-staff-equipment", month_ends=True),
    )
}


def newest(file: Remote) -> Remote:
    """The same file as its repository has it today, so that no hash is known beforehand.

    Examples
    --------
    >>> newest(find_data_set("oryx").files[0]).url.removeprefix(RAW)
    '/scarnecchia/oryx_data/HEAD/daily_count.csv'
    """
    owner, repository, _, path = file.url.removeprefix(f"{RAW}/").split("/", 3)
    return Remote(file.file, f"{RAW}/{owner}/{repository}/HEAD/{path}")


def find_data_set(name: str) -> DataSet:
    """Data set with a name.

    Raises
    ------
    UsageError
        There is none with this name.

    Examples
    --------
    >>> find_data_set("oryx").licence
    'CC BY 4.0, Oryx; scraped by scarnecchia'
    """
    names = [entry.name for entry in CATALOGUE]
    if name in names:
        return CATALOGUE[names.index(name)]
    hint = did_you_mean(name, names)
    raise UsageError(f"No data set {name!r}; there are: {', '.join(names)}.{hint}")
