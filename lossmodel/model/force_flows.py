"""Flows into and out of a force: published figures spread over days."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Flow", "Spread"]


@dataclass(frozen=True)
class Flow:
    """Those who joined or left on some days: their number as published, and the days known."""

    total: float = 0.0
    variance: float = 0.0
    known: float = 0.0
    claims: tuple[str, ...] = ()


@dataclass
class Spread:
    """One claimant's figures of a flow, spread over days.

    Attributes
    ----------
    rate
        Number per day, shape (size,).
    owner
        The figure that each day's number is from, -1 for none, shape (size,).
    days, variance
        Days that each figure owns, and the variance of their sum.
    claims
        Ids of the figures.
    """

    rate: Floats
    owner: Ints
    days: Ints
    variance: Floats
    claims: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, rows: pd.DataFrame, size: int) -> Spread:
        """Spread figures over so many days, the shortest windows first.

        A longer one is spread over the days that shorter ones in it leave, less their sum.
        """
        length = rows["end"] - rows["start"]
        rows = rows.assign(length=length).sort_values(["length", "end", "claim_id"])
        count = len(rows)
        found = cls(
            np.zeros(size), np.full(size, -1), np.zeros(count, dtype=np.int64), np.zeros(count),
            rows["claim_id"].tolist(),
        )  # fmt: skip
        starts, ends = rows["start"].to_numpy(), rows["end"].to_numpy()
        squares = rows["sd"].to_numpy(dtype=float) ** 2
        outermost = np.zeros(count, dtype=bool)
        for i, value in enumerate(rows["value"].to_numpy(dtype=float)):
            lo, hi = max(starts[i], 0), min(ends[i] + 1, size)
            inside = (starts[:i] >= starts[i]) & (ends[:i] <= ends[i]) & outermost[:i]
            outermost[:i] &= ~inside
            outermost[i] = True
            if hi <= lo:
                continue
            free = np.flatnonzero(found.owner[lo:hi] < 0) + lo
            share = (hi - lo) / (ends[i] + 1 - starts[i])
            if len(free):
                rest = value * share - found.rate[lo:hi].sum()
                found.rate[free] = max(rest, 0.0) / len(free)
                found.owner[free], found.days[i] = i, len(free)
                found.variance[i] = squares[i] + squares[:i][inside].sum()
        return found

    def add_to(self, found: Flow, lo: int, open_: NDArray[np.bool_]) -> Flow:
        """Add the numbers of the open days from day `lo` on, which are open no more."""
        owner = self.owner[lo : lo + len(open_)]
        taken = open_ & (owner >= 0)
        open_ &= ~taken
        counts = np.bincount(owner[taken], minlength=len(self.days))
        used = np.flatnonzero(counts)
        shares = counts[used] / self.days[used]
        return Flow(
            found.total + float(self.rate[lo : lo + len(open_)][taken].sum()),
            found.variance + float((self.variance[used] * shares**2).sum()),
            claims=(*found.claims, *(self.claims[i] for i in used)),
        )
