"""Levels that are held: volume, gradient, and the sums of a wide walk."""

import numpy as np
import pytest

from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.laplace.levels import LARGEST, Levels, _Level
from lossmodel.inference.nuts import whitening
from lossmodel.inference.nuts.coupling import Coupled
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.sampling import sample_through_gate
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from lossmodel.model.priors import Priors

# Totals of eleven weeks, with no figure for a part of them.
WAR, SUBMODEL = "kosovo1999", "tanks"


@pytest.fixture(scope="module")
def fitted():
    claims = load_claims(conflict=WAR)
    design = LossModel().design(collect_evidence(claims), claims.conflict, SUBMODEL)
    density = Density(design)
    return density, approximate(density, diagnose=False)


def draws(laplace, size, seed):
    x = np.random.default_rng(seed).standard_normal((size, len(laplace.mode)))
    return laplace.mode + x @ laplace.covariance_root.T


@pytest.fixture(scope="module")
def held(fitted):
    density, laplace = fitted
    return HeldLevels(density, laplace.mode, draws(laplace, 100, 1))


def test_levels_whose_walk_hardly_bends_their_sum_are_not_held(fitted):
    density, laplace = fitted
    assert not HeldLevels(density, laplace.mode, laplace.mode + np.zeros((3, density.size)))


def test_it_is_the_shift_by_which_draws_of_the_approximation_are_held(fitted, held):
    density, laplace = fitted
    theta = draws(laplace, 20, 2)
    moved, volume, _ = held.move(theta, np.ones_like(theta))
    assert volume == 0.0
    assert np.abs(moved - theta).max() > 0.1
    np.testing.assert_allclose(moved, Levels(density, laplace.mode).hold(theta), atol=1e-10)


def test_the_volume_is_one(fitted, held):
    theta = draws(fitted[1], 1, 3)[0]
    steps = 1e-5 * np.eye(len(theta))
    slopes = [
        (held.move(theta + s, theta)[0] - held.move(theta - s, theta)[0]) / 2e-5 for s in steps
    ]
    assert np.linalg.slogdet(np.stack(slopes)) == pytest.approx((1.0, 0.0), abs=1e-6)


def test_the_gradient_is_that_of_the_value(fitted, held):
    density, laplace = fitted
    coupled, rng = Coupled(density, (held,)), np.random.default_rng(4)
    for theta in draws(laplace, 3, 5):
        step = 1e-5 * rng.standard_normal(len(theta))
        rise = coupled(theta + step)[0] - coupled(theta - step)[0]
        assert rise == pytest.approx(2 * coupled(theta)[1] @ step, rel=1e-4, abs=1e-7)


@pytest.mark.slow
def test_sums_of_a_wide_walk_mix_in_one_length_and_do_not_without(monkeypatch):
    wide = {"median": 1.0, "sd": 0.05, "reason": "A walk that bends the sum of its days."}
    claims = load_claims(conflict=WAR)
    model = LossModel(priors=Priors.default().replace({"rate.walk_sd": wide}))
    density = Density(model.design(collect_evidence(claims), claims.conflict, SUBMODEL))
    laplace = approximate(density, diagnose=False)

    def worst():
        _, found = sample_through_gate(
            density.design, density, laplace, seed=3, engine="hmc", seconds=0
        )
        return found["max_rhat"]

    # By the seeds 1 to 3: 1.011 to 1.020, and 1.109 to 1.140 without.
    assert worst() < 1.02
    monkeypatch.setattr(whitening, "HeldLevels", lambda *_: ())
    assert worst() > 1.05


@pytest.mark.parametrize("far", [30.0, 60.0, 500.0, -500.0, 5000.0, -5000.0])
def test_sums_of_windows_keep_their_digits_beside_days_that_run_away(far):
    days, ends = np.full(20, 3.0), np.array([[0, 20], [5, 8], [18, 20], [0, 1]])
    level = _Level(0, 0, 1.0, days, ends, np.full(len(ends), 1 / len(ends)))
    deviation = np.random.default_rng(1).standard_normal((2, 20))
    deviation[1, 2] = far
    expected = []
    for path in np.clip(deviation, -LARGEST, LARGEST):
        parts = [path[lo:hi] for lo, hi in ends]
        expected.append(np.mean([np.log(np.mean(np.exp(p))) - p.mean() for p in parts]))
    np.testing.assert_allclose(level.excess(deviation), expected)
    assert np.isfinite(level.by_deviation(deviation)).all()
