"""Lists of people as lower bounds: no list names more people than there were.

A list's figures say how many of the dead it has by its coverage, with a noise that could lift them
above the dead themselves. The noise of the latest count of each list is cut off there.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from lossmodel.model.components import Components
from lossmodel.model.design.comparisons import ComparisonBuilder
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.observation import Observations
from lossmodel.model.design.windows import records
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import ACCOUNTINGS, names_with

__all__ = ["ListBounds", "list_bounds"]

# Categories whose words are defined: the people of a list are among those that they count.
CATEGORIES = ("killed", "wounded", "casualties")
# Columns of an observation that its chain of vintages is found by.
CHAIN = ("claimant", "party", "category", "scope")


@dataclass(frozen=True)
class ListBounds:
    """The latest counts of B lists of people, and the sums that bound them.

    Attributes
    ----------
    sums
        Shape (B,): numbers of the sums of all losses in the window of each count, see
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
    chains = list(_chains(terms)) if people and components.list_bounds else []
    rows = np.array([i for i, chain in enumerate(chains) for _ in chain], dtype=np.int64)
    members = np.array([term for chain in chains for term in chain], dtype=np.int64)
    figures = terms["value"].to_numpy(dtype=float)
    count = np.bincount(rows, figures[members], minlength=len(chains))
    # Increments have independent noise, each relative to its size.
    learned = observed.noise >= 0
    scale = observed.scale * np.where(learned, 1.0, observed.fixed_noise)
    parts = (figures * scale)[members] / count[rows]
    last = np.array([chain[-1] for chain in chains], dtype=np.int64)
    latest = records(terms.iloc[last])
    false = priors["coverage.false_sd"].median
    return ListBounds(
        sums=np.array([comparisons.total(term) for term in latest], dtype=np.int64),
        parts=sparse.csr_array(
            (np.ones(len(rows)), (rows, members)), shape=(len(chains), len(terms))
        ),
        log_count=np.log(count),
        sd=np.sqrt(false**2 + 1 / count),
        unchecked=priors["coverage.unchecked"].median,
        noise=observed.noise[last],
        factor=np.sqrt(np.bincount(rows, parts**2, minlength=len(chains))),
    )


def _chains(terms: pd.DataFrame) -> Iterator[list[int]]:
    """Observations that add up to the latest counts of lists, in the order of knowledge."""
    listed = terms["accounting"].isin(names_with(ACCOUNTINGS, "has_coverage"))
    listed &= terms["category"].isin(CATEGORIES) & (terms["role"] != "adversary")
    listed &= terms["form"] == "point"
    read = (*CHAIN, "days", "days_from", "known", "known_from", "value")
    rows = records(terms[listed], read)
    names = np.flatnonzero(listed.to_numpy()).tolist()
    counts: dict[tuple[Hashable, ...], list[int]] = {}
    continued = set()
    whole = {_vintage(row): (number, row) for number, row in zip(names, rows, strict=True)}
    for key in sorted(whole, key=lambda key: whole[key][1]["known"]):
        number, row = whole[key]
        before = _vintage(row, "_from")
        if not row["days_from"]:
            counts[key] = [number]
        elif before in counts:
            counts[key] = [*counts[before], number]
            continued.add(before)
    figures = terms["value"].to_numpy(dtype=float)
    for key, chain in counts.items():
        if key not in continued and figures[chain].sum() > 0:
            yield chain


def _vintage(row: Any, which: str = "") -> tuple[Hashable, ...]:
    """A stream and scope, with the days and the knowledge of a vintage or of the one before."""
    return (*(row[name] for name in CHAIN), row[f"days{which}"], row[f"known{which}"])
