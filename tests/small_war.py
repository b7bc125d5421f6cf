"""A made-up war of ten months, as terms of evidence, that takes every branch of the model."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.conflict import Conflict, Knots, Party, Scope, Share, Side
from lossmodel.conflict.types import STANDARD_CATEGORIES, Stream
from lossmodel.evidence import Evidence

START = pd.Timestamp("2001-03-01")
DAYS = 300
ROLES = {
    "north-staff": "north",
    "south-staff": "south",
    "north-office": "north",
    "south-office": "south",
}


def day(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def conflict() -> Conflict:
    share = Share("decaying", 0.5, 0.5, 120.0, 0.4)
    raid = Share("constant", 0.2, 0.8)
    scopes = (
        Scope("all", "all forces", report=True),
        Scope("levy", "the levy", "north", of="all", share=share),
        Scope("regulars", "without the levy", "north", complement_of="levy", report=True),
        Scope("raid", "the raid", of="all", start=day(90), end=day(180), share=raid),
        Scope("ford", "at the ford", of="raid", share=Share("fixed", 0.3)),
        Scope("beyond", "raid, not the ford", complement_of="ford", of="raid"),
    )
    parties = (
        Party("north", "North", "north", ("south",)),
        Party("south", "South", "south", ("north",), censored=True),
        Party("guests", "Guests", "north", ("south",), start=day(100), end=day(270)),
        Party("villagers", "Villagers", "south", (), civilian=True),
        Party("north+guests", "North and guests", "north", ("south",), ("north", "guests")),
    )
    return Conflict(
        name="small-war",
        title="Small war",
        start=START,
        sides={"north": Side("north", "North"), "south": Side("south", "South")},
        parties={party.name: party for party in parties},
        categories=dict(STANDARD_CATEGORIES),
        scopes={scope.name: scope for scope in scopes},
        knots=Knots(rate_days=14, lethality_days=60, drift_days=70),
        claimants=pd.DataFrame(columns=["claimant", "name", "side", "url", "derived_from", "note"]),
        streams=pd.DataFrame(
            [
                ("graves", "north", "killed", "list", "", "", "gazette", None),
                ("gazette", "north", "killed", "list", "", "", "", day(200)),
                ("probate-study", "north", "killed", "corrected-register", "", "", "", day(220)),
            ],
            columns=[field.name for field in fields(Stream)],
        ),
        sources=pd.DataFrame(),
        truth=None,
        directory=Path(),
    )


def term(claimant: str, party: str, category: str, **changes: Any) -> dict[str, Any]:
    """One row; `days` are closed ranges of numbers; other values have simple defaults."""
    row: dict[str, Any] = {
        "claimant": claimant,
        "party": party,
        "category": category,
        "scope": "all",
        "accounting": "estimate",
        "declared": "",
        "method": "",
        "role": "third-party",
        "form": "point",
        "value": np.nan,
        "low": np.nan,
        "high": np.nan,
        "kind": "window",
        "days": ((0, DAYS - 1),),
        "known": None,
        "known_from": None,
        "days_from": (),
        "rounding_sd": 0.0,
        "range_sd": 0.0,
        "per": "",
        "total": np.nan,
        "copy_prior": 0.0,
        "copy_match": 0.0,
        "copy_unit": 0.0,
        "copy_of": "",
    }
    return row | changes


def copied(prior: float, match: float, unit: float) -> dict[str, Any]:
    """Columns of a figure that may be a copy."""
    return {"copy_prior": prior, "copy_match": match, "copy_unit": unit, "copy_of": "c"}


def _ledgers() -> list[dict[str, Any]]:
    """A ledger of a sum in steps of a week, with gaps, and one of equipment with small counts."""
    ledger = {"accounting": "ledger", "role": "adversary"}
    rows = [
        term("south-staff", "north+guests", "losses", value=700.0 + 11 * first, days=days, **ledger)
        for first in range(0, 294, 7)
        for days in [((first, first + 2), (first + 4, first + 6))]
    ]
    counts = {0: 0.0, 40: 3.0, 80: 41.0, 120: 204.0, 160: 199.5}
    rows += [
        term("south-staff", "north", "tanks", value=value, days=((at, at + 39),), **ledger)
        for at, value in counts.items()
    ]
    return [
        *rows,
        term("south-staff", "guests", "killed", value=38.0, days=((150, 170),), **ledger),
        # Counted again after the war.
        term("south-staff", "guests", "killed", value=45.0, days=((100, 250),), known=320,
             declared="ledger", role="adversary"),
        term("observer", "north", "tanks", value=900.0, range_sd=0.1),
        term("photographs", "north", "tanks", value=210.0, accounting="list", kind="vintage"),
        term("north-office", "north", "tanks", value=700.0, form="at-least", role="self",
             **copied(0.3, 0.02, 70.0)),
    ]  # fmt: skip


def _estimates() -> list[dict[str, Any]]:
    return [
        term("observer", "north", "casualties", value=30e3, days=((0, 99),), rounding_sd=288.7),
        term("observer", "north", "casualties", value=70e3, days=((0, 199),), known=215),
        term("observer", "north", "killed", value=24e3, low=20e3, high=29e3, range_sd=0.107,
             **copied(0.1, 0.02, 1e3)),
        term("observer", "south", "killed", form="interval", low=9e3, high=14e3, days=((0, 249),)),
        term("observer", "south", "killed", form="interval", low=0.0, high=16e3, known=320),
        term("observer", "south", "wounded", value=31e3, form="at-most",
             **copied(0.2, 0.01, 1e3)),
        term("observer", "guests", "casualties", value=4e3, days=((100, 250),)),
        term("ally", "south", "killed", value=12e3, form="at-least"),
        term("ally", "north+guests", "losses", value=95e3),
        term("ally", "north+guests", "killed", scope="raid", value=900.0, days=((95, 150),)),
        term("north-staff", "south", "irrecoverable", value=45e3, role="adversary"),
        term("north-staff", "south", "killed", value=30e3, role="adversary", days=((0, 199),)),
        term("north-staff", "north", "killed", value=5e3, role="self", form="at-most"),
        term("south-staff", "south", "killed", value=8e3, role="self", rounding_sd=288.7),
        term("south-staff", "south", "losses", value=9e3, role="self", days=((0, 149),)),
        term("south-staff", "north", "killed", scope="raid", value=150.0, role="adversary",
             days=((95, 130), (140, 150))),
        term("south-staff", "north", "killed", scope="ford", value=0.0, role="adversary",
             days=((100, 103),)),
        term("south-staff", "north", "wounded", scope="beyond", value=2500.0, role="adversary"),
        term("south-staff", "north", "killed", scope="levy", value=7e3, role="adversary"),
        term("south-office", "villagers", "killed", value=12.0, days=((10, 12),), role="self",
             **copied(0.1, 0.9, 1.0)),
        term("observer", "villagers", "wounded", value=800.0, days=((0, 280),)),
    ]  # fmt: skip


def _lists() -> list[dict[str, Any]]:
    """Vintages of lists and registers, of one party, of a sum, of civilians; stocks of missing."""
    rows = []
    earlier = None
    for known in (60, 120, 181, 250, 310):
        days = ((0, min(known, DAYS - 1)),)
        increment = {} if earlier is None else {"known_from": earlier[1], "days_from": earlier[0]}
        rows.append(
            term(
                "gazette",
                "north",
                "killed",
                scope="regulars",
                accounting="list",
                kind="vintage",
                value=900.0 + 5 * known,
                days=days,
                known=known,
                **increment,
            )  # fmt: skip
        )
        earlier = (days, known)
    listed = {"accounting": "list", "kind": "vintage"}
    register = {"accounting": "register", "kind": "vintage"}
    corrected = {"accounting": "corrected-register"}
    stock = {"category": "missing", "kind": "stock"}
    return [
        *rows,
        term("gazette", "north+guests", "casualties", value=5e3, known=330, **listed),
        term("graves", "north", "killed", value=3e3, known=335, **listed),
        term("graves", "south", "killed", value=5e3, known=310, **listed),
        term("north-office", "north", "killed", value=2.5e3, known=320, role="self", **listed),
        term("gazette", "villagers", "wounded", value=130.0, days=((30, 70),), known=90, **listed),
        term("north-office", "north", "killed", value=9e3, known=299, role="self", **register),
        term("north-office", "north", "killed", value=3e3, known=340, known_from=299, role="self",
             days_from=((0, DAYS - 1),), form="at-least", **register),
        term("north-office", "north", "wounded", form="interval", low=3e4, high=6e4, known=299,
             role="self", **register),
        term("probate-study", "north", "killed", value=15e3, known=210, days=((0, 149),),
             **corrected),
        term("probate-study", "north", "killed", value=2e4, form="at-least", known=330,
             **corrected),
        term("north-office", "north+guests", "killed", value=26e3, known=340, role="self",
             **corrected),
        term("south-office", "south", value=6e3, role="self", accounting="register", **stock),
        term("roll", "south", value=4e3, days=((0, 199),), known=240, accounting="list", **stock),
        term("observer", "north", form="interval", low=3e3, high=9e3, **stock),
        term("observer", "villagers", value=300.0, **stock),
    ]  # fmt: skip


def _comparisons() -> list[dict[str, Any]]:
    """Ratios, overlaps with lists and registers, fates of the missing, declarations."""
    ratio, fate = {"accounting": "ratio", "declared": "estimate"}, {"accounting": "fate"}
    listed = {"accounting": "overlap", "declared": "list", "known": 250}
    flow = {"accounting": "declarations", "declared": "ledger", "role": "self"}
    return [
        term("observer", "north", "wounded", per="killed", value=2.5, rounding_sd=0.072, **ratio),
        term("ally", "north+guests", "killed", per="losses", value=0.26, days=((0, 199),), **ratio),
        term("ally", "south", "killed", per="irrecoverable", form="at-least", value=0.5, **ratio),
        term("south-staff", "south", "losses", per="killed", form="interval", low=2.0, high=4.0,
             role="self", **ratio),
        term("observer", "villagers", "casualties", per="killed", value=3.0, **ratio),
        term("gazette", "north", "killed", scope="regulars", value=120.0, total=200.0,
             days=((20, 149),), **listed),
        term("graves", "south", "killed", value=0.4, rounding_sd=0.03, days=((0, 200),), **listed),
        term("graves", "north", "killed", form="interval", low=10.0, high=20.0, total=40.0,
             **(listed | {"known": 320})),
        term("north-office", "north", "killed", value=0.0, total=12.0, accounting="overlap",
             declared="register", known=299, role="self"),
        term("south-office", "south", "missing", value=300.0, total=420.0, role="self",
             declared="register", **fate),
        term("roll", "south", "missing", value=0.7, low=0.5, high=0.8, range_sd=0.1,
             declared="list", **fate),
        term("south-court", "south", "declared", value=6.0, days=((0, 150),), **flow),
        term("south-court", "south", "declared", value=12.0, days=((151, 180), (190, 210)),
             **flow),
        term("south-court", "south", "declared", value=210.0, days=((211, 340),), known=340,
             **flow),
    ]  # fmt: skip


def evidence(rows: list[dict[str, Any]] | None = None) -> Evidence:
    rows = [*_ledgers(), *_estimates(), *_lists(), *_comparisons()] if rows is None else rows
    table = pd.DataFrame(rows)
    table.insert(0, "term", [f"c{i}" for i in range(len(table))])
    table.insert(1, "claims", table["term"])
    table["declared"] = table["declared"].where(table["declared"] != "", table["accounting"])
    ends = [days[-1][1] for days in table["days"]]
    table["known"] = [
        day(end if pd.isna(k) else int(k)) for k, end in zip(table["known"], ends, strict=True)
    ]
    table["known_from"] = pd.to_datetime(
        [pd.NaT if pd.isna(k) else day(int(k)) for k in table["known_from"]]
    )
    table["n_days"] = [sum(b - a + 1 for a, b in days) for days in table["days"]]
    for name in ("days", "days_from"):
        table[name] = [tuple((day(a), day(b)) for a, b in days) for days in table[name]]
    table["anchor_date"] = table["published"] = table["known"]
    empty = pd.DataFrame()
    return Evidence(table, empty, empty, until=day(DAYS - 1), as_of=None, ended=day(DAYS - 20))
