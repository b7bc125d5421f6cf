"""Small made-up wars of mixed size: who counts whom, when, and how coarsely.

Two parties, 60 to 1,500 days, 3 to 15 claimants, 20 to 400 claims; long wars have coarser knots, so
that many of them can be fitted. Both staffs count the other's losses day by day or week by week for
a while, third parties give estimates now and then, some wars have a list of names, a register, a
newspaper that repeats, and a scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Category, Conflict, Knots, Party, Scope, Share, Side
from lossmodel.conflict.durations import HALF_YEAR, QUARTER
from lossmodel.conflict.types import STANDARD_CATEGORIES
from lossmodel.tables.vocabulary import KINDS, QUALIFIERS

__all__ = ["Plan", "Size", "draw_plan"]

START = pd.Timestamp("2001-01-01")
PARTIES = ("north", "south")
FOE = {"north": "south", "south": "north"}
UNITS = (0.0, 0.001, 0.01, 0.05)
CLAIM = {
    "scope": "all", "kind": "cumulative", "start": pd.NaT, "qualifier": "exact", "via": "",
    "unit_share": 0.0, "low_ratio": np.nan, "high_ratio": np.nan, "has_value": True,
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How large a made-up war is.

    Attributes
    ----------
    days, claimants, claims
        Smallest and largest, drawn evenly on the log scale.
    """

    days: tuple[int, int] = (60, 1500)
    claimants: tuple[int, int] = (3, 15)
    claims: tuple[int, int] = (20, 400)


@dataclass(frozen=True, eq=False)
class Plan:
    """A war before anybody has died: the conflict and who will speak when.

    Attributes
    ----------
    rows
        Claims without their figures.
    levels
        Party -> centre of the log of its losses a day.
    """

    conflict: Conflict
    rows: pd.DataFrame
    levels: dict[str, float]


@dataclass(frozen=True)
class _Speaker:
    """One stream to be: who, about whom, what, and how much of all claims is its part."""

    claimant: str
    party: str
    category: str
    accounting: str
    weight: float
    scope: str = "all"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Claimant, party, category, accounting."""
        return self.claimant, self.party, self.category, self.accounting


def draw_plan(size: Size, rng: np.random.Generator) -> Plan:
    """Draw the frame of one war.

    Parameters
    ----------
    size
        The limits.
    rng
        Where chance comes from.
    """
    days, claimants, claims = (
        round(float(np.exp(rng.uniform(*np.log(limits)))))
        for limits in (size.days, size.claimants, size.claims)
    )
    militia = bool(rng.uniform() < 0.3)
    speakers = _speakers(claimants, militia, rng)
    conflict = _conflict(speakers, days, militia)
    share = np.array([speaker.weight for speaker in speakers])
    counts = np.maximum(1, np.round(claims * share / share.sum())).astype(int)
    rows = [
        row
        for speaker, count in zip(speakers, counts, strict=True)
        for row in _rows(speaker, int(count), days, rng)
    ]
    rows += _relays(rows, rng) if rng.uniform() < 0.4 else []
    table = pd.DataFrame([CLAIM | row for row in rows])
    names = table.groupby("claimant").cumcount().astype(str)
    table.insert(0, "claim_id", table["claimant"] + "-" + names)
    table["published"] = table["known"] + pd.to_timedelta(rng.integers(0, 6, len(table)), "D")
    levels = {party: float(np.log(100) + 0.8 * rng.standard_normal()) for party in PARTIES}
    return Plan(conflict, table, levels)


def _speakers(claimants: int, militia: bool, rng: np.random.Generator) -> list[_Speaker]:
    words = ["losses", "casualties", "killed"]
    speakers = []
    for side in PARTIES:
        word = str(rng.choice(words, p=[0.6, 0.25, 0.15]))
        speakers.append(_Speaker(f"{side}-staff", FOE[side], word, "ledger", 4.0))
        if rng.uniform() < 0.6:
            speakers.append(_Speaker(f"{side}-staff", side, "killed", "estimate", 0.7))
    left = claimants - 2
    for party in PARTIES:
        if left > 1 and rng.uniform() < 0.5:
            scope = "citizens" if militia and party == PARTIES[0] else "all"
            speakers.append(_Speaker(f"names-{party}", party, "killed", "list", 2.0, scope))
            left -= 1
    if left > 1 and rng.uniform() < 0.3:
        scope = "citizens" if militia else "all"
        speakers.append(_Speaker("registry", PARTIES[0], "killed", "register", 0.5, scope))
        left -= 1
    for number in range(max(left, 1)):
        parties = PARTIES if rng.uniform() < 0.4 else [PARTIES[int(rng.uniform() < 0.4)]]
        for party in parties:
            word = str(rng.choice(["killed", "casualties", "losses"], p=[0.5, 0.35, 0.15]))
            speakers.append(_Speaker(f"observer-{number}", party, word, "estimate", 1.0))
            if rng.uniform() < 0.15:
                speakers.append(_Speaker(f"observer-{number}", party, "wounded", "estimate", 0.5))
    return speakers


def _conflict(speakers: list[_Speaker], days: int, militia: bool) -> Conflict:
    sides = {name: Side(name, name) for name in PARTIES}
    parties = {name: Party(name, name, name, (FOE[name],)) for name in PARTIES}
    scopes = {"all": Scope("all", "all", report=True)}
    if militia:
        share = Share("decaying", 0.4, 0.4, 300.0, 0.3)
        scopes["militia"] = Scope("militia", "militia", PARTIES[0], of="all", share=share)
        scopes["citizens"] = Scope(
            "citizens", "citizens", PARTIES[0], complement_of="militia", report=True
        )
    names = [*dict.fromkeys(speaker.claimant for speaker in speakers), "gazette"]
    side = {f"{party}-staff": party for party in PARTIES}
    claimants = pd.DataFrame({"claimant": names, "name": names})
    claimants["side"] = [side.get(name, "") for name in names]
    streams = pd.DataFrame(
        [(*speaker.key, "", "") for speaker in speakers],
        columns=["claimant", "party", "category", "accounting", "method", "note"],
    )
    sources = ["source", "title", "publisher", "date", "url", "archive_url", "accessed"]
    return Conflict(
        name="simulated", title="A simulated war", start=START, sides=sides, parties=parties,
        categories=_persons(), scopes=scopes, knots=_knots(days),
        claimants=claimants.assign(url="", derived_from="", note=""), streams=streams,
        sources=pd.DataFrame(columns=sources, dtype=str), truth=None, directory=Path("simulated"),
    )  # fmt: skip


def _persons() -> dict[str, Category]:
    return {name: c for name, c in STANDARD_CATEGORIES.items() if c.group == "person"}


def _knots(days: int) -> Knots:
    """Coarser knots for longer wars: at most about thirty for the rate of a party."""
    rate = next(step for step in (7, 14, 28, 56) if days <= 30 * step)
    return Knots(rate, QUARTER if days <= 730 else HALF_YEAR, HALF_YEAR if days <= 730 else 365)


def _rows(
    speaker: _Speaker, count: int, days: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    about = {
        "claimant": speaker.claimant,
        "party": speaker.party,
        "category": speaker.category,
        "scope": speaker.scope,
    }
    if speaker.accounting == "ledger":
        dates = _ledger_days(count, days, rng)
        return [about | {"end": _day(date), "known": _day(date)} for date in dates]
    if speaker.accounting == "estimate":
        unit = float(rng.choice(UNITS))
        return [about | _estimate(days, unit, rng) for _ in range(count)]
    ends = np.unique(np.linspace(days * 0.3, days, min(count, days)).astype(int))
    return [about | {"end": _day(end), "known": _day(end)} for end in ends]


def _ledger_days(count: int, days: int, rng: np.random.Generator) -> list[int]:
    """A stretch of reports every day, third day or week, the others spread over the war."""
    step = int(rng.choice([1, 1, 3, 7]))
    dense = min(round(0.7 * count), (days - 1) // step)
    first = int(rng.integers(1, days - dense * step + 1))
    stretch = first + step * np.arange(dense + 1)
    rest = np.linspace(1, days, max(count - dense, 2))[1:].astype(int)
    return sorted(set(np.clip(np.concatenate([stretch, rest]), 1, days).tolist()))


def _estimate(days: int, unit: float, rng: np.random.Generator) -> dict[str, object]:
    end = int(rng.integers(max(days // 10, 10), days + 1))
    claim: dict[str, object] = {"end": _day(end), "known": _day(end), "unit_share": unit}
    kind = str(rng.choice(["cumulative", "period", "average"], p=[0.75, 0.15, 0.1]))
    if KINDS[kind].needs_start:
        claim |= {"kind": kind, "start": _day(max(1, end - 29))}
    words = ["exact", "about", "at-least", "at-most", "range"]
    claim["qualifier"] = str(rng.choice(words, p=[0.3, 0.3, 0.2, 0.05, 0.15]))
    if QUALIFIERS[str(claim["qualifier"])].has_limits:
        width = float(rng.uniform(0.1, 0.35))
        claim |= {"low_ratio": 1 - width, "high_ratio": 1 + width}
        claim["has_value"] = bool(rng.uniform() < 0.5)
    return claim


def _relays(rows: list[dict[str, object]], rng: np.random.Generator) -> list[dict[str, object]]:
    """A newspaper repeats some of what others have said, and says whose figure it is."""
    chosen = rng.choice(len(rows), size=max(1, len(rows) // 12), replace=False)
    return [
        rows[i] | {"claimant": "gazette", "via": rows[i]["claimant"], "unit_share": 0.01}
        for i in sorted(chosen)
    ]


def _day(number: int) -> pd.Timestamp:
    """The day of that number; the first is 1."""
    return START + pd.Timedelta(days=int(number) - 1)
