"""Wars of another make: each departure does what its arm says, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from lossmodel.errors import UsageError
from lossmodel.evaluation.arms import (
    ALL,
    ARM_SIZE,
    ARMS,
    known_arms,
    score_arms,
    war_seeds,
)
from lossmodel.evaluation.departures import DepartureDraws, Departures, together
from lossmodel.evaluation.scores import interval_score
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.targets import PLAIN, misses
from lossmodel.evaluation.templates import Size
from lossmodel.model.priors import Priors

SMALL = Size(days=(60, 80), claimants=(5, 6), claims=(24, 30))
AT = np.arange(101.0)


def draws(seed: int = 1, **sizes: object) -> DepartureDraws:
    return DepartureDraws(Departures(**sizes), np.random.default_rng(seed))


def test_a_jump_is_one_step_of_its_size_in_the_middle_third():
    for seed in range(20):
        steps = np.diff(draws(seed, jump=1.5).path(AT, 0.0, 99.0))
        days = np.flatnonzero(steps)
        assert len(days) == 1
        assert 33 <= days[0] <= 66
        assert np.exp(abs(steps[days[0]])) == pytest.approx(1.5)


def test_a_ramp_grows_steadily_and_stays():
    path = draws(ramp=2.0).path(AT, 20.0, 60.0)
    assert (path[:21] == 0).all()
    assert np.exp(np.abs(path[60:])) == pytest.approx(2.0)
    assert np.diff(path)[20:60] == pytest.approx(path[60] / 40)


def test_both_signs_occur():
    ends = [draws(seed, ramp=2.0).path(AT, 0.0, 100.0)[-1] for seed in range(40)]
    assert {float(x) for x in np.sign(ends)} == {-1.0, 1.0}


def test_a_stream_with_one_day_does_not_change():
    assert not draws(jump=1.5, ramp=2.0).path(AT, 7.0, 7.0).any()


def test_a_role_has_one_centre():
    centre = draws(centre=1.5)
    assert centre.centre("self") == centre.centre("self")
    assert np.exp(abs(centre.centre("adversary"))) == pytest.approx(1.5)


def test_heavy_tails_keep_the_quartiles():
    z = np.random.default_rng(1).standard_normal(20_000)
    heavy = np.array([draws(tail_df=3.0).deviation(x, 1.0) for x in z[:4000]])
    quartiles = np.quantile(heavy, [0.25, 0.75])
    assert quartiles == pytest.approx(np.quantile(z[:4000], [0.25, 0.75]), abs=0.02)
    scale = stats.norm.ppf(0.75) / stats.t(3).ppf(0.75)
    assert stats.kstest(heavy / scale, stats.t(3).cdf).pvalue > 0.01
    assert stats.kstest(heavy, "norm").pvalue < 0.01


def test_coverage_is_uniform_between_its_limits():
    prior = Priors.default()["coverage.level"]
    levels = np.random.default_rng(2).normal(prior.mean, prior.sd, 4000)
    found = expit([draws(coverage=(0.5, 0.95)).coverage_level(x, prior) for x in levels])
    assert stats.kstest(found, stats.uniform(0.5, 0.45).cdf).pvalue > 0.01


def test_the_last_arm_has_every_departure():
    last = ARMS[-1].departures
    assert ARMS[-1].name == ALL
    assert last == together(*(arm.departures for arm in ARMS[1:-1]))
    for arm in ARMS[1:-1]:
        assert together(last, arm.departures) == last
    assert ARMS[0].name == PLAIN
    assert ARMS[0].departures.none


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_a_war_equals_its_sound_twin_but_for_its_departures(arm):
    (seed,) = war_seeds(1, size=SMALL)
    sound = simulate(seed=seed, size=SMALL)
    other = simulate(seed=seed, size=SMALL, departures=arm.departures)
    for one, two in zip(sound.paths, other.paths, strict=True):
        for party in one.rate:
            assert (one.losses(party, "killed") == two.losses(party, "killed")).all()
    same = sound.claims.table.equals(other.claims.table)
    assert same == arm.departures.none


@pytest.mark.slow
def test_relays_are_earlier_totals_of_others_without_a_mark():
    copies = 0
    for seed in war_seeds(6):
        sound = simulate(seed=seed, size=ARM_SIZE)
        relayed = simulate(seed=seed, size=ARM_SIZE, departures=Departures(relayed=0.5))
        before, after = sound.claims.table, relayed.claims.table
        about = ["category", "end", "value"]
        changed = ~(before[about].eq(after[about]) | before[about].isna()).all(axis=1)
        copies += changed.sum()
        for row in after[changed].itertuples():
            assert row.via == ""
            assert row.claimant.startswith("observer")
            earlier = before[(before["published"] < row.published) & (before["party"] == row.party)]
            earlier = earlier[earlier["claimant"] != row.claimant]
            same = earlier[(earlier["category"] == row.category) & (earlier["end"] == row.end)]
            assert len(same)
            middle = same["value"].fillna(np.sqrt(same["low"] * same["high"]))
            own = row.value if row.value == row.value else np.sqrt(row.low * row.high)
            # The coarsest unit of a template is a twentieth of the figure, or the half case.
            assert (np.abs(middle - own) <= np.maximum(0.06 * middle, 0.5)).any()
    assert copies >= 6


def test_an_unknown_arm_is_refused():
    with pytest.raises(UsageError, match="no arm 'spikes'; there are: plain, jumps"):
        known_arms(["spikes"])


def test_seeds_are_of_wars_with_a_list_and_a_third_party():
    for seed in war_seeds(4, size=SMALL):
        streams = simulate(seed=seed, size=SMALL).claims.conflict.streams
        assert "list" in set(streams["accounting"])


@pytest.fixture(scope="module")
def scored():
    return score_arms(2, arms=known_arms([PLAIN, "low coverage"]), size=SMALL, jobs=1)


@pytest.mark.slow
def test_every_arm_has_the_same_wars(scored):
    seeds = scored.wars.groupby("arm")["seed"].agg(lambda own: sorted(set(own)))
    assert seeds[PLAIN] == seeds["low coverage"]
    assert len(seeds[PLAIN]) == 2
    assert scored.failures.empty


@pytest.mark.slow
def test_scores_of_an_arm_are_those_of_its_wars(scored):
    rows = scored.wars[scored.wars["arm"] == "low coverage"]
    line = scored.headlines.set_index("arm").loc["low coverage"]
    by_war = rows.groupby("seed")["covered_95"].mean()
    assert line["covered_95"] == pytest.approx(by_war.mean())
    assert line["se_95"] == pytest.approx(by_war.std() / np.sqrt(2))
    plain = scored.wars.loc[scored.wars["arm"] == PLAIN, "width"].median()
    assert line["relative_width"] == pytest.approx(rows["width"].median() / plain)
    assert line["bias"] == pytest.approx((rows["median"] - rows["truth"]).mean())
    expected = rows["width"].where(rows["covered_95"])
    inside = rows["covered_95"].to_numpy(dtype=bool)
    assert rows["interval_score"][inside].to_numpy() == pytest.approx(expected[inside])
    assert (rows["interval_score"][~inside] > rows["width"][~inside]).all()


def test_the_interval_score_is_best_for_the_right_interval():
    truth = np.random.default_rng(3).standard_normal(4000)
    mean = {
        sd: np.mean([interval_score(-1.96 * sd, 1.96 * sd, x, 0.95) for x in truth])
        for sd in (0.7, 1.0, 1.4)
    }
    assert mean[1.0] == min(mean.values())


def test_no_war_is_an_empty_table():
    assert score_arms(0).wars.equals(pd.DataFrame())


@pytest.mark.parametrize(
    ("arm", "covered", "width", "words"),
    [
        (PLAIN, 0.95, 1.0, ""),
        (PLAIN, 0.91, 1.0, "does not cover 92% to 98%"),
        (PLAIN, 0.99, 1.0, "does not cover 92% to 98%"),
        ("ramps", 0.90, 1.3, ""),
        ("ramps", 0.89, 1.4, "covers less than 90%, wider than 1.3 times"),
    ],
)
def test_a_target_that_is_missed_is_said(arm, covered, width, words):
    assert misses({"arm": arm, "covered_95": covered, "relative_width": width}) == words
