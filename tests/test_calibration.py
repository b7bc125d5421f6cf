"""Calibration: bands that hold sound ranks and no others, and wars that are fitted as they were."""

import json

import numpy as np
import pandas as pd
import pytest

from lossmodel.api import fit
from lossmodel.evaluation.calibration import DECLARED, calibrate
from lossmodel.evaluation.predictive_checks import (
    flags,
    misspecification_statistics,
    predictive_table,
)
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import Size
from lossmodel.model.priors import Priors
from lossmodel.plots.ecdf import GRID, band_excess, ecdf_band, ecdf_of

SMALL = Size(days=(80, 120), claimants=(3, 5), claims=(20, 40))


@pytest.fixture(scope="module")
def result(without_weights):
    return calibrate(3, seed=50, size=SMALL, jobs=1)


@pytest.fixture(scope="module")
def fitted(without_weights):
    war = simulate(seed=50, priors=Priors.default(), size=SMALL)
    return fit(war.claims, engine="laplace")


@pytest.mark.parametrize("wars", [50, 400])
def test_a_band_holds_uniform_ranks_as_often_as_it_says(wars):
    rng = np.random.default_rng(wars)
    inside = [band_excess(rng.uniform(size=wars)) <= 0 for _ in range(400)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize(
    "ranks",
    [
        pytest.param(np.random.default_rng(1).beta(0.5, 0.5, 400), id="intervals too narrow"),
        pytest.param(np.random.default_rng(1).beta(2, 2, 400), id="intervals too wide"),
        pytest.param(np.random.default_rng(1).beta(1, 1.5, 400), id="estimates too high"),
    ],
)
def test_a_band_does_not_hold_what_is_not_calibrated(ranks):
    assert band_excess(ranks) > 0


def test_a_widened_band_holds_the_band():
    (low, high), (lower, higher) = ecdf_band(200), ecdf_band(200, widen=0.1)
    assert (lower <= low).all()
    assert (high <= higher).all()


def test_an_ecdf_counts_what_is_below():
    assert ecdf_of(np.array([0.005, 0.5, 0.995]))[[0, 48, 49, 98]] == pytest.approx(
        [1 / 3, 1 / 3, 2 / 3, 2 / 3]
    )
    assert len(GRID) == 99


@pytest.mark.slow
def test_every_war_gives_every_quantity(result):
    assert (result.replicates.groupby("quantity").size() == 3).all()
    assert result.replicates["rank"].between(0, 1).all()
    assert DECLARED in set(result.coverage["quantity"])
    assert result.failures.empty


@pytest.mark.slow
def test_a_rank_is_the_share_of_draws_below_the_truth(result, fitted):
    war = simulate(seed=50, priors=Priors.default(), size=SMALL)
    row = result.replicates[
        (result.replicates["seed"] == 50) & (result.replicates["quantity"] == DECLARED)
    ].iloc[0]
    true = war.paths[0].losses("north", "killed")[: len(fitted.days)].sum()
    assert np.exp(row["truth"]) == pytest.approx(true)
    assert row["rank"] == pytest.approx(
        np.mean(fitted.daily("north", "killed").sum(axis=1) < true), abs=0.05
    )


@pytest.mark.slow
def test_what_is_saved_names_the_command(result, tmp_path):
    result.save(tmp_path / "calibration.json", command="lossmodel calibrate")
    content = json.loads((tmp_path / "calibration.json").read_text())
    assert content["command"] == "lossmodel calibrate"
    assert [war["seed"] for war in content["wars"]] == [50, 51, 52]
    columns = content["replicates"]
    assert columns["seed"] == result.replicates["seed"].tolist()
    assert columns["rank"] == pytest.approx(result.replicates["rank"].tolist(), abs=1e-6)
    assert not set(columns) & {"claims", "statistics"}


@pytest.mark.slow
def test_the_figure_draws_ranks_in_their_band(result):
    ax = result.plot()
    assert "3 wars" in ax.get_title(loc="left")
    ax.figure.clear()


@pytest.mark.slow
def test_two_runs_are_the_same_bytes(tmp_path):
    # Both in other processes, which have importance weights.
    first, again = (
        calibrate(3, seed=50, size=SMALL, jobs=2, store=tmp_path / name) for name in ("a", "b")
    )
    pd.testing.assert_frame_equal(first.replicates, again.replicates)


@pytest.mark.slow
def test_flags_have_a_row_a_check(fitted):
    found = flags(fitted)
    assert set(found["check"]) <= {"method-change", "method-drop", "spike"}
    assert (found["flagged"] == (found["statistic"] > found["threshold"])).all()
    assert np.isfinite(list(misspecification_statistics(fitted).values())).all()


@pytest.mark.slow
def test_predictive_shares_are_shares(fitted):
    table = predictive_table(fitted)
    assert table[["mean_pit", "covered_50", "covered_95"]].stack().between(0, 1).all()
    assert (table["covered_50"] <= table["covered_95"]).all()


@pytest.mark.slow
def test_a_day_of_five_times_the_losses_is_seen():
    size = Size(days=(100, 120), claimants=(4, 5), claims=(80, 120))
    priors = Priors.default()

    def statistic(seed: int, misspecifications: list[str]) -> float:
        war = simulate(seed=seed, priors=priors, size=size, misspecifications=misspecifications)
        return misspecification_statistics(fit(war.claims, engine="laplace"))["spike"]

    rises = [statistic(seed, ["spike"]) - statistic(seed, []) for seed in range(61, 67)]
    assert np.mean(np.array(rises) > 1) >= 0.5


@pytest.mark.slow
def test_intervals_hold_what_they_say_on_simulated_wars():
    result = calibrate(60, seed=9000, size=Size(days=(60, 300), claims=(20, 120)))
    row = result.coverage.set_index("quantity").loc[DECLARED]
    assert len(result.failures) == 0
    assert row["covered_95"] >= 0.87
    assert 0.34 <= row["covered_50"] <= 0.66
    assert row["outside_widened"] <= 0


@pytest.mark.slow
def test_wars_that_break_the_assumptions_do_not_pass():
    bias = {"bias.adversary.person": {"mean": 0.0, "sd": 0.05}, "common.sd": {"mean": 0.01}}
    bias |= {"bias.third-party.person": {"mean": 0.0, "sd": 0.02}}
    bias |= {f"bias.{r}.person.between": {"mean": 0.02} for r in ("adversary", "third-party")}
    overconfident = Priors.default().replace(bias)
    size = Size(days=(60, 150), claimants=(3, 5), claims=(20, 60))
    ranks = []
    for seed in range(30):
        war = simulate(seed=seed, size=size)
        fitted = fit(war.claims, priors=overconfident, engine="laplace")
        true = war.paths[0].losses("north", "killed")[: len(fitted.days)].sum()
        ranks.append(np.mean(fitted.daily("north", "killed").sum(axis=1) < true))
    assert band_excess(np.array(ranks)) > 0
