"""Lists of people as lower bounds: no list names more people than there were.

A list's figures say how many of the dead it has by its coverage, with a noise that could lift them
above the dead themselves. The noise of the latest count of each list is cut off there.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from lossmodel.model.components import Components
from lossmodel.model.design.comparisons import ComparisonBuilder
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.observation import COUNT, Observations
from lossmodel.model.design.windows import Record, records
from lossmodel.model.priors import Priors
from lossmodel.tables.schema import SERIES
from lossmodel.tables.vocabulary import ACCOUNTINGS, names_with

__all__ = ["ListBounds", "list_bounds"]

# Categories whose words are defined: the people of a list are among those that they count.
CATEGORIES = ("killed", "wounded", "casualties")
# A stream and scope, the days of a vintage and its date of knowledge.
_Vintage = tuple[tuple[Hashable, ...], Any, Any]


@dataclass(frozen=True)
class ListBounds:
    """The latest counts of B lists of people, and the sums that bound them.

    Attributes
    ----------
    sums
        Shape (B,): numbers of the sums of all losses in the windows of each count, see
        `ComparisonBuilder`.
    parts
        Sparse, shape (B, N): the observations whose figures add up to each count.
    log_count, sd
        Shape (B,): log of the count, and sd of the log of the bound, from false entries and from
        the chance by which the dead differ from those expected.
    unchecked
        Probability that a count is no bound.
    noise, factor
        Shape (B,): number of the hyperparameter of the noise, -1 for none, and the factor on it, of
        the log of the whole count.
    extra
        Shape (B,): variance of the log of the whole count besides that of the noise, with its
        figures as independent as in their likelihood: from rounding, ranges and, of counts below
        200, chance.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> len(design.list_bounds.log_count)
    0
    """

    sums: Ints
    parts: sparse.csr_array
    log_count: Floats
    sd: Floats
    unchecked: float
    noise: Ints
    factor: Floats
    extra: Floats


def list_bounds(
    terms: pd.DataFrame,
    observed: Observations,
    *,
    people: bool,
    priors: Priors,
    components: Components,
    comparisons: ComparisonBuilder,
) -> ListBounds:
    """Bounds by the latest count of each list of people that no adversary keeps.

    Adversaries' lists are left out, since padding is what their claims are suspected of, and so are
    pictures of equipment, since one loss can be in two of them.

    Parameters
    ----------
    terms, observed
        The N observations of a submodel.
    people
        Whether the losses are of people.
    comparisons
        Collects the sums.
    """
    wholes = list(_lists(terms)) if people and components.list_bounds else []
    lists = [found for _, found in wholes]
    rows = np.array([i for i, each in enumerate(lists) for _ in each], dtype=np.int64)
    members = np.array([term for each in lists for term in each], dtype=np.int64)
    figures = terms["value"].to_numpy(dtype=float)
    count = np.bincount(rows, figures[members], minlength=len(lists))
    # Increments have independent noise, each relative to its size.
    parts = (figures * observed.noise_factor)[members] / count[rows]
    by_chance = np.where(observed.form == COUNT, figures, 0.0)
    extra = (figures**2 * observed.extra + by_chance)[members]
    false = priors["coverage.false_sd"].median
    return ListBounds(
        sums=np.array(
            [
                comparisons.total(_latest(terms.iloc[each]) | {"days": days})
                for days, each in wholes
            ],
            dtype=np.int64,
        ),
        parts=sparse.csr_array(
            (np.ones(len(rows)), (rows, members)), shape=(len(lists), len(terms))
        ),
        log_count=np.log(count),
        sd=np.sqrt(false**2 + 1 / count),
        unchecked=priors["coverage.unchecked_share"].median,
        noise=observed.noise[[each[0] for each in lists]],
        factor=np.sqrt(np.bincount(rows, parts**2, minlength=len(lists))),
        extra=np.bincount(rows, extra, minlength=len(lists)) / count**2,
    )


def _latest(terms: pd.DataFrame) -> dict[Hashable, Any]:
    return dict(max(records(terms), key=lambda term: term["known"]))


def _lists(terms: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    """Days of the latest count of each list, and the observations that add up to it.

    Of windows that overlap the one with the largest count is taken, see `_chains`.
    """
    figures = terms["value"].to_numpy(dtype=float)
    chains: defaultdict[tuple[Hashable, ...], list[tuple[Any, list[int]]]] = defaultdict(list)
    for (stream, days, _), chain in _chains(terms):
        chains[stream].append((days, chain))
    for windows in chains.values():
        windows.sort(key=lambda each: (-figures[each[1]].sum(), each[0]))
        taken: list[tuple[Any, list[int]]] = []
        for days, chain in windows:
            if not any(_overlap(days, others) for others, _ in taken):
                taken.append((days, chain))
        found = [term for _, chain in taken for term in chain]
        if figures[found].sum() > 0:
            yield tuple(span for days, _ in taken for span in days), found


def _overlap(days: Any, others: Any) -> bool:
    return any(start <= end and begin <= stop for start, stop in days for begin, end in others)


def _chains(terms: pd.DataFrame) -> Iterator[tuple[_Vintage, list[int]]]:
    """The latest vintage of each window, and the observations that add up to its count."""
    listed = terms["accounting"].isin(names_with(ACCOUNTINGS, "has_coverage"))
    listed &= terms["category"].isin(CATEGORIES) & (terms["role"] != "adversary")
    listed &= terms["form"] == "point"
    rows = records(terms[listed], (*SERIES, "days", "days_from", "known", "known_from"))
    whole = zip(np.flatnonzero(listed.to_numpy()).tolist(), rows, strict=True)
    chains: dict[_Vintage, list[int]] = {}
    continued = set()
    for number, row in sorted(whole, key=lambda x: (x[1]["known"], bool(x[1]["days_from"]))):
        before = _vintage(row, "_from")
        if not row["days_from"]:
            chains[_vintage(row)] = [number]
        elif before in chains:
            chains[_vintage(row)] = [*chains[before], number]
            continued.add(before)
    yield from ((key, chain) for key, chain in chains.items() if key not in continued)


def _vintage(row: Record, which: str = "") -> _Vintage:
    """A vintage, or the one before."""
    return tuple(row[name] for name in SERIES), row[f"days{which}"], row[f"known{which}"]
