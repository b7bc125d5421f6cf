"""Parts of a conflict: sides, parties, categories, scopes, streams, knots.

A conflict is data. These are the types that `conflict.toml` and `streams.csv` are read into.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from lossmodel.conflict.durations import FORTNIGHT, HALF_YEAR, QUARTER
from lossmodel.tables.categories import DECLARED, INFLOW, OUTFLOWS, STRENGTH
from lossmodel.tables.vocabulary import Accounting

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FORCE_CATEGORIES",
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
    "base_names",
    "cycle",
]

Group = Literal["person", "equipment"]
Role = Literal["self", "adversary", "third-party"]
ShareForm = Literal["fixed", "constant", "decaying"]


@dataclass(frozen=True)
class Side:
    """A belligerent, or another camp that claimants belong to."""

    name: str
    title: str


@dataclass(frozen=True)
class Party:
    """A party whose losses are counted.

    One that changes sides is two parties, the first up to a day and the second from the next one,
    and their sum for the figures of both times.

    Attributes
    ----------
    side
        Its side; empty for none.
    fights
        The sides that it fights as a belligerent.
    sum
        The parties that it is the declared sum of; empty for a base party.
    start, end
        First and last day on which it can have losses; None for the conflict's own.
    civilian
        Whether it is of civilians, whom no front leaves missing and whose losses nobody hides.
    censored
        Whether its losses are secret, so that lists wait for burials and notices of them.
    group
        The only group of categories that it has losses of: a sum of parties counts none of the
        other. None for both.
    fights_declared
        Whether `fights` is given, be it `false`.
    iso3
        Letters of its state in ISO 3166-1; empty for none.
    gwno
        Number of its state in the list of Gleditsch and Ward; None for none.
    """

    name: str
    title: str
    side: str
    fights: tuple[str, ...]
    sum: tuple[str, ...] = ()
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    civilian: bool = False
    censored: bool = False
    group: Group | None = None
    fights_declared: bool = False
    iso3: str = ""
    gwno: int | None = None

    def counts(self, group: Group) -> bool:
        """Whether it can have losses of a group of categories; civilians are people only."""
        return group == "person" if self.civilian else self.group in (None, group)


@dataclass(frozen=True)
class Category:
    """A category of losses.

    Attributes
    ----------
    group
        Whether it counts persons or equipment.
    sum
        Its addends; empty for a base category.
    group_assumed
        Whether the group is neither declared nor that of a standard category.
    """

    name: str
    title: str
    group: Group
    sum: tuple[str, ...] = ()
    group_assumed: bool = False


@dataclass(frozen=True)
class Share:
    """Prior of the share of a scope in its parent.

    Attributes
    ----------
    form
        `fixed`, `constant` over time with a prior, or `decaying` exponentially.
    mean
        Share between 0 and 1; of a decaying share, on the conflict's first day.
    sd
        Prior standard deviation on the logit scale.
    tau_days, tau_sd
        Days in which a decaying share falls by a factor e, and the prior sd of their log.
    """

    form: ShareForm
    mean: float = 1.0
    sd: float = 0.0
    tau_days: float | None = None
    tau_sd: float | None = None


@dataclass(frozen=True)
class Scope:
    """A part of a party's forces, or a theatre.

    Attributes
    ----------
    party
        The only party that it applies to; None for any.
    of, complement_of
        Its parent, or the scope that it is the rest of; one of the two, but for `all`.
    start, end
        First and last day of it; None for the conflict's own.
    share
        Prior of its share in `of`; None if unknown, so that its claims are left out.
    report
        Whether reports give its totals.
    """

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
    """Accounting and method of one claimant's figures of one category of one party.

    Attributes
    ----------
    within
        The claimant whose list of the same party and category has every case of this one; empty for
        none.
    declared_from
        Day of knowledge from which its figures include the missing who were declared dead; None if
        all do.
    """

    claimant: str
    party: str
    category: str
    accounting: Accounting
    method: str = ""
    note: str = ""
    within: str = ""
    declared_from: pd.Timestamp | None = None


@dataclass(frozen=True)
class Knots:
    """Days between the knots of rates, of lethality and of the drift of biases.

    Examples
    --------
    >>> Knots(rate_days=7).lethality_days
    91
    """

    rate_days: int = FORTNIGHT
    lethality_days: int = QUARTER
    drift_days: int = HALF_YEAR


_PERSONS: Final = (
    *("killed", "wounded", "losses", "irrecoverable", "missing", "captured", DECLARED),
)
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
# Categories of a force balance, which a conflict has if it declares them: `strength = true`. The
# captured are a standard category.
FORCE_CATEGORIES: Final = MappingProxyType(
    {
        name: Category(name, name, "person")
        for name in (STRENGTH, INFLOW, *OUTFLOWS)
        if name not in STANDARD_CATEGORIES
    }
)


def base_names(entries: Mapping[str, Party] | Mapping[str, Category], name: str) -> tuple[str, ...]:
    """Base entries of a declared sum; a base entry is its own only one.

    Examples
    --------
    >>> base_names(STANDARD_CATEGORIES, "casualties")
    ('killed', 'wounded')
    """
    addends = entries[name].sum
    if not addends:
        return (name,)
    return tuple(dict.fromkeys(base for part in addends for base in base_names(entries, part)))


Node = TypeVar("Node", bound=Hashable)


def cycle(links: Mapping[Node, Collection[Node]]) -> tuple[Node, ...]:
    """Nodes on cycles of links, or on paths between two cycles, in the order given.

    Nodes without links in or out are removed until none is left.

    Examples
    --------
    >>> cycle({"a": ["b"], "b": ["a"], "c": ["a"]})
    ('a', 'b')
    """
    left = {node: {end for end in ends if end in links} for node, ends in links.items()}
    while True:
        linked = {end for ends in left.values() for end in ends}
        loose = {node for node, ends in left.items() if not ends or node not in linked}
        if not loose:
            return tuple(left)
        left = {node: ends - loose for node, ends in left.items() if node not in loose}
