"""Sealed predictions: of figures to come alone, unchanged, and scored when these are there."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lossmodel as lm
from lossmodel.errors import UsageError
from lossmodel.evaluation import sealing
from lossmodel.evaluation.sealed import digest, read_sealed, score_sealed, summarise_scores
from lossmodel.evaluation.sealing import seal
from lossmodel.model.density.density import Density
from lossmodel.model.density.model import LossModel

AS_OF = "1999-07-05"


@pytest.fixture(scope="module")
def claims():
    return lm.load_claims(conflict="kargil1999")


@pytest.fixture(scope="module")
def frozen(claims):
    with pytest.MonkeyPatch.context() as patch:
        # The normal approximation will do.
        patch.setattr("lossmodel.inference.run.LARGEST", 0)
        return lm.fit(claims, engine="laplace", as_of=AS_OF, draws=100)


@pytest.fixture(scope="module")
def made(frozen):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossmodel.inference.run.LARGEST", 0)
        return seal(frozen, ahead=(7, 24))


def written(content, path):
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def changed(content, **values):
    """The content with other values and the hash of these."""
    other = content | values
    return other | {"sha256": digest(other)}


@pytest.mark.slow
def test_each_running_total_is_predicted(made):
    keys = {(p["claimant"], p["party"], p["category"]) for p in made["predictions"]}
    assert keys == {
        ("india-army", "india", "killed"),
        ("india-army", "india", "wounded"),
        ("india-army", "pakistan", "killed"),
    }
    for prediction in made["predictions"]:
        assert prediction["last"]["date"] == "1999-07-02"
        assert [one["date"] for one in prediction["dates"]] == ["1999-07-09", "1999-07-26"]
        early, late = (np.array(one["added"]) for one in prediction["dates"])
        assert (np.diff(early) >= 0).all()
        assert (late >= early).all()
        assert 0 < early[49] < late[49] < 10 * prediction["last"]["value"]


@pytest.mark.slow
def test_a_set_of_frozen_claims_is_labelled(made):
    assert made["retrospective"] is True
    assert (made["as_of"], made["last_day"]) == (AS_OF, "1999-07-02")
    assert made["sha256"] == digest(made)


def test_figures_to_come_change_nothing_that_is_known(frozen):
    days = [frozen.days[-1] + pd.Timedelta(days=n) for n in (7, 24)]
    evidence = sealing._evidence_to_come(frozen, list(sealing._targets(frozen)), days)
    known = set(evidence.terms["claims"][~evidence.terms["claims"].str.contains("to-come")])
    assert known == set(frozen.evidence.terms["claims"])
    [design] = LossModel(frozen.components, frozen.priors).submodels(evidence, frozen.conflict)
    at = sealing._to_come(design.terms).index
    assert len(at) == 6
    theta = np.random.default_rng(1).normal(size=design.size)
    values = []
    for factor in (1.0, 100.0):
        observed = design.observed
        logs = observed.log_value.copy()
        logs[at] += np.log(factor)
        other = replace(design, observed=replace(observed, log_value=logs))
        values.append(Density(sealing._without_figures(other))(theta))
    assert values[0][0] == values[1][0]
    np.testing.assert_array_equal(values[0][1], values[1][1])
    # The likelihood of any figure is one, so the density is that without these observations.
    terms = Density(sealing._without_figures(design)).predictions(theta[None]).log_likelihood
    np.testing.assert_allclose(terms[0, at], 0.0, atol=1e-9)


def test_claims_that_are_there_are_scored(made, claims):
    scores = score_sealed(made, claims)
    own = scores[(scores["party"] == "india") & (scores["category"] == "killed")].iloc[0]
    table = claims.table.set_index("claim_id")
    figure = table.loc["india-army-india-killed-1999-07-09", "value"]
    assert own["figure"] == figure
    assert own["added"] == figure - 240
    assert own["lower"] < own["median"] < own["upper"]
    assert own["covered_95"] == float(own["lower"] <= own["added"] <= own["upper"])
    assert scores["published"].min() > pd.Timestamp(AS_OF)
    summary = summarise_scores(scores)
    assert summary["accounting"].tolist() == ["ledger", "all"]
    assert summary["figures"].tolist() == [len(scores)] * 2


def prediction(**dates):
    """A made-up set with values that are easy to interpolate."""
    last = {"date": "1999-07-02", "value": 240.0}
    paths = [{"date": day, "added": added} for day, added in dates.items()]
    key = {"claimant": "india-army", "party": "india", "category": "killed", "scope": "all"}
    return key | {"accounting": "ledger", "last": last, "dates": paths}


def test_claims_of_another_conflict_are_refused(made, claims):
    with pytest.raises(UsageError, match="about elsewhere, the claims about"):
        score_sealed(made | {"conflict": "elsewhere"}, claims)


@pytest.mark.parametrize(
    "change", [{"dates": ["x"]}, {"last": "x"}, {"last": {}}, {"dates": None}], ids=str
)
def test_predictions_in_other_forms_are_refused(made, claims, change):
    spoilt = made | {"predictions": [made["predictions"][0] | change]}
    with pytest.raises(UsageError, match="not those of a sealed set"):
        score_sealed(spoilt, claims)


def test_between_the_dates_values_are_interpolated(made, claims):
    paths = {"1999-07-05": [3.0, 6.0, 9.0], "1999-07-13": [11.0, 22.0, 33.0]}
    content = changed(made, predictions=[prediction(**paths)])
    # The figure of 9 July is half way between the two dates, and nearest to both.
    [row] = score_sealed(content, claims).to_dict("records")
    assert row["date"] == "1999-07-05"
    assert row["median"] == pytest.approx(14.0)


def test_figures_that_were_known_are_not_scored(made, claims):
    content = changed(made, predictions=[prediction(**{"1999-06-16": [1.0, 2.0]})])
    assert score_sealed(content, claims).empty
    today = changed(made, retrospective=False, as_of=None)
    assert score_sealed(today, claims).empty


def test_a_set_is_read_as_it_was_written(made, tmp_path):
    assert read_sealed(written(made, tmp_path / "a.json")) == json.loads(json.dumps(made))


def test_the_sets_in_the_repository_are_as_they_were_sealed(root):
    paths = sorted((root / "data" / "validation").glob("sealed-*.json"))
    assert paths
    for path in paths:
        content = read_sealed(path)
        assert path.stem == f"sealed-{content['sealed']}"
        assert not content["retrospective"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda made: made | {"last_day": "1999-07-01"}, "was changed since it was sealed"),
        (lambda made: made | {"format": 9}, "has format 9"),
        (lambda made: [made], "is not a sealed set"),
        (lambda made: {"predictions": {}}, "is not a sealed set"),
        (lambda made: changed(made, predictions=[{}]), "cannot read"),
        (lambda made: changed(made, predictions=[prediction()]), "cannot read"),
        (lambda made: changed({k: v for k, v in made.items() if k != "conflict"}), "cannot read"),
    ],
)
def test_what_is_no_sealed_set_is_refused(made, tmp_path, spoil, words):
    with pytest.raises(UsageError, match=words):
        read_sealed(written(spoil(made), tmp_path / "a.json"))
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a sealed set"):
        read_sealed(tmp_path / "b.json")


@pytest.mark.parametrize(
    "change",
    [
        *(lambda dates: dates[::-1], lambda dates: dates[:1] * 2, lambda dates: []),
        lambda dates: [dates[0] | {"date": "1999-07-02"}, dates[1]],
        lambda dates: [dates[0] | {"date": "19990709"}, dates[1]],
        *(lambda dates, x=x: [dates[0] | {"date": x}, dates[1]] for x in (None, 5, "1999-02-30")),
        lambda dates: [dates[0] | {"added": dates[0]["added"][1:]}, dates[1]],
        *(
            lambda dates, x=x: [dates[0] | {"added": [x, *dates[0]["added"][1:]]}, dates[1]]
            for x in (np.nan, np.inf, "1", None, 10**400, [1.0])
        ),
        *(lambda dates, x=x: [x, dates[1]] for x in ("x", 5, None, [], {})),
        *(lambda dates, x=x: x for x in ("x", {}, None)),
    ],
)
def test_dates_that_a_set_cannot_have_are_refused_whatever_its_hash(made, tmp_path, change):
    first, *others = made["predictions"]
    spoilt = [*others, first | {"dates": change(first["dates"])}]
    with pytest.raises(UsageError, match=f"cannot read: prediction {len(spoilt)} "):
        read_sealed(written(changed(made, predictions=spoilt), tmp_path / "a.json"))


@pytest.mark.parametrize(
    "change",
    [
        *({"last": x} for x in ({"date": "1999-07-02"}, {"value": 1.0}, None, "x")),
        *({"last": {"date": "1999-07-02", "value": x}} for x in (np.nan, "1", None, True)),
        *({"accounting": x} for x in (None, [], 5)),
        *({"party": x} for x in (None, [], 5)),
    ],
    ids=str,
)
def test_a_prediction_in_another_form_is_refused_whatever_its_hash(made, tmp_path, change):
    spoilt = [made["predictions"][0] | change]
    with pytest.raises(UsageError, match="cannot read: prediction 1 "):
        read_sealed(written(changed(made, predictions=spoilt), tmp_path / "a.json"))
