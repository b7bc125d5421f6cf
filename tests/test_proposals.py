"""Proposals of importance sampling: their draws have the density that they say."""

import numpy as np
import pytest
from scipy import stats

from lossmodel.inference.proposals import HEAVY_FROM, Proposal, adapted, normalised, standard

SIZE = 40_000


def proposal(sds: list[float]) -> Proposal:
    """Of four dimensions, with the scales in as many directions that are no axes."""
    rng = np.random.default_rng(3)
    directions = np.linalg.qr(rng.standard_normal((4, 4)))[0][:, : len(sds)]
    return Proposal(np.array([0.5, -0.2, 0.0, 0.1]), directions, np.array(sds))


@pytest.mark.parametrize("sds", [[], [0.8], [1.3, 1.2], [2.5], [0.9, 1.6, 3.0]])
def test_weights_of_a_normal_have_mean_one(sds):
    """A density that is wrong by a factor, or in one direction, gives another mean."""
    tried, rng = proposal(sds), np.random.default_rng(len(sds))
    x = tried.draw(SIZE, rng)
    target = stats.multivariate_normal(np.zeros(4), 0.3 * np.eye(4))
    constant = 2 * np.log(2 * np.pi)  # of a standard normal of four dimensions
    weights = np.exp(target.logpdf(x) - tried.log_density(x) + constant)
    assert weights.mean() == pytest.approx(1, abs=5 * weights.std() / np.sqrt(SIZE))
    mean = weights @ x / SIZE
    np.testing.assert_allclose(mean, 0, atol=5 * (weights[:, None] * x).std() / np.sqrt(SIZE))


def test_wide_directions_have_heavy_tails():
    wide, narrow = proposal([HEAVY_FROM]), proposal([0.99 * HEAVY_FROM])
    for tried, heavy in ((wide, True), (narrow, False)):
        along = (tried.draw(SIZE, np.random.default_rng(1)) - tried.mean) @ tried.directions
        assert (stats.kurtosis(along[:, 0]) > 1) == heavy
        assert np.std(along) > 1.4


def test_an_adapted_proposal_finds_mean_and_width():
    rng = np.random.default_rng(5)
    x = standard(6).draw(SIZE, rng)
    # The target is wider along the first axis, and lies at 1 along the second.
    ratios = x[:, 0] ** 2 * (1 - 1 / 1.8**2) / 2 + x[:, 1] - 0.5
    found = adapted(x, ratios, hypers=0)
    assert found.mean[1] == pytest.approx(1, abs=0.1)
    assert np.abs(np.delete(found.mean, 1)).max() < 0.1
    widest = found.directions[:, found.sds.argmax()]
    assert abs(widest[0]) > 0.95
    assert normalised(ratios).sum() == pytest.approx(1)
