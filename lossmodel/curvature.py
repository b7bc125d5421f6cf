"""Jacobian of the figures' log expectations and the curvature of the log posterior.

With ``mu_i = log E_i + bias_i`` and ``E_i = sum_r,t f_ir X_r(t)``, the log-sum has the second
derivative ``sum p a a' - K_i K_i'``, where ``a`` is the derivative of ``log X_r(t)`` by v and p its
share of E_i. The negative Hessian of the log posterior in theta is therefore

    I + J' diag(w) J + K' diag(g) K - sum_r,t u_r(t) (a a' + d a / d v)

with w = -l'' and g = l' of each figure, K the part of J that is not bias, and ``u`` the weight that
the gradient puts on ``log X_r(t)``, less the like for definitions, coverage and delays. Only the
second derivatives of the shares of scopes are left out.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lossmodel.density import TINY, Density, State
from lossmodel.design.block import MISSING_DEAD, WOUNDED
from lossmodel.design.grid import Floats
from lossmodel.design.observation import Observations
from lossmodel.likelihood import figure_density

__all__ = ["Curvature", "Expansion"]

STEP = 1e-4


@dataclass(frozen=True)
class Expansion:
    """Second-order expansion of the log posterior in theta at one point.

    Attributes
    ----------
    value, gradient
        Of the log posterior.
    precision
        Negative Hessian, shape (D, D); the rows of hyperparameters are those of the prior only.
    jacobian
        Derivative of mu by theta, shape (N, D), hyperparameters held.
    information
        Curvature w of each figure, not below zero, shape (N,).
    by_log_sd
        Derivative of the figures' curvature by their log sd, shape (N,).
    by_excess
        The same by the log mean excess of bounds.
    """

    value: float
    gradient: Floats
    precision: Floats
    jacobian: Floats
    information: Floats
    state: State
    by_log_sd: Floats
    by_excess: Floats

    def gauss_newton(self) -> Floats:
        """Positive definite stand-in for the precision, far from the mode."""
        precision = self.jacobian.T @ (self.information[:, None] * self.jacobian)
        precision[np.diag_indices_from(precision)] += 1.0
        return np.asarray(precision)


class Curvature:
    """Expansions of one density; holds the sparse maps that do not change."""

    def __init__(self, density: Density) -> None:
        self.density = density
        design = self.design = density.design
        cells, series = design.grid.cells, len(design.series)
        cumulate = np.tril(np.ones((cells + 1, cells)), -1)
        blocks = sparse.block_diag([sparse.csr_array(cumulate)] * series, format="csr")
        # The cumulative map is dense below the diagonal; windows of a few cells keep few of it.
        self.window_cells = _clean(design.window_map @ blocks)
        self.pair_cells = _clean(design.pair_window_map @ blocks)
        party, component, scope, ledger = design.series.T
        paths = design.paths
        self.level = self._rows(paths.rate[party]) + self._rows(ledger)
        self.lethality = self._rows(np.where(party >= 0, paths.lethality[party], -1))
        gone = np.where(component == MISSING_DEAD, paths.missing[party], -1)
        self.missing = self._rows(gone)
        self.component, self.party, self.scope = component, party, scope

    def _rows(self, rows: Floats) -> sparse.csr_array:
        """Rows of the path map for each series and cell; none where the row is -1."""
        cells = self.design.grid.cells
        wanted = (rows[:, None] * cells + np.arange(cells)).ravel()
        has = np.repeat(rows >= 0, cells)
        picked = self.design.daily[np.where(has, wanted, 0)]
        return sparse.csr_array(sparse.diags_array(has.astype(float)) @ picked)

    def _slopes(self, state: State) -> sparse.csr_array:
        """Derivative of log X_r(t) by v, shape (R T, V)."""
        kappa = state.kappa[self.party]
        by_lethality = np.where(self.component[:, None] == WOUNDED, -kappa, 1 - kappa).ravel()
        slopes = self.level + sparse.diags_array(by_lethality) @ self.lethality
        slopes = slopes + sparse.diags_array(1 - state.missing[self.party].ravel()) @ self.missing
        if len(state.own) > 1:
            slopes = slopes + self._scope_slopes(state)
        return sparse.csr_array(slopes)

    def _scope_slopes(self, state: State) -> sparse.csr_array:
        middles = self.design.grid.middles
        cells, scopes = len(middles), self.design.paths.scopes
        by: list[dict[int, Floats]] = [{}]
        for number, scope in enumerate(scopes, start=1):
            own = state.own[number]
            sign = -own / np.maximum(1 - own, TINY) if scope.complement else np.ones(cells)
            here = dict(by[scope.parent])
            if scope.logit_row >= 0:
                level = 1 / (1 + np.exp(-state.v[scope.logit_row]))
                here[scope.logit_row] = here.get(scope.logit_row, 0) + sign * (1 - level)
            if scope.tau_row >= 0:
                pace = (middles - scope.first) * np.exp(-state.v[scope.tau_row])
                here[scope.tau_row] = here.get(scope.tau_row, 0) + sign * pace
            by.append(here)
        entries = [
            (values, r * cells + np.arange(cells), np.full(cells, row))
            for r, scope_number in enumerate(self.scope)
            for row, values in by[scope_number].items()
        ]
        shape = (len(self.scope) * cells, len(state.v))
        if not entries:
            return sparse.csr_array(shape)
        values, rows, columns = (np.concatenate(part) for part in zip(*entries, strict=True))
        return sparse.csr_array(sparse.coo_array((values, (rows, columns)), shape=shape))

    def _jacobian(self, state: State, moved: "_Moved") -> sparse.csr_array:
        """Derivative of mu by v, shape (N, V)."""
        design = self.design
        claim, factor = design.window[:, 0], design.window[:, 2]
        figures, height = len(design.terms), len(state.v)
        weight = state.factor[factor] / state.expectation[claim]
        gather = sparse.coo_array(
            (weight, (claim, np.arange(len(claim)))), shape=(figures, len(claim))
        )
        jacobian = design.bias + sparse.csr_array(gather) @ moved.windows
        used = np.flatnonzero(factor > 0)
        own = state.factor[factor[used]]
        by_factor = own * (1 - np.abs(own)) * state.sums[used] / state.expectation[claim[used]]
        rows = design.factor_row[factor[used] - 1]
        jacobian = jacobian + sparse.csr_array(
            sparse.coo_array((by_factor, (claim[used], rows)), shape=(figures, height))
        )
        if design.pairs.points:
            jacobian = jacobian + self._listed(state, moved.pairs)
        return sparse.csr_array(jacobian)

    def _listed(self, state: State, moved: sparse.csr_array) -> sparse.csr_array:
        pairs = self.design.pairs
        count = len(pairs.point)
        held = sparse.diags_array(state.reach.value) @ moved
        slopes = (state.reach.slopes * state.dead).ravel()
        stack = sparse.hstack([sparse.eye_array(count)] * 5) @ sparse.diags_array(slopes)
        held = held + stack @ self.design.pair_map
        to_point = sparse.coo_array(
            (np.ones(count), (pairs.point, np.arange(count))), shape=(pairs.points, count)
        )
        listed = self.density.listed @ (sparse.csr_array(to_point) @ held)
        return sparse.csr_array(sparse.diags_array(1 / state.expectation) @ listed)

    def expand(self, theta: Floats) -> Expansion:
        """Expand the log posterior at theta."""
        state = State(self.density, theta)
        observed, layout = self.design.observed, self.design.layout
        at = (state.mu, state.log_sd, state.log_excess)
        value, by_mu, by_sd, by_excess = figure_density(observed, *at)
        gradient = state.back(by_mu, by_sd, by_excess) - theta
        slopes = self._slopes(state)
        by_value = sparse.diags_array(state.values.ravel()) @ slopes
        moved = _Moved(slopes, self.window_cells @ by_value, self.pair_cells @ by_value)
        scaled = sparse.csr_array(layout.matrix @ sparse.diags_array(state.scales[layout.scale_of]))
        jacobian = np.asarray((self._jacobian(state, moved) @ scaled).todense())
        information = _curvature(observed, *at)
        precision = jacobian.T @ ((information + by_mu)[:, None] * jacobian)
        # The log sum bends with the expectation alone: take the biases' part of J out again.
        bias = sparse.csr_array(self.design.bias @ scaled)
        weighted = (sparse.diags_array(by_mu) @ bias).T
        bent = weighted @ jacobian
        precision -= bent + bent.T
        precision += (weighted @ bias).todense()
        precision -= np.asarray(
            (scaled.T @ self._second(state, by_mu / state.expectation, moved) @ scaled).todense()
        )
        precision[np.diag_indices_from(precision)] += 1.0
        step = np.full_like(state.log_sd, STEP)
        plus = _curvature(observed, state.mu, state.log_sd + step, state.log_excess)
        minus = _curvature(observed, state.mu, state.log_sd - step, state.log_excess)
        above = _curvature(observed, state.mu, state.log_sd, state.log_excess + STEP)
        below = _curvature(observed, state.mu, state.log_sd, state.log_excess - STEP)
        return Expansion(
            value=float(value.sum() - 0.5 * theta @ theta),
            gradient=gradient,
            precision=(precision + precision.T) / 2,
            jacobian=jacobian,
            information=np.maximum(information, 0.0),
            state=state,
            by_log_sd=(plus - minus) / (2 * STEP),
            by_excess=(above - below) / (2 * STEP),
        )

    def _second(self, state: State, by_expectation: Floats, moved: "_Moved") -> sparse.csr_array:
        """Gradient by expectations, times the second derivatives of these by v, shape (V, V)."""
        u = state.weights(by_expectation).ravel()
        second = moved.slopes.T @ sparse.diags_array(u) @ moved.slopes
        kappa = state.kappa[self.party].ravel()
        gone = state.missing[self.party].ravel()
        for rows, share in ((self.lethality, kappa), (self.missing, gone)):
            second = second - rows.T @ sparse.diags_array(u * share * (1 - share)) @ rows
        second = second + self._second_factors(state, by_expectation, moved)
        if self.design.pairs.points:
            second = second + self._second_pairs(state, by_expectation, moved)
        return sparse.csr_array(second)

    def _second_factors(
        self, state: State, by_expectation: Floats, moved: "_Moved"
    ) -> sparse.csr_array:
        claim, factor = self.design.window[:, 0], self.design.window[:, 2]
        used = np.flatnonzero(factor > 0)
        own, by = state.factor[factor[used]], by_expectation[claim[used]]
        slope = own * (1 - np.abs(own))
        rows = self.design.factor_row[factor[used] - 1]
        shape = (len(state.v), len(claim))
        cross = sparse.csr_array(sparse.coo_array((by * slope, (rows, used)), shape=shape))
        crossed = cross @ moved.windows
        bend = by * slope * (1 - 2 * np.abs(own)) * state.sums[used]
        diagonal = np.bincount(rows, bend, minlength=len(state.v)).astype(float)
        return sparse.csr_array(crossed + crossed.T + sparse.diags_array(diagonal))

    def _second_pairs(
        self, state: State, by_expectation: Floats, moved: "_Moved"
    ) -> sparse.csr_array:
        design, pairs = self.design, self.design.pairs
        by_pair = (self.density.listed.T @ by_expectation)[pairs.point]
        blocks = [sparse.diags_array(row * by_pair) for row in state.reach.slopes]
        crossed = design.pair_map.T @ (sparse.vstack(blocks) @ moved.pairs)
        weight = by_pair * state.dead
        bends = state.reach.bends()
        curved = sparse.block_array(
            [[sparse.diags_array(weight * bends[k, m]) for m in range(5)] for k in range(5)]
        )
        return sparse.csr_array(crossed + crossed.T + design.pair_map.T @ curved @ design.pair_map)


@dataclass(frozen=True)
class _Moved:
    """Derivatives by v of log X, of the sums of windows and of the dead of pairs."""

    slopes: sparse.csr_array
    windows: sparse.csr_array
    pairs: sparse.csr_array


def _clean(matrix: sparse.csr_array) -> sparse.csr_array:
    """Drop the cancelled entries of a difference of prefix sums."""
    matrix = sparse.csr_array(matrix)
    matrix.data[np.abs(matrix.data) < TINY] = 0.0
    matrix.eliminate_zeros()
    return matrix


def _curvature(observed: Observations, mu: Floats, log_sd: Floats, log_excess: float) -> Floats:
    """Negative second derivative of each figure's log density by mu."""
    above = figure_density(observed, mu + STEP, log_sd, log_excess)[1]
    below = figure_density(observed, mu - STEP, log_sd, log_excess)[1]
    return (below - above) / (2 * STEP)
