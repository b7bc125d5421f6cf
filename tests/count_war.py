"""A made-up war of four months between North and South, with the claims that a test wants."""

from pathlib import Path

import pandas as pd

from lossmodel.claims import Claims, load_claims
from lossmodel.conflict import Conflict, load_conflict

TOML = """
title = "A war of counts"
start = 2001-01-01
end = 2001-04-30

[sides]
north = "North"
south = "South"

[parties.north]
side = "north"
fights = "south"

[parties.south]
side = "south"
fights = "north"
"""
CLAIMANTS = """claimant,name,side,derived_from
ministry,Ministry of the North,north,
south-staff,Staff of the South,south,
agency,An agency,,
institute,An institute,,
volunteers,Volunteers,,
"""
MONTHS = ("2001-01-31", "2001-02-28", "2001-03-31", "2001-04-30")


def total(
    claimant: str, value: float, end: str = MONTHS[-1], category: str = "killed", **cells: str
) -> dict[str, str]:
    """A running total of the North, published two days later."""
    published = f"{pd.Timestamp(end) + pd.Timedelta(days=2):%Y-%m-%d}"
    row = {"claim_id": f"{claimant}-{category}-{end}", "claimant": claimant, "party": "north"}
    row |= {
        "category": category,
        "kind": "cumulative",
        "start": "",
        "end": end,
        "value": f"{value:g}",
    }
    return row | {"published": published} | cells


def ministry(months: int = len(MONTHS)) -> list[dict[str, str]]:
    """The ministry's count by the end of the last months."""
    values = (300, 700, 1100, 1500)
    rows = [total("ministry", value, end) for value, end in zip(values, MONTHS, strict=True)]
    return rows[-months:]


def conflict(folder: Path, streams: str = "") -> Conflict:
    """The conflict; ``streams`` has rows of claimant, party, category and accounting."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conflict.toml").write_text(TOML)
    (folder / "claimants.csv").write_text(CLAIMANTS)
    if streams:
        (folder / "streams.csv").write_text(f"claimant,party,category,accounting\n{streams}\n")
    pd.DataFrame(ministry()).to_csv(folder / "claims.csv", index=False)
    return load_conflict(folder)


def claims(folder: Path, rows: list[dict[str, str]], streams: str = "") -> Claims:
    """The war with some claims."""
    return load_claims(pd.DataFrame(rows), conflict=conflict(folder, streams))
