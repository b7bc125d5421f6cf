"""Past wars: scores against values by hand, the own cluster left out, stages, kept scores."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.errors import UsageError
from lossmodel.evaluation import dated_scores, war_tables
from lossmodel.evaluation.baselines import naive_totals
from lossmodel.evaluation.pairs import score_pairs
from lossmodel.evaluation.scores import ZERO_AS, TruthValue, interval_score, score, score_logs
from lossmodel.evaluation.wars import (
    ALL_CLAIMS,
    LAST_DAY,
    RULES,
    STAGES,
    score_stage,
    score_wars,
    stages,
    wars_with_truth,
)
from lossmodel.model import history_tables
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors
from lossmodel.report.sections.validation import validation_section

WARS = wars_with_truth()


@pytest.fixture(scope="module")
def kargil():
    return load_claims(conflict="kargil1999")


def fake_fit(factor=1.0, sd=0.3):
    """Stands in for a fit: daily losses whose total over Kargil is log-normal around 500."""

    def run(claims, **_):
        days = pd.date_range(claims.conflict.start, claims.conflict.end)
        rng = np.random.default_rng(1)
        totals = factor * 500 * np.exp(rng.normal(0, sd, 4000))
        daily = np.repeat(totals[:, None] / len(days), len(days), axis=1)
        gate = {"gate": {"passed": True}}
        return SimpleNamespace(
            days=days, daily=lambda *_: daily, engine="fake", diagnostics=gate
        )  # fmt: skip

    return run


def scored(monkeypatch, claims, factor=1.0, stage=ALL_CLAIMS, as_of=None):
    monkeypatch.setattr(dated_scores, "fit", fake_fit(factor))
    rows = claims.conflict.truth.head(1)
    (line,) = score_stage(claims, Priors.default(), "laplace", 1, stage, as_of, rows)
    return line


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        (2.5, 2.0),  # inside: the width
        (0.5, 2.0 + 40 * 0.5),  # 2 / 0.05 for each unit below
        (3.25, 2.0 + 40 * 0.25),
    ],
)
def test_interval_score_by_hand(truth, expected):
    assert interval_score(1.0, 3.0, truth, 0.95) == pytest.approx(expected)


def test_scores_of_known_draws_by_hand():
    logs = np.linspace(-1, 1, 201)
    found = score_logs(logs, TruthValue(0.905))
    pairs = np.abs(logs[:, None] - logs).mean()
    assert found["crps"] == pytest.approx(np.abs(logs - 0.905).mean() - pairs / 2)
    assert [found[f"covered_{level}"] for level in (50, 80, 95)] == [0, 0, 1]
    assert found["interval_score_95"] == pytest.approx(1.9)
    assert found["interval_score_80"] == pytest.approx(1.6 + 10 * 0.105)
    assert found["interval_score_50"] == pytest.approx(1.0 + 4 * 0.405)
    assert found["pit"] == pytest.approx(191 / 201)
    assert found["ratio"] == pytest.approx(np.exp(1.9))


def test_an_uncertain_truth_is_scored_as_a_distribution():
    logs = np.linspace(-1, 1, 201)
    truth = TruthValue(0.95, 0.2)
    expected = np.mean([interval_score(-0.95, 0.95, y, 0.95) for y in truth.quantiles])
    assert score_logs(logs, truth)["interval_score_95"] == pytest.approx(expected)
    assert expected > 1.9


def test_a_truth_of_zero_counts_as_half_a_case():
    draws = np.array([0.0, 0.0, 0.3, 1.0, 2.0])
    found = score(draws, TruthValue.read(0.0))
    by_hand = score_logs(np.log([0.5, 0.5, 0.5, 1.0, 2.0]), TruthValue(np.log(ZERO_AS)))
    assert found == by_hand
    assert found["covered_95"] == 1


def test_a_shifted_posterior_scores_worse(monkeypatch, kargil):
    right = scored(monkeypatch, kargil)
    for factor in (0.3, 3.0):
        shifted = scored(monkeypatch, kargil, factor)
        assert (right["covered_95"], shifted["covered_95"]) == (1, 0)
        assert shifted["crps"] > right["crps"] + 0.5
        assert shifted["interval_score_95"] > right["interval_score_95"] + 5
        assert shifted["log_score"] < right["log_score"] - 2


def test_truths_are_counts_and_the_forecast_predicts_counts(monkeypatch, kargil):
    draws = []
    monkeypatch.setattr(dated_scores, "fit", fake_fit(factor=0.01, sd=1e-6))
    monkeypatch.setattr(
        dated_scores, "score", lambda given, *_, **__: draws.append(given) or score(given, *_)
    )
    rows = kargil.conflict.truth.head(1).assign(value=5.0)
    score_stage(kargil, Priors.default(), "laplace", 1, ALL_CLAIMS, None, rows)
    assert draws[0].mean() == pytest.approx(5, rel=0.05)
    assert draws[0].var() == pytest.approx(5, rel=0.1)


def test_rules_of_thumb_are_those_of_the_date(monkeypatch, kargil):
    last_day = scored(monkeypatch, kargil, stage=LAST_DAY, as_of="1999-07-26")
    later = scored(monkeypatch, kargil)
    truth = kargil.conflict.truth.iloc[0]
    assert (truth["party"], truth["category"], truth["value"]) == ("india", "killed", 527)
    # The ministry said 327 on 10 July and 524 in December.
    assert last_day["own_latest"] == pytest.approx(np.log(327 / 527))
    assert later["own_latest"] == pytest.approx(np.log(524 / 527))


def test_the_median_of_all_is_that_of_the_claimants():
    claims = load_claims(conflict="battle-of-britain")
    rows = claims.conflict.truth.drop_duplicates("party")
    table = naive_totals(claims, rows).pivot(index="place", columns="rule", values="value")
    adversary, own = table["adversary at face value"], table["own side at face value"]
    # Two claimants of German losses, three of British ones: two adversaries, the own side below.
    assert table["median of all"].iloc[0] == pytest.approx(np.sqrt(adversary * own).iloc[0])
    assert own.iloc[1] < table["median of all"].iloc[1] < adversary.iloc[1]
    assert table["median of all"].iloc[1] != pytest.approx(table["all at face value"].iloc[1])
    assert table["own side's latest"].iloc[0] == pytest.approx(896)


@pytest.mark.parametrize("name", WARS)
def test_a_war_does_not_inform_its_own_priors(monkeypatch, name):
    conflict = load_conflict(name)
    before = conflict_priors(conflict)
    table = history_tables.read_clusters()
    own = table["cluster"].isin(before.left_out)
    assert before.left_out == ((conflict.cluster,) if conflict.cluster else ())
    moved = table.assign(mean_log_ratio=table["mean_log_ratio"] + 2 * own)
    monkeypatch.setattr(history_tables, "read_clusters", lambda: moved)
    assert conflict_priors(conflict).entries == before.entries
    if own.any():
        # With all wars the same change is seen.
        assert Priors.default().entries != before.entries


@pytest.mark.parametrize("name", WARS)
def test_stages_are_dates_in_order_without_later_claims(name):
    claims = load_claims(conflict=name)
    found = stages(claims)
    assert [stage for stage in STAGES if stage in found] == list(found)
    assert found[LAST_DAY] == claims.conflict.end
    assert found[ALL_CLAIMS] is None
    dates = [date for date in found.values() if date is not None]
    assert dates == sorted(dates)
    published = claims.table["published"]
    for stage, date in found.items():
        if stage.startswith("later"):
            assert (published > date).any()
            assert date > claims.conflict.end


def test_a_fit_that_fails_is_a_result(monkeypatch, kargil):
    def fails(*_, **__):
        raise UsageError("No claim is left\nto fit.")

    monkeypatch.setattr(dated_scores, "fit", fails)
    rows = kargil.conflict.truth
    found = score_stage(kargil, Priors.default(), "laplace", 1, LAST_DAY, "1999-05-04", rows)
    assert [line["why"] for line in found] == ["the fit failed: No claim is left to fit."] * len(
        rows
    )
    assert [line["party"] for line in found] == list(rows["party"])


@pytest.mark.slow
def test_each_pair_is_predicted_by_other_wars():
    table = history_tables.read_clusters()
    scores = score_pairs()
    assert len(scores) == len(table)
    assert (scores["left_out"] == scores["cluster"]).all()
    kosovo = table["cluster"] == "Kosovo 1999"
    moved = table.assign(mean_log_ratio=table["mean_log_ratio"] + 2 * kosovo)
    again = score_pairs(moved)
    # A claim that is larger by e^2 is predicted alike in units of itself, and errs by 2 more.
    own = again["cluster"] == "Kosovo 1999"
    assert again.loc[own, "median"].to_numpy() == pytest.approx(scores.loc[own, "median"])
    assert again.loc[own, "error"].to_numpy() == pytest.approx(scores.loc[own, "error"] + 2)


def test_kept_scores_are_those_of_the_shipped_wars():
    """After a change of data/wars or of the model, `make wars` has to be run again."""
    kept = war_tables.read_kept("wars")
    assert set(kept["war"]) == set(WARS)
    assert set(RULES) <= set(kept)
    keys = ["war", "stage", *("party", "category", "scope", "start", "end")]
    assert not kept.duplicated(keys).any()
    for name in WARS:
        conflict = load_conflict(name)
        rows = kept[(kept["war"] == name) & (kept["stage"] == ALL_CLAIMS)]
        assert len(rows) == len(conflict.truth)
        left_out = "; ".join(conflict_priors(conflict).left_out)
        assert set(rows["left_out"].fillna("")) == {left_out}
    with_folder = set(kept["left_out"].dropna())
    pairs = war_tables.read_kept("pairs")
    assert set(pairs["cluster"]) == set(history_tables.read_clusters()["cluster"]) - with_folder


def test_the_report_names_wars_scores_and_failures():
    kept = war_tables.read_kept("wars")
    row = kept[(kept["stage"] == ALL_CLAIMS) & (kept["kind"] == "window")].iloc[0].to_dict()
    hit = row | {"war": "a", "title": "War A", "covered_95": 1, "crps": 0.25, "own_latest": -0.5}
    miss = hit | {"war": "b", "title": "War B", "covered_95": 0, "truth": 77.0, "own_latest": None}
    miss |= {"median": 10.0, "lower": 5.0, "upper": 20.0}
    section = validation_section(pd.DataFrame([hit, miss]), war_tables.read_kept("pairs"))
    words = " ".join(f"{b.lead} {b.text}" for b in section.blocks if b.kind == "text")
    assert words.startswith("In short: Of 2 totals of 2 past wars and disasters that")
    assert "50% lie in their 95% interval" in words
    assert "own side's latest in 1 of 1 wars (0.25 against 0.50)" in words
    assert "may differ from that of all truths in the table below (0.25)" in words
    assert " 2 past wars and disasters, whose losses became known later, were" in words
    assert "each without its own cluster" in words
    assert "1 of 2 truths" in words
    assert "later known 77" in words
    early = [line | {"stage": LAST_DAY, "crps": 0.2} for line in (hit, miss | {"crps": 0.25})]
    failed = {name: hit[name] for name in ("war", "title", "party", "category", "stage")}
    failed |= {"party_title": "A party", "why": "the fit failed", "start": "x"}
    section = validation_section(pd.DataFrame([hit, miss, *early, failed]))
    words = " ".join(f"{b.lead} {b.text}" for b in section.blocks if b.kind == "text")
    assert "CRPS grew by more than 0.02: War A; War B." in words
    assert "Truths without an estimate: War A: A party" in words
    tables = {b.name: b for b in section.blocks if b.kind == "table"}
    wars = tables["past-wars"]
    assert [line[0] for line in wars.rows] == ["War A", "War B", "All wars, equal weights"]
    place = list(wars.columns)
    assert [line[place.index("In 95%")] for line in wars.rows] == ["100%", "0%", "50%"]
    assert [line[place.index("Own side's latest")] for line in wars.rows] == ["0.50", "–", "0.50"]
    assert len(tables["past-pairs"].rows) > 3


@pytest.mark.slow
def test_two_wars_are_scored_at_every_stage(tmp_path):
    given = {"engine": "laplace", "store": tmp_path, "jobs": 2}
    scores = score_wars(["kargil1999", "falklands1982"], **given)
    assert set(scores["war"]) == {"kargil1999", "falklands1982"}
    assert {LAST_DAY, ALL_CLAIMS} <= set(scores["stage"])
    good = scores[scores["median"].notna()]
    assert len(good) >= 10
    assert good["pit"].between(0, 1).all()
    assert (good["lower"] <= good["median"]).all()
    assert (good["crps"] > 0).all()
    said = []
    again = score_wars(["kargil1999", "falklands1982"], **given, progress=said.append)
    assert "kept from before" in said[0]
    pd.testing.assert_frame_equal(scores, again)
