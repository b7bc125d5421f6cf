"""The streams of a submodel: claimant by party by category."""

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.model.design.grid import Grid, Ints
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import READING
from lossmodel.tables.vocabulary import ACCOUNTINGS, names_with

__all__ = ["contained", "declared_from", "stream_table"]


def stream_table(terms: pd.DataFrame, grid: Grid) -> tuple[pd.DataFrame, Ints]:
    """Streams of a submodel, and the stream of each observation.

    Parameters
    ----------
    terms
        The N observations, rows of ``Evidence.terms``.
    grid
        The days of the war.

    Returns
    -------
    streams
        claimant, party, category, accounting, declared (the accounting that the conflict declares,
        from which a late reassessment of a ledger differs), method, role, n_used, first, last (days
        of the first and last knowledge), observation_model, indexed by number. The observation
        model is the accounting, but ``stock`` for the missing, since the number still missing is a
        stock whatever the claimant's accounting. A reading of `AUXILIARY` is a stream of its own.
    stream_of
        Shape (N,): number of each observation's stream.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> evidence = collect_evidence(claims)
    >>> design = LossModel().design(evidence, claims.conflict, "aircraft")
    >>> streams, stream_of = stream_table(design.terms, design.grid)
    >>> len(stream_of) == len(design.terms), sorted(set(streams["observation_model"]))
    (True, ['estimate', 'ledger'])
    """
    known = pd.Series([grid.index(day) for day in terms["anchor_date"]], index=terms.index)
    frame = terms[[*READING, "declared", "method", "role"]].assign(known=known)
    grouped = frame.groupby(READING, sort=True)
    streams = grouped.agg(
        declared=("declared", "first"),
        method=("method", "first"),
        role=("role", "first"),
        n_used=("known", "size"),
        first=("known", "min"),
        last=("known", "max"),
    ).reset_index()
    stock = (streams["category"] == "missing") & ~is_auxiliary(streams["accounting"])
    streams["observation_model"] = streams["accounting"].mask(stock, "stock")
    return streams, grouped.ngroup().to_numpy().astype(np.int64)


def contained(streams: pd.DataFrame, conflict: Conflict) -> list[tuple[int, int]]:
    """Numbers of lists and of the lists that have all of their cases, by `Stream.within`."""
    # A claimant's estimates of the same losses are streams of their own.
    listed = streams[streams["observation_model"].isin(names_with(ACCOUNTINGS, "has_coverage"))]
    keys = zip(listed["claimant"], listed["party"], listed["category"], strict=True)
    numbers = dict(zip(keys, listed.index.tolist(), strict=True))
    pairs = []
    for (claimant, party, category), number in numbers.items():
        outer = (conflict.stream(claimant, party, category).within, party, category)
        if outer in numbers:
            pairs.append((number, numbers[outer]))
    return pairs


def declared_from(streams: pd.DataFrame, conflict: Conflict) -> dict[int, pd.Timestamp]:
    """Stream -> day of knowledge from which it includes the declared, of those that have one."""
    keys = zip(streams["claimant"], streams["party"], streams["category"], strict=True)
    days = {number: conflict.stream(*key).declared_from for number, key in enumerate(keys)}
    return {number: day for number, day in days.items() if day is not None}
