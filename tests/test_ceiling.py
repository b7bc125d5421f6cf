"""The skewed prior of a side's own dead: its moments, and that a war has those of history."""

import numpy as np
import pytest
from scipy.special import ndtr

from lossmodel import fit, load_claims
from lossmodel.model import history, history_tables
from lossmodel.model.ceiling import Ceiling
from lossmodel.model.own_bias import OWN, own_ceiling
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


@pytest.mark.slow
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
        for bias in history.analyse(history_tables.read_clusters())
        if (bias.role, bias.category_class) == ("self", "person")
    )
    assert drawn.mean() == pytest.approx(own.mean, abs=0.02)
    assert drawn.std() == pytest.approx(np.hypot(own.sd, own.tau_claimant), rel=0.1)


@pytest.mark.slow
def test_laplace_is_near_an_exact_engine_where_two_sides_count_their_own(tmp_path):
    """Both totals move the mean of the role: with neither held for the other, 0.24 too high."""
    rows = [
        row(n, claimant=f"{side}-staff", party=side, category="killed", value=1000)
        for n, side in enumerate(("sea", "land"))
    ]
    conflict = write_conflict(
        tmp_path, claims=claims_csv(rows),
        claimants=CLAIMANTS + "land-staff,Staff of the land,land,,,\n",
        streams="claimant,party,category,accounting,method,note\n",
    )  # fmt: skip
    table = load_claims(conflict=conflict)
    exact, near = (fit(table, engine=engine, seed=1) for engine in ("hmc", "laplace"))
    for party in ("sea", "land"):
        logs = [np.log(f.daily(party, "killed").sum(axis=1)) for f in (exact, near)]
        # The sd is 0.4: within a quarter of it.
        assert abs(np.median(logs[0]) - np.median(logs[1])) < 0.1


@pytest.mark.parametrize(("mean", "sd"), [(-0.5, 0.0), (2.0, 0.3), (10.0, 0.3), (-3.0, 0.2)])
def test_printed_limits_of_any_prior_are_those_of_its_draws(mean, sd):
    changes = {"mean": mean, "sd": sd, "reason": "A test."}
    priors = Priors.default().replace({OWN: changes, f"{OWN}.between": {"median": 0.2}})
    median, lower, upper = priors.limits(OWN)
    ceiling = own_ceiling(priors.entries)
    of_side = 0.2 * np.sqrt(priors["bias.side_share"].median)
    expected, spread = ceiling.moments(mean, float(np.hypot(sd, of_side)))
    assert np.log(median) == pytest.approx(expected, abs=0.3 * spread)
    assert 3 * spread < np.log(upper / lower) < 4.2 * spread
    alone = {OWN: changes | {"sd": 0.0}, f"{OWN}.between": {"median": 0.0}}
    assert Priors.default().replace(alone).limits(OWN) == pytest.approx([np.exp(mean)] * 3)


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
