import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from benchmarks import history as script
from benchmarks import pairs
from lossmodel.evaluation.claim_template import KILLED
from lossmodel.evaluation.pairs import score_pairs
from lossmodel.importers.datasets import data_dir
from lossmodel.model import history, history_tables
from lossmodel.model.armies import analyse_lethality
from lossmodel.model.history_variance import pool_variance, within_variance
from lossmodel.model.priors import Priors

TABLE, ARMIES = history_tables.read_clusters(), history_tables.read_armies()
BY_KEY = {(bias.role, bias.category_class): bias for bias in history.analyse(TABLE)}


def _wars(rng, *, wars=16, mean=0.8, tau_cluster=0.3, tau_claimant=0.4, n=4, sigma=0.3):
    """Two claimants per war, all adversaries counting equipment."""
    cluster = np.repeat(np.arange(wars), 2)
    centre = mean + rng.normal(0, tau_cluster, wars)[cluster]
    bias = centre + rng.normal(0, tau_claimant, 2 * wars)
    pairs = bias[:, None] + rng.normal(0, sigma, (2 * wars, n))
    return pd.DataFrame(
        {
            "cluster": [f"war {i}" for i in cluster],
            "claimant": [f"claimant {i}" for i in range(2 * wars)],
            "role": "adversary",
            "class": "equipment",
            "n": n,
            "sourced": n,
            "low_trust": 0,
            "mean_log_ratio": pairs.mean(axis=1),
            "sd_log_ratio": pairs.std(axis=1, ddof=1),
            "count_var": 0.0,
            "trust_var": 0.0,
            "lag_days": np.nan,
        }
    )


def _equipment(table, **settings):
    return history.analyse(table, **settings)[1]


def test_known_wars_are_recovered():
    biases = [_equipment(_wars(np.random.default_rng(s)), selection=False) for s in range(30)]
    z = [(bias.mean - 0.8) / bias.mean_sd for bias in biases]
    assert abs(np.mean(z)) < 0.7
    assert 0.5 < np.std(z) < 1.6
    assert np.mean([bias.tau_cluster for bias in biases]) == pytest.approx(0.3, abs=0.1)
    assert np.mean([bias.tau_claimant for bias in biases]) == pytest.approx(0.4, abs=0.08)


def test_a_bias_that_is_not_there_is_not_found():
    bias = _equipment(_wars(np.random.default_rng(3), mean=0.0), selection=False)
    assert abs(bias.mean) < 3 * bias.mean_sd
    assert abs(bias.mean - 0.8) > 4 * bias.mean_sd


def test_variation_between_wars_is_separated_from_that_between_claimants():
    rng = np.random.default_rng(5)
    wars = _equipment(_wars(rng, tau_cluster=0.8, tau_claimant=0.1))
    claimants = _equipment(_wars(rng, tau_cluster=0.1, tau_claimant=0.8))
    assert wars.tau_cluster > 2 * wars.tau_claimant
    assert claimants.tau_claimant > 2 * claimants.tau_cluster


def test_the_grid_agrees_with_draws_from_the_prior():
    """Importance sampling of every unknown, mu included, gives the same posterior."""
    table = TABLE[TABLE["role"].eq("self") & TABLE["class"].eq("civilian")]
    variance = within_variance(TABLE, "self", "civilian")
    rng = np.random.default_rng(11)
    draws = 400_000
    mu = rng.normal(0, history.MEAN_SD, draws)
    tau_cluster, tau_claimant = np.abs(rng.normal(0, history.TAU_SD, (2, draws)))
    clusters = pd.factorize(table["cluster"])[0]
    u = tau_cluster[:, None] * rng.normal(size=(draws, clusters.max() + 1))
    noise = (variance / table["n"] + table["count_var"] + table["trust_var"]).to_numpy()
    sd = np.sqrt(noise + tau_claimant[:, None] ** 2)
    z = (table["mean_log_ratio"].to_numpy() - mu[:, None] - u[:, clusters]) / sd
    log_weight = -(np.log(sd) + z**2 / 2).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    bias = {(b.role, b.category_class): b for b in history.analyse(TABLE, selection=False)}[
        "self", "civilian"
    ]
    assert bias.mean == pytest.approx(weight @ mu, abs=0.02)
    assert bias.mean_sd == pytest.approx(np.sqrt(weight @ mu**2 - (weight @ mu) ** 2), abs=0.02)
    assert bias.tau_claimant == pytest.approx(np.sqrt(weight @ tau_claimant**2), abs=0.02)
    assert bias.tau_cluster == pytest.approx(np.sqrt(weight @ tau_cluster**2), abs=0.02)


def test_the_spread_of_one_claimant_is_that_of_its_role_and_class():
    rows = _wars(np.random.default_rng(6), sigma=0.1)
    wild = _wars(np.random.default_rng(7), sigma=0.9).assign(role="self", **{"class": "person"})
    both = pd.concat([rows, wild])
    own = within_variance(both, "adversary", "equipment")
    shared = (0.1**2 + 0.9**2) / 2
    assert own == pytest.approx((96 * 0.1**2 + 4 * shared) / 100, rel=0.3)
    assert within_variance(both, "self", "person") == pytest.approx(0.9**2, rel=0.3)
    # A role and class without a repeated claim has that of all.
    assert within_variance(both, "self", "civilian") == pytest.approx(pool_variance(both))


def test_a_pair_of_low_trust_does_not_widen_the_spread_of_others():
    rows = _wars(np.random.default_rng(8))
    rows.loc[0, ["sd_log_ratio", "low_trust"]] = 5.0, 1
    assert pool_variance(rows) == pytest.approx(pool_variance(rows.drop(index=0)))


def test_the_order_of_rows_and_the_names_do_not_matter():
    shuffled = TABLE.sample(frac=1, random_state=2).assign(
        cluster=lambda t: t["cluster"].str[::-1], claimant="x"
    )
    for before, after in zip(history.analyse(TABLE), history.analyse(shuffled), strict=True):
        assert after.mean == pytest.approx(before.mean, abs=1e-9)
        assert after.sd == pytest.approx(before.sd, abs=1e-9)


def test_inverting_every_ratio_inverts_the_bias():
    mirrored = TABLE.assign(mean_log_ratio=-TABLE["mean_log_ratio"])
    for before, after in zip(history.analyse(TABLE), history.analyse(mirrored), strict=True):
        assert after.mean == pytest.approx(-before.mean)
        assert after.sd == pytest.approx(before.sd)


def test_the_correction_for_selection_moves_towards_the_truth_and_widens():
    plain = history.analyse(TABLE, selection=False)
    for bias, raw in zip(history.analyse(TABLE), plain, strict=True):
        assert abs(bias.mean) < abs(raw.mean)
        assert np.sign(bias.mean) == np.sign(raw.mean)
        assert bias.mean_sd > raw.mean_sd


def test_the_correction_is_that_of_selected_cases():
    """Cases drawn in proportion to exp(a |log ratio|), a uniform, are off by the correction."""
    rng = np.random.default_rng(7)
    mean, tau = 1.2, 0.6
    cases = rng.normal(mean, tau, 200_000)
    shift = []
    for a in rng.uniform(0, 1, 400):
        weight = np.exp(a * np.abs(cases))
        shift.append(np.average(cases, weights=weight) - mean)
    moved, widened = history._allow_for_selection(mean, 0.0, tau**2)
    assert mean - moved == pytest.approx(np.mean(shift), rel=0.1)
    assert widened == pytest.approx(np.std(shift), rel=0.1)


@pytest.mark.parametrize("cluster", sorted(set(TABLE["cluster"])))
def test_no_row_of_a_war_that_is_left_out_enters(cluster):
    kept = history_tables.keep_clusters(TABLE, cluster)
    assert cluster not in set(kept["cluster"])
    assert len(kept) < len(TABLE)
    spoilt = TABLE.assign(
        mean_log_ratio=TABLE["mean_log_ratio"].where(TABLE["cluster"] != cluster, 1e6)
    )
    assert history.analyse(history_tables.keep_clusters(spoilt, cluster)) == history.analyse(kept)


@pytest.mark.slow
def test_a_war_is_scored_by_the_others():
    scores = script.score_wars(TABLE)
    assert set(scores["cluster"]) <= set(TABLE["cluster"])
    spoilt = TABLE["cluster"] == "Kosovo 1999"
    moved = TABLE.assign(mean_log_ratio=TABLE["mean_log_ratio"] + 2.0 * spoilt)
    again = script.score_wars(moved)
    own = scores["cluster"] == "Kosovo 1999"
    columns = ["expected", "sd"]
    pd.testing.assert_frame_equal(again.loc[own, columns], scores.loc[own, columns])
    assert np.allclose(again.loc[own, "history"], scores.loc[own, "history"] + 2)
    assert not np.allclose(again.loc[~own, "expected"], scores.loc[~own, "expected"])


def test_a_late_count_of_ones_own_soldiers_is_expected_to_be_nearer_the_truth():
    late = TABLE[(TABLE["role"] == "self") & (TABLE["class"] == "person")].head(1)
    late = late.assign(lag_days=3 * history.SETTLING_DAYS)
    # Pairs without noise, which moves the median of a skewed bias, though not its mean.
    late = late.assign(n=10**9, count_var=0.0, trust_var=0.0)
    rows = pd.concat([late.assign(lag_days=0), late])
    scores = script.score_wars(TABLE, rows)
    assert scores["expected"].iloc[1] == pytest.approx(scores["expected"].iloc[0] / 2)
    assert scores["sd"].iloc[1] < scores["sd"].iloc[0]
    median = np.log(score_pairs(rows)["median"])
    assert median.iloc[1] == pytest.approx(median.iloc[0] / 2, rel=1e-3)


def test_a_family_without_a_row_falls_back_to_its_prior():
    bias = history.analyse(TABLE[TABLE["role"] == "self"], selection=False)[0]
    assert (bias.mean, bias.n, bias.clusters) == (0, 0, 0)
    assert bias.mean_sd == pytest.approx(history.MEAN_SD)


def test_more_wars_narrow_the_mean():
    rng = np.random.default_rng(1)
    few, many = (_equipment(_wars(rng, wars=wars)) for wars in (4, 24))
    assert many.mean_sd < few.mean_sd


def test_the_shipped_table_is_sound():
    assert not TABLE.duplicated(["cluster", "claimant", "role", "class"]).any()
    assert (TABLE["sourced"] <= TABLE["n"]).all()
    assert TABLE.loc[TABLE["n"] > 1, "sd_log_ratio"].notna().all()
    assert TABLE.loc[TABLE["n"] == 1, "sd_log_ratio"].isna().all()
    assert TABLE["sources"].notna().all()
    assert not TABLE["cluster"].str.contains("COVID|Ukrain", regex=True).any()


def test_the_shipped_table_follows_from_the_pairs(shared):
    made = pairs.summarise(pairs.read_pairs(shared), script.SOURCES | script.sources())
    written = (data_dir() / "history" / "clusters.csv").read_text(encoding="utf-8")
    assert made.to_csv(index=False, lineterminator="\n") == written


def test_pairs_that_inform_no_role_stay_out(shared):
    kept = pairs.read_pairs(shared)
    single = pd.read_csv(shared / pairs.LIST)
    wars = pd.concat([pd.read_csv(shared / path) for path in pairs.WARS])
    additions = pd.read_csv(pairs.ADDITIONS)
    zeros = sum(
        (found == 0).sum() for found in (single["actual"], wars["truth"], additions["actual"])
    )
    # five of the pandemic, one list of names, one relay, and one without a later figure
    assert len(single) + len(wars) + len(additions) - len(kept) == 7 + zeros + 1
    assert np.isfinite(kept["log_ratio"]).all()
    assert kept["claimant"].notna().all()
    assert not kept.duplicated(["case", "log_ratio"]).any()
    assert set(additions["cluster"]) <= set(TABLE["cluster"])


def test_a_later_figure_of_zero_is_scored_without_its_war():
    zeros = pairs.read_zero_truths()
    assert zeros["mean_log_ratio"].tolist() == pytest.approx(np.log([4, 8, 16]))
    scores = script.score_wars(TABLE, zeros)
    assert len(scores) == len(zeros) == 3
    without = TABLE[~TABLE["cluster"].isin(zeros["cluster"])]
    for row, bias in zip(scores.itertuples(), history.analyse(without)[1:2] * 3, strict=True):
        assert row.expected == pytest.approx(bias.mean)
        assert row.sd**2 > bias.sd**2 + 4.9, "half a case says little"


def test_the_readme_counts_what_is_there():
    text = (data_dir() / "history" / "README.md").read_text(encoding="utf-8")
    assert f"{TABLE['n'].sum()} pairs" in text
    assert f"from {TABLE['cluster'].nunique()} wars" in text


def test_the_single_pairs_are_sound():
    added = pd.read_csv(pairs.ADDITIONS)
    assert not added.duplicated(["cluster", "role", "category", "claimed", "actual"]).any()
    assert set(added["role"]) <= set(pairs.ROLES)
    assert set(added["class"]) <= set(pairs.CLASSES.values())
    assert added[["sourced", "low_trust"]].dtypes.eq(bool).all()
    assert (added["claimed"] > 0).all()
    assert (added["actual"] >= 0).all()
    assert (added["lag_days"].dropna() >= 0).all()


def _three(low_trust):
    return pd.DataFrame(
        {
            "cluster": "war", "claimant": "one", "role": "self", "class": "person",
            "log_ratio": [0.0, 0.0, 1.0], "count_var": 0.1, "sourced": True,
            "low_trust": low_trust, "lag_days": [3, None, 10],
        }
    )  # fmt: skip


def test_a_pair_of_low_trust_weighs_a_quarter_and_adds_variance():
    row = pairs.summarise(_three([False, False, True]), {}).iloc[0]
    assert row["mean_log_ratio"] == pytest.approx(0.25 / 2.25, abs=1e-4)
    assert row["trust_var"] == pytest.approx((0.5 * 0.25 / 2.25) ** 2, abs=1e-4)
    assert (row["n"], row["low_trust"], row["lag_days"]) == (3, 1, 6)
    trusted = pairs.summarise(_three([False] * 3), {}).iloc[0]
    assert trusted["mean_log_ratio"] == pytest.approx(1 / 3, abs=1e-4)
    assert trusted["trust_var"] == 0
    assert trusted["count_var"] == pytest.approx(0.1 / 3, abs=1e-4)
    doubtful = pairs.summarise(_three([True] * 3), {}).iloc[0]
    assert doubtful["trust_var"] == pytest.approx(0.25), "a fault in common does not average out"


def test_one_claimant_far_out_does_not_set_the_spread():
    far = _wars(np.random.default_rng(4))
    spreads = []
    for value in (0.8, 4.0, 40.0):
        far.loc[0, "mean_log_ratio"] = value
        bias = _equipment(far, selection=False)
        spreads.append(np.hypot(bias.tau_cluster, bias.tau_claimant))
    assert spreads[0] < spreads[1] == spreads[2] < 1.6 * spreads[0]


def test_low_trust_weakens_a_row():
    far = _wars(np.random.default_rng(2), wars=6)
    far.loc[0, "mean_log_ratio"] = 2.0
    doubted = far.assign(trust_var=np.where(far.index == 0, 0.25, 0.0))
    assert _equipment(doubted, selection=False).mean < _equipment(far, selection=False).mean


@pytest.mark.parametrize(("error", "sd"), [(0.0, 1.0), (1.3, 0.4), (-2.0, 0.7)])
def test_the_probability_score_is_the_integral_of_its_definition(error, sd):
    x = np.linspace(-12, 12, 400_001)
    step = norm.cdf(x, scale=sd) - (x >= error)
    assert script.crps(error, sd) == pytest.approx(np.trapezoid(step**2, x), abs=1e-4)


def test_a_sharp_prediction_scores_its_absolute_error():
    assert script.crps(-0.7, 1e-6) == pytest.approx(0.7, abs=1e-5)


def test_the_first_rows_are_predicted_without_their_war():
    first = pd.read_csv(script.FIRST)
    assert len(first) == 18
    assert set(first["role"]) == {"adversary"}
    scores = script.score_wars(TABLE, first)
    assert len(scores) == 18
    whole = TABLE.loc[TABLE["cluster"] != "Kosovo 1999"]
    again = script.score_wars(
        pd.concat([whole, TABLE[TABLE["cluster"] == "Kosovo 1999"].assign(mean_log_ratio=9.0)]),
        first[first["cluster"] == "Kosovo 1999"],
    )
    own = scores[scores["cluster"] == "Kosovo 1999"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, own)


def _armies(rng, *, wars=30, mean=-1.2, between=0.4, within=0.3):
    """Two armies per war."""
    cluster = np.repeat(np.arange(wars), 2)
    logs = mean + rng.normal(0, between, wars)[cluster] + rng.normal(0, within, 2 * wars)
    wounded = np.full(2 * wars, 3_000)
    return pd.DataFrame(
        {
            "cluster": [f"war {i}" for i in cluster],
            "killed": rng.poisson(wounded * np.exp(logs)),
            "wounded": wounded,
        }
    )


@pytest.mark.parametrize(("between", "within"), [(0.4, 0.3), (0.1, 0.6)])
def test_the_lethality_of_armies_of_known_wars_is_recovered(between, within):
    found = [
        analyse_lethality(_armies(np.random.default_rng(s), between=between, within=within))
        for s in range(20)
    ]
    assert np.mean([f["mean"] for f in found]) == pytest.approx(-1.2, abs=0.06)
    # Beside both spreads the mean itself is uncertain by about an eighth of them.
    assert np.mean([f["sd"] for f in found]) == pytest.approx(np.hypot(between, within), rel=0.12)


@pytest.mark.slow
def test_small_counts_are_no_spread_of_lethality():
    rng = np.random.default_rng(5)
    expected = pd.DataFrame({"cluster": np.arange(200).astype(str), "killed": 8, "wounded": 24})
    found = analyse_lethality(
        expected.assign(killed=rng.poisson(8, 200).clip(1), wounded=rng.poisson(24, 200).clip(1))
    )
    assert found["sd"] < 0.25


def test_armies_are_predicted_by_the_other_wars():
    z = []
    for cluster, rows in ARMIES.groupby("cluster"):
        found = analyse_lethality(ARMIES[ARMIES["cluster"] != cluster])
        z += list((np.log(rows["killed"] / rows["wounded"]) - found["mean"]) / found["sd"])
    assert np.sqrt(np.mean(np.square(z))) == pytest.approx(1, abs=0.15)
    assert 0.85 < np.mean(np.abs(z) < norm.ppf(0.975)) < 1
    # The judgement of before, 0.27 with an sd of 0.45, is too narrow for them.
    before = (np.log(ARMIES["killed"] / ARMIES["wounded"]) - np.log(0.27 / 0.73)) / 0.45
    assert np.mean(np.abs(before) < norm.ppf(0.975)) < 0.9


@pytest.mark.parametrize("war", ["Panama 1989", "winter-war", "Iraq 2003-09"])
def test_a_war_that_is_left_out_does_not_inform_lethality(war, monkeypatch):
    prior = Priors.from_history(war)["lethality.level"]
    assert prior != Priors.default()["lethality.level"]
    left_out = history_tables.find_clusters(war, ARMIES["cluster"])
    moved = ARMIES.assign(killed=ARMIES["killed"].where(~ARMIES["cluster"].isin(left_out), 1))
    monkeypatch.setattr(history_tables, "read_armies", lambda: moved)
    assert Priors.from_history(war)["lethality.level"] == prior
    assert Priors.default()["lethality.level"] != prior


def test_the_templates_of_simulated_wars_have_the_lethality_of_the_prior():
    assert Priors.default()["lethality.level"].median == pytest.approx(KILLED, abs=0.005)
