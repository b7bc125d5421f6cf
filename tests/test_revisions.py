"""Revisions: of honest estimates they are as large as promised, of others they are not."""

import numpy as np
import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.errors import UsageError
from lossmodel.evaluation.dated_totals import Look, looks_at, moments, quarter_ends, windows_until
from lossmodel.evaluation.revisions import (
    FLOOR,
    revision_summary,
    revision_table,
    revisions,
    simulated_revisions,
)
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import Size
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors

SMALL = Size(days=(60, 90), claimants=(4, 5), claims=(24, 30))
WINDOW = ("total", "2001-01-01", "2001-03-01")


def looks(count: int) -> list[Look]:
    return [Look(f"2001-0{i + 3}-01", (WINDOW,)) for i in range(count)]


def estimate(mean: float, variance: float) -> dict[str, object]:
    kind, start, end = WINDOW
    row = {"kind": kind, "start": start, "end": end, "party": "north", "measure": "killed"}
    return {"gate": True, "rows": [row | {"mean": mean, "variance": variance}]}


def learned(shrink: float, seed: int) -> list[dict[str, object]]:
    """A normal mean, learned from three figures; sds are multiplied by `shrink`."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal()
    figures = truth + rng.standard_normal(3)
    # Prior N(0, 1) and n figures of unit variance.
    return [estimate(float(figures[:n].sum() / (n + 1)), shrink**2 / (n + 1)) for n in (0, 1, 2, 3)]


@pytest.mark.parametrize(("shrink", "rms"), [(1.0, 1.0), (0.5, 2.0)], ids=["honest", "narrow"])
def test_the_rms_is_one_where_intervals_keep_their_promise(shrink, rms):
    tables = [revision_table(looks(4), learned(shrink, seed)) for seed in range(400)]
    found = revision_summary(pd.concat(tables)).set_index(["step", "party"])
    assert found.loc[("next", "north"), "revisions"] == 1200
    for step in ("next", "last"):
        assert found.loc[(step, "north"), "rms"] == pytest.approx(rms, rel=0.1)
        assert found.loc[(step, "north"), "ratio"] == pytest.approx(rms, rel=0.1)
        assert found.loc[(step, "north"), "mean"] == pytest.approx(0.0, abs=0.12 * rms)
        assert found.loc[(step, "north"), "up"] == pytest.approx(0.5, abs=0.06)


def test_a_drift_has_a_sign():
    table = revision_table(looks(3), [estimate(x, v) for x, v in ((0, 1), (1, 0.5), (2, 0.2))])
    assert (revision_summary(table)["up"] == 1).all()
    assert (revision_summary(table)["mean"] > 1).all()


def test_a_variance_that_does_not_fall_has_the_least_one():
    table = revision_table(looks(2), [estimate(0.0, 1.0), estimate(0.5, 1.2)])
    assert table["floored"].all()
    assert table["z"].iloc[0] == pytest.approx(0.5 / np.sqrt(FLOOR))


def test_an_estimate_that_is_missing_has_no_revision():
    table = revision_table(looks(3), [{"gate": False, "rows": []}, *learned(1.0, 1)[:2]])
    assert set(table["as_of"]) == {"2001-04-01"}


def test_quarters_end_with_all_claims():
    claims = load_claims(conflict="russia-ukraine")
    dates = quarter_ends(claims)
    assert dates[-1] == claims.table["published"].max()
    assert dates == sorted(set(dates))
    assert all(day.is_quarter_end for day in dates[:-1])


def test_a_quarter_without_new_claims_is_no_date():
    claims = load_claims(conflict="battle-of-britain")
    dates = quarter_ends(claims)
    published = claims.table["published"]
    before = pd.Timestamp(1900, 1, 1)
    for day in dates:
        assert ((published > before) & (published <= day)).any()
        before = day


def test_a_later_date_has_the_windows_of_the_earlier_ones():
    claims = load_claims(conflict="russia-ukraine")
    found = looks_at(claims, [pd.Timestamp("2022-12-31"), pd.Timestamp("2024-01-31")])
    both = windows_until(found, found[1])
    assert set(found[0].windows) < set(both)
    assert ("year", "2022-02-24", "2022-12-31") in both
    # A month of a year is no yearly flow.
    assert not [w for w in both if w[1] == "2024-01-01"]


@pytest.mark.slow
def test_moments_are_those_of_the_draws():
    claims = simulate(seed=2, size=SMALL).claims
    last = claims.table["published"].max()
    (look,) = looks_at(claims, [last])
    found = moments(
        claims, {"as_of": look.as_of}, look.windows, Priors.default(), Components(), "laplace", 1
    )
    rows = pd.DataFrame(found["rows"]).set_index(["party", "measure"])
    assert set(rows.index) == {(p, m) for p in ("north", "south") for m in ("killed", "casualties")}
    assert (rows["variance"] > 0).all()
    assert rows.loc[("north", "casualties"), "mean"] > rows.loc[("north", "killed"), "mean"]


def test_one_date_has_no_revision():
    with pytest.raises(UsageError, match="two dates"):
        revisions(load_claims(conflict="russia-ukraine"), dates=[pd.Timestamp("2023-01-01")])


@pytest.mark.slow
def test_simulated_wars_are_looked_at_several_times(tmp_path):
    found = simulated_revisions([2], size=SMALL, jobs=1, store=tmp_path)
    again = simulated_revisions([2], size=SMALL, jobs=1, store=tmp_path)
    pd.testing.assert_frame_equal(found, again)
    assert set(found["step"]) == {"next", "last"}
    assert np.isfinite(found["z"]).all()
    totals = found[(found["step"] == "next") & (found["kind"] == "total")]
    assert 1 <= totals["as_of"].nunique() <= 3
