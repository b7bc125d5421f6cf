"""Draws of a block as quantities: daily losses, log biases, coverage, definitions."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints, interpolate

__all__ = ["SubmodelDraws"]

COMPONENTS = {"killed": (1.0, 0.0), "wounded": (0.0, 1.0), "casualties": (1.0, 1.0)}


@dataclass(frozen=True, eq=False)
class SubmodelDraws:
    """Draws of theta of one block and what follows from them.

    Parameters
    ----------
    theta
        Shape (chains, draws, D).
    """

    design: Design
    theta: Floats

    @cached_property
    def flat(self) -> Floats:
        """Chains one after the other, shape (S, D)."""
        return np.asarray(self.theta.reshape(-1, self.theta.shape[-1]), dtype=float)

    @cached_property
    def _totals(self) -> dict[tuple[str, str, str], Floats]:
        return {}

    @cached_property
    def values(self) -> Floats:
        """All quantities v, shape (S, V); the draws of each stand together in memory."""
        return np.asfortranarray(self.design.parameters.values(self.flat))

    def columns(self, rows: Ints) -> Floats:
        """Some of the quantities, shape (S, rows)."""
        return np.asarray(self.values.T[rows].T)

    def cells(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses a day in each cell, shape (S, T)."""
        design, latent = self.design, self.design.latent
        p = latent.parties.index(party)
        rate = np.exp(self._knots(latent.rate_knots[party])) * latent.active[p]
        if party in latent.lethality_knots:
            killed, wounded = COMPONENTS[category]
            kappa = expit(self._knots(latent.lethality_knots[party]))
            rate *= killed * kappa + wounded * (1 - kappa)
        number = design.latent.scope_index.get((party, scope), 0)
        return np.asarray(rate * self._share(number) if number else rate)

    def daily(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses on each day, shape (S, days)."""
        return np.asarray(self.cells(party, category, scope).T[self.design.grid.cell_of].T)

    def total(self, party: str, category: str, scope: str = "all") -> Floats:
        """Expected losses from the first to the last day, shape (S,)."""
        key = (party, category, scope)
        if key not in self._totals:
            days = np.bincount(self.design.grid.cell_of)
            self._totals[key] = np.asarray(self.cells(*key) @ days)
        return self._totals[key]

    def bias(self, stream: int, cells: Ints | None = None) -> Floats:
        """Log bias under the stream's own definition, shape (S, cells); all cells by default."""
        if stream in self.design.coverage:
            logits = self._knots(self.design.coverage[stream])
            logits = logits if cells is None else logits.T[cells].T
            return np.asarray(-np.logaddexp(0, -logits))
        rows, weights = self._bias_weights(stream)
        weights = weights if cells is None else weights[:, cells]
        return np.asarray((weights.T @ self.columns(rows).T).T)

    def mean_bias(self, stream: int) -> Floats:
        """Mean of the log bias over all days, shape (S,)."""
        days = np.bincount(self.design.grid.cell_of) / len(self.design.grid.cell_of)
        if stream in self.design.coverage:
            return np.asarray(self.bias(stream) @ days)
        rows, weights = self._bias_weights(stream)
        return np.asarray(self.columns(rows) @ (weights @ days))

    def _first(self, party: str) -> str:
        """A sum of parties has the common mode of its first one."""
        parties = self.design.latent.parties
        return next((p for p in parties if party == p or party.startswith(f"{p}+")), party)

    def _bias_weights(self, stream: int) -> tuple[Ints, Floats]:
        """The rows of v that a log bias is made of, and their weights, shape (rows, cells)."""
        party = self._first(str(self.design.streams.loc[stream, "party"]))
        middles = self.design.grid.middles
        where, column, weight = self.design.biases[stream].weights(middles, party)
        rows, row = np.unique(column, return_inverse=True)
        weights = np.zeros((len(rows), len(middles)))
        np.add.at(weights, (row, where), weight)
        return rows, weights

    def wounded_share(self, stream: int) -> Floats:
        """Share of the wounded that a stream counts, shape (S,); NaN for equipment."""
        samples = len(self.flat)
        if not self.design.people:
            return np.full(samples, np.nan)
        if stream in self.design.definition:
            return np.asarray(expit(self.values[:, self.design.definition[stream]]))
        category = self.design.streams.loc[stream, "category"]
        return np.full(samples, 0.0 if category in ("killed", "missing") else 1.0)

    def _knots(self, knots: tuple[Floats, Ints]) -> Floats:
        positions, rows = knots
        left, right, weight = interpolate(positions, self.design.grid.middles)
        values = self.columns(rows).T
        weight = weight[:, None]
        return np.asarray(values[left] * (1 - weight) + values[right] * weight).T

    def _share(self, number: int) -> Floats:
        scope = self.design.latent.scopes[number - 1]
        middles = self.design.grid.middles
        own = np.broadcast_to(scope.active, (len(self.flat), len(middles)))
        if scope.logit_row >= 0:
            own = own * expit(self.values[:, [scope.logit_row]])
        if scope.tau_row >= 0:
            pace = np.exp(-self.values[:, [scope.tau_row]])
            own = own * np.exp(-(middles - scope.first) * pace)
        part = 1 - own if scope.complement else own
        return np.asarray(part * self._share(scope.parent) if scope.parent else part)
