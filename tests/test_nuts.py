"""The sampler: its coordinates are an exact change of variables, its draws those of the density."""

import numpy as np
import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.density import Density
from lossmodel.engines.laplace import approximate
from lossmodel.engines.nuts import sample
from lossmodel.engines.whitening import Whitened
from lossmodel.evidence import collect_evidence
from lossmodel.model import LossModel
from tests import small_war

pytestmark = pytest.mark.filterwarnings(r"ignore:\s*ArviZ is undergoing:FutureWarning")


@pytest.fixture(scope="module", params=["small war", "tanks", "battle"])
def whitened(request):
    if request.param == "battle":
        claims = load_claims(conflict="battle-of-britain")
        design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    else:
        block = "tanks" if request.param == "tanks" else "person"
        design = LossModel().design(small_war.evidence(), small_war.conflict(), block)
    density = Density(design)
    return density, Whitened(density, approximate(density))


def points(size):
    rng = np.random.default_rng(3)
    return [spread * rng.standard_normal(size) for spread in (0.3, 1.0, 1.5)]


def test_the_gradient_is_that_of_the_value(whitened):
    _, coordinates = whitened
    rng = np.random.default_rng(4)
    for x in points(coordinates.size):
        gradient = coordinates(x)[1]
        step = 1e-5 * rng.standard_normal(coordinates.size)
        rise = coordinates(x + step)[0] - coordinates(x - step)[0]
        assert rise == pytest.approx(2 * gradient @ step, rel=1e-4, abs=1e-7)


def test_the_density_of_the_coordinates_has_the_volume_of_the_map(whitened):
    density, coordinates = whitened

    def left_out(x):
        """What is missing of density plus log volume; the same constant everywhere."""
        steps = 1e-5 * np.eye(coordinates.size)
        columns = [(coordinates.theta(x + s) - coordinates.theta(x - s)) / 2e-5 for s in steps]
        volume = np.linalg.slogdet(np.stack(columns, axis=1))[1]
        return density(coordinates.theta(x))[0] + volume - coordinates(x)[0]

    found = [left_out(x) for x in [np.zeros(coordinates.size), *points(coordinates.size)]]
    np.testing.assert_allclose(found, found[0], rtol=0, atol=1e-4)


def test_a_share_that_bends_the_others_has_a_curve():
    claims = load_claims()
    evidence = collect_evidence(claims, as_of=pd.Timestamp("2022-09-01"))
    density = Density(LossModel().design(evidence, claims.conflict))
    coordinates = Whitened(density, approximate(density))
    names = [
        name
        for name, places in density.design.layout.groups.items()
        if places.start in coordinates.curved
    ]
    assert any(name.startswith("definition") for name in names)
    i = coordinates.curved[[n.startswith("definition") for n in names].index(True)]
    along = np.zeros(coordinates.size)
    along[i] = 2.0
    # On the curve all others are where the density is highest.
    rest = coordinates._rest
    assert np.linalg.norm(coordinates(along)[1][rest]) < 0.5


class Normal:
    """A density that is known: correlated normals."""

    def __init__(self, covariance):
        self.size = len(covariance)
        self.root = np.linalg.cholesky(covariance)
        self.precision = np.linalg.inv(covariance)

    def theta(self, x):
        return x

    def __call__(self, x):
        slope = self.precision @ x
        return -0.5 * x @ slope, -slope


def test_draws_have_the_moments_of_a_known_density():
    covariance = np.array([[1.0, 0.6, 0.0], [0.6, 2.0, 0.3], [0.0, 0.3, 0.5]])
    normal = Normal(covariance)
    first = sample(normal, draws=500, tune=200, chains=2, seed=1)
    both = first.then(sample(normal, draws=500, tune=50, chains=2, seed=2, earlier=first))
    assert both.theta.shape == (2, 1000, 3)
    assert both.gradients > first.gradients > 2 * 700
    np.testing.assert_array_equal(both.last, both.theta[:, -1])
    draws = both.theta.reshape(-1, 3)
    sd = np.sqrt(np.diag(covariance))
    # 2,000 draws, of which at least a quarter are worth an independent one: four standard errors.
    assert (np.abs(draws.mean(axis=0)) < 4 * sd / np.sqrt(500)).all()
    ratio = np.cov(draws.T) / covariance.clip(0.05)
    np.testing.assert_allclose(np.diag(ratio), 1.0, atol=4 * np.sqrt(2 / 500))


def test_chains_go_on_from_where_they_stood():
    normal = Normal(np.eye(2))
    first = sample(normal, draws=20, tune=20, chains=2, seed=1)
    far = type(first)(first.theta, first.last + 1000.0, 0, 0)
    then = sample(normal, draws=2, tune=1, chains=2, seed=2, earlier=far)
    assert (then.theta > 100).any(), "a chain of two draws cannot have come back"
