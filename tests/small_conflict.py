"""A made-up conflict of a few rows, written as files, for tests of reading and validation."""

import csv
import io
from pathlib import Path

from lossmodel.tables.schema import CLAIMS

TOML = """
title = "The war of the sea"
start = 2001-01-01
end = 2003-12-31

[sides]
sea = "The sea"
land = "The land"

[parties.sea]
side = "sea"
fights = "land"

[parties.land]
side = "land"
fights = ["sea"]

[parties.guests]
side = "land"
fights = ["sea"]
from = 2002-01-01

[parties."land+guests"]
sum = ["land", "guests"]

[parties.villagers]
side = "land"
civilian = true

[scopes.coast]
party = "land"
of = "all"
share = {form = "decaying", mean = 0.5, sd = 0.4, tau_days = 300, tau_sd = 0.3}

[scopes.hills]
party = "land"
complement_of = "coast"
report = true
"""
CLAIMANTS = """claimant,name,side,url,derived_from,note
sea-staff,Staff of the sea,sea,,,
land-staff,Staff of the land,land,,,
gazette,The Gazette,,,,
almanac,The Almanac,,,gazette;land-staff,
"""
STREAMS = """claimant,party,category,accounting,method,note
sea-staff,land,losses,ledger,daily sums,
gazette,land,killed,list,,
"""
SOURCES = """source,title,publisher,date,url,archive_url,accessed
gazette-1,First issue,Gazette,2001-02-01,https://example.org/1,,
"""
ROWS = [
    {
        "claim_id": "day",
        "claimant": "sea-staff",
        "party": "land",
        "category": "losses",
        "kind": "daily",
        "start": "2001-01-05",
        "end": "2001-01-05",
        "value": "120",
        "published": "2001-01-06",
        "source": "gazette-1",
    },
    {
        "claim_id": "total",
        "claimant": "sea-staff",
        "party": "land",
        "category": "losses",
        "kind": "cumulative",
        "end": "2001-01-31",
        "value": "3000",
        "qualifier": "about",
    },
    {
        "claim_id": "between",
        "claimant": "gazette",
        "party": "sea",
        "category": "killed",
        "kind": "period",
        "start": "2001-01-01",
        "end": "2001-03-31",
        "low": "900",
        "high": "1200.5",
        "qualifier": "range",
        "published": "2001-05-01",
        "note": 'in words, and in "quotes"',
    },
    {
        "claim_id": "relayed",
        "claimant": "gazette",
        "party": "land",
        "category": "losses",
        "kind": "daily",
        "start": "2001-01-05",
        "end": "2001-01-05",
        "value": "100",
        "qualifier": "at-least",
        "published": "2001-01-07",
        "via": "sea-staff",
    },
    {
        "claim_id": "sector",
        "claimant": "sea-staff",
        "party": "land",
        "category": "losses",
        "scope": "coast",
        "kind": "daily",
        "start": "2001-01-05",
        "end": "2001-01-05",
        "value": "40",
        "published": "2001-01-06",
        "part_of": "day",
    },
]
COLUMNS = [field.name for field in CLAIMS]


def claims_csv(rows: list[dict[str, str]] = ROWS, columns: list[str] = COLUMNS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def changed(row: int, **cells: str) -> list[dict[str, str]]:
    """The good rows with one of them changed."""
    return [{**good, **cells} if i == row else good for i, good in enumerate(ROWS)]


def write_conflict(folder: Path, **files: str | None) -> Path:
    """Write the conflict; a file given as text replaces the default one, None omits it."""
    contents = {
        "conflict.toml": TOML,
        "claimants.csv": CLAIMANTS,
        "streams.csv": STREAMS,
        "sources.csv": SOURCES,
        "claims.csv": claims_csv(),
    }
    ending = {"conflict": ".toml"}
    contents |= {f"{name}{ending.get(name, '.csv')}": text for name, text in files.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder
