"""Laws of the tables of losses and of ratios."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import lognorm

from lossmodel.errors import UsageError
from lossmodel.posterior.estimates import (
    COLUMNS,
    calendar,
    estimate,
    estimates_table,
    summarise,
)
from lossmodel.posterior.rates import Rates, rates
from lossmodel.posterior.ratios import COLUMNS as RATIO_COLUMNS
from lossmodel.posterior.ratios import biases_table
from tests.fakes import make_fit

SERIES = ["party", "category", "scope"]


@pytest.fixture(scope="module")
def fit():
    return make_fit()


@pytest.fixture(scope="module")
def table(fit):
    return estimates_table(fit)


@pytest.fixture(scope="module")
def biases(fit):
    return biases_table(fit)


def test_the_columns_are_those_that_are_promised(table):
    assert tuple(table.columns) == COLUMNS
    assert not table.isna().any().any()
    assert (table["ci_kind"] == "eti").all()


def test_every_series_has_every_measure(fit, table):
    found = set(map(tuple, table[[*SERIES, "measure"]].drop_duplicates().to_numpy()))
    measures = ("daily", "weekly", "monthly", "yearly", "cumulative")
    assert found == {(*key, measure) for key in fit.series for measure in measures}


def test_each_row_names_the_engine_of_its_block(table):
    engines = table.groupby("category")["engine"].unique()
    assert list(engines["tanks"]) == ["nuts"]
    assert list(engines["killed"]) == ["laplace"]


def test_the_median_lies_between_the_limits(table):
    assert (table["lower"] <= table["median"]).all()
    assert (table["median"] <= table["upper"]).all()
    assert (table["sd"] >= 0).all()


def test_windows_of_a_measure_cover_the_days_once(fit, table):
    for (*_, measure), rows in table.groupby([*SERIES, "measure"]):
        if measure == "cumulative":
            assert (rows["start"] == fit.days[0]).all()
            assert rows["end"].iloc[-1] == fit.days[-1]
            assert rows["median"].is_monotonic_increasing
            continue
        assert rows["start"].iloc[0] == fit.days[0]
        assert rows["end"].iloc[-1] == fit.days[-1]
        assert (rows["start"].iloc[1:].to_numpy() - rows["end"].iloc[:-1].to_numpy() == DAY).all()


DAY = np.timedelta64(1, "D")


def test_means_of_days_weeks_months_and_years_add_up_to_the_total(table):
    sums = table.pivot_table(index=SERIES, columns="measure", values="mean", aggfunc="sum")
    total = table[table["measure"] == "cumulative"].groupby(SERIES)["mean"].last()
    for measure in ("daily", "weekly", "monthly", "yearly"):
        np.testing.assert_allclose(sums[measure], total, rtol=1e-9)


def test_limits_are_taken_of_sums_and_not_summed(fit, table):
    rows = table[(table["party"] == "north") & (table["category"] == "killed")]
    rows = rows[rows["scope"] == "all"]
    total = rows[rows["measure"] == "cumulative"].iloc[-1]
    draws = fit.daily("north", "killed").sum(axis=1)
    np.testing.assert_allclose(total["lower"], np.quantile(draws, 0.025))
    np.testing.assert_allclose(total["upper"], np.quantile(draws, 0.975))
    assert rows.loc[rows["measure"] == "daily", "lower"].sum() < total["lower"]


def test_casualties_are_the_killed_and_the_wounded(table):
    means = table.pivot_table(
        index=["party", "scope", "measure", "start", "end"], columns="category", values="mean"
    ).dropna(subset=["casualties"])
    np.testing.assert_allclose(means["killed"] + means["wounded"], means["casualties"])


@given(st.integers(1, 5), st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_sums_over_cells_are_sums_over_days(width, days, seed):
    rng = np.random.default_rng(seed)
    found = Rates(rng.gamma(2, size=(4, -(-days // width))), np.arange(days) // width)
    first = np.flatnonzero(rng.random(days) < 0.3)
    first = np.union1d([0], first)
    np.testing.assert_allclose(
        found.sums(first), np.add.reduceat(found.daily(), first, axis=1), rtol=1e-10
    )


def test_weeks_are_those_of_iso_and_are_clipped():
    days = pd.date_range("2020-12-29", "2021-01-13")
    weeks = calendar(days, "weekly")
    assert [str(d.date()) for d in weeks.start] == ["2020-12-29", "2021-01-04", "2021-01-11"]
    assert [str(d.date()) for d in weeks.end] == ["2021-01-03", "2021-01-10", "2021-01-13"]
    assert list(weeks.start.isocalendar()["week"]) == [53, 1, 2]


def test_months_and_years_are_clipped_at_both_ends():
    days = pd.date_range("2020-12-30", "2021-02-02")
    for period, ends in {
        "monthly": ["2020-12-31", "2021-01-31", "2021-02-02"],
        "yearly": ["2020-12-31", "2021-02-02"],
        "half-yearly": ["2020-12-31", "2021-02-02"],
    }.items():
        found = calendar(days, period)
        assert [str(d.date()) for d in found.end] == ends
        assert found.start[0] == days[0]


def test_limits_are_equal_tailed_where_that_matters():
    # Of a log-normal with sd 1 the narrowest 95% reaches from 0.04 to 5.1: quite another thing.
    sample = lognorm.ppf((np.arange(20_000) + 0.5) / 20_000, 1.0)[:, None]
    found = summarise(sample, 0.95)
    assert found["lower"][0] == pytest.approx(np.exp(-1.959964), rel=1e-3)
    assert found["upper"][0] == pytest.approx(np.exp(1.959964), rel=1e-3)
    assert found["median"][0] == pytest.approx(1, rel=1e-3)


@given(st.integers(1, 40), st.integers(1, 300), st.floats(0.01, 0.99), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_quantiles_are_those_of_numpy(samples, columns, prob, seed):
    draws = np.random.default_rng(seed).normal(size=(samples, columns))
    found = summarise(draws, prob)
    tail = (1 - prob) / 2
    want = np.quantile(draws, [tail, 0.5, 1 - tail], axis=0)
    np.testing.assert_allclose([found[k] for k in ("lower", "median", "upper")], want, atol=1e-12)
    np.testing.assert_allclose(found["mean"], draws.mean(axis=0), atol=1e-12)


def test_half_the_interval_lies_inside_of_95_percent(fit):
    wide, narrow = (estimate(fit, "killed", "north", ci_prob=p) for p in (0.95, 0.5))
    assert (wide["lower"] <= narrow["lower"]).all()
    assert (narrow["upper"] <= wide["upper"]).all()
    assert (narrow["ci_prob"] == 0.5).all()


def test_a_declared_sum_is_the_sum_of_its_parties(fit):
    both = rates(fit, "north+guests", "killed").daily()
    components = [rates(fit, party, "killed").daily() for party in ("north", "guests")]
    np.testing.assert_allclose(both, np.sum(components, axis=0))


def test_what_was_not_fitted_is_refused_with_what_was(fit):
    with pytest.raises(UsageError, match="it has: killed north all"):
        estimate(fit, "killed", "east")
    with pytest.raises(UsageError, match="No measure 'hourly'"):
        estimate(fit, "killed", "north", measure="hourly")


def test_ratios_have_a_row_a_half_year_and_one_over_all(fit, biases):
    assert tuple(biases.columns) == RATIO_COLUMNS
    halves = len(calendar(fit.days, "half-yearly").first)
    sizes = biases.groupby(["claimant", "party", "category"]).size()
    assert (sizes == halves + 1).all()
    assert len(sizes) == len(fit.streams)


def test_a_ratio_is_figures_over_truth(fit, biases):
    stream = 0
    days = len(fit.days)
    wounded_share = fit.omega_draws(stream)[:, None]
    killed, casualties = fit.daily("north", "killed"), fit.daily("north", "casualties")
    truth = killed + wounded_share * (casualties - killed)
    claimed = truth * np.exp(fit.bias_draws(stream))
    last = biases.iloc[halves_of(fit)]
    assert last["end"] == fit.days[days - 1]
    want = claimed.sum(axis=1) / truth.sum(axis=1)
    assert last["ratio_median"] == pytest.approx(np.median(want), rel=2e-3)
    want = claimed.sum(axis=1) / casualties.sum(axis=1)
    assert last["ratio_if_casualties_upper"] == pytest.approx(np.quantile(want, 0.975), rel=5e-3)


def halves_of(fit):
    return len(calendar(fit.days, "half-yearly").first)


def test_ratios_of_equipment_have_no_definition(biases):
    tanks = biases[biases["category"] == "tanks"]
    empty = [c for c in tanks if c.startswith(("definition", "ratio_if", "coverage"))]
    assert tanks[empty].isna().all().all()
    assert tanks["ratio_median"].notna().all()


def test_only_lists_have_a_coverage(biases):
    covered = biases.loc[biases["coverage_median"].notna(), "accounting"]
    assert set(covered) == {"list"}


def test_counts_of_the_half_years_add_up(biases):
    whole = biases.groupby(["claimant", "party", "category"], sort=False)
    for name in ("n_claims", "n_used"):
        assert (whole[name].apply(lambda n: n.iloc[:-1].sum()) == whole[name].last()).all()


def test_one_claimant_can_be_asked_for(fit):
    assert set(biases_table(fit, claimant="observer")["claimant"]) == {"observer"}
    with pytest.raises(UsageError, match="No claimant 'nobody'"):
        biases_table(fit, claimant="nobody")
