"""The skewed prior of a side's own dead: its moments, and that a war has those of history."""

import numpy as np
import pytest
from scipy.special import log_ndtr, ndtr

from lossmodel import fit, load_claims
from lossmodel.model import history
from lossmodel.model.ceiling import Ceiling
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.priors import Priors
from lossmodel.posterior.stream_figures import log_bias
from tests.odd_tables import row
from tests.small_conflict import claims_csv, write_conflict

CLAIMANTS = """claimant,name,side,url,derived_from,note
sea-staff,Staff of the sea,sea,,,
"""


def accepted(ceiling, mean, sd, n=400_000):
    """Draws of a normal distribution, kept with the chance that they are below the ceiling."""
    rng = np.random.default_rng(1)
    draws = rng.normal(mean, sd, n)
    return draws[rng.random(n) < ndtr((ceiling.at - draws) / ceiling.soft)]


@pytest.mark.parametrize(("mean", "sd"), [(0.05, 0.6), (-0.4, 0.3), (-0.2, 1.0)])
def test_moments_and_quantiles_are_those_of_draws(mean, sd):
    ceiling = Ceiling(0.05, 0.1)
    draws = accepted(ceiling, mean, sd)
    assert ceiling.moments(mean, sd) == pytest.approx((draws.mean(), draws.std()), abs=0.005)
    probabilities = np.array([0.025, 0.5, 0.975])
    found = ceiling.quantiles(mean, sd, probabilities)
    assert found == pytest.approx(np.quantile(draws, probabilities), abs=0.01)


@pytest.mark.parametrize(("mean", "sd"), [(-0.45, 0.35), (-0.45, 0.2), (-1.0, 0.75)])
def test_the_normal_has_the_given_moments_below_the_ceiling(mean, sd):
    ceiling = Ceiling(0.05, 0.1)
    centre, spread = ceiling.normal(mean, sd)
    assert centre <= ceiling.at
    assert ceiling.moments(centre, spread) == pytest.approx((mean, sd), abs=1e-6)


def test_its_mode_is_never_above_the_ceiling():
    # A spread that no normal with its mode below the ceiling has: the mean is met, with less.
    ceiling = Ceiling(0.05, 0.1)
    centre, spread = ceiling.normal(-0.2, 0.9)
    mean, sd = ceiling.moments(centre, spread)
    assert centre == ceiling.at
    assert mean == pytest.approx(-0.2)
    assert sd < 0.9


def test_a_count_above_the_truth_on_average_is_left_as_it_is():
    assert Ceiling(0.05, 0.1).normal(0.3, 0.5) == (0.3, 0.5)


def test_the_bias_of_a_war_has_the_mean_of_history_and_most_of_its_spread(tmp_path):
    rows = [row(0, claimant="sea-staff", category="killed", value=1000)]
    streams = "claimant,party,category,accounting,method,note\n"
    conflict = write_conflict(
        tmp_path, claims=claims_csv(rows), claimants=CLAIMANTS, streams=streams
    )
    priors = Priors.default().replace({"bias.drift_estimate_sd": {"median": 0.001}})
    found = fit(load_claims(conflict=conflict), priors=priors, engine="laplace", draws=20_000)
    drawn = log_bias(found, 0, prior=True)[:, -1]
    (own,) = (
        bias
        for bias in history.analyse(history.read_clusters())
        if (bias.role, bias.category_class) == ("self", "person")
    )
    assert drawn.mean() == pytest.approx(own.mean, abs=0.02)
    assert drawn.std() == pytest.approx(np.hypot(own.sd, own.tau_claimant), rel=0.1)


@pytest.mark.parametrize("sides", [1, 2, 6])
def test_no_prior_depends_on_how_many_sides_count_their_own(sides):
    builder, ceiling = ParameterisationBuilder(), Ceiling(0.05, 0.1)
    role = builder.rows("role", [-0.2])
    builder.independent("role", role, 0.3)
    for number in range(sides):
        side = builder.rows("side", [0.0])
        builder.independent(f"side {number}", side, 0.4)
        rest = (role, 0.4) if number else None
        builder.ceiling(np.concatenate([role, side]), at=0.05, sd=0.1, rest=rest)
    parameters = builder.build()
    values = parameters.values(parameters.draw(np.random.default_rng(1), 100_000))
    shared = values[:, parameters.rows["role"]]
    expected = ceiling.moments(-0.2, 0.5)
    for side in parameters.rows["side"]:
        of_side = shared[:, 0] + values[:, side]
        assert (of_side.mean(), of_side.std()) == pytest.approx(expected, abs=0.006)
    of_role = Ceiling(0.05, np.hypot(0.1, 0.4)).moments(-0.2, 0.3)
    assert (shared.mean(), shared.std()) == pytest.approx(of_role, abs=0.005)
    # The density is that of the draws: weighted, normal draws have the same means.
    free = np.random.default_rng(2).standard_normal((200_000, parameters.size))
    values = parameters.values(free)
    below = log_ndtr(values @ parameters.ceilings.T + parameters.margin) @ parameters.power
    weights = np.exp(below)
    of_sides = values[:, parameters.rows["role"]] + values[:, parameters.rows["side"]]
    assert np.average(of_sides, axis=0, weights=weights) == pytest.approx(expected[0], abs=0.03)


def test_a_prior_far_above_its_ceiling_is_no_crash(tmp_path):
    rows = [row(0, claimant="sea-staff", category="killed", value=1000)]
    streams = "claimant,party,category,accounting,method,note\n"
    conflict = write_conflict(
        tmp_path, claims=claims_csv(rows), claimants=CLAIMANTS, streams=streams
    )
    changes = {"median": 3.0, "sd": 0.05, "reason": "A test."}
    priors = Priors.default().replace({"bias.self.person": changes})
    found = fit(load_claims(conflict=conflict), priors=priors, engine="laplace", draws=100)
    assert np.isfinite(log_bias(found, 0, prior=True)).all()
