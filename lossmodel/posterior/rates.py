"""Losses per day of a series, for tables, figures, queries and scores alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from lossmodel.errors import UsageError
from lossmodel.posterior.tables import reported_series, submodel_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossmodel.posterior.fit import Fit

__all__ = ["Rates", "rates"]


@dataclass(frozen=True)
class Rates:
    """Draws of losses per day, constant within cells of a few days.

    Attributes
    ----------
    cells
        Losses per day, shape (samples, cells).
    cell_of
        Cell of each day, shape (days,).
    """

    cells: NDArray[np.float64]
    cell_of: NDArray[np.int64]

    def sums(self, first: NDArray[np.intp]) -> NDArray[np.float64]:
        """Per-draw sums over windows that begin on these days: (samples, windows)."""
        if len(first) == len(self.cell_of):
            return self.daily()
        sizes = np.diff(np.append(first, len(self.cell_of)))
        window = np.repeat(np.arange(len(first)), sizes)
        # A window has days of few cells.
        shape = (len(first), self.cells.shape[1])
        days = sparse.csr_array((np.ones(len(window)), (window, self.cell_of)), shape=shape)
        return np.asarray((days @ self.cells.T).T)

    def between(self, first: int, last: int) -> NDArray[np.float64]:
        """Per-draw sums from one day to another, both included: (samples,)."""
        return self.on(np.arange(max(first, 0), min(last + 1, len(self.cell_of))))

    def on(self, days: NDArray[np.intp]) -> NDArray[np.float64]:
        """Per-draw sums over some days, by their positions: (samples,)."""
        of_cells = np.bincount(self.cell_of[days], minlength=self.cells.shape[1])
        return np.asarray(self.cells @ of_cells)

    def daily(self) -> NDArray[np.float64]:
        """Losses on each day: (samples, days)."""
        return np.asarray(self.cells.T[self.cell_of].T)


def rates(fit: Fit, party: str, category: str, scope: str = "all", *, prior: bool = False) -> Rates:
    """Expected losses per day of a party, or of the parties that it is the sum of.

    A scope divides one party; of a sum it is taken of the party that it divides.

    Parameters
    ----------
    prior
        Draws of the prior instead of the posterior.

    Raises
    ------
    UsageError
        The fit has no such series.
    """
    submodel = submodel_of(fit, party, category)
    latent = submodel.design.latent
    parts = [
        part
        for part in fit.conflict.components(party)
        if part in latent.parties and (scope == "all" or (part, scope) in latent.scope_index)
    ]
    if not parts:
        known = "; ".join(" ".join((c, p, s)) for p, c, s in reported_series(fit))
        raise UsageError(
            f"There are no estimates of {category} {party} {scope}; there are: {known}."
        )
    draws = submodel.prior if prior else submodel.posterior
    cells = [draws.cells(part, category, scope) for part in parts]
    total = cells[0] if len(cells) == 1 else np.sum(cells, axis=0)
    return Rates(np.asarray(total), submodel.design.grid.cell_of)
