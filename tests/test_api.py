"""The public fit: its methods are the functions of its data, and what they give has its dims."""

import dataclasses
import inspect
import json
import pickle
import types

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import lossmodel as lm
from lossmodel.errors import UsageError
from lossmodel.inference import arviz as compatibility
from lossmodel.posterior import fit as data
from lossmodel.posterior.estimates import estimates_table
from lossmodel.posterior.groups import datasets
from lossmodel.posterior.rates import rates
from lossmodel.posterior.tables import with_tables

EARLY = pd.Timestamp("2022-07-01")


@pytest.fixture(scope="module")
def fitted():
    """People with scopes and a sum of parties, and a class of equipment."""
    return lm.fit(
        lm.load_claims(), engine="laplace", as_of=EARLY, submodels=("person", "tanks"), draws=60
    )


def test_tables_and_daily_losses_have_one_source(fitted):
    table = estimates_table(fitted)
    keys = ["party", "category", "scope"]
    for key in fitted.series:
        daily = fitted.daily(*key)
        rows = table[(table[keys] == list(key)).all(axis=1)]
        own = rows[rows["measure"] == "daily"]
        np.testing.assert_allclose(own["median"], np.median(daily, axis=0), rtol=1e-12)
        total = rows[rows["measure"] == "cumulative"].iloc[-1]
        np.testing.assert_allclose(total["mean"], daily.sum(axis=1).mean(), rtol=1e-12)
        party, category, scope = key
        losses = fitted.losses(category, party, scope)
        np.testing.assert_array_equal(losses.stack(s=("chain", "draw")).T, daily)
        assert dict(losses.sizes) == {"chain": 1, "draw": 60, "day": len(fitted.days)}


def test_a_query_takes_them_from_there_too(fitted):
    total = fitted.daily("russia", "killed").sum(axis=1)
    found = json.loads(fitted.query("killed russia", form="json"))
    assert found["median"] == pytest.approx(np.median(total), rel=1e-12)


def test_a_sum_of_parties_that_nobody_declared_can_be_asked_for(fitted):
    total = fitted.daily("russia", "killed") + fitted.daily("ukraine", "killed")
    found = json.loads(fitted.query("killed russia+ukraine", form="json"))
    assert found["median"] == pytest.approx(np.median(total.sum(axis=1)), rel=1e-12)


def test_a_scope_that_is_not_modelled_has_no_rates(fitted):
    with pytest.raises(UsageError, match="no estimates of tanks russia citizens"):
        rates(fitted, "russia", "tanks", "citizens")
    with pytest.raises(UsageError, match="no estimates of killed russia nowhere"):
        fitted.daily("russia", "killed", "nowhere")


def test_a_scope_of_a_sum_is_that_of_the_party_that_it_divides(fitted):
    of_sum = rates(fitted, "russia+north-korea", "killed", "citizens").daily()
    np.testing.assert_array_equal(of_sum, fitted.daily("russia", "killed", "citizens"))


def test_the_prior_is_wider(fitted):
    total = [
        np.log(fitted.daily("russia", "killed", prior=prior).sum(axis=1)).std()
        for prior in (False, True)
    ]
    assert total[0] < total[1]


def test_the_summary_has_the_total_of_each_series(fitted):
    summary = fitted.summary()
    assert list(zip(summary["party"], summary["category"], summary["scope"], strict=True)) == (
        fitted.series
    )
    assert (summary["end"] == fitted.days[-1]).all()


def test_a_fit_is_frozen_data(fitted):
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.seed = 2
    assert isinstance(fitted, data.Fit)
    own = {name for name, value in vars(data.Fit).items() if inspect.isfunction(value)}
    assert {name for name in own if not name.startswith("_")} == set()


def test_tables_that_are_given_are_those_of_the_copy_alone(fitted):
    before = fitted.terms
    other = with_tables(fitted, {"terms": before.head(3)})
    assert isinstance(other, lm.Fit)
    assert len(other.terms) == 3
    assert fitted.terms is before
    assert other.series == fitted.series


def test_what_was_worked_out_is_not_sent_to_other_processes(fitted):
    assert fitted.variance_decomposition is fitted.variance_decomposition
    small = dataclasses.replace(fitted, submodels={})
    small.cache.keep("series", ["made up"])
    assert pickle.loads(pickle.dumps(small)).series == []


def test_arviz_gets_the_groups_of_the_file(fitted):
    found = fitted.to_arviz()
    assert set(datasets(fitted)) == {
        *("posterior", "prior", "posterior_predictive", "observed_data", "sample_stats")
    }
    for name, group in datasets(fitted).items():
        assert set(found[name].data_vars) == set(group.data_vars)
    shape = found["posterior"]["person_log_rate_russia"].shape
    assert shape[:2] == (1, 60)
    # What has fewer draws than others is filled up.
    terms = fitted.submodels["tanks"].design.terms
    assert found["posterior_predictive"]["tanks_expected"].sizes["tanks_observation"] == len(terms)


def test_arviz_1_gets_a_tree(fitted, monkeypatch):
    later = types.SimpleNamespace(__version__="1.0.0")
    monkeypatch.setattr(compatibility, "import_arviz", lambda: later)
    found = fitted.to_arviz()
    assert isinstance(found, xr.DataTree)
    assert set(found.children) == set(datasets(fitted))
    assert found["posterior"]["tanks_log_rate_russia"].dims[:2] == ("chain", "draw")


FUNCTIONS = [name for name in lm.__all__ if inspect.isfunction(getattr(lm, name))]


@pytest.mark.parametrize("name", lm.__all__)
def test_every_public_name_has_an_example_that_runs(name):
    assert ">>> " in inspect.getdoc(getattr(lm, name))


METHODS = ["estimate", "query", "bias", "losses", "daily", "save"]


@pytest.mark.parametrize(
    "function", [getattr(lm, n) for n in FUNCTIONS] + [getattr(lm.Fit, n) for n in METHODS]
)
def test_every_argument_is_spelled_out(function):
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
