"""Chains in lockstep: their draws are those of the density, and of the seed alone."""

import numpy as np
import pytest
from scipy import stats

from lossmodel.inference import hmc
from lossmodel.inference.convergence import convergence
from lossmodel.inference.hmc import sample

# Sd of the log sd of `Narrow`.
WIDTH = 1.0


class Skewed:
    """Logs of independent gamma variables, one of them beside a normal that leans on it."""

    size, shape, lean = 4, 3.0, 0.7

    def theta(self, x):
        return x

    def __call__(self, x):
        gammas, rest = x[..., :3], x[..., 3] - self.lean * x[..., 0]
        grown = np.exp(gammas)
        value = (self.shape * gammas - grown).sum(axis=-1) - 0.5 * rest**2
        slope = np.concatenate([self.shape - grown, -rest[..., None]], axis=-1)
        slope[..., 0] += self.lean * rest
        return value, slope

    def levels(self, theta):
        """What share of their distribution is below the draws: even on (0, 1)."""
        rest = theta[..., 3:] - self.lean * theta[..., :1]
        gammas = stats.loggamma.cdf(theta[..., :3], self.shape)
        return np.concatenate([gammas, stats.norm.cdf(rest)], axis=-1)


class Wall:
    """Part of a normal: no trajectory that ends beyond its edge is taken."""

    size = 2

    def theta(self, x):
        return x

    def __call__(self, x):
        inside = x[..., :1] > -1
        value = np.where(inside[..., 0], -0.5 * (x**2).sum(axis=-1), -np.inf)
        return value, np.where(inside, -x, 0.0)


class Narrow:
    """Normals of which the first is, but for a factor, the log sd of the second.

    Steps that suit most of it are far too long where that sd is small.
    """

    size = 2

    def theta(self, x):
        return x

    def __call__(self, x):
        first, second = x[..., 0], x[..., 1]
        pace = np.exp(-2 * WIDTH * first)
        value = -0.5 * first**2 - 0.5 * second**2 * pace - WIDTH * first
        by_first = -first + WIDTH * second**2 * pace - WIDTH
        return value, np.stack([by_first, -second * pace], axis=-1)

    def levels(self, theta):
        second = theta[..., 1] * np.exp(-WIDTH * theta[..., 0])
        return stats.norm.cdf(np.stack([theta[..., 0], second], axis=-1))


def narrow():
    """Largest error of shares below quantiles of `Narrow` in standard errors, and R-hat."""
    target = Narrow()
    levels = target.levels(sample(target, draws=2000, tune=100, chains=256, seed=2).theta)
    found = np.concatenate([1.0 * (levels < q) - q for q in (0.05, 0.25, 0.5, 0.75)], axis=2)
    effective = convergence(found)["ess_bulk"]
    flat = found.reshape(-1, found.shape[2])
    error = np.abs(flat.mean(axis=0)) / (flat.std(axis=0) / np.sqrt(effective))
    return float(error.max()), float(convergence(levels)["rhat"].max())


def worst():
    """Largest error of mean level and of shares below quantiles, in standard errors."""
    target = Skewed()
    levels = target.levels(sample(target, draws=200, tune=40, chains=16, seed=1).theta)
    found = [levels - 0.5, *(1.0 * (levels < q) - q for q in (0.25, 0.75))]
    found = np.concatenate(found, axis=2)
    effective = convergence(found)["ess_bulk"]
    flat = found.reshape(-1, found.shape[2])
    return float(np.max(np.abs(flat.mean(axis=0)) / (flat.std(axis=0) / np.sqrt(effective))))


def test_draws_have_the_quantiles_of_a_skewed_density(monkeypatch):
    # The largest of 12 errors, of which four are independent of each other.
    assert worst() < 4
    right = hmc._energy
    monkeypatch.setattr(hmc, "_energy", lambda *given: 0.1 * right(*given))
    assert worst() > 8


@pytest.mark.slow
def test_narrow_places_are_left_by_finer_steps_and_have_their_share(monkeypatch):
    monkeypatch.setattr(hmc, "RETRIED", 1.0)
    error, rhat = narrow()
    assert error < 4
    with monkeypatch.context() as without:
        without.setattr(hmc, "RETRIED", 0.0)
        assert narrow()[1] - 1 > 5 * (rhat - 1)
    # Without the chance that the way back is rejected too, narrow places are left too often: by
    # seeds 1 to 4 errors of 12.6 to 16.0, and of 0.7 to 1.9 with it. 64 chains gave 4.3 to 9.6.
    monkeypatch.setattr(hmc, "_log_rejected", np.zeros_like)
    assert narrow()[0] > 8


def test_chains_stay_where_the_density_is_not_zero():
    found = sample(Wall(), draws=100, tune=20, chains=8, seed=3)
    assert (found.theta[..., 0] > -1).all()
    assert found.divergences > 0


def test_a_seed_gives_the_same_draws_and_chains_go_on_from_where_they_stood():
    first, again, other = (
        sample(Skewed(), draws=20, tune=20, chains=3, seed=seed) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first.theta, again.theta)
    assert not np.isclose(first.theta, other.theta).any()
    np.testing.assert_array_equal(first.last, first.theta[:, -1])
    then = sample(Skewed(), draws=5, tune=0, chains=3, seed=9, earlier=first)
    assert first.then(then).theta.shape == (3, 25, 4)
    assert then.steps.tolist() == first.steps.tolist()
