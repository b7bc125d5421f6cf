"""Estimates that The Economist compiled by hand, as claims of their claimants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.names import slug
from lossmodel.importers.result import Imported, claims_table, iso, rows_of
from lossmodel.importers.source import Source

__all__ = ["is_economist", "read_economist"]

COLUMNS: Final = frozenset(
    {"date", "estimate_low", "estimate_high", "estimate", "type", "source", "country"}
)
SOURCE: Final = "the-economist-compiled"
CATEGORIES: Final = MappingProxyType({"deaths": "killed", "casualties": "casualties"})


@dataclass(frozen=True)
class _Who:
    claimant: str
    scope: str = "all"


# Beginning of the name in the file -> claimant.
WHO: Final = MappingProxyType(
    {
        "UK ": _Who("uk-di"),
        "US ": _Who("us-officials"),
        "CIA": _Who("us-officials"),
        "Pentagon leak": _Who("us-officials"),
        "CSIS": _Who("csis"),
        "The Centre for Strategic": _Who("csis"),
        "Mediazona; Meduza": _Who("meduza-mediazona-probate", "citizens"),
        "BBC Russia": _Who("bbc-extrapolated", "citizens"),
        "UAlosses": _Who("ualosses"),
        "Armed Forces of Ukraine": _Who("ua-general-staff"),
        "Excess deaths estimate (D. Kobak)": _Who("kobak-excess-mortality", "citizens"),
        "French foreign minister": _Who("france-mfa"),
        "Ukrainian estimate (leak": _Who("ua-confidential-wsj"),
        "Western intelligence": _Who("western-officials"),
        "IISS": _Who("iiss"),
        "Norwegian Defense": _Who("norway-defence"),
        "NATO": _Who("nato"),
        "Dutch Military": _Who("netherlands-mivd"),
        "Russian Ministry of Defense": _Who("ru-mod"),
        "Office of the President": _Who("podolyak"),
        "The Memory Book": _Who("book-of-memory-estimate"),
        "Lostarmour": _Who("lostarmour-estimate"),
        "Yurii Butosov": _Who("butusov"),
    }
)
# Dates that the pages behind the rows contradict: beginning of the name, date in the file, day.
CORRECTED: Final = (
    ("NATO", "23/04/2022", "2022-03-24"),
    ("Armed Forces of Ukraine", "16/01/2024", "2024-02-06"),
    ("Mediazona; Meduza", "27/06/2023", "2023-05-27"),
)
# From then on the British totals are rounded totals of the General Staff.
UK_FOLLOWS: Final = pd.Timestamp("2024-05-01")
UK_SUMS_BEGIN: Final = "2022-03-01"
DAY_IN_ADDRESS: Final = re.compile(r"[/-](20\d\d)[/-](\d\d)[/-](\d\d)(?!\d)")
CLAIMANTS: Final = rows_of(
    "claimants",
    [
        ("butusov", "Yurii Butusov, journalist", "ukraine"),
        ("iiss", "International Institute for Strategic Studies", "", "", "uk-di"),
        ("netherlands-mivd", "Defence intelligence of the Netherlands (MIVD)"),
    ],
)


def is_economist(columns: set[str]) -> bool:
    """Whether these are the columns of the compiled estimates."""
    return columns >= COLUMNS


def read_economist(source: Source) -> Imported:
    """Claims from the compiled estimates: one per row, with three dates corrected.

    Running sums of the British monthly means begin in March 2022 and repeat the General Staff; a
    daily report of the General Staff covers the days up to the one before.

    Raises
    ------
    UsageError
        A date or number cannot be read, or a claimant is not known.
    """
    day, corrected = _days(source)
    table = _compiled(source, day)
    published, inferred = _published(source.cells["source_url"], day)
    table = _qualify(_staff(_british(_names(table))))
    return Imported(
        claims=_finish(table, published, inferred),
        extra={
            "claimants": CLAIMANTS,
            "sources": rows_of(
                "sources",
                [(SOURCE, "Estimates of deaths and casualties, compiled", "The Economist", "",
                  "https://github.com/TheEconomist/the-economist-ukraine-war-dead-and-wounded-estimates")],
            ),
        },
        notes=(
            "dates are day/month/year",
            f"{corrected} dates that their own sources contradict were corrected",
            "running sums of British monthly means are periods from March 2022, via the General"
            " Staff, and so are British totals from May 2024",
            "the General Staff's own figures are losses of the party russia+north-korea",
            "the day of publication is taken from the address, else from the date",
        ),
    )  # fmt: skip


def _compiled(source: Source, day: pd.Series) -> pd.DataFrame:
    """Rows of the file with keys of the conflict, each a total since the start."""
    cells = source.cells
    who = _claimants(cells["source"], source)
    limits = {name: source.numbers(name, thousands=",") for name in ("estimate", "estimate_low",
                                                              "estimate_high")}  # fmt: skip
    return pd.DataFrame(
        {
            "claimant": [w.claimant for w in who],
            "scope": [w.scope for w in who],
            "party": cells["country"],
            "category": cells["type"].map(CATEGORIES),
            "kind": "cumulative",
            "start": "",
            "day": day,
            "via": "",
            "note": "in the file: " + cells["source"],
            "value": limits["estimate"],
            "low": limits["estimate_low"],
            "high": limits["estimate_high"],
        }
    )


def _claimants(names: pd.Series, source: Source) -> list[_Who]:
    found = [next((who for begin, who in WHO.items() if n.startswith(begin)), None) for n in names]
    unknown = sorted({n for n, who in zip(names, found, strict=True) if who is None})
    if unknown:
        raise UsageError(
            f"{source.path}: the importer does not know {', '.join(map(repr, unknown))}. "
            "The file is newer: download the pinned version, or import it as a table of your own."
        )
    return [who for who in found if who is not None]


def _days(source: Source) -> tuple[pd.Series, int]:
    cells = source.cells
    days = source.days("date", form="%d/%m/%Y", like="31/12/2024")
    corrected = 0
    for name, wrong, right in CORRECTED:
        rows = cells["source"].str.startswith(name) & (cells["date"] == wrong)
        days = days.mask(rows, pd.Timestamp(right))
        corrected += int(rows.any())
    return days, corrected


def _published(addresses: pd.Series, days: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Publication days from the addresses, unless earlier than the day of the figure."""
    parts = addresses.str.extract(DAY_IN_ADDRESS)
    written = pd.to_datetime(parts[0] + "-" + parts[1] + "-" + parts[2], errors="coerce")
    good = written.notna() & (written >= days)
    return written.where(good, days), ~good


def _names(table: pd.DataFrame) -> pd.DataFrame:
    """Counts of names: the lower figure is the dead, the upper one adds the missing."""
    rows = (table["claimant"] == "ualosses") & table["value"].isna()
    above = table["high"].notna() & rows
    return table.assign(
        value=table["value"].mask(rows, table["low"]),
        low=table["low"].mask(rows),
        high=table["high"].mask(rows),
        note=table["note"].mask(
            above, table["note"] + "; its upper figure adds the missing: "
            + table["high"].map("{:.0f}".format),
        ),
    )  # fmt: skip


def _british(table: pd.DataFrame) -> pd.DataFrame:
    day = table["day"]
    british = (table["claimant"] == "uk-di") & (table["category"] == "casualties")
    sums = british & (day.dt.day == 1) & table["value"].notna() & table["low"].isna()
    follows = british & (day >= UK_FOLLOWS) & ~sums
    relay = sums | follows
    return table.assign(
        kind=table["kind"].mask(sums, "period"),
        start=table["start"].mask(sums, UK_SUMS_BEGIN),
        day=day.mask(sums, day - pd.Timedelta(days=1)),
        party=table["party"].mask(relay, "russia+north-korea"),
        via=table["via"].mask(relay, "ua-general-staff"),
        note=table["note"].mask(sums, table["note"] + "; sum of monthly means from March 2022"),
    )


def _staff(table: pd.DataFrame) -> pd.DataFrame:
    rows = table["claimant"] == "ua-general-staff"
    return table.assign(
        day=table["day"].mask(rows, table["day"] - pd.Timedelta(days=1)),
        party=table["party"].mask(rows, "russia+north-korea"),
        note=table["note"].mask(rows, table["note"] + "; there as " + table["category"]),
        category=table["category"].mask(rows, "losses"),
    )


def _qualify(table: pd.DataFrame) -> pd.DataFrame:
    value, low, high = table["value"], table["low"], table["high"]
    ranged = low.notna() & high.notna()
    least = value.isna() & low.notna() & ~ranged
    most = value.isna() & high.notna() & ~ranged
    qualifier = pd.Series("exact", index=table.index)
    qualifier = qualifier.mask(ranged, "range").mask(least, "at-least").mask(most, "at-most")
    return table.assign(
        value=value.mask(least, low).mask(most, high),
        low=low.where(ranged),
        high=high.where(ranged),
        qualifier=qualifier,
    )


def _finish(table: pd.DataFrame, published: pd.Series, inferred: pd.Series) -> pd.DataFrame:
    keys = table["claimant"] + "-" + table["party"].map(slug) + "-" + table["category"]
    names = "economist-" + keys + "-" + iso(table["day"])
    again = names.groupby(names).cumcount()
    return claims_table(
        {
            **{name: table[name] for name in (
                "claimant", "party", "category", "scope", "kind", "start", "value", "low", "high",
                "qualifier", "via", "note",
            )},
            "claim_id": names.where(again == 0, names + "-" + (again + 1).astype(str)),
            "end": iso(table["day"]),
            "published": iso(published),
            "published_inferred": inferred.map({True: "true", False: "false"}),
            "source": SOURCE,
        }
    )  # fmt: skip
