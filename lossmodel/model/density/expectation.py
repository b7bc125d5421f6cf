"""The log density of a block, its gradient and its Jacobian, by hand.

    theta -> v (affine) -> paths -> prefix sums -> expectation of each figure -> its density

and the same way back. The equations are in ``model.py``, which states them again in PyMC; the
tests hold the two equal, value and gradient. Nothing here imports PyMC. Steps are sparse maps and
elementwise functions of arrays, so a gradient costs little more than its exponentials.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit

from lossmodel.model.density.functions import DelayConstants, ReportedFraction
from lossmodel.model.density.likelihood import log_likelihood
from lossmodel.model.design.assemble import MISSING_DEAD, WOUNDED, Design
from lossmodel.model.design.grid import Floats

__all__ = ["Density", "ObservationDensities", "State"]

TINY = 1e-9


@dataclass(frozen=True)
class ObservationDensities:
    """What the model expects of the N figures of a block.

    Attributes
    ----------
    mu, log_sd
        Log expectation and log noise sd, shape (N,).
    log_density
        Log density of each figure, shape (N,).
    """

    mu: Floats
    log_sd: Floats
    log_density: Floats


class Density:
    """Unnormalised log posterior of a block with its gradient.

    The constant that it leaves out is that of the standard normal prior, ``-D/2 log(2 pi)``.

    Examples
    --------
    ``value, gradient = Density(design)(theta)`` with theta of shape (D,), standard normal a priori.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.path_back = design.daily.T.tocsr()
        self.bias_back = design.bias.T.tocsr()
        self.matrix_back = design.parameters.matrix.T.tocsr()
        self.window_back = design.window_map.T.tocsr()
        self.pair_window_back = design.pair_window_map.T.tocsr()
        self.pair_back = design.pair_map.T.tocsr()
        self.delay_constants = DelayConstants(design.triangle, design.declared_log_sd)
        listed = design.listed
        self.listed = sparse.csr_array(
            sparse.coo_array(
                (listed[:, 2].astype(float), (listed[:, 0], listed[:, 1])),
                shape=(len(design.terms), design.triangle.points),
            )
        )
        self.listed_back = self.listed.T.tocsr()
        self._incidence()

    def _incidence(self) -> None:
        """Which series belong to which party, component, scope and ledger, as 0/1 matrices."""
        party, component, scope, ledger = self.design.series.T
        of_party = (party == np.arange(len(self.design.latent.parties))[:, None]).astype(float)
        self.of_party = of_party
        self.of_wounded = of_party * (component == WOUNDED)
        self.of_dead = of_party * (component != WOUNDED)
        self.of_missing = of_party * (component == MISSING_DEAD)
        scopes = np.arange(len(self.design.latent.scopes) + 1)
        self.of_scope = (scope == scopes[:, None]).astype(float)
        self.with_ledger = np.flatnonzero(ledger >= 0)
        self.ledger_rows = np.unique(ledger[self.with_ledger])
        self.of_ledger = (ledger == self.ledger_rows[:, None]).astype(float)

    @property
    def size(self) -> int:
        """Length of theta."""
        return self.design.size

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Log density and its gradient at theta of shape (D,)."""
        state = State(self, theta)
        value, by_mu, by_sd, by_slack = log_likelihood(
            self.design.observed, state.mu, state.log_sd, state.log_slack
        )
        gradient = state.back(by_mu, by_sd, by_slack) - theta
        return float(value.sum() - 0.5 * theta @ theta), gradient

    def observations(self, theta: Floats) -> ObservationDensities:
        """What the model expects of each figure."""
        state = State(self, theta)
        observed = self.design.observed
        value = log_likelihood(observed, state.mu, state.log_sd, state.log_slack)[0]
        return ObservationDensities(state.mu, state.log_sd, value)


class State:
    """All intermediate values of one evaluation, and the adjoint of each step."""

    def __init__(self, density: Density, theta: Floats) -> None:
        self.density, self.theta = density, theta
        design = self.design = density.design
        log_scales = design.parameters.log_scales(theta)
        self.scales = design.parameters.scales(theta)
        self.scaled = theta * self.scales
        self.v = design.parameters.offset + design.parameters.matrix @ self.scaled
        self._paths()
        self._shares()
        self._prefix()
        self._expect()
        self.mu = np.log(self.expectation) + design.bias @ self.v
        self._noise(log_scales)

    def _paths(self) -> None:
        latent = self.design.latent
        self.path = (self.design.daily @ self.v).reshape(self.design.rows, self.design.grid.cells)
        # Rates are a day's; a cell holds as many days as it is wide.
        self.rate = np.exp(self.path[latent.rate]) * (latent.active * self.design.grid.cell_days)
        self.kappa, self.missing = np.ones_like(self.rate), np.zeros_like(self.rate)
        has = latent.lethality >= 0
        self.kappa[has] = expit(self.path[latent.lethality[has]])
        has = latent.missing >= 0
        self.missing[has] = expit(self.path[latent.missing[has]])
        killed = self.rate * self.kappa
        self.losses = np.stack([killed, self.rate - killed, killed * self.missing])

    def _shares(self) -> None:
        """Share of each scope in the whole, and in its parent; number 0 is the whole."""
        middles = self.design.grid.middles
        self.own = [np.ones(len(middles))]
        share = [np.ones(len(middles))]
        for scope in self.design.latent.scopes:
            own = scope.active.copy()
            if scope.logit_row >= 0:
                own *= expit(self.v[scope.logit_row])
            if scope.tau_row >= 0:
                own *= np.exp(-(middles - scope.first) * np.exp(-self.v[scope.tau_row]))
            self.own.append(own)
            share.append(share[scope.parent] * (1 - own if scope.complement else own))
        self.share = np.stack(share)

    def _prefix(self) -> None:
        party, component, scope, ledger = self.design.series.T
        values = self.losses[component, party]
        if len(self.share) > 1:
            values = values * self.share[scope]
        has = self.density.with_ledger
        if len(has):
            values[has] *= np.exp(self.path[ledger[has]])
        self.values = values
        prefix = np.zeros((len(values), values.shape[1] + 1))
        np.cumsum(values, axis=1, out=prefix[:, 1:])
        self.prefix = prefix.ravel()

    def _expect(self) -> None:
        design, density = self.design, self.density
        self.factor = np.append(1.0, design.factor_sign * expit(self.v[design.factor_row]))
        self.sums = design.window_map @ self.prefix
        claim, factor = design.window[:, 0], design.window[:, 2]
        parts = self.factor[factor] * self.sums
        expectation = np.bincount(claim, parts, minlength=len(design.terms)) + TINY
        if design.triangle.points:
            self.reported_fraction = ReportedFraction(
                density.delay_constants, (design.pair_map @ self.v).reshape(5, -1)
            )
            self.dead = design.pair_window_map @ self.prefix
            held = self.dead * self.reported_fraction.value
            points = np.bincount(design.triangle.point, held, minlength=design.triangle.points)
            expectation += density.listed @ points
        self.expectation = np.maximum(expectation, TINY)

    def _noise(self, log_scales: Floats) -> None:
        observed = self.design.observed
        learned = np.append(np.exp(log_scales), 0.0)[observed.noise]
        part = (np.where(observed.noise >= 0, learned, observed.fixed_noise) * observed.scale) ** 2
        variance = part + observed.extra
        self.log_sd = 0.5 * np.log(variance)
        self.noise_share = part / variance
        slack = np.log(max(observed.fixed_bound, TINY))
        self.log_slack = float(log_scales[observed.bound] if observed.bound >= 0 else slack)

    def back(self, by_mu: Floats, by_sd: Floats, by_slack: float) -> Floats:
        """Gradient by theta of the figures' density, shape (D,)."""
        parameters, observed = self.design.parameters, self.design.observed
        by_v = self.density.bias_back @ by_mu + self.back_expectation(by_mu / self.expectation)
        by_scaled = self.density.matrix_back @ by_v
        hypers = len(parameters.hyper)
        learned = observed.noise >= 0
        # d log sd / d log scale is the scale's share of the variance.
        share = by_sd[learned] * self.noise_share[learned]
        by_noise = np.bincount(observed.noise[learned], share, minlength=hypers)[:hypers]
        if observed.bound >= 0:
            by_noise[observed.bound] += by_slack
        gradient = by_scaled * self.scales
        gradient[:hypers] += (
            parameters.by_hyper(by_scaled * self.scaled) + by_noise * parameters.hyper_sd
        )
        return np.asarray(gradient)

    def _back_sums(self, by_expectation: Floats) -> Floats:
        """From expectations to the prefix sums of the series."""
        design, density = self.design, self.density
        claim, factor = design.window[:, 0], design.window[:, 2]
        by_prefix = density.window_back @ (by_expectation[claim] * self.factor[factor])
        if design.triangle.points:
            by_pair = (density.listed_back @ by_expectation)[design.triangle.point]
            by_prefix = by_prefix + density.pair_window_back @ (
                by_pair * self.reported_fraction.value
            )
        return np.asarray(by_prefix)

    def weights(self, by_expectation: Floats) -> Floats:
        """Gradient by the log of each daily series, shape (R, T)."""
        by_edge = self._back_sums(by_expectation).reshape(len(self.values), -1)
        by_value = np.cumsum(by_edge[:, :0:-1], axis=1)[:, ::-1]
        return np.asarray(by_value * self.values)

    def back_expectation(self, by_expectation: Floats) -> Floats:
        """From expectations to v."""
        design, density = self.design, self.density
        claim, factor = design.window[:, 0], design.window[:, 2]
        by_claim = by_expectation[claim]
        by_factor = np.bincount(factor, by_claim * self.sums, minlength=len(self.factor))[1:]
        slope = self.factor[1:] * (1 - np.abs(self.factor[1:]))
        by_v = np.bincount(design.factor_row, by_factor * slope, minlength=len(self.v))
        if design.triangle.points:
            by_pair = (density.listed_back @ by_expectation)[design.triangle.point]
            by_linear = self.reported_fraction.slopes * (by_pair * self.dead)
            by_v = by_v + density.pair_back @ by_linear.ravel()
        return np.asarray(by_v + self._back_series(self.weights(by_expectation)))

    def _back_series(self, weighted: Floats) -> Floats:
        """From the log of each daily series to v."""
        density, latent = self.density, self.design.latent
        by_path = np.zeros_like(self.path)
        by_path[density.ledger_rows] = density.of_ledger @ weighted
        by_path[latent.rate] += density.of_party @ weighted
        has = latent.lethality >= 0
        by_kappa = (1 - self.kappa) * (density.of_dead @ weighted)
        by_kappa -= self.kappa * (density.of_wounded @ weighted)
        by_path[latent.lethality[has]] += by_kappa[has]
        has = latent.missing >= 0
        by_missing = (1 - self.missing) * (density.of_missing @ weighted)
        by_path[latent.missing[has]] += by_missing[has]
        by_v = np.asarray(density.path_back @ by_path.ravel())
        if len(self.share) > 1:
            self._back_shares(by_v, density.of_scope @ weighted)
        return by_v

    def _back_shares(self, by_v: Floats, by_log: Floats) -> None:
        """By the log share, from the last scope to the first, parents included."""
        middles = self.design.grid.middles
        for number in range(len(self.own) - 1, 0, -1):
            scope, own = self.design.latent.scopes[number - 1], self.own[number]
            by_log[scope.parent] += by_log[number]
            by_own = by_log[number]
            if scope.complement:
                by_own = -by_own * own / np.maximum(1 - own, TINY)
            if scope.logit_row >= 0:
                by_v[scope.logit_row] += by_own.sum() * (1 - expit(self.v[scope.logit_row]))
            if scope.tau_row >= 0:
                pace = (middles - scope.first) * np.exp(-self.v[scope.tau_row])
                by_v[scope.tau_row] += (by_own * pace).sum()
