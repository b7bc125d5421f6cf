"""Levels that are held: figures stay where they are, volume and gradient, and chains that mix."""

import numpy as np
import pytest

from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference import importance
from lossmodel.inference.importance import weighted_draws
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.laplace.levels import LARGEST, Levels, _Level, slope_of_level
from lossmodel.inference.nuts.coupling import Coupled
from lossmodel.inference.nuts.figures import Counts, counts
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.sampling import sample_through_gate
from lossmodel.model import LossModel
from lossmodel.model.density.curvature import clipped_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.priors import Priors
from tests.small_conflict import claims_csv, write_conflict

# Totals of eleven weeks, with no figure for a part of them.
WAR, SUBMODEL = "kosovo1999", "tanks"
LIST = {
    "claim_id": "c", "claimant": "gazette", "party": "land", "category": "killed",
    "kind": "cumulative", "start": "", "end": "2003-12-31", "known": "2004-12-31",
    "published": "2004-12-31", "value": "6480",
}  # fmt: skip


@pytest.fixture(scope="module")
def fitted():
    claims = load_claims(conflict=WAR)
    design = LossModel().design(collect_evidence(claims), claims.conflict, SUBMODEL)
    density = Density(design)
    return density, approximate(density, diagnose=False)


@pytest.fixture(scope="module")
def one_list(tmp_path_factory):
    """A single count of a list of three years, of which all else is known from the prior."""
    folder = write_conflict(tmp_path_factory.mktemp("list"), claims=claims_csv([LIST]))
    claims = load_claims(conflict=folder)
    density = Density(LossModel().design(collect_evidence(claims), claims.conflict))
    return density, approximate(density, diagnose=False)


def draws(laplace, size, seed):
    x = np.random.default_rng(seed).standard_normal((size, len(laplace.mode)))
    return laplace.mode + x @ laplace.covariance_root.T


@pytest.fixture(scope="module")
def held(fitted):
    density, laplace = fitted
    return HeldLevels(counts(density, laplace.mode))


def test_levels_that_hardly_bend_are_not_held(fitted, held):
    density, laplace = fitted
    assert held.bent(draws(laplace, 100, 1))
    assert not held.bent(laplace.mode + np.zeros((3, density.size)))


@pytest.mark.parametrize("group", ["coverage.level 0", "missing.level land", "delay.median 0"])
def test_a_figure_is_linear_in_each_unknown_where_the_level_is_held(one_list, group):
    density, laplace = one_list
    mode, held = laplace.mode, HeldLevels(counts(density, laplace.mode))
    away = np.zeros(density.size)
    away[density.design.parameters.groups[group]] = 1.5
    both = mode + np.array([away, -away])

    def bend(theta):
        """Of the log of the only figure's expectation, from a straight line."""
        ends = density.predictions(theta).log_expected[:, 0]
        return float(ends.mean() - density.predictions(mode).log_expected[0])

    # What is left is the share of the prior in the precision of the level.
    entry = density.design.parameters.groups["rate.level land"].start
    figure = float(clipped_curvature(density.model, density.evaluate(mode))[0])
    figure *= slope_of_level(density.design, entry) ** 2
    left = bend(held.move(both, both)[0])
    assert left == pytest.approx(bend(both) / (1 + figure), rel=1e-3)
    assert abs(left) < 1e-4 * abs(bend(both))
    assert abs(bend(both)) > 0.01


@pytest.fixture(scope="module")
def list_and_ledger(tmp_path_factory):
    """A list of three years, and an enemy's count of one month that is far above it."""
    month = {
        "claim_id": "m", "claimant": "sea-staff", "party": "land", "category": "killed",
        "kind": "period", "start": "2002-03-01", "end": "2002-03-31", "value": "3000",
        "published": "2002-04-15",
    }  # fmt: skip
    streams = ("gazette,land,killed,list", "sea-staff,land,killed,ledger")
    table = "\n".join(["claimant,party,category,accounting", *streams, ""])
    folder = write_conflict(
        tmp_path_factory.mktemp("both"), claims=claims_csv([LIST, month]), streams=table
    )
    claims = load_claims(conflict=folder)
    density = Density(LossModel().design(collect_evidence(claims), claims.conflict))
    return density, approximate(density, diagnose=False)


def test_figures_of_two_claimants_are_both_held(list_and_ledger):
    """The level follows the list and the bias the difference: held alone, it leaves a tenth."""
    density, laplace = list_and_ledger
    held = HeldLevels(counts(density, laplace.mode))
    away = np.zeros(density.size)
    away[density.design.parameters.groups["rate.walk land"]] = 1.0
    both = laplace.mode + np.array([away, -away])

    def bends(theta):
        return np.abs(
            density.predictions(theta).log_expected.mean(axis=0)
            - density.predictions(laplace.mode).log_expected
        )

    assert (bends(held.move(both, both)[0]) < 0.02 * bends(both).max()).all()
    assert bends(both).max() > 0.01
    level = {density.design.parameters.groups["rate.level land"].start}
    moved = held.move(both, both)[0]
    others = [i for i in range(density.size) if i not in level]
    moved[:, others] = both[:, others]
    assert bends(moved).max() > 0.02 * bends(both).max()


@pytest.mark.parametrize("war", ["gaza2008", "kargil1999"])
def test_slopes_by_levels_are_those_of_the_figures(war):
    """Gaza has a daily count of a sum of parties, whose biases have their shares of it."""
    claims = load_claims(conflict=war)
    density = Density(LossModel().design(collect_evidence(claims), claims.conflict, "person"))
    mode = approximate(density, diagnose=False).mode
    of = counts(density, mode)
    slopes = (of.by_levels() + of.by_biases()).toarray()
    figures = np.flatnonzero(of.information)
    entries = np.flatnonzero(np.abs(slopes).sum(axis=0))
    assert len(entries) > 5
    steps = 1e-4 * np.eye(density.size)[entries]
    ends = [density.predictions(mode + sign * steps).log_expected for sign in (1, -1)]
    expected = (ends[0] - ends[1]).T / 2e-4
    np.testing.assert_allclose(slopes[figures][:, entries], expected[figures], atol=1e-6)


def test_draws_are_moved_by_q(fitted, held):
    theta = draws(fitted[1], 20, 2)
    moved, volume, _ = held.move(theta, np.ones_like(theta))
    assert volume == 0.0
    changed = np.flatnonzero(np.abs(moved - theta).max(axis=0))
    assert len(changed) == held.excess(theta).shape[1] > 0
    assert np.abs(moved - theta).max() > 0.1


@pytest.mark.parametrize("of", ["fitted", "one_list"])
def test_the_volume_is_one(of, request):
    density, laplace = request.getfixturevalue(of)
    held = HeldLevels(counts(density, laplace.mode))
    theta = draws(laplace, 1, 3)[0]
    steps = 1e-5 * np.eye(len(theta))
    slopes = [
        (held.move(theta + s, theta)[0] - held.move(theta - s, theta)[0]) / 2e-5 for s in steps
    ]
    assert np.linalg.slogdet(np.stack(slopes)) == pytest.approx((1.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("of", ["fitted", "one_list"])
def test_the_gradient_is_that_of_the_value(of, request):
    density, laplace = request.getfixturevalue(of)
    held = HeldLevels(counts(density, laplace.mode))
    coupled, rng = Coupled(density, (held,)), np.random.default_rng(4)
    for theta in draws(laplace, 3, 5):
        step = 1e-5 * rng.standard_normal(len(theta))
        rise = coupled(theta + step)[0] - coupled(theta - step)[0]
        assert rise == pytest.approx(2 * coupled(theta)[1] @ step, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(
    "biases",
    [pytest.param(True, id="as held"), pytest.param(False, id="must fail")],
)
@pytest.mark.slow
def test_a_list_and_an_enemys_month_mix_in_one_length(list_and_ledger, monkeypatch, biases):
    """By the seeds 1 to 4: 1.010 to 1.012; where the level alone is held 1.064 to 1.173."""
    if not biases:
        whole = Counts.by_biases
        monkeypatch.setattr(Counts, "by_biases", lambda of, **kind: 0.0 * whole(of, **kind))
    assert (worst(*list_and_ledger) < 1.03) == biases


def hold_nothing(monkeypatch):
    for module, name in (("held_levels", "BENT"), ("held_walks", "BENT_SDS")):
        monkeypatch.setattr(f"lossmodel.inference.nuts.{module}.{name}", np.inf)


def worst(density, laplace):
    """R-hat of hmc after its first length."""
    _, found = sample_through_gate(
        density.design, density, laplace, seed=3, engine="hmc", seconds=0
    )
    return found["max_rhat"]


@pytest.mark.slow
@pytest.mark.parametrize("held", [True, False], ids=["as held", "must fail"])
def test_weights_of_a_list_alone_are_even(one_list, monkeypatch, held):
    """By eight seeds 199 to 6,732 effective draws, half of them above 4,000.

    The twin has levels that follow the walk alone.
    """
    density, laplace = one_list
    if not held:
        monkeypatch.setattr(importance, "HeldLevels", lambda _: Levels(density, laplace.mode))
    found = [weighted_draws(density, laplace, seed=seed).effective for seed in (1, 2, 3)]
    assert (np.median(found) > 1000) == held


@pytest.mark.slow
def test_a_list_alone_mixes_in_one_length(one_list):
    assert worst(*one_list) < 1.02


@pytest.mark.slow
def test_a_list_alone_does_not_mix_where_its_level_is_free(one_list, monkeypatch):
    hold_nothing(monkeypatch)
    assert worst(*one_list) > 1.05


@pytest.mark.slow
def test_sums_of_a_wide_walk_mix_in_one_length_and_do_not_without(monkeypatch):
    wide = {"median": 1.0, "sd": 0.05, "reason": "A walk that bends the sum of its days."}
    claims = load_claims(conflict=WAR)
    model = LossModel(priors=Priors.default().replace({"rate.walk_sd": wide}))
    density = Density(model.design(collect_evidence(claims), claims.conflict, SUBMODEL))
    laplace = approximate(density, diagnose=False)
    # By the seeds 1 to 3: 1.011 to 1.020, and 1.109 to 1.140 without.
    assert worst(density, laplace) < 1.02
    hold_nothing(monkeypatch)
    assert worst(density, laplace) > 1.05


@pytest.mark.parametrize("of", ["one_list", "list_and_ledger"])
def test_reported_shares_are_those_of_the_draws_that_were_moved(of, request):
    density, laplace = request.getfixturevalue(of)
    theta = draws(laplace, 100, 1)
    moved, known = HeldLevels(counts(density, laplace.mode)).hold(theta)
    assert not np.array_equal(moved, theta)
    there = density.model.graph.evaluate({density.model.theta: moved}, density.model.outputs)
    (reported,) = known
    np.testing.assert_allclose(known[reported], there[reported], rtol=1e-12)
    np.testing.assert_allclose(density.values(moved, known), density.values(moved), rtol=1e-12)
    # Levels alone leave them as they are: draws of the other unknowns have others.
    assert not np.allclose(density.values(moved[::-1], known), density.values(moved[::-1]))


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
