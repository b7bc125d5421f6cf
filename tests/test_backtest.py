"""Scores against known answers, claims frozen by date, baselines as they were published."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.evaluation import dated_scores
from lossmodel.evaluation.backtest import backtest
from lossmodel.evaluation.baselines import naive_totals, published_baselines
from lossmodel.evaluation.dated_scores import table_of
from lossmodel.evaluation.dated_truth import due_at, due_rows, truth_from_claims
from lossmodel.evaluation.scores import TruthValue, allowed_misses, crps, score
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import Size
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors

DATES = ["2023-02-26", "2024-02-25"]


@pytest.fixture(scope="module")
def war():
    size = Size(days=(100, 140), claimants=(4, 5), claims=(30, 40))
    return simulate(seed=2, priors=Priors.default(), size=size)


@pytest.fixture(scope="module")
def shipped():
    return load_claims(conflict="russia-ukraine")


@pytest.mark.parametrize(("mean", "sd", "at"), [(0, 1, 0.3), (2, 0.5, 4.0), (-1, 3, -1.0)])
def test_crps_of_normal_draws_is_that_of_the_normal(mean, sd, at):
    draws = norm.ppf((np.arange(4000) + 0.5) / 4000, mean, sd)
    z = (at - mean) / sd
    exact = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert crps(draws, at) == pytest.approx(exact, rel=0.01)


def test_crps_is_smallest_for_the_right_forecast():
    rng = np.random.default_rng(1)
    truths = rng.normal(0, 1, 400)
    draws = rng.normal(0, 1, 500)

    def mean(forecast):
        return np.mean([crps(forecast, truth) for truth in truths])

    right = mean(draws)
    assert right < mean(draws + 0.7)
    assert right < mean(draws * 2.5)
    assert right < mean(draws / 2.5)


def test_a_truth_is_a_log_normal_between_its_limits():
    truth = TruthValue.read(87_100, 74_200, 99_900, 0.95)
    low, high = np.exp(truth.mean + truth.sd * norm.ppf([0.025, 0.975]))
    assert high / low == pytest.approx(99_900 / 74_200)
    assert np.exp(truth.quantiles).mean() == pytest.approx(87_100, rel=0.01)


def test_a_truth_without_a_value_lies_in_the_middle_of_its_limits():
    assert np.exp(TruthValue.read(float("nan"), 100, 400).mean) == pytest.approx(200)
    with pytest.raises(UsageError, match="a truth needs a value"):
        TruthValue.read(float("nan"))


def test_pit_and_coverage_of_a_sound_forecast_are_uniform():
    rng = np.random.default_rng(2)
    pits, inside = [], []
    for _ in range(300):
        centre = rng.normal(8, 1)
        draws = np.exp(rng.normal(centre, 0.3, 400))
        found = score(draws, TruthValue(float(rng.normal(centre, 0.3))))
        pits.append(found["pit"])
        inside.append([found["covered_50"], found["covered_95"]])
    assert np.abs(np.sort(pits) - np.linspace(0, 1, 300)).max() < 0.09
    assert np.mean(inside, axis=0) == pytest.approx([0.5, 0.95], abs=0.08)


def test_doubt_about_the_truth_is_not_held_against_the_forecast():
    draws = np.exp(np.random.default_rng(3).normal(8, 0.02, 1000))
    sure, unsure = (score(draws, TruthValue(8.2, sd)) for sd in (0.0, 0.2))
    assert unsure["log_score"] > sure["log_score"]
    assert 0 < unsure["pit"] < sure["pit"] + 1e-9
    assert sure["covered_95"] == unsure["covered_95"] == 0
    assert unsure["share_95"] > 0


def test_no_truth_at_all_counts_as_half_a_unit():
    found = score(np.array([0.0, 0.0, 1.0, 2.0]), TruthValue.read(0.0))
    assert np.isfinite(found["crps"])
    assert found["pit"] <= 0.5


def test_chance_is_allowed_its_misses():
    assert allowed_misses(7) == 1
    assert allowed_misses(100) in range(8, 11)


def test_a_row_is_due_when_it_has_happened_and_is_not_known():
    days = pd.to_datetime(["2023-01-01", "2023-02-01", "2023-03-01"])
    table = pd.DataFrame({"party": "a", "category": "killed", "scope": "all", "end": days})
    table["known"] = pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-01"])
    assert list(due_at(table, pd.Timestamp("2023-02-15"))["end"]) == [days[1]]
    assert due_at(table, pd.Timestamp("2024-06-01")).empty
    assert len(due_at(table, None)) == 3


def test_registers_of_later_years_can_serve_as_truth(shipped):
    rows = truth_from_claims(shipped)
    assert set(rows["party"]) == {"russia"}
    assert (rows["known"] >= rows["end"]).all()
    assert not rows.duplicated(["category", "scope", "start", "end"]).any()


def test_a_conflict_that_is_scored_has_not_seen_itself():
    priors = conflict_priors(load_conflict("battle-of-britain"))
    assert priors.left_out == ("Battle of Britain",)
    assert conflict_priors(load_conflict("russia-ukraine")).left_out == ()


def test_baselines_are_those_published_by_the_date(shipped):
    row = shipped.conflict.truth.iloc[0]
    early, late = (
        published_baselines(shipped, row, as_of=date) for date in (pd.Timestamp("2023-02-26"), None)
    )
    published = shipped.table.set_index("claim_id")["published"]
    assert (published.loc[early["claim_id"]] <= pd.Timestamp("2023-02-26")).all()
    assert set(early["rival"]) < set(late["rival"])
    assert early["rival"].is_unique


def test_rules_of_thumb_differ_by_what_they_believe(shipped):
    rows = shipped.conflict.truth
    table = naive_totals(shipped, rows, as_of=pd.Timestamp("2024-02-25"))
    found = table.pivot_table(index="place", columns="rule", values="value")
    half = found["adversary at face value"] / 2
    assert found["adversary halved"].to_numpy() == pytest.approx(half.to_numpy())
    assert (found["all, adversary halved"] < found["all at face value"]).all()
    assert (found["adversary at face value"] > found["all at face value"]).all()


def test_a_rule_of_thumb_adds_up_what_one_claimant_says(war):
    table = war.claims.table
    ledger = table[(table["claimant"] == "south-staff") & (table["kind"] == "cumulative")]
    category = ledger["category"].iloc[0]
    last = ledger.sort_values("end").iloc[-1]
    only = war.claims.select(table["claimant"] == "south-staff")
    row = {"party": "north", "category": category, "scope": "all"}
    rows = pd.DataFrame([row | {"start": war.claims.conflict.start, "end": last["end"]}])
    totals = naive_totals(only, rows)
    face = totals.loc[totals["rule"] == "all at face value", "value"].iloc[0]
    assert face == pytest.approx(last["value"], rel=0.01)


@pytest.mark.slow
def test_a_backtest_scores_every_truth_once(war):
    truth = war.truth[(war.truth["scope"] == "all") & (war.truth["category"] == "killed")]
    last = truth[truth["end"] == truth["end"].max()]
    result = backtest(war.claims, truth=last, dates=[last["end"].max()], engine="laplace", jobs=1)
    scores = result.scores
    assert len(scores) == len(last)
    assert (scores["lower"] < scores["median"]).all()
    assert (scores["median"] < scores["upper"]).all()
    assert scores["pit"].between(0, 1).all()
    assert set(result.naive["rule"]) >= {"all at face value"}
    assert result.naive.columns.equals(table_of("naive", []).columns)
    assert result.unscored.empty
    assert "why" in result.unscored
    assert result.summary["truths"].sum() == len(last)
    assert result.passed == ((scores["covered_95"] == 0).sum() <= allowed_misses(len(scores)))


def test_a_table_without_rows_has_the_columns_of_one_with_rows(shipped, monkeypatch):
    days = pd.date_range(shipped.conflict.start, "2022-12-01")
    gate = {"gate": {"passed": True}}
    nothing = SimpleNamespace(
        days=days, daily=lambda *_: np.ones((50, len(days))), engine="fake", diagnostics=gate
    )
    monkeypatch.setattr(dated_scores, "fit", lambda *_, **__: nothing)
    rows = shipped.conflict.truth.head(2).assign(end=[days[-1], pd.Timestamp("2024-02-25")])
    found = dated_scores.score_at_date(
        shipped, "2024-02-25", rows, [0.95], Priors.default(), Components(), "laplace", 1
    )
    for name in ("baselines", "naive", "unscored"):
        assert found[name]
        assert table_of(name, found[name]).columns.equals(table_of(name, []).columns), name


def test_nothing_to_score_is_said(war):
    truth = war.truth.assign(known=pd.Timestamp("1990-01-01"))
    with pytest.raises(UsageError, match="nothing can be scored"):
        backtest(war.claims, truth=truth, dates=["2001-02-01"], jobs=1)
    with pytest.raises(UsageError, match="no truth.csv and no register"):
        backtest(war.claims.select(war.claims.table["claimant"] == "south-staff"), jobs=1)


ROW = {"party": "north", "category": "killed", "end": "2001-02-01", "value": 700.0}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"party": "mars"}, "truth row 2, party: found 'mars'; allowed: one of north"),
        ({"category": "lost"}, "row 2, category: found 'lost'"),
        ({"end": "1.2.2001"}, "row 2, end: found '1.2.2001'; allowed: a day as YYYY-MM-DD"),
        ({"end": pd.Timestamp("2001-02-01", tz="UTC")}, "row 2, end: found '2001-02-01 00:00:00"),
        ({"value": "1,200"}, "row 2, value: found '1,200'"),
        ({"value": None}, "row 2, value: found nothing"),
        ({"start": "2001-03-01"}, "row 2, end: found '2001-02-01'; allowed: a day from start on"),
    ],
)
def test_a_truth_of_ones_own_is_checked_as_a_file_is(war, cells, words):
    with pytest.raises(ClaimsError, match=re.escape(words)):
        list(due_rows(war.claims, pd.DataFrame([ROW | cells])))
    with pytest.raises(ClaimsError, match="truth: found"):
        list(due_rows(war.claims, pd.DataFrame()))
    with pytest.raises(UsageError, match="give a DataFrame"):
        list(due_rows(war.claims, "truth.csv"))


def test_a_truth_of_few_columns_is_filled_as_a_file_is(war):
    rows = pd.DataFrame([ROW | {"end": pd.Timestamp("2001-02-01")}], index=["a"])
    ((_, due),) = due_rows(war.claims, rows)
    assert due["start"].tolist() == [war.claims.conflict.start]
    assert due["scope"].tolist() == ["all"]
    assert due[["low", "high", "known"]].isna().all(axis=None)


def test_arguments_of_a_backtest_that_are_none_are_refused(war):
    for given, words in (
        ({"dates": "2001-02-01"}, "give a list"),
        ({"levels": [95]}, "a level is 95; give a probability between 0 and 1"),
        ({"levels": 0.95}, r"levels is 0.95; give a list, such as \[0.95\]"),
        ({"jobs": "a", "truth": pd.DataFrame([ROW])}, "jobs is 'a'"),
        ({"dates": [], "truth": pd.DataFrame([ROW])}, "nothing can be scored"),
    ):
        with pytest.raises(UsageError, match=words):
            backtest(war.claims, engine="laplace", **given)


@pytest.mark.slow
def test_later_registers_lie_inside_what_was_said_before(shipped):
    result = backtest(shipped, engine="laplace")
    assert list(result.scores["as_of"]) == DATES
    assert (result.scores["covered_95"] == 1).all()
    assert result.scores["pit"].between(0.05, 0.95).all()
    assert result.passed
