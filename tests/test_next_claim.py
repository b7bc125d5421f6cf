"""Expected narrowing by a claim to come: against closed forms, and with the unknowns of a fit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lossmodel as lm
from lossmodel.errors import UsageError
from lossmodel.evaluation.expected_widths import (
    carried,
    expected_width,
    joint_draws,
    log_totals,
)
from lossmodel.evaluation.next_claim import COLUMNS, _candidates, _with_claims, next_claims
from lossmodel.evidence import collect_evidence
from lossmodel.model.density.density import Density
from lossmodel.model.density.likelihood import AtLeast, Point
from lossmodel.model.density.model import LossModel
from lossmodel.report.sections.next_claims import next_claims_blocks
from tests.small_conflict import TOML, claims_csv, write_conflict

EXACT = [Point(np.zeros(1), np.inf)]
SD = 0.4
# Relative error of a width from two thousand draws.
MONTE_CARLO = 0.04


def normal_width(total, mu, noise):
    """Width after a claim relative to before, if all is normal."""
    shared = np.cov(total, mu)
    return np.sqrt(1 - shared[0, 1] ** 2 / (shared[1, 1] + noise**2) / shared[0, 0])


def width_of(total, mu, noise, figures=EXACT):
    noises = np.full((len(total), 1), noise)
    rng = np.random.default_rng(5)
    slack = np.full((len(total), 1), np.log(0.15))
    return expected_width(total, figures, mu[:, None], noises, slack, ci_prob=0.95, rng=rng)


@pytest.fixture(scope="module")
def total():
    return np.random.default_rng(2).normal(12.0, SD, 2000)


@pytest.mark.parametrize(("bias_sd", "noise"), [(0.0, 0.4), (0.3, 0.1), (0.8, 0.2)])
def test_it_is_the_closed_form_if_all_is_normal(total, bias_sd, noise):
    mu = total + np.random.default_rng(3).normal(0, bias_sd, len(total))
    expected = normal_width(total, mu, noise)
    assert width_of(total, mu, noise) == pytest.approx(expected, rel=MONTE_CARLO)


def test_a_bias_that_is_left_out_is_seen(total):
    mu = total + np.random.default_rng(3).normal(0, 0.3, len(total))
    assert width_of(total, total, 0.1) < normal_width(total, mu, 0.1) * (1 - 5 * MONTE_CARLO)


def test_a_claim_with_endless_error_narrows_nothing(total):
    assert width_of(total, total, 1e4) == pytest.approx(1, abs=MONTE_CARLO / 4)


def test_a_claim_without_bias_leaves_its_own_precision(total):
    assert width_of(total, total, 0.05) == pytest.approx(0.05 / SD, rel=3 * MONTE_CARLO)


def test_a_bound_says_less_than_a_number(total):
    bound = width_of(total, total, 0.1, [AtLeast(np.zeros(1), 0.05, 2.0)])
    assert width_of(total, total, 0.1) + 0.05 < bound < 1


def test_a_witness_who_was_heard_says_less_than_a_new_one(total):
    """The first claim y = total + bias is in the fit, so that both errors are one."""
    rng = np.random.default_rng(6)
    own = (total - 12.0) / np.sqrt(2)  # bias of the same sd as the total, and y known exactly
    heard = 12.0 + own - own  # y again
    new = 12.0 + own + rng.normal(0, SD, len(own))
    assert width_of(12.0 + own, heard, 0.05) == pytest.approx(1, abs=0.02)
    assert width_of(12.0 + own, new, 0.05) < 0.95


@pytest.fixture(scope="module")
def fitted():
    return lm.fit("kargil1999", engine="laplace", submodels="person")


@pytest.fixture(scope="module")
def found(fitted):
    return next_claims(fitted)


@pytest.mark.slow
def test_claims_of_a_fit_narrow_its_totals(fitted, found):
    assert list(found.columns) == list(COLUMNS)
    assert (found["width"] > 0).all()
    assert found["width"].max() < 1 + 4 * max(found["error"].max(), 0.01)
    assert found["width"].min() < 0.95
    assert set(found["claim"]) >= {"own side", "adversary", "third party", "list"}
    for _, rows in found.groupby(["party", "category"]):
        assert rows["width"].is_monotonic_increasing


@pytest.mark.slow
def test_a_total_that_the_fit_has_not_is_refused(fitted):
    with pytest.raises(UsageError, match="none of these totals"):
        next_claims(fitted, [("atlantis", "killed", "all")])


@pytest.mark.slow
def test_a_claim_that_replaces_a_figure_of_the_fit_is_refused(fitted):
    """The fit knows the earlier figure, so that the two would count twice."""
    table = fitted.claims.table
    row = table[table["claimant"] == "india-intelligence"].assign(claim_id="again", value=400.0)
    row["published"] += pd.Timedelta(days=9)
    claims = replace(fitted.claims, table=pd.concat([table, row], ignore_index=True))
    with pytest.raises(UsageError, match="replace figures of the fit: india-intelligence"):
        joint_draws(fitted, claims, "person")


@pytest.mark.slow
def test_figures_of_the_fit_keep_their_expectation(fitted):
    """The draws are carried to the design with more claims, whose streams have other numbers."""
    key = next(key for key in fitted.series if key[2] == "all")
    submodel = fitted.submodel_of(*key[:2])
    before, draws = submodel.design, submodel.posterior.flat[:20]
    claims, _ = _with_claims(
        fitted, [c for c in _candidates(fitted, before, [key]) if not c.claimant]
    )
    evidence = collect_evidence(claims, until=fitted.evidence.until)
    model = LossModel(fitted.components, fitted.priors)
    after = model.design(evidence, claims.conflict, before.name)
    theta, kept = carried(before, draws, after, np.random.default_rng(1))
    place = pd.Index(after.terms["term"]).get_indexer(before.terms["term"])

    def expected(density, values):
        return density.evaluate(values)[density.model.log_expected]

    own = expected(submodel.density, draws[kept])
    again = expected(Density(after), theta)[:, place]
    assert again == pytest.approx(own, abs=1e-9)
    # Draws of unknowns under another name would not do.
    other = expected(Density(after), np.random.default_rng(1).standard_normal(theta.shape))
    assert np.abs(other[:, place] - own).max() > 0.1


def test_a_claim_that_would_ask_for_closer_knots_leaves_those_of_the_fit(tmp_path):
    """One more day on which a window begins asks for one more knot."""
    rows = [
        {
            "claim_id": f"month-{i}", "claimant": "land-staff", "party": "land",
            "category": "killed", "kind": "period", "value": "100",
            "start": f"{day:%Y-%m-%d}", "end": f"{day + pd.Timedelta(days=34):%Y-%m-%d}",
        }
        for i, day in enumerate(pd.date_range("2001-01-06", periods=60, freq="35D"))
    ]  # fmt: skip
    toml = TOML.replace("end = 2003-12-31", "end = 2006-12-31")
    claims = load(tmp_path / "fewer", rows, toml)
    fitted = lm.fit(claims, engine="laplace", draws=50)
    (before,) = (submodel.design for submodel in fitted.submodels.values())
    first = rows[0] | {"claim_id": "first", "claimant": "gazette", "start": "2001-01-01"}
    more = load(tmp_path / "more", [*rows, first], toml)
    joint = joint_draws(fitted, more, "person")
    assert joint.terms["term"].tolist() == ["first"]
    # On its own it has other knots, so that draws of walks would be of other days.
    asked = LossModel(priors=fitted.priors).design(collect_evidence(more), more.conflict)
    assert asked.grid.knot_days != before.grid.knot_days


def load(folder, rows, toml):
    folder.mkdir()
    return lm.load_claims(
        conflict=write_conflict(folder, conflict=toml, claims=claims_csv(rows), streams=None)
    )


@pytest.mark.slow
def test_the_report_has_a_sentence_and_rows_for_each_total(fitted, found):
    scores = pd.DataFrame({"expected": [-0.1] * 2, "realised": [-0.2] * 2, "passed": [True] * 2})
    heading, *sentences, table = next_claims_blocks(fitted, found, scores)
    assert heading.text == "What would change this"
    totals = found[["party", "category"]].drop_duplicates()
    assert len(sentences) == len(totals)
    assert {row[0] for row in table.rows} == {text.lead[:-1] for text in sentences}
    assert "In 2 cases of past wars" in table.caption
    assert "kept 82% of their width (geometric mean), where 90% was expected;" in table.caption
    assert not next_claims_blocks(fitted, found.iloc[:0])


@pytest.mark.slow
def test_log_totals_are_of_the_days_up_to_one(fitted):
    key = next(key for key in fitted.series if key[2] == "all")
    assert (log_totals(fitted, key) >= log_totals(fitted, key, fitted.days[5])).all()
