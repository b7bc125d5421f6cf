"""Sensitivity: scaled priors, components off, claimants left out, and the summary in words."""

import numpy as np
import pandas as pd
import pytest

from lossmodel.conflict import load_conflict
from lossmodel.evaluation import sensitivity as sensitivity_module
from lossmodel.evaluation.sensitivity import sensitivity
from lossmodel.evaluation.sensitivity_text import describe_level
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import Size
from lossmodel.evaluation.variants import (
    BLOCKS,
    COMMON_SDS,
    power_scaled,
    scopes_scaled,
    variants_of,
)
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.plots.checks import plot_tornado

SMALL = Size(days=(80, 100), claimants=(3, 3), claims=(20, 25))
QUANTITY = "killed north all"


@pytest.fixture(scope="module")
def priors() -> Priors:
    return Priors.default()


@pytest.fixture(scope="module")
def war(priors):
    return simulate(seed=8, priors=priors, size=SMALL)


def test_every_prior_belongs_to_one_block(priors):
    for prior in priors:
        owners = [submodel for submodel, begins in BLOCKS.items() if prior.name.startswith(begins)]
        assert len(owners) == 1, prior.name


@pytest.mark.parametrize("submodel", BLOCKS)
def test_a_power_of_one_changes_nothing(submodel, priors):
    for name, prior in power_scaled(priors, BLOCKS[submodel], 1.0).entries.items():
        assert prior.sd == priors[name].sd
        assert prior.mean == pytest.approx(priors[name].mean)


@pytest.mark.parametrize("submodel", BLOCKS)
def test_powers_multiply(submodel, priors):
    twice = power_scaled(power_scaled(priors, BLOCKS[submodel], 2.0), BLOCKS[submodel], 3.0)
    once = power_scaled(priors, BLOCKS[submodel], 6.0)
    for name in once.entries:
        assert twice[name].sd == pytest.approx(once[name].sd)
        assert twice[name].mean == pytest.approx(once[name].mean)


@pytest.mark.parametrize("submodel", BLOCKS)
def test_only_the_block_is_scaled(submodel, priors):
    scaled = power_scaled(priors, BLOCKS[submodel], 4.0)
    for prior in priors:
        if not prior.name.startswith(BLOCKS[submodel]):
            assert scaled[prior.name] == prior
    assert any(scaled[prior.name] != prior for prior in priors)


def test_shares_of_scopes_are_scaled_with_their_decay():
    conflict = load_conflict("russia-ukraine")
    scaled = scopes_scaled(conflict, 4.0)
    before, after = (c.scopes["militia"].share for c in (conflict, scaled))
    assert after.sd == before.sd / 2
    assert after.tau_sd == before.tau_sd / 2
    assert after.mean == before.mean


def test_variants_leave_out_each_claimant_with_who_repeats_it(war, priors):
    names = sorted(set(war.claims.table["claimant"]) - {"gazette"})
    variants = variants_of(war.claims, priors, Components(), claimants=names, shift_priors=True)
    gone = {v.name: v for v in variants if v.kind == "claimant"}
    assert set(gone) == set(names)
    for name, variant in gone.items():
        table = variant.claims.table
        assert name not in set(table["claimant"]) | set(table["via"])
    assert {v.value for v in variants if v.kind == "common mode"} == set(COMMON_SDS)
    assert {v.name for v in variants if v.kind == "part"} == set(Components.names()) - {"force"}
    assert all(not getattr(v.components, v.name) for v in variants if v.kind == "part")


def _table() -> pd.DataFrame:
    rows = [
        ("fit", "fit", np.nan, 1000.0, 700.0, 1400.0, 0.18),
        ("claimant", "staff", np.nan, 1100.0, 700.0, 1700.0, 0.22),
        ("claimant", "agency", np.nan, 950.0, 680.0, 1390.0, 0.18),
        ("part", "delay", np.nan, 880.0, 600.0, 1200.0, 0.18),
        ("part", "bounds", np.nan, 1001.0, 700.0, 1400.0, 0.18),
        ("common mode", "sd 0.10", 0.10, 1005.0, 750.0, 1350.0, 0.15),
        ("common mode", "sd 0.25", 0.25, 990.0, 600.0, 1600.0, 0.25),
        ("prior", "bias", 0.8, 1030.0, 690.0, 1480.0, 0.19),
        ("prior", "bias", 1.25, 970.0, 700.0, 1330.0, 0.17),
        ("location", "coverage.level", -1.0, 1200.0, 800.0, 1700.0, 0.18),
        ("location", "coverage.level", 1.0, 850.0, 600.0, 1200.0, 0.18),
    ]
    names = ["kind", "name", "value", "median", "lower", "upper", "sd"]
    table = pd.DataFrame(rows, columns=names).assign(quantity=QUANTITY)
    own = table.iloc[0]
    change = table["median"] / own["median"]
    width = np.log(table["upper"] / table["lower"]) / np.log(own["upper"] / own["lower"])
    return table.assign(
        change=change - 1, shift=np.log(change) / own["sd"], width=width, base=own["median"]
    )


def _variance(prior_share: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "quantity": QUANTITY,
            "block": ["bias", "common mode"],
            "share": [0.6 * prior_share, 0.4 * prior_share],
            "prior_sd": 1.7,
            "posterior_sd": 0.18,
            "prior_share": prior_share,
        }
    )


def _words(prior_share: float) -> str:
    table = _table()
    return describe_level(
        table=table,
        powers=sensitivity_module._powers(table),
        variance_decomposition=_variance(prior_share),
        prior_range=sensitivity_module.median_range(table),
    )


def test_the_range_is_over_plausible_priors_only():
    row = sensitivity_module.median_range(_table()).iloc[0]
    assert (row["low"], row["high"]) == (850.0, 1200.0)
    assert "coverage.level one sd lower" in row["note"]


def test_slopes_are_by_a_doubling_of_the_prior():
    row = sensitivity_module._powers(_table()).iloc[0]
    step = np.log2(1.25 / 0.8)
    assert row["location"] == pytest.approx(np.log(970 / 1030) / 0.18 / step)
    assert row["spread"] == pytest.approx(np.log(0.17 / 0.19) / step)


def test_the_paragraph_gives_the_numbers():
    text = _words(0.85)
    for said in (
        *("1,000 (700 to 1,400, 95%)", "is 1.70 a priori", "0.18 a posteriori", "85%", "bias 51%"),
        *("Without staff the median moves by +10%", "delay -12%", "850 to 1,200"),
        *("set by assumptions", "at 0.25", "without staff, 1.28 times"),
    ):
        assert said in text
    assert "bounds" not in text


def test_a_level_that_claims_fix_is_not_called_assumed():
    assert "set by assumptions" not in _words(0.5)


def test_the_tornado_has_the_largest_change_on_top():
    ax = plot_tornado(_table())
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels[-1] == "prior mean: coverage.level"
    ax.figure.clear()


@pytest.mark.slow
def test_sensitivity_of_a_small_war(war, priors):
    result = sensitivity(war.claims, priors=priors, shift_priors=False)
    assert set(result.table["kind"]) == {"claimant", "part", "common mode", "prior"}
    same = result.table[(result.table["kind"] == "common mode") & (result.table["value"] == 0.15)]
    assert same["change"].abs().max() < 1e-6
    assert (result.table["lower"] < result.table["upper"]).all()
    for quantity in set(result.table["quantity"]):
        assert quantity in result.text
