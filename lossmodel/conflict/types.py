"""The nouns of a conflict: sides, parties, categories, scopes, streams, knots.

A conflict is data. These are the shapes that its `conflict.toml` and `streams.csv` are read into.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from lossmodel.conflict.durations import FORTNIGHT, HALF_YEAR, QUARTER
from lossmodel.tables.vocabulary import Accounting

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "STANDARD_CATEGORIES",
    "Category",
    "Group",
    "Knots",
    "Party",
    "Role",
    "Scope",
    "Share",
    "Side",
    "Stream",
    "cycle",
]

Group = Literal["person", "equipment"]
Role = Literal["self", "adversary", "third-party"]
ShareForm = Literal["fixed", "constant", "decaying"]


@dataclass(frozen=True)
class Side:
    """One of those who fight."""

    name: str
    title: str


@dataclass(frozen=True)
class Party:
    """Whose losses are counted.

    Attributes
    ----------
    fights
        The sides that it fights as a belligerent.
    sum
        The parties that it is the declared sum of; empty for a base party.
    start, end
        First and last day on which it can have losses; None is the conflict's own.
    """

    name: str
    title: str
    side: str
    fights: tuple[str, ...]
    sum: tuple[str, ...] = ()
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    civilian: bool = False


@dataclass(frozen=True)
class Category:
    """What is counted; `sum` names its addends where it is a sum of others."""

    name: str
    title: str
    group: Group
    sum: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """How large a scope is within its parent.

    Attributes
    ----------
    mean
        Share between 0 and 1; of a decaying one, on the conflict's first day.
    sd
        Standard deviation on the logit scale.
    tau_days, tau_sd
        Days in which a decaying share falls by a factor e, and the sd of their log.
    """

    form: ShareForm
    mean: float = 1.0
    sd: float = 0.0
    tau_days: float | None = None
    tau_sd: float | None = None


@dataclass(frozen=True)
class Scope:
    """Which part of a party's forces, or which theatre."""

    name: str
    title: str
    party: str | None = None
    of: str | None = None
    complement_of: str | None = None
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    share: Share | None = None
    report: bool = False


@dataclass(frozen=True)
class Stream:
    """How one claimant keeps its figures of one category of one party."""

    claimant: str
    party: str
    category: str
    accounting: Accounting
    method: str = ""
    note: str = ""


@dataclass(frozen=True)
class Knots:
    """Days between the knots of rates, of lethality and of the drift of biases."""

    rate_days: int = FORTNIGHT
    lethality_days: int = QUARTER
    drift_days: int = HALF_YEAR


_PERSONS: Final = ("killed", "wounded", "losses", "irrecoverable", "missing", "captured")
_EQUIPMENT: Final = (
    "tanks",
    "armoured-vehicles",
    "artillery",
    "mlrs",
    "air-defence",
    "vehicles",
    "drones",
    "aircraft",
    "helicopters",
    "ships",
    "submarines",
)

STANDARD_CATEGORIES: Final = MappingProxyType(
    {name: Category(name, name.replace("-", " "), "person") for name in _PERSONS}
    | {"casualties": Category("casualties", "casualties", "person", ("killed", "wounded"))}
    | {name: Category(name, name.replace("-", " "), "equipment") for name in _EQUIPMENT}
)


Node = TypeVar("Node", bound=Hashable)


def cycle(links: Mapping[Node, Collection[Node]]) -> tuple[Node, ...]:
    """Nodes that lie on circles of links, or between two circles, in the order given.

    Whatever links to nothing, or is linked to by nothing, is taken off until nothing is.
    """
    left = {node: {end for end in ends if end in links} for node, ends in links.items()}
    while True:
        linked = {end for ends in left.values() for end in ends}
        loose = {node for node, ends in left.items() if not ends or node not in linked}
        if not loose:
            return tuple(left)
        left = {node: ends - loose for node, ends in left.items() if node not in loose}
