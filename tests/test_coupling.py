"""Additive couplings keep volume, mode and curvature, and straighten what they are made for."""

from functools import partial

import numpy as np
import pytest

from lossmodel.claims import load_claims
from lossmodel.evaluation.simulation import simulate
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.nuts import tight_sums
from lossmodel.inference.nuts.coupling import Coupled
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from tests import small_war


@pytest.fixture(scope="module")
def fitted():
    density = Density(LossModel().design(small_war.evidence(), small_war.conflict()))
    return density, approximate(density, diagnose=False)


@pytest.fixture
def coupled(fitted, monkeypatch):
    density, laplace = fitted
    monkeypatch.setattr(tight_sums, "WELL_KNOWN", 10.0)
    return Coupled(density, tight_sums.couplings_of(density, laplace.mode)), laplace


@pytest.mark.slow
def test_streams_that_are_hardly_known_couple_nothing(fitted, monkeypatch):
    density, laplace = fitted
    monkeypatch.setattr(tight_sums, "WELL_KNOWN", 1e-6)
    assert tight_sums.couplings_of(density, laplace.mode) == ()


@pytest.mark.slow
def test_mode_and_linear_map_stay_at_the_mode(coupled):
    density, laplace = coupled
    np.testing.assert_allclose(density.theta(laplace.mode), laplace.mode, atol=1e-12)
    rng = np.random.default_rng(1)
    step = 1e-4 * rng.standard_normal(len(laplace.mode))
    moved = density.theta(laplace.mode + step) - laplace.mode
    np.testing.assert_allclose(moved, step, atol=1e-6)


@pytest.mark.slow
def test_volumes_are_in_the_density_and_the_map_is_not_linear(coupled):
    density, laplace = coupled
    rng = np.random.default_rng(2)
    theta = laplace.mode + laplace.covariance_root @ rng.standard_normal(len(laplace.mode))
    assert np.abs(density.theta(theta) - theta).max() > 0.01
    steps = 1e-5 * np.eye(len(theta))
    slopes = [(density.theta(theta + s) - density.theta(theta - s)) / 2e-5 for s in steps]
    volume = density(theta)[0] - density.density(density.theta(theta))[0]
    assert np.linalg.slogdet(np.stack(slopes)) == pytest.approx((1.0, volume), abs=1e-6)
    assert abs(volume) > 1e-3


@pytest.mark.slow
def test_the_gradient_is_that_of_the_value(coupled):
    density, laplace = coupled
    rng = np.random.default_rng(3)
    for _ in range(3):
        theta = laplace.mode + laplace.covariance_root @ rng.standard_normal(len(laplace.mode))
        step = 1e-5 * rng.standard_normal(len(theta))
        rise = density(theta + step)[0] - density(theta - step)[0]
        assert rise == pytest.approx(2 * density(theta)[1] @ step, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("seed", [13, 17, 21])
def test_wars_of_any_make_have_their_couplings(seed, monkeypatch):
    """In the second a stream has the drift of its group to itself, beside its own."""
    monkeypatch.setattr(tight_sums, "WELL_KNOWN", 10.0)
    claims = simulate(seed=seed).claims
    design = next(d for d in LossModel().submodels(collect_evidence(claims), claims.conflict))
    density, at_mode = Density(design), np.zeros(design.size)
    coupled = Coupled(density, tight_sums.couplings_of(density, at_mode))
    assert coupled.couplings
    theta = 0.3 * np.random.default_rng(seed).standard_normal(design.size)
    np.testing.assert_allclose(coupled.theta(at_mode), at_mode, atol=1e-12)
    assert np.abs(coupled.theta(theta) - theta).max() > 1e-4
    step = 1e-6 * np.random.default_rng(seed + 1).standard_normal(design.size)
    rise = coupled(theta + step)[0] - coupled(theta - step)[0]
    assert rise == pytest.approx(2 * coupled(theta)[1] @ step, rel=1e-3, abs=1e-6)
    steps = 1e-5 * np.eye(design.size)
    slopes = [(coupled.theta(theta + s) - coupled.theta(theta - s)) / 2e-5 for s in steps]
    volume = coupled(theta)[0] - density(coupled.theta(theta))[0]
    assert np.linalg.slogdet(np.stack(slopes))[1] == pytest.approx(volume, abs=1e-6)


@pytest.mark.slow
def test_volumes_are_right_where_cells_are_wider_than_a_day():
    claims = load_claims()
    density = Density(LossModel().design(collect_evidence(claims), claims.conflict))
    coupled = Coupled(density, tight_sums.couplings_of(density, np.zeros(density.size)))
    theta = 0.5 * np.random.default_rng(6).standard_normal(density.size)
    volume = coupled(theta)[0] - density(coupled.theta(theta))[0]
    steps = 1e-5 * np.eye(density.size)
    slopes = [(coupled.theta(theta + s) - coupled.theta(theta - s)) / 2e-5 for s in steps]
    assert np.linalg.slogdet(np.stack(slopes))[1] == pytest.approx(volume, abs=1e-6)
    assert abs(volume) > 0.05


def test_the_rest_of_a_sum_and_its_slopes():
    logs = np.log(np.array([[0.01, 0.3, 0.9, 2.0], [0.01, 0.1, 0.05, 3.0]]))
    value, slopes = tight_sums._rest_of_sum(logs)
    share = np.exp(logs).sum(axis=0)
    root = np.exp(-value)
    np.testing.assert_allclose(root - tight_sums.FLOOR / root, 1 - share, atol=1e-12)
    for i in range(2):
        step = np.zeros((2, 1))
        step[i] = 1e-6
        rise = tight_sums._rest_of_sum(logs + step)[0] - tight_sums._rest_of_sum(logs - step)[0]
        np.testing.assert_allclose(rise / 2e-6, slopes[i], rtol=1e-6)


@pytest.mark.slow
def test_a_definition_moves_what_a_stream_says_along_a_line(coupled):
    density, laplace = coupled
    design = density.density.design
    straightened, moved = 0, set()
    for stream, row in design.definition.items():
        columns = [s._columns for s in density.couplings]
        column = design.parameters.matrix[[row]].indices
        own = tight_sums._own_bias(design, stream)
        if own is None or not any(set(own[1]) <= set(c) for c in columns):
            continue
        moved |= set(own[1])
        claims = np.flatnonzero(tight_sums._stream_of(design) == stream)
        step = np.zeros(design.size)
        step[column] = 1.5

        def nonlinearity(to_theta, at=claims, step=step):
            points = [laplace.mode + sign * step for sign in (-1, 0, 1)]
            low, middle, high = (
                density.density.predictions(to_theta(t)).log_expected[at] for t in points
            )
            return np.abs(low + high - 2 * middle).max()

        plain = nonlinearity(lambda theta: theta)
        if plain > 0.01:
            straightened += 1
            assert nonlinearity(density.theta) < 0.25 * plain
    assert straightened
    assert moved in [set(s._columns) for s in density.couplings]


@pytest.mark.parametrize("counted", [False, True])
def test_shares_of_a_sum_and_their_odds_have_right_slopes(counted):
    rng = np.random.default_rng(4)
    logs_of = tight_sums._counted_logs if counted else tight_sums._plain_logs
    arguments = rng.normal(size=(6 if counted else 2, 5)) - np.log(4)
    at_mode = np.array([0.01, 0.1, 0.3, 0.6, 1.0])
    for function in (
        partial(tight_sums._remainder, logs_of),
        partial(tight_sums._as_odds, logs_of, number=1, at_mode=at_mode),
    ):
        found = function(arguments)
        for i in range(len(arguments)):
            step = np.zeros_like(arguments)
            step[i] = 1e-6
            more, less = function(arguments + step), function(arguments - step)
            rise = (more.value - less.value) / 2e-6
            np.testing.assert_allclose(rise, found.slopes[i], rtol=1e-5, atol=1e-8)
            rise = (more.volume - less.volume) / 2e-6
            by_volume = np.broadcast_to(found.by_volume, arguments.shape)[i].sum()
            assert rise == pytest.approx(by_volume, rel=1e-5, abs=1e-7)


def test_a_share_near_the_whole_stays_below_it_and_near_the_mode_where_it_was():
    at_mode = np.full(5, 0.2)
    logs = np.log(at_mode) + np.array([[-5.0, -1e-4, 0.0, 1e-4, 5.0]])
    after = (
        logs[0] - tight_sums._as_odds(tight_sums._plain_logs, logs, number=0, at_mode=at_mode).value
    )
    np.testing.assert_allclose(after[1:4], logs[0, 1:4], rtol=0, atol=1e-8)
    assert (after < 0).all()
    assert (np.diff(after) > 0).all()


def test_a_party_that_is_the_whole_sum_stays_as_it_is():
    logs = np.array([[-3.0, 0.0, 2.0]])
    found = tight_sums._as_odds(tight_sums._plain_logs, logs, number=0, at_mode=np.ones(3))
    np.testing.assert_array_equal(found.value, 0)
    np.testing.assert_array_equal(found.slopes, 0)
    assert found.volume == 0
