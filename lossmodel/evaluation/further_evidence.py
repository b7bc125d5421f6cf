"""Kinds of evidence beside counts, added to the template of an artificial war.

ratio       a medical service states wounded per killed, twice
overlap     dead of the first part of the war who are known from elsewhere, and how many of them the
            party's list of names has
fate        an office publishes its register of the missing, and which of the resolved cases proved
            dead
declared    a court publishes how many missing dead it has declared dead
triangle    a list of names by period of death, as known at three dates

Each is a function from a party to claimants, streams and claims without figures, and a row of
`EVIDENCE`. Frequencies and sizes are chosen by hand; calibration does not depend on them, because
the fit conditions on the template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.errors import UsageError
from lossmodel.evaluation.templates import CLAIM, PARTIES, START, Plan
from lossmodel.tables.categories import DECLARED
from lossmodel.tables.schema import READING
from lossmodel.tables.vocabulary import QUALIFIERS

__all__ = ["EVIDENCE", "known_evidence", "with_evidence"]

Row = dict[str, object]
# Cases of an overlap and resolved cases of a register of the missing: few rolls and exchanges have
# fewer or more.
CASES = (100, 400)
# Shares of the war at which registers and courts publish.
QUARTERS = (0.25, 0.5, 0.75, 1.0)
# Periods of death of a triangle; it is known at the ends of all but the first.
PERIODS = 4


@dataclass(frozen=True)
class _About:
    """What a kind knows of the war: the party, the days, and the scope of its list of names."""

    party: str
    days: int
    listed: str | None
    rng: np.random.Generator

    def row(self, claimant: str, category: str, end: int, **cells: object) -> Row:
        """A claim known on its last day; days are counted from one."""
        own: Row = {"claimant": claimant, "party": self.party, "category": category}
        days = {"end": _day(end), "known": _day(end)}
        return CLAIM | own | days | {"further": True} | cells

    def at(self, *shares: float) -> list[int]:
        """Different days of the war."""
        return sorted({max(1, round(self.days * share)) for share in shares})

    def cases(self) -> float:
        """A number of cases, drawn uniformly on the log scale."""
        return float(np.round(np.exp(self.rng.uniform(*np.log(CASES)))))


@dataclass(frozen=True)
class _Added:
    """Claimants with their sides, streams (claimant, party, category, accounting), and claims."""

    claimants: dict[str, str]
    streams: list[tuple[str, str, str, str]]
    rows: list[Row]


def _ratio(war: _About) -> _Added:
    rows = []
    for end in war.at(0.5, 1.0):
        qualifier = str(war.rng.choice(["exact", "about", "at-least", "range"]))
        cells = {"kind": "ratio", "per": "killed", "qualifier": qualifier, "unit_share": 0.05}
        limits = {"low_ratio": 0.8, "high_ratio": 1.25, "has_value": False}
        cells |= limits if QUALIFIERS[qualifier].has_limits else {}
        rows.append(war.row("surgeons", "wounded", end, **cells))
    return _Added({"surgeons": ""}, [], rows)


def _overlap(war: _About) -> _Added:
    name, streams, rows = f"names-{war.party}", [], []
    if war.listed is None:
        streams.append((name, war.party, "killed", "list"))
        rows += [war.row(name, "killed", end) for end in war.at(*QUARTERS)]
    (end,) = war.at(war.rng.uniform(0.5, 1.0))
    cells = {"kind": "overlap", "total": war.cases(), "scope": war.listed or "all"}
    rows.append(war.row(name, "killed", end, **cells | {"known": _day(war.days)}))
    return _Added({name: ""}, streams, rows)


def _fate(war: _About) -> _Added:
    name = f"{war.party}-office"
    rows = [war.row(name, "missing", end, kind="stock") for end in war.at(*QUARTERS)]
    rows.append(war.row(name, "missing", war.days, kind="fate", total=war.cases()))
    return _Added({name: war.party}, [(name, war.party, "missing", "estimate")], rows)


def _declared(war: _About) -> _Added:
    name = f"{war.party}-court"
    rows = [war.row(name, DECLARED, end) for end in war.at(*QUARTERS)]
    return _Added({name: war.party}, [(name, war.party, DECLARED, "ledger")], rows)


def _triangle(war: _About) -> _Added:
    name, rows = f"graves-{war.party}", []
    edges = np.linspace(0, war.days, PERIODS + 1).astype(int)
    for number in range(2, PERIODS + 1):
        for first, last in pairwise(edges[: number + 1].tolist()):
            cells = {"kind": "period", "start": _day(first + 1), "known": _day(edges[number])}
            rows.append(war.row(name, "killed", last, **cells))
    return _Added({name: ""}, [(name, war.party, "killed", "list")], rows)


EVIDENCE: Mapping[str, Callable[[_About], _Added]] = {
    "ratio": _ratio,
    "overlap": _overlap,
    "fate": _fate,
    "declared": _declared,
    "triangle": _triangle,
}


def known_evidence(names: Sequence[str]) -> tuple[str, ...]:
    """The same names, checked.

    Raises
    ------
    UsageError
        A name is not one of `EVIDENCE`.

    Examples
    --------
    >>> known_evidence(["fate"])
    ('fate',)
    """
    for name in names:
        if name not in EVIDENCE:
            raise UsageError(f"no kind of evidence {name!r}; there are: {', '.join(EVIDENCE)}")
    return tuple(names)


def with_evidence(plan: Plan, kinds: Sequence[str], *, seed: int) -> Plan:
    """A plan with further kinds of evidence; its own claims stay as they are.

    Parameters
    ----------
    plan
        The template of an artificial war.
    kinds
        Names of `EVIDENCE`.
    seed
        Of the numbers of cases, windows and qualifiers.

    Raises
    ------
    UsageError
        There is no such kind.

    Examples
    --------
    >>> from lossmodel.evaluation.templates import Size, draw_plan
    >>> plan = draw_plan(Size(), np.random.default_rng(1))
    >>> more = with_evidence(plan, ["ratio", "fate"], seed=1)
    >>> more.rows["kind"].value_counts()[["ratio", "fate"]].tolist()
    [4, 2]
    """
    rng = np.random.default_rng([seed, 5])
    added = [
        EVIDENCE[kind](_About(party, _days(plan), _listed(plan, party), rng))
        for kind in known_evidence(kinds)
        for party in PARTIES
    ]
    if not added:
        return plan
    table = pd.DataFrame([row for each in added for row in each.rows])
    numbers = table.groupby(["claimant", "party", "kind"]).cumcount().astype(str)
    words = table["claimant"] + "-" + table["party"] + "-" + table["kind"]
    table["claim_id"] = words + "-" + numbers
    table["published"] = table["known"] + pd.to_timedelta(rng.integers(0, 6, len(table)), "D")
    table = table[plan.rows.columns].astype(plan.rows.dtypes)
    rows = pd.concat([plan.rows, table], ignore_index=True)
    return replace(plan, conflict=_conflict(plan, added), rows=rows)


def _conflict(plan: Plan, added: Sequence[_Added]) -> Conflict:
    conflict = plan.conflict
    sides = {name: side for each in added for name, side in each.claimants.items()}
    new = {
        name: side
        for name, side in sides.items()
        if name not in set(conflict.claimants["claimant"])
    }
    claimants = pd.DataFrame({"claimant": list(new), "name": list(new), "side": list(new.values())})
    streams = pd.DataFrame([stream for each in added for stream in each.streams], columns=READING)
    return replace(
        conflict,
        claimants=_joined(conflict.claimants, claimants),
        streams=_joined(conflict.streams, streams),
    )


def _joined(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, more.reindex(columns=table.columns, fill_value="")], ignore_index=True)


def _days(plan: Plan) -> int:
    return int((plan.rows["end"].max() - START).days) + 1


def _listed(plan: Plan, party: str) -> str | None:
    """Scope of the party's list of names; None without a list."""
    rows = plan.rows[plan.rows["claimant"] == f"names-{party}"]
    return None if rows.empty else str(rows["scope"].iloc[0])


def _day(number: int) -> pd.Timestamp:
    """The date of a day, counted from 1."""
    return START + pd.Timedelta(days=int(number) - 1)
