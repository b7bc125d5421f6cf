"""What the model does not assume, one thing at a time, put into a simulated war.

method-change   a claimant's figures about a party are 1.5 times as high from a date on
method-drop     they are two thirds of that height from a date on
spike           one day has five times the losses
relay           a claimant repeats another's figures without saying so
definition      a stream's undefined word means the killed until a date, then killed and wounded
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.errors import UsageError
from lossmodel.tables.vocabulary import ACCOUNTINGS, accountings_with, kinds_with

__all__ = [
    "BREAKS",
    "FACTOR",
    "METHODS",
    "Misspecification",
    "MisspecificationKind",
    "known_misspecifications",
    "place_misspecification",
]

MisspecificationKind = Literal["method-change", "method-drop", "spike", "relay", "definition"]
BREAKS: tuple[MisspecificationKind, ...] = get_args(MisspecificationKind)
FACTOR = {"method-change": 1.5, "method-drop": 1 / 1.5, "spike": 5.0}
METHODS: tuple[MisspecificationKind, ...] = ("method-change", "method-drop")
WEEK = 7
# Fewer claims than this have no before and after.
ENOUGH = 4


@dataclass(frozen=True)
class Misspecification:
    """Where and when a war departs from the model's assumptions.

    Attributes
    ----------
    claimant, party, category
        The stream that it concerns; a method change concerns all of the claimant's about a party.
    date
        From when on, or the day.
    original
        The claimant that a hidden relay repeats.
    """

    kind: MisspecificationKind
    party: str
    date: pd.Timestamp
    claimant: str = ""
    category: str = ""
    original: str = ""

    @property
    def factor(self) -> float:
        """By how much figures or losses are multiplied."""
        return FACTOR.get(self.kind, 1.0)

    def touches(self, key: tuple[str, str, str]) -> bool:
        """Whether a stream is concerned."""
        own = key[:2] == (self.claimant, self.party)
        return own and (self.kind != "definition" or key[2] == self.category)


def known_misspecifications(names: Sequence[str]) -> tuple[MisspecificationKind, ...]:
    """The same names, if each is that of a kind of break.

    Raises
    ------
    UsageError
        One is not.
    """
    for name in names:
        if name not in BREAKS:
            raise UsageError(f"no break {name!r}; there are: {', '.join(BREAKS)}")
    return tuple(kind for name in names for kind in BREAKS if kind == name)


def place_misspecification(
    kind: MisspecificationKind, rows: pd.DataFrame, *, conflict: Conflict, rng: np.random.Generator
) -> Misspecification | None:
    """A break where it can matter most: in the stream with the most claims.

    Returns
    -------
    Break or None
        None where the war has nothing that could break in this way, such as no undefined word.

    Raises
    ------
    UsageError
        There is no such kind of break.
    """
    known_misspecifications([kind])
    first = conflict.components(rows["party"].iloc[0])[0]
    own = rows[[first in conflict.components(party) for party in rows["party"]]]
    if kind == "spike":
        return Misspecification(kind, first, _reported_day(own, rng))
    accounting = [
        conflict.stream(*key).accounting
        for key in zip(own["root"], own["party"], own["category"], strict=True)
    ]
    open_to_it = own[~np.isin(accounting, accountings_with("counts_cases"))]
    if kind == "definition":
        open_to_it = open_to_it[open_to_it["category"] == "losses"]
    if kind in METHODS:
        return _method_change(kind, own, open_to_it, conflict, rng)
    counts = open_to_it.groupby(["root", "party", "category"]).size().sort_values(ascending=False)
    if counts.empty:
        return None
    claimant, party, category = counts.index[0]
    if kind == "relay":
        return _relay(open_to_it, (claimant, party, category))
    stream = _of(open_to_it, root=claimant, party=party, category=category)
    days = np.sort(stream["known"].to_numpy())
    place = int(len(days) * rng.uniform(1 / 3, 2 / 3))
    date = pd.Timestamp(days[min(place, len(days) - 1)])
    return Misspecification(kind, party, date, claimant, category)


def _method_change(
    kind: MisspecificationKind,
    own: pd.DataFrame,
    open_to_it: pd.DataFrame,
    conflict: Conflict,
    rng: np.random.Generator,
) -> Misspecification | None:
    """In the middle of the claims of who gives the most estimates.

    A ledger that half of the claims come from makes the path: nobody could tell its change of
    method from a change of the war. It is chosen where nobody else speaks often enough.
    """
    keys = zip(open_to_it["root"], open_to_it["party"], open_to_it["category"], strict=True)
    estimates = np.array([ACCOUNTINGS[conflict.stream(*key).accounting].assesses for key in keys])
    for rows in (open_to_it[estimates], open_to_it):
        counts = rows.groupby(["root", "party"]).size().sort_values(ascending=False)
        if len(counts) and counts.iloc[0] >= ENOUGH:
            break
    if counts.empty:
        return None
    claimant, party = counts.index[0]
    days = np.sort(_of(rows, root=claimant, party=party)["known"].to_numpy())
    place = int(len(days) * rng.uniform(1 / 3, 2 / 3))
    return Misspecification(kind, party, pd.Timestamp(days[place]), claimant)


def _of(rows: pd.DataFrame, **values: str) -> pd.DataFrame:
    for column, value in values.items():
        rows = rows[rows[column] == value]
    return rows


def _relay(rows: pd.DataFrame, original: tuple[str, str, str]) -> Misspecification | None:
    """The most talkative claimant of the same category that could repeat the original."""
    same = _of(rows, party=original[1], category=original[2])
    same = same[same["kind"].isin(kinds_with("running")) & (same["root"] != original[0])]
    counts = same.groupby("root").size().sort_values(ascending=False)
    if counts.empty:
        return None
    date = pd.Timestamp(same["known"].min())
    return Misspecification(
        "relay", original[1], date, str(counts.index[0]), original[2], original[0]
    )


def _reported_day(rows: pd.DataFrame, rng: np.random.Generator) -> pd.Timestamp:
    """A day inside a short window of a claim, or between two totals of one stream within a week."""
    days: list[pd.Timestamp] = []
    short = rows[(rows["end"] - rows["start"]).dt.days < WEEK]
    days += list(short["end"])
    totals = rows[rows["kind"].isin(kinds_with("running"))].sort_values("end")
    for _, stream in totals.groupby(["root", "party", "category"]):
        gap = stream["end"].diff().dt.days
        days += list(stream["end"][(gap > 0) & (gap <= WEEK)])
    if not days:
        days = list(rows["end"])
    return pd.Timestamp(days[int(rng.integers(len(days)))])
