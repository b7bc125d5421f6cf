"""Templates of artificial wars of mixed size: claimants, dates, qualifiers and rounding units.

Two parties, 60 to 1,500 days, 3 to 15 claimants, 20 to 400 claims. Long wars have coarser knots, so
that hundreds of them can be fitted. Each staff keeps a ledger of the other's losses, daily or
weekly for a while; third parties publish estimates; some wars have a list of names, a register, a
newspaper that relays figures, and a scope. Frequencies are chosen by hand to resemble the shipped
conflicts; calibration does not depend on them, because the fit conditions on the template.
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

__all__ = ["Plan", "Size", "draw_plan", "with_roots"]

START = pd.Timestamp("2001-01-01")
# Steps from a relay to its original; the shipped tables have chains of one.
LONGEST_CHAIN = 10
KEYS = ["claimant", "party", "category", "scope", "start", "end"]
PARTIES = ("north", "south")
FOE = {"north": "south", "south": "north"}
UNITS = (0.0, 0.001, 0.01, 0.05)
CLAIM = {
    "scope": "all", "kind": "cumulative", "start": pd.NaT, "qualifier": "exact", "via": "",
    "unit_share": 0.0, "low_ratio": np.nan, "high_ratio": np.nan, "has_value": True, "per": "",
    "total": np.nan, "further": False,
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """Limits of the size of an artificial war.

    Attributes
    ----------
    days, claimants, claims
        Smallest and largest number, drawn uniformly on the log scale.
    evidence
        Kinds of evidence beside counts that every war has, about both parties: names of
        `further_evidence.EVIDENCE`. None by default.

    Examples
    --------
    >>> Size(days=(60, 90)).claims
    (20, 400)
    """

    days: tuple[int, int] = (60, 1500)
    claimants: tuple[int, int] = (3, 15)
    claims: tuple[int, int] = (20, 400)
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """The template of a war: its conflict, and claims without figures.

    Attributes
    ----------
    conflict
        Parties, categories, scopes, claimants and streams.
    rows
        Claims without their figures. Those of `further` evidence are drawn after the others.
    levels
        Party -> centre of the log of its losses per day.

    Examples
    --------
    >>> plan = draw_plan(Size(), np.random.default_rng(1))
    >>> plan.conflict.name, "value" in plan.rows
    ('simulated', False)
    """

    conflict: Conflict
    rows: pd.DataFrame
    levels: dict[str, float]


@dataclass(frozen=True)
class _Stream:
    """A stream of the template; `weight` is proportional to its number of claims."""

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
    """Draw the template of one artificial war.

    Examples
    --------
    >>> plan = draw_plan(Size(days=(60, 90)), np.random.default_rng(1))
    >>> sorted(plan.levels)
    ['north', 'south']
    """
    days, claimants, claims = (
        round(float(np.exp(rng.uniform(*np.log(limits)))))
        for limits in (size.days, size.claimants, size.claims)
    )
    militia = bool(rng.uniform() < 0.3)
    streams = _streams(claimants, militia, rng)
    conflict = _conflict(streams, days, militia)
    share = np.array([stream.weight for stream in streams])
    counts = np.maximum(1, np.round(claims * share / share.sum())).astype(int)
    rows = [
        row
        for stream, count in zip(streams, counts, strict=True)
        for row in _rows(stream, int(count), days, rng)
    ]
    rows += _relays(rows, rng) if rng.uniform() < 0.4 else []
    table = pd.DataFrame([CLAIM | row for row in rows])
    names = table.groupby("claimant").cumcount().astype(str)
    table.insert(0, "claim_id", table["claimant"] + "-" + names)
    table["published"] = table["known"] + pd.to_timedelta(rng.integers(0, 6, len(table)), "D")
    levels = {party: float(np.log(100) + 0.8 * rng.standard_normal()) for party in PARTIES}
    return Plan(conflict, table, levels)


def _streams(claimants: int, militia: bool, rng: np.random.Generator) -> list[_Stream]:
    streams = _staffs(rng)
    lists = _lists(claimants - len(PARTIES), militia, rng)
    left = claimants - len(PARTIES) - len(lists)
    return streams + lists + _observers(max(left, 1), rng)


def _staffs(rng: np.random.Generator) -> list[_Stream]:
    """Each side's ledger of the other's losses, and its estimates of its own dead in some wars."""
    streams = []
    for side in PARTIES:
        word = str(rng.choice(["losses", "casualties", "killed"], p=[0.6, 0.25, 0.15]))
        streams.append(_Stream(f"{side}-staff", FOE[side], word, "ledger", 4.0))
        if rng.uniform() < 0.6:
            streams.append(_Stream(f"{side}-staff", side, "killed", "estimate", 0.7))
    return streams


def _lists(claimants: int, militia: bool, rng: np.random.Generator) -> list[_Stream]:
    """Lists of names and a register, with at least one claimant left for an observer."""
    streams: list[_Stream] = []
    for party in PARTIES:
        if claimants - len(streams) > 1 and rng.uniform() < 0.5:
            scope = "citizens" if militia and party == PARTIES[0] else "all"
            streams.append(_Stream(f"names-{party}", party, "killed", "list", 2.0, scope))
    if claimants - len(streams) > 1 and rng.uniform() < 0.3:
        scope = "citizens" if militia else "all"
        streams.append(_Stream("registry", PARTIES[0], "killed", "register", 0.5, scope))
    return streams


def _observers(count: int, rng: np.random.Generator) -> list[_Stream]:
    """Third parties with estimates about one party or both."""
    streams = []
    for number in range(count):
        parties = PARTIES if rng.uniform() < 0.4 else [PARTIES[int(rng.uniform() < 0.4)]]
        for party in parties:
            word = str(rng.choice(["killed", "casualties", "losses"], p=[0.5, 0.35, 0.15]))
            streams.append(_Stream(f"observer-{number}", party, word, "estimate", 1.0))
            if rng.uniform() < 0.15:
                streams.append(_Stream(f"observer-{number}", party, "wounded", "estimate", 0.5))
    return streams


def _conflict(streams: list[_Stream], days: int, militia: bool) -> Conflict:
    sides = {name: Side(name, name) for name in PARTIES}
    parties = {name: Party(name, name, name, (FOE[name],)) for name in PARTIES}
    scopes = {"all": Scope("all", "all", report=True)}
    if militia:
        share = Share("decaying", 0.4, 0.4, 300.0, 0.3)
        scopes["militia"] = Scope("militia", "militia", PARTIES[0], of="all", share=share)
        scopes["citizens"] = Scope(
            "citizens", "citizens", PARTIES[0], complement_of="militia", report=True
        )
    names = [*dict.fromkeys(stream.claimant for stream in streams), "gazette"]
    side = {f"{party}-staff": party for party in PARTIES}
    claimants = pd.DataFrame({"claimant": names, "name": names})
    claimants["side"] = [side.get(name, "") for name in names]
    table = pd.DataFrame(
        [(*stream.key, "", "") for stream in streams],
        columns=["claimant", "party", "category", "accounting", "method", "note"],
    )
    sources = ["source", "title", "publisher", "date", "url", "archive_url", "accessed"]
    return Conflict(
        name="simulated", title="A simulated war", start=START, sides=sides, parties=parties,
        categories=_persons(), scopes=scopes, knots=_knots(days),
        claimants=claimants.assign(url="", derived_from="", note=""), streams=table,
        sources=pd.DataFrame(columns=sources, dtype=str), truth=None, directory=Path("simulated"),
    )  # fmt: skip


def _persons() -> dict[str, Category]:
    return {name: c for name, c in STANDARD_CATEGORIES.items() if c.group == "person"}


def _knots(days: int) -> Knots:
    """Coarser knots for longer wars: at most about thirty for the rate of a party."""
    rate = next(step for step in (7, 14, 28, 56) if days <= 30 * step)
    return Knots(rate, QUARTER if days <= 730 else HALF_YEAR, HALF_YEAR if days <= 730 else 365)


def _rows(
    stream: _Stream, count: int, days: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    about = {
        "claimant": stream.claimant,
        "party": stream.party,
        "category": stream.category,
        "scope": stream.scope,
    }
    if stream.accounting == "ledger":
        dates = _ledger_days(count, days, rng)
        return [about | {"end": _day(date), "known": _day(date)} for date in dates]
    if stream.accounting == "estimate":
        unit = float(rng.choice(UNITS))
        return [about | _estimate(days, unit, rng) for _ in range(count)]
    ends = np.unique(np.linspace(days * 0.3, days, min(count, days)).astype(int))
    return [about | {"end": _day(end), "known": _day(end)} for end in ends]


def _ledger_days(count: int, days: int, rng: np.random.Generator) -> list[int]:
    """Reports every day, third day or week for a while, the others spread over the war."""
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
    """A newspaper relays one claim in twelve and names its claimant."""
    chosen = rng.choice(len(rows), size=max(1, len(rows) // 12), replace=False)
    return [
        rows[i] | {"claimant": "gazette", "via": rows[i]["claimant"], "unit_share": 0.01}
        for i in sorted(chosen)
    ]


def _day(number: int) -> pd.Timestamp:
    """The date of a day, counted from 1."""
    return START + pd.Timedelta(days=int(number) - 1)


def with_roots(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `root`, the claimant at the end of a chain of relays, and take over its `known`."""
    said = {
        tuple(key): (via, known)
        for *key, via, known in rows[[*KEYS, "via", "known"]].itertuples(index=False)
    }
    roots, knowns = [], []
    for *key, via, known in rows[[*KEYS, "via", "known"]].itertuples(index=False):
        root = key[0]
        for _ in range(LONGEST_CHAIN):
            if not via:
                break
            root = via
            via, known = said.get((root, *key[1:]), ("", known))
        roots.append(root)
        knowns.append(known)
    return rows.assign(root=roots, known=pd.to_datetime(pd.Series(knowns, index=rows.index)))
