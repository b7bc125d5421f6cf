"""Departures of a simulated war from the model's assumptions, one at a time.

method-change   a claimant's figures about a party are 1.5 times as high from a date on
method-drop     they are two thirds as high from a date on
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
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, names_with

__all__ = [
    "FACTOR",
    "METHODS",
    "MISSPECIFICATIONS",
    "Misspecification",
    "MisspecificationKind",
    "known_misspecifications",
    "place_misspecification",
]

MisspecificationKind = Literal["method-change", "method-drop", "spike", "relay", "definition"]
MISSPECIFICATIONS: tuple[MisspecificationKind, ...] = get_args(MisspecificationKind)
# Chosen by hand. At these sizes half of the changes of method and two thirds of the spikes are
# flagged (benchmarks/results/broken-wars.json).
FACTOR = {"method-change": 1.5, "method-drop": 1 / 1.5, "spike": 5.0}
METHODS: tuple[MisspecificationKind, ...] = ("method-change", "method-drop")
# A spike of five times the losses raises the total of a week by 4 / 7, that of a month by an
# eighth, which is less than the usual error of a figure.
SPIKE_WINDOW_DAYS = 7
# A change of method needs two figures on either side to be seen.
MIN_FIGURES = 4
# A change happens in the middle third of a stream's dates.
MIDDLE = (1 / 3, 2 / 3)


@dataclass(frozen=True)
class Misspecification:
    """One departure of a war from the model's assumptions.

    Attributes
    ----------
    kind
        One of `MISSPECIFICATIONS`.
    party
        The party whose losses, or figures, depart.
    date
        The first day of a change, or the day of a spike.
    claimant, category
        The stream; a change of method concerns all streams of the claimant about the party.
    original
        The claimant that a hidden relay repeats.

    Examples
    --------
    >>> change = Misspecification("method-drop", "south", pd.Timestamp("2001-03-01"), "staff")
    >>> round(change.factor, 2), change.touches(("staff", "south", "killed"))
    (0.67, True)
    """

    kind: MisspecificationKind
    party: str
    date: pd.Timestamp
    claimant: str = ""
    category: str = ""
    original: str = ""

    @property
    def factor(self) -> float:
        """The multiplier of the figures or losses concerned; 1 where nothing is multiplied."""
        return FACTOR.get(self.kind, 1.0)

    def touches(self, key: tuple[str, str, str]) -> bool:
        """Whether the figures of a stream (claimant, party, category) depart."""
        own = key[:2] == (self.claimant, self.party)
        return own and (self.kind != "definition" or key[2] == self.category)


def known_misspecifications(names: Sequence[str]) -> tuple[MisspecificationKind, ...]:
    """The same names, checked.

    Raises
    ------
    UsageError
        A name is not one of `MISSPECIFICATIONS`.

    Examples
    --------
    >>> known_misspecifications(["spike"])
    ('spike',)
    """
    for name in names:
        if name not in MISSPECIFICATIONS:
            allowed = ", ".join(MISSPECIFICATIONS)
            raise UsageError(f"no misspecification {name!r}; there are: {allowed}")
    return tuple(kind for name in names for kind in MISSPECIFICATIONS if kind == name)


def place_misspecification(
    kind: MisspecificationKind, rows: pd.DataFrame, *, conflict: Conflict, rng: np.random.Generator
) -> Misspecification | None:
    """A departure where it matters most: in the stream with the most claims.

    Parameters
    ----------
    rows
        The template's claims, one a row, with the column `root` of `simulation.simulate`.
    rng
        Draws the date.

    Returns
    -------
    Misspecification or None
        None where the war has no place for it, such as no undefined word.

    Raises
    ------
    UsageError
        There is no such kind.

    Examples
    --------
    >>> from lossmodel.evaluation.simulation import simulate
    >>> war = simulate(seed=3, misspecifications=["spike"])
    >>> [departure.kind for departure in war.misspecifications]
    ['spike']
    """
    known_misspecifications([kind])
    first = conflict.components(rows["party"].iloc[0])[0]
    own = rows[[first in conflict.components(party) for party in rows["party"]]]
    if kind == "spike":
        return Misspecification(kind, first, _reported_day(own, rng))
    biased = own[~np.isin(_accounting(own, conflict), names_with(ACCOUNTINGS, "counts_cases"))]
    if kind in METHODS:
        return _method_change(kind, biased, conflict, rng)
    if kind == "definition":
        biased = biased[biased["category"] == "losses"]
    counts = _counts(biased, ["root", "party", "category"])
    if counts.empty:
        return None
    key = counts.index[0]
    return _relay(biased, key) if kind == "relay" else _redefinition(biased, key, rng)


def _accounting(rows: pd.DataFrame, conflict: Conflict) -> list[str]:
    keys = zip(rows["root"], rows["party"], rows["category"], strict=True)
    return [conflict.stream(*key).accounting for key in keys]


def _counts(rows: pd.DataFrame, columns: str | list[str]) -> pd.Series:
    """Numbers of claims by key, the largest first."""
    return rows.groupby(columns).size().sort_values(ascending=False)


def _middle_date(rows: pd.DataFrame, rng: np.random.Generator) -> pd.Timestamp:
    days = np.sort(rows["known"].to_numpy())
    return pd.Timestamp(days[int(len(days) * rng.uniform(*MIDDLE))])


def _method_change(
    kind: MisspecificationKind, rows: pd.DataFrame, conflict: Conflict, rng: np.random.Generator
) -> Misspecification | None:
    """A change of the claimant with the most estimates, or with the most figures of any kind.

    Estimates come first because a ledger that gives half of the claims determines the path: its
    change of method could not be told from a change of the war.
    """
    estimates = np.array([ACCOUNTINGS[n].assesses for n in _accounting(rows, conflict)], dtype=bool)
    for chosen in (rows[estimates], rows):
        counts = _counts(chosen, ["root", "party"])
        if len(counts) and counts.iloc[0] >= MIN_FIGURES:
            break
    if counts.empty:
        return None
    claimant, party = counts.index[0]
    date = _middle_date(_select(chosen, root=claimant, party=party), rng)
    return Misspecification(kind, party, date, claimant)


def _redefinition(
    rows: pd.DataFrame, key: tuple[str, str, str], rng: np.random.Generator
) -> Misspecification:
    claimant, party, category = key
    stream = _select(rows, root=claimant, party=party, category=category)
    date = _middle_date(stream, rng)
    return Misspecification("definition", party, date, claimant, category)


def _relay(rows: pd.DataFrame, original: tuple[str, str, str]) -> Misspecification | None:
    """The claimant with the most totals of the same category repeats the original."""
    claimant, party, category = original
    totals = _select(rows, party=party, category=category, kind="cumulative")
    totals = totals[totals["root"] != claimant]
    counts = _counts(totals, "root")
    if counts.empty:
        return None
    date = pd.Timestamp(totals["known"].min())
    return Misspecification("relay", party, date, str(counts.index[0]), category, claimant)


def _select(rows: pd.DataFrame, **values: str) -> pd.DataFrame:
    for column, value in values.items():
        rows = rows[rows[column] == value]
    return rows


def _reported_day(rows: pd.DataFrame, rng: np.random.Generator) -> pd.Timestamp:
    """A day in a short window of a claim, or between two totals of one stream within a week."""
    days: list[pd.Timestamp] = []
    short = rows[(rows["end"] - rows["start"]).dt.days < SPIKE_WINDOW_DAYS]
    days += list(short["end"])
    totals = rows[rows["kind"].isin(names_with(KINDS, "running"))].sort_values("end")
    for _, stream in totals.groupby(["root", "party", "category"]):
        gap = stream["end"].diff().dt.days
        days += list(stream["end"][(gap > 0) & (gap <= SPIKE_WINDOW_DAYS)])
    if not days:
        days = list(rows["end"])
    return pd.Timestamp(days[int(rng.integers(len(days)))])
