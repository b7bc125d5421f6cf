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

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lossmodel.density import TINY, Density, State
from lossmodel.design.block import MISSING_DEAD, WOUNDED, Design
from lossmodel.design.grid import Floats, Ints
from lossmodel.design.observation import Observations
from lossmodel.likelihood import figure_density

__all__ = ["Curvature", "Expansion"]

STEP = 1e-4
WIDE = 8


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
    bend
        What the bend of the log expectations adds to the negative Hessian in v, shape (V, V),
        if the figures pull so.
    """

    value: float
    gradient: Floats
    slopes: sparse.csr_array
    curvature: Floats
    pull: Floats
    bend: Callable[[Floats], sparse.csr_array]
    state: State
    change: "Change"

    @property
    def precision(self) -> Floats:
        """Negative Hessian, shape (D, D); the rows of hyperparameters are those of the prior."""
        return self._precision(self.curvature, self.pull)

    @property
    def tempered(self) -> Floats:
        """The same without what bends upwards of figures in the far tails of a Student-t.

        Near a fork between two modes, one that follows such a figure and one that does not, the
        Hessian is almost singular, and its determinant says that the mode is infinitely wide.
        """
        return self._precision(np.maximum(self.curvature, 0.0), self.pull)

    @property
    def jacobian(self) -> Floats:
        """Derivative of mu by theta, shape (N, D), hyperparameters held."""
        return np.asarray((self.slopes @ self.change.matrix(self.state.scales)).todense())

    def gauss_newton(self) -> Floats:
        """Positive definite stand-in for the precision, far from the mode."""
        by_v = _square(self.slopes, np.maximum(self.curvature, 0.0))
        return self.change.precision(by_v, self.state.scales)

    def _precision(self, weight: Floats, pull: Floats) -> Floats:
        by_v = _square(self.slopes, weight) + self.bend(pull)
        return self.change.precision(by_v, self.state.scales)

    def leverage(self, covariance: Floats) -> Floats:
        """Variance of mu, shape (N,), under a covariance of theta."""
        by_v = self.change.covariance(covariance, self.state.scales)
        return np.asarray(self.slopes.multiply(self.slopes @ by_v).sum(axis=1)).ravel()

    def curved_by(self, *, mu: float = 0.0, log_sd: float = 0.0, log_excess: float = 0.0) -> Floats:
        """Derivative of each figure's tempered curvature in a direction, shape (N,)."""
        state = self.state
        above, below = (
            _curvature(
                state.design.observed,
                state.mu + sign * STEP * mu,
                state.log_sd + sign * STEP * log_sd,
                state.log_excess + sign * STEP * log_excess,
            )
            for sign in (1.0, -1.0)
        )
        return np.where(self.curvature > 0, above - below, 0.0) / (2 * STEP)

    def moved(self, directions: Floats) -> Floats:
        """Derivative of mu along directions in theta, shape (D, .); their scales move too."""
        layout, scales = self.change.layout, self.state.scales[self.change.layout.scale_of]
        hypers = len(layout.hyper)
        growth = np.zeros((hypers + 1, directions.shape[1]))
        growth[:hypers] = layout.hyper_sd[:, None] * directions[:hypers]
        scaled = directions * scales[:, None]
        scaled += self.state.scaled[:, None] * growth[layout.scale_of]
        return np.asarray(self.slopes @ (layout.matrix @ scaled))


class Change:
    """Change of variables between theta and v, block by block of the affine map.

    Walks are dense blocks of the map, all else is sparse: a product with the whole map, dense or
    sparse, would cost several times as much.
    """

    def __init__(self, design: Design) -> None:
        self.layout = design.layout
        matrix = design.layout.matrix
        both = sparse.block_array([[None, matrix], [matrix.T, None]])
        label = sparse.csgraph.connected_components(both, directed=False)[1]
        height = matrix.shape[0]
        wide = np.flatnonzero(np.bincount(label[height:]) >= WIDE)
        dense = matrix.tocsc()
        self.blocks: list[tuple[Ints, Ints, Floats]] = []
        for number in wide:
            rows, columns = (np.flatnonzero(part == number) for part in np.split(label, [height]))
            if len(rows):
                block = np.asarray(dense[:, columns].tocsr()[rows].todense())
                self.blocks.append((rows, columns, block))
        self.columns = np.flatnonzero(~np.isin(label[height:], wide))
        self.rows = np.flatnonzero(~np.isin(label[:height], wide))
        self.rest = sparse.csr_array(dense[:, self.columns].tocsr()[self.rows].T)

    def matrix(self, scales: Floats) -> sparse.csr_array:
        """Derivative of v by theta, shape (V, D)."""
        return _by_columns(self.layout.matrix, scales[self.layout.scale_of])

    def precision(self, by_v: sparse.csr_array, scales: Floats) -> Floats:
        """Identity, the prior's, plus a precision of v in theta, shape (D, D)."""
        scale = scales[self.layout.scale_of]
        both = self._down(self._down(by_v.toarray()).T)
        both *= scale
        both *= scale[:, None]
        both[np.diag_indices_from(both)] += 1.0
        return both

    def covariance(self, of_theta: Floats, scales: Floats) -> Floats:
        """A covariance of theta as one of v, shape (V, V)."""
        scale = scales[self.layout.scale_of]
        return self._up(self._up(of_theta * scale * scale[:, None]).T)

    def _down(self, values: Floats) -> Floats:
        """The transposed map times ``values`` of shape (V, .)."""
        down = np.empty((self.layout.size, values.shape[1]))
        down[self.columns] = self.rest @ np.ascontiguousarray(values[self.rows])
        for rows, columns, block in self.blocks:
            down[columns] = block.T @ values[rows]
        return down

    def _up(self, values: Floats) -> Floats:
        """The map times ``values`` of shape (D, .)."""
        up = np.empty((len(self.layout.offset), values.shape[1]))
        up[self.rows] = self.rest.T @ np.ascontiguousarray(values[self.columns])
        for rows, columns, block in self.blocks:
            up[rows] = block @ values[columns]
        return up


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
        self.change = Change(design)
        self._places()

    def _rows(self, rows: Ints) -> sparse.csr_array:
        """Rows of the path map for each series and cell; none where the row is -1."""
        cells = self.design.grid.cells
        wanted = (rows[:, None] * cells + np.arange(cells)).ravel()
        has = np.repeat(rows >= 0, cells)
        picked = self.design.daily[np.where(has, wanted, 0)]
        return _clean(_by_rows(sparse.csr_array(picked), has.astype(float)))

    def _places(self) -> None:
        """Where the entries of the maps stand that change in value alone."""
        design = self.design
        claim, factor = design.window[:, 0], design.window[:, 2]
        windows, figures, height = len(claim), len(design.terms), len(design.layout.offset)
        self.used = np.flatnonzero(factor > 0)
        rows = design.factor_row[factor[self.used] - 1]
        self.gather = _Places(claim, np.arange(windows), (figures, windows))
        self.factors = _Places(claim[self.used], rows, (figures, height))
        self.crossing = _Places(rows, self.used, (height, windows))
        count = len(design.pairs.point)
        pair = np.tile(np.arange(count), 5)
        self.stack = _Places(pair, np.arange(5 * count), (count, 5 * count))
        self.to_claim = self.density.listed @ sparse.csr_array(
            sparse.coo_array(
                (np.ones(count), (design.pairs.point, np.arange(count))),
                shape=(design.pairs.points, count),
            )
        )
        five = np.arange(5 * count).reshape(5, count)
        self.bends = _Places(
            np.repeat(five[:, None], 5, axis=1).ravel(),
            np.repeat(five[None], 5, axis=0).ravel(),
            (5 * count, 5 * count),
        )

    def _slopes(self, state: State) -> sparse.csr_array:
        """Derivative of log X_r(t) by v, shape (R T, V)."""
        kappa = state.kappa[self.party]
        by_lethality = np.where(self.component[:, None] == WOUNDED, -kappa, 1 - kappa).ravel()
        slopes = self.level
        if self.lethality.nnz:
            slopes = slopes + _by_rows(self.lethality, by_lethality)
        if self.missing.nnz:
            slopes = slopes + _by_rows(self.missing, 1 - state.missing[self.party].ravel())
        if len(state.own) > 1:
            slopes = slopes + self._scope_slopes(state)
        return slopes

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
        """Derivative of the log expectations by v, shape (N, V)."""
        design = self.design
        claim, factor = design.window[:, 0], design.window[:, 2]
        weight = state.factor[factor] / state.expectation[claim]
        jacobian = self.gather.fill(weight) @ moved.windows
        if len(self.used):
            own = state.factor[factor[self.used]]
            by_factor = own * (1 - np.abs(own)) * state.sums[self.used]
            jacobian = jacobian + self.factors.fill(by_factor / state.expectation[claim[self.used]])
        if design.pairs.points:
            jacobian = jacobian + self._listed(state, moved.pairs)
        return jacobian

    def _listed(self, state: State, moved: sparse.csr_array) -> sparse.csr_array:
        slopes = self.stack.fill((state.reach.slopes * state.dead).ravel())
        held = _by_rows(moved, state.reach.value) + slopes @ self.design.pair_map
        return _by_rows(self.to_claim, 1 / state.expectation) @ held

    def expand(self, theta: Floats) -> Expansion:
        """Expand the log posterior at theta."""
        state = State(self.density, theta)
        observed = self.design.observed
        at = (state.mu, state.log_sd, state.log_excess)
        value, by_mu, by_sd, by_excess = figure_density(observed, *at)
        gradient = state.back(by_mu, by_sd, by_excess) - theta
        slopes = self._slopes(state)
        by_value = _by_rows(slopes, state.values.ravel())
        moved = _Moved(slopes, self.window_cells @ by_value, self.pair_cells @ by_value)
        expected = self._jacobian(state, moved)
        jacobian = expected + self.design.bias

        def bend(pull: Floats) -> sparse.csr_array:
            bent = _square(expected, pull)
            return sparse.csr_array(bent - self._second(state, pull / state.expectation, moved))

        return Expansion(
            value=float(value.sum() - 0.5 * theta @ theta),
            gradient=gradient,
            slopes=jacobian,
            curvature=_curvature(observed, *at),
            pull=by_mu,
            bend=bend,
            state=state,
            change=self.change,
        )

    def _second(self, state: State, by_expectation: Floats, moved: "_Moved") -> sparse.csr_array:
        """Gradient by expectations, times the second derivatives of these by v, shape (V, V)."""
        u = state.weights(by_expectation).ravel()
        second = _square(moved.slopes, u)
        kappa = state.kappa[self.party].ravel()
        gone = state.missing[self.party].ravel()
        for rows, share in ((self.lethality, kappa), (self.missing, gone)):
            if rows.nnz:
                second = second - _square(rows, u * share * (1 - share))
        if len(self.used):
            second = second + self._second_factors(state, by_expectation, moved)
        if self.design.pairs.points:
            second = second + self._second_pairs(state, by_expectation, moved)
        return second

    def _second_factors(
        self, state: State, by_expectation: Floats, moved: "_Moved"
    ) -> sparse.csr_array:
        claim, factor = self.design.window[:, 0], self.design.window[:, 2]
        own, by = state.factor[factor[self.used]], by_expectation[claim[self.used]]
        slope = by * own * (1 - np.abs(own))
        crossed = self.crossing.fill(slope) @ moved.windows
        bend = slope * (1 - 2 * np.abs(own)) * state.sums[self.used]
        rows = self.design.factor_row[factor[self.used] - 1]
        diagonal = np.bincount(rows, bend, minlength=len(state.v)).astype(float)
        return crossed + crossed.T + sparse.diags_array(diagonal, format="csr")

    def _second_pairs(
        self, state: State, by_expectation: Floats, moved: "_Moved"
    ) -> sparse.csr_array:
        design, pairs = self.design, self.design.pairs
        by_pair = (self.density.listed_back @ by_expectation)[pairs.point]
        slopes = self.stack.fill((state.reach.slopes * by_pair).ravel())
        crossed = (slopes @ design.pair_map).T @ moved.pairs
        curved = self.bends.fill((state.reach.bends() * (by_pair * state.dead)).ravel())
        return crossed + crossed.T + self.density.pair_back @ (curved @ design.pair_map)


@dataclass(frozen=True)
class _Moved:
    """Derivatives by v of log X, of the sums of windows and of the dead of pairs."""

    slopes: sparse.csr_array
    windows: sparse.csr_array
    pairs: sparse.csr_array


class _Places:
    """A sparse matrix whose entries stand still while their values change."""

    def __init__(self, rows: Ints, columns: Ints, shape: tuple[int, int]) -> None:
        found, self.place = np.unique(rows * shape[1] + columns, return_inverse=True)
        where = (found // shape[1], found % shape[1])
        self.empty = sparse.csr_array(sparse.coo_array((np.ones(len(found)), where), shape=shape))

    def fill(self, values: Floats) -> sparse.csr_array:
        """The matrix with these values; those at the same place add up."""
        data = np.bincount(self.place, values, minlength=self.empty.nnz)
        return _with_data(self.empty, data.astype(float))


def _with_data(matrix: sparse.csr_array, data: Floats) -> sparse.csr_array:
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _by_rows(matrix: sparse.csr_array, factor: Floats) -> sparse.csr_array:
    """Each row times its factor."""
    return _with_data(matrix, matrix.data * np.repeat(factor, np.diff(matrix.indptr)))


def _by_columns(matrix: sparse.csr_array, factor: Floats) -> sparse.csr_array:
    """Each column times its factor."""
    return _with_data(matrix, matrix.data * factor[matrix.indices])


def _square(matrix: sparse.csr_array, weight: Floats) -> sparse.csr_array:
    """``matrix' diag(weight) matrix``."""
    return sparse.csr_array(matrix.T.tocsr() @ _by_rows(matrix, weight))


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
