"""Jacobian of the figures' log expectations and the curvature of the log posterior.

With ``mu_i = log E_i + bias_i`` and ``E_i = sum_r,t f_ir X_r(t)``, the log-sum has the second
derivative ``sum p a a' - K_i K_i'``, where ``a`` is the derivative of ``log X_r(t)`` by v and p its
share of E_i. The negative Hessian of the log posterior in theta is therefore

    I + J' diag(w) J + K' diag(g) K - sum_r,t u_r(t) (a a' + d a / d v)

with w = -l'' and g = l' of each figure, K the part of J that is not bias, and ``u`` the weight that
the gradient puts on ``log X_r(t)``, less the like for definitions, coverage and delays. Only the
second derivatives of the shares of scopes are left out.

Figures know few of the v each, and v moves with theta in walks, so everything is summed in v, where
it is sparse, and brought to theta last.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lossmodel.model.density.expectation import TINY, Density, State
from lossmodel.model.density.likelihood import log_likelihood
from lossmodel.model.density.operators import Places, by_rows, clean, crossed, rows_of
from lossmodel.model.design.assemble import MISSING_DEAD, WOUNDED, Design
from lossmodel.model.design.change import Change
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.observation import Observations

__all__ = ["Curvature", "Expansion"]

STEP = 1e-4
Crossed = list[tuple[sparse.csr_array, sparse.csr_array]]


@dataclass(frozen=True, eq=False)
class Expansion:
    """Second-order expansion of the log posterior in theta at one point.

    Attributes
    ----------
    value, gradient
        Of the log posterior.
    slopes
        Derivative of mu by v, shape (N, V).
    curvature
        Curvature w of each figure, shape (N,).
    pull
        Derivative of each figure's log density by its mu, shape (N,).
    expected
        The part of ``slopes`` that is not bias.
    second
        Second derivatives of the expectations by v, weighted by what the gradient by them is: pairs
        of matrices whose products, with their transposes, are what they take off the negative
        Hessian.
    """

    value: float
    gradient: Floats
    slopes: sparse.csr_array
    curvature: Floats
    pull: Floats
    expected: sparse.csr_array
    second: Crossed
    state: State
    change: Change

    @property
    def precision(self) -> Floats:
        """Negative Hessian, shape (D, D); the rows of hyperparameters are those of the prior."""
        return self._precision(self.curvature)

    @property
    def clipped(self) -> Floats:
        """The same without what bends upwards of figures in the far tails of a Student-t.

        Near a fork between two modes, one that follows such a figure and one that does not, the
        Hessian is almost singular, and its determinant says that the mode is infinitely wide.
        """
        return self._precision(np.maximum(self.curvature, 0.0))

    @property
    def jacobian(self) -> Floats:
        """Derivative of mu by theta, shape (N, D), hyperparameters held."""
        return np.asarray((self.slopes @ self.change.matrix(self.state.scales)).todense())

    def gauss_newton(self) -> Floats:
        """Positive definite stand-in for the precision, far from the mode."""
        weight = np.maximum(self.curvature, 0.0)
        by_v = crossed([(self.slopes, by_rows(self.slopes, weight))])
        return self.change.precision(by_v, self.state.scales)

    def _precision(self, weight: Floats) -> Floats:
        """The negative Hessian as half of a matrix and its transpose, so that each is made once."""
        expected, bias = self.expected, self.state.design.bias
        half = (weight + self.pull) / 2
        triangle = [
            (expected, by_rows(expected, half) + by_rows(bias, weight)),
            (bias, by_rows(bias, weight / 2)),
            *((left, -right) for left, right in self.second),
        ]
        by_v = crossed(triangle)
        return self.change.precision(by_v + by_v.T, self.state.scales)

    def leverage(self, covariance: Floats) -> Floats:
        """Variance of mu, shape (N,), under a covariance of theta."""
        by_v = self.change.covariance(covariance, self.state.scales)
        return np.asarray(self.slopes.multiply(self.slopes @ by_v).sum(axis=1)).ravel()

    def curved_by(self, *, mu: float = 0.0, log_sd: float = 0.0, log_slack: float = 0.0) -> Floats:
        """Derivative of each figure's tempered curvature in a direction, shape (N,)."""
        state = self.state
        above, below = (
            _curvature(
                state.design.observed,
                state.mu + sign * STEP * mu,
                state.log_sd + sign * STEP * log_sd,
                state.log_slack + sign * STEP * log_slack,
            )
            for sign in (1.0, -1.0)
        )
        return np.where(self.curvature > 0, above - below, 0.0) / (2 * STEP)

    def moved(self, directions: Floats) -> Floats:
        """Derivative of mu along directions in theta, shape (D, .); their scales move too."""
        parameters, scales = self.change.parameters, self.state.scales
        hypers = len(parameters.hyper)
        growth = np.zeros((hypers + 1, directions.shape[1]))
        growth[:hypers] = parameters.hyper_sd[:, None] * directions[:hypers]
        scaled = directions * scales[:, None]
        scaled += self.state.scaled[:, None] * growth[parameters.scale_of]
        return np.asarray(self.slopes @ (parameters.matrix @ scaled))


class Curvature:
    """Expansions of one density; holds the sparse maps that do not change."""

    def __init__(self, density: Density) -> None:
        self.density = density
        design = self.design = density.design
        cells, series = design.grid.cells, len(design.series)
        cumulate = np.tril(np.ones((cells + 1, cells)), -1)
        blocks = sparse.block_diag([sparse.csr_array(cumulate)] * series, format="csr")
        # The cumulative map is dense below the diagonal; windows of a few cells keep few of it.
        self.window_cells = clean(design.window_map @ blocks)
        self.pair_cells = clean(design.pair_window_map @ blocks)
        party, component, scope, ledger = design.series.T
        latent = design.latent
        self.level = self._rows(latent.rate[party]) + self._rows(ledger)
        self.lethality = self._rows(np.where(party >= 0, latent.lethality[party], -1))
        gone = np.where(component == MISSING_DEAD, latent.missing[party], -1)
        self.missing = self._rows(gone)
        self.component, self.party, self.scope = component, party, scope
        self.change = Change(design)
        self.scope_rows = _scope_rows(design)
        self._places()

    def _rows(self, rows: Ints) -> sparse.csr_array:
        """Rows of the path map for each series and cell; none where the row is -1."""
        cells = self.design.grid.cells
        wanted = (rows[:, None] * cells + np.arange(cells)).ravel()
        has = np.repeat(rows >= 0, cells)
        picked = self.design.daily[np.where(has, wanted, 0)]
        return clean(by_rows(sparse.csr_array(picked), has.astype(float)))

    def _places(self) -> None:
        """Where the entries of the maps stand that change in value alone."""
        design = self.design
        claim, factor = design.window[:, 0], design.window[:, 2]
        windows, figures, height = len(claim), len(design.terms), len(design.parameters.offset)
        self.used = np.flatnonzero(factor > 0)
        rows = design.factor_row[factor[self.used] - 1]
        ones = np.ones(len(self.used))
        self.gather = Places(claim, np.arange(windows), (figures, windows))
        self.factors = Places(claim[self.used], rows, (figures, height))
        # Which row of v each of these windows has for its factor.
        where = (np.arange(len(self.used)), rows)
        shape = (len(self.used), height)
        self.factor_of = sparse.csr_array(sparse.coo_array((ones, where), shape=shape))
        count = len(design.triangle.point)
        self.folded = Places(
            rows_of(design.pair_map) % max(count, 1), design.pair_map.indices, (count, height)
        )
        self.to_claim = self.density.listed @ sparse.csr_array(
            sparse.coo_array(
                (np.ones(count), (design.triangle.point, np.arange(count))),
                shape=(design.triangle.points, count),
            )
        )
        five = np.arange(5 * count).reshape(5, count)
        self.bends = Places(
            np.repeat(five[:, None], 5, axis=1).ravel(),
            np.repeat(five[None], 5, axis=0).ravel(),
            (5 * count, 5 * count),
        )
        self._place_slopes()

    def _place_slopes(self) -> None:
        """Where levels, lethality, the missing and the shares of scopes stand in the slopes."""
        cells = self.design.grid.cells
        maps = (self.level, self.lethality, self.missing)
        rows, columns = [rows_of(m) for m in maps], [m.indices for m in maps]
        for series, scope in enumerate(self.scope):
            for row in self.scope_rows[scope]:
                rows.append(series * cells + np.arange(cells))
                columns.append(np.full(cells, row))
        shape = self.level.shape
        self.slopes = Places(np.concatenate(rows), np.concatenate(columns), shape)

    def _slopes(self, state: State) -> sparse.csr_array:
        """Derivative of log X_r(t) by v, shape (R T, V)."""
        kappa = state.kappa[self.party]
        by_lethality = np.where(self.component[:, None] == WOUNDED, -kappa, 1 - kappa).ravel()
        by_missing = 1 - state.missing[self.party].ravel()
        by_scope = self._scope_slopes(state)
        shares = [by_scope[scope][row] for scope in self.scope for row in self.scope_rows[scope]]
        maps = by_rows(self.lethality, by_lethality), by_rows(self.missing, by_missing)
        values = (self.level.data, *(m.data for m in maps), *shares)
        return self.slopes.fill(np.concatenate(values))

    def _scope_slopes(self, state: State) -> list[dict[int, Floats]]:
        """Derivative of the log of each scope's share by the rows of v that move it."""
        middles = self.design.grid.middles
        by: list[dict[int, Floats]] = [{}]
        for number, scope in enumerate(self.design.latent.scopes, start=1):
            own = state.own[number]
            sign = -own / np.maximum(1 - own, TINY) if scope.complement else np.ones_like(own)
            here = dict(by[scope.parent])
            if scope.logit_row >= 0:
                level = 1 / (1 + np.exp(-state.v[scope.logit_row]))
                here[scope.logit_row] = here.get(scope.logit_row, 0) + sign * (1 - level)
            if scope.tau_row >= 0:
                pace = (middles - scope.first) * np.exp(-state.v[scope.tau_row])
                here[scope.tau_row] = here.get(scope.tau_row, 0) + sign * pace
            by.append(here)
        return by

    def _jacobian(self, state: State, moved: "_Moved") -> sparse.csr_array:
        """Derivative of the log expectations by v, shape (N, V)."""
        design = self.design
        claim, factor = design.window[:, 0], design.window[:, 2]
        weight = state.factor[factor] / state.expectation[claim]
        jacobian = self.gather.fill(weight) @ moved.windows
        if len(self.used):
            own = state.factor[factor[self.used]]
            by_factor = own * (1 - np.abs(own)) * state.sums[self.used]
            jacobian = jacobian + self.factors.fill(by_factor / state.expectation[claim[self.used]])
        if design.triangle.points:
            jacobian = jacobian + self._listed(state, moved.triangle)
        return jacobian

    def _listed(self, state: State, moved: sparse.csr_array) -> sparse.csr_array:
        slopes = self._by_pair(state.reported_fraction.slopes * state.dead)
        return by_rows(self.to_claim, 1 / state.expectation) @ (
            by_rows(moved, state.reported_fraction.value) + slopes
        )

    def _by_pair(self, by_linear: Floats) -> sparse.csr_array:
        """Derivative by v of what moves with the five linear forms of each pair, shape (Q, V)."""
        return self.folded.fill(by_rows(self.design.pair_map, by_linear.ravel()).data)

    def expand(self, theta: Floats) -> Expansion:
        """Expand the log posterior at theta."""
        state = State(self.density, theta)
        observed = self.design.observed
        at = (state.mu, state.log_sd, state.log_slack)
        value, by_mu, by_sd, by_slack = log_likelihood(observed, *at)
        gradient = state.back(by_mu, by_sd, by_slack) - theta
        slopes = self._slopes(state)
        by_value = by_rows(slopes, state.values.ravel())
        moved = _Moved(slopes, self.window_cells @ by_value, self.pair_cells @ by_value)
        expected = self._jacobian(state, moved)
        jacobian = expected + self.design.bias

        return Expansion(
            value=float(value.sum() - 0.5 * theta @ theta),
            gradient=gradient,
            slopes=jacobian,
            curvature=_curvature(observed, *at),
            pull=by_mu,
            expected=expected,
            second=self._second(state, by_mu / state.expectation, moved),
            state=state,
            change=self.change,
        )

    def _second(self, state: State, by_expectation: Floats, moved: "_Moved") -> Crossed:
        """Gradient by expectations, times half the second derivatives of these by v."""
        u = state.weights(by_expectation).ravel() / 2
        second = [(moved.slopes, by_rows(moved.slopes, u))]
        kappa = state.kappa[self.party].ravel()
        gone = state.missing[self.party].ravel()
        for rows, share in ((self.lethality, kappa), (self.missing, gone)):
            if rows.nnz:
                second.append((rows, by_rows(rows, -u * share * (1 - share))))
        if len(self.used):
            second.append(self._second_factors(state, by_expectation, moved))
        if self.design.triangle.points:
            second += self._second_pairs(state, by_expectation, moved)
        return second

    def _second_factors(
        self, state: State, by_expectation: Floats, moved: "_Moved"
    ) -> tuple[sparse.csr_array, sparse.csr_array]:
        claim, factor = self.design.window[:, 0], self.design.window[:, 2]
        own, by = state.factor[factor[self.used]], by_expectation[claim[self.used]]
        slope = by * own * (1 - np.abs(own))
        bend = slope * (1 - 2 * np.abs(own)) * state.sums[self.used] / 2
        moving = by_rows(sparse.csr_array(moved.windows[self.used]), slope)
        return self.factor_of, moving + by_rows(self.factor_of, bend)

    def _second_pairs(self, state: State, by_expectation: Floats, moved: "_Moved") -> Crossed:
        design, triangle = self.design, self.design.triangle
        by_pair = (self.density.listed_back @ by_expectation)[triangle.point]
        slopes = self._by_pair(state.reported_fraction.slopes * by_pair)
        curved = self.bends.fill(
            (state.reported_fraction.bends() * (by_pair * state.dead / 2)).ravel()
        )
        return [(slopes, moved.triangle), (design.pair_map, curved @ design.pair_map)]


@dataclass(frozen=True)
class _Moved:
    """Derivatives by v of log X, of the sums of windows and of the dead of pairs."""

    slopes: sparse.csr_array
    windows: sparse.csr_array
    triangle: sparse.csr_array


def _scope_rows(design: Design) -> list[list[int]]:
    """The rows of v that move the share of each scope, its parents' among them."""
    rows: list[list[int]] = [[]]
    for scope in design.latent.scopes:
        own = [row for row in (scope.logit_row, scope.tau_row) if row >= 0]
        rows.append(list(dict.fromkeys([*rows[scope.parent], *own])))
    return rows


def _curvature(observed: Observations, mu: Floats, log_sd: Floats, log_slack: float) -> Floats:
    """Negative second derivative of each figure's log density by mu."""
    above = log_likelihood(observed, mu + STEP, log_sd, log_slack)[1]
    below = log_likelihood(observed, mu - STEP, log_sd, log_slack)[1]
    return (below - above) / (2 * STEP)
