"""The sampler: its coordinates are an exact change of variables, its draws those of the density."""

import numpy as np
import pytest
from scipy import stats

from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference.convergence import convergence
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.nuts import sampler, tight_sums, trajectory
from lossmodel.inference.nuts.sampler import sample
from lossmodel.inference.nuts.whitening import Whitened
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from tests import small_war

pytestmark = pytest.mark.filterwarnings(r"ignore:\s*ArviZ is undergoing:FutureWarning")


# Those of all soldiers take ten times as long.
CASES = [
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("small war", "coupled")),
    *("tanks", "battle"),
]


@pytest.fixture(scope="module", params=CASES)
def whitened(request):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "coupled":
            # All streams are known well enough, and have couplings.
            patch.setattr(tight_sums, "WELL_KNOWN", 10.0)
        yield _whitened(request.param)


def _whitened(case):
    if case == "battle":
        claims = load_claims(conflict="battle-of-britain")
        design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    else:
        submodel = "tanks" if case == "tanks" else "person"
        design = LossModel().design(small_war.evidence(), small_war.conflict(), submodel)
    density = Density(design)
    return density, Whitened(density, approximate(density, diagnose=False))


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


def test_many_points_at_once_have_the_values_of_each(whitened):
    _, coordinates = whitened
    x = np.stack(points(coordinates.size))
    values, gradients = coordinates(x)
    for i, theta in enumerate(coordinates.theta(x)):
        value, gradient = coordinates(x[i])
        assert values[i] == pytest.approx(value, rel=1e-11)
        np.testing.assert_allclose(gradients[i], gradient, atol=1e-8)
        np.testing.assert_allclose(theta, coordinates.theta(x[i]), atol=1e-10)


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


@pytest.mark.slow
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


class Skewed:
    """Logs of independent gamma variables, one of them beside a normal that leans on it."""

    size, shape, lean = 4, 3.0, 0.7

    def theta(self, x):
        return x

    def __call__(self, x):
        gammas, rest = x[:3], x[3] - self.lean * x[0]
        grown = np.exp(gammas)
        value = float((self.shape * gammas - grown).sum() - 0.5 * rest**2)
        slope = np.append(self.shape - grown, -rest)
        slope[0] += self.lean * rest
        return value, slope

    def levels(self, theta):
        """What share of their distribution is below the draws: even on (0, 1)."""
        free = np.concatenate([theta[..., :3], theta[..., 3:] - self.lean * theta[..., :1]], axis=2)
        levels = stats.loggamma.cdf(free, self.shape)
        levels[..., 3] = stats.norm.cdf(free[..., 3])
        return levels


def worst(target, seed=1):
    """Largest error of mean level and of shares below quantiles, in standard errors."""
    draws = sample(target, draws=2000, tune=200, chains=2, seed=seed, jobs=1)
    levels = target.levels(draws.theta)
    found = [levels - 0.5, *(1.0 * (levels < q) - q for q in (0.05, 0.25, 0.5, 0.75, 0.95))]
    found = np.concatenate(found, axis=2)
    effective = convergence(found)["ess_bulk"]
    flat = found.reshape(-1, found.shape[2])
    return float(np.max(np.abs(flat.mean(axis=0)) / (flat.std(axis=0) / np.sqrt(effective))))


def test_draws_have_the_quantiles_of_a_skewed_density():
    # The largest of 24 errors, of which four are independent of each other.
    assert worst(Skewed()) < 4


def turned_back(density, state, step):
    """Rotates positions and momenta against each other."""
    right = step_of(density, state, step)
    x = np.cos(step) * state.x - np.sin(step) * state.p
    value, slope = density(x)
    return trajectory.State(x, right.p, value, slope)


def without_the_normal_part(density, state, step):
    """Kicks by the whole gradient, and rotates as if it were not in it."""
    half = state.p + 0.5 * step * state.slope
    x = np.cos(step) * state.x + np.sin(step) * half
    p = np.cos(step) * half - np.sin(step) * state.x
    value, slope = density(x)
    return trajectory.State(x, p + 0.5 * step * slope, value, slope)


step_of = trajectory._step


@pytest.mark.slow
@pytest.mark.parametrize("broken", [turned_back, without_the_normal_part])
def test_a_wrong_step_is_noticed_by_what_it_costs(broken, monkeypatch):
    target = Skewed()
    right = sample(target, draws=100, tune=100, chains=1, seed=1, jobs=1)
    monkeypatch.setattr(trajectory, "_step", broken)
    wrong = sample(target, draws=100, tune=100, chains=1, seed=1, jobs=1)
    assert wrong.steps[0] < right.steps[0] / 3


@pytest.mark.slow
def test_weights_make_good_what_long_steps_get_wrong(monkeypatch):
    monkeypatch.setattr(sampler, "TARGET", 0.4)
    assert worst(Skewed()) < 4
    right = trajectory.State.energy
    monkeypatch.setattr(trajectory.State, "energy", lambda state: 0.1 * right(state))
    assert worst(Skewed()) > 8


class Funnel:
    """Normals whose sd is the exponential of another normal."""

    size = 3

    def theta(self, x):
        return x

    def __call__(self, x):
        z = x[1:] * np.exp(-x[0])
        value = -0.5 * x[0] ** 2 - 0.5 * z @ z - 2 * x[0]
        return float(value), np.append(z @ z - 2 - x[0], -z * np.exp(-x[0]))

    def levels(self, theta):
        """What share of their distribution is below the draws: even on (0, 1)."""
        first = theta[..., :1]
        return stats.norm.cdf(np.concatenate([first, theta[..., 1:] * np.exp(-first)], axis=2))


def never_back(density, state, step):
    """Steps in parts, without a look at how many the way back would need."""
    for halvings in range(trajectory.HALVINGS + 1):
        end, kept, gradients = trajectory._in_parts(density, state, step, halvings)
        if kept:
            break
    return trajectory._Move(end, gradients, whole=kept)


def not_turned_round(move):
    """How many of the steps that end where they lead are not undone by a step back."""
    target, rng = Funnel(), np.random.default_rng(8)
    lost, in_parts = 0, 0
    for _ in range(500):
        x = rng.standard_normal(3)
        x[1:] *= np.exp(x[0])
        start = trajectory.State(x, rng.standard_normal(3), *target(x))
        there = move(target, start, 0.9)
        if there.whole:
            back = move(target, there.state, -0.9)
            in_parts += there.gradients > 1
            lost += not (back.whole and np.allclose(back.state.x, x, rtol=0, atol=1e-8))
    assert in_parts > 50
    return lost


def test_steps_in_parts_can_be_turned_round_only_by_asking_the_way_back(monkeypatch):
    monkeypatch.setattr(trajectory, "TOLERANCE", 0.5)
    assert not_turned_round(trajectory._move) == 0
    assert not_turned_round(never_back) > 20


@pytest.mark.slow
def test_steps_in_parts_keep_the_density(monkeypatch):
    moves, move = [], trajectory._move

    def noted(*given):
        moves.append(move(*given))
        return moves[-1]

    monkeypatch.setattr(trajectory, "TOLERANCE", 0.5)
    monkeypatch.setattr(trajectory, "_move", noted)
    assert worst(Funnel(), seed=3) < 4
    assert np.mean([moved.gradients > 1 for moved in moves]) > 0.1
    assert np.mean([not moved.whole for moved in moves]) > 0.05
    assert np.mean([moved.diverged for moved in moves]) < 1e-3


class Wall(Normal):
    """Half a normal: no step that crosses its edge is short enough."""

    def __call__(self, x):
        return super().__call__(x) if x[0] > 0 else (-np.inf, np.zeros(self.size))


def test_what_no_halving_mends_counts_as_divergent():
    found = sample(Wall(np.eye(2)), draws=100, tune=50, chains=1, seed=3, jobs=1)
    assert 0 < found.divergences <= 100
    assert (found.theta[..., 0] > 0).all()


def test_a_step_can_be_turned_round_and_keeps_volume():
    target, rng = Skewed(), np.random.default_rng(5)

    def step(point, length):
        x, p = np.split(point, 2)
        moved = trajectory._step(target, trajectory.State(x, p, *target(x)), length)
        return np.concatenate([moved.x, moved.p])

    point = 0.5 * rng.standard_normal(2 * target.size)
    np.testing.assert_allclose(step(step(point, 0.4), -0.4), point, atol=1e-12)
    steps = 1e-6 * np.eye(len(point))
    slopes = [(step(point + s, 0.4) - step(point - s, 0.4)) / 2e-6 for s in steps]
    assert np.linalg.det(np.stack(slopes)) == pytest.approx(1.0, abs=1e-6)


def test_a_normal_is_solved_exactly():
    target, rng = Normal(np.eye(50)), np.random.default_rng(6)
    x = rng.standard_normal(50)
    state = trajectory.State(x, rng.standard_normal(50), *target(x))
    moved = trajectory._step(target, state, 1.3)
    assert moved.energy() == pytest.approx(state.energy(), abs=1e-12)


@pytest.mark.slow
def test_a_seed_gives_the_same_draws():
    first, again, other = (
        sample(Skewed(), draws=20, tune=20, chains=2, seed=seed).theta for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()
    assert not np.isclose(first[0], first[1]).any()


@pytest.mark.slow
def test_chains_go_on_from_where_they_stood():
    normal = Normal(np.eye(2))
    first = sample(normal, draws=20, tune=20, chains=2, seed=1)
    far = type(first)(first.theta, first.last + 1000.0, 0, 0)
    then = sample(normal, draws=2, tune=1, chains=2, seed=2, earlier=far)
    assert (then.theta > 100).any(), "a chain of two draws cannot have come back"
