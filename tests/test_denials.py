"""An estimate of none: a count where few were lost, and a denial where many were."""

import numpy as np
import pandas as pd
import pytest

from lossmodel.api import fit
from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from lossmodel.model.design.no_witness import log_odds_of_no_witness
from lossmodel.model.priors import Priors
from lossmodel.report.results import claim_outcomes
from tests.plain_density import PlainDensity
from tests.small_conflict import claims_csv, write_conflict

NO_DENIALS = Priors.default().replace({"noise.denied_share": {"median": 1e-300}})


@pytest.fixture
def war(tmp_path):
    """Claims of the dead of one party by claimants, all of the same days."""

    def load(**figures):
        rows = [
            {
                "claim_id": claimant, "claimant": claimant, "party": "land", "category": "killed",
                "kind": "period", "start": "2001-03-01", "end": "2001-05-31", "value": value,
                "published": "2001-06-07",
            }
            for claimant, value in figures.items()
        ]  # fmt: skip
        folder = tmp_path / "-".join(map(str, figures.values()))
        folder.mkdir()
        return load_claims(conflict=write_conflict(folder, claims=claims_csv(rows), streams=None))

    return load


def interval(claims, priors=None):
    found = fit(claims, priors=priors, engine="laplace", seed=1)
    return found, found.estimate("killed", "land").iloc[-1][["lower", "median", "upper"]].to_list()


@pytest.mark.slow
@pytest.mark.parametrize("claimant", ["sea-staff", "land-staff", "gazette"])
def test_a_denial_says_nothing_of_many_dead(war, claimant):
    others = {"gazette": 4_100, "land-staff": 2_600, "sea-staff": 9_000}
    del others[claimant]
    without, denied = war(**others), war(**others, **{claimant: 0})
    _, before = interval(without)
    found, after = interval(denied)
    width = np.log(before[2] / before[0])
    assert np.abs(np.log(after) - np.log(before)).max() < 0.1 * width
    outcome = claim_outcomes(found).set_index("claim_id").loc[claimant]
    assert outcome["copy_probability"] > 0.99
    assert outcome["copy_of"] == ""
    # A count of none beside thousands makes all figures noisy.
    _, twin = interval(denied, NO_DENIALS)
    assert twin[2] / twin[0] > 1.5 * after[2] / after[0]


@pytest.mark.slow
def test_a_count_of_none_says_that_there_were_few(war):
    for figures in ({"land-staff": 0}, {"land-staff": 0, "gazette": 2}):
        claims = war(**figures)
        _, (_, median, upper) = interval(claims)
        _, (_, twin, highest) = interval(claims, NO_DENIALS)
        assert median < 4
        assert upper < 30
        assert median == pytest.approx(twin, rel=0.1)
        assert upper < 1.5 * highest


def odds(*rows):
    """Log odds of a denial of rows of a claimant, a figure and a kind."""
    terms = pd.DataFrame(rows, columns=["claimant", "value", "kind"]).assign(
        party="land", accounting="estimate", copy_prior=0.0, copy_match=0.0, copy_unit=0.0
    )
    value, ranged = terms["value"].to_numpy(), np.zeros(len(rows), dtype=bool)
    return log_odds_of_no_witness(
        terms, value, count=value < 200, ranged=ranged, priors=Priors.default(), copies=True
    )


def test_zeros_beside_other_figures_of_the_claimant_are_counts():
    wounded, killed = ("land-staff", 0.0, "window"), ("land-staff", 400.0, "window")
    missing, other = ("sea-staff", 0.0, "stock"), ("gazette", 4_100.0, "window")
    assert np.isneginf(odds(wounded, killed, missing, other)).all()
    # Without its dead the claimant denies all losses; a stock of none has come to its end.
    assert odds(wounded, missing, other).tolist() == [
        pytest.approx(np.log(0.001 / 0.999)), -np.inf, -np.inf,
    ]  # fmt: skip


def test_the_density_is_the_plain_sum(war):
    claims, model = war(almanac=4_100, **{"land-staff": 0}), LossModel()
    evidence = collect_evidence(claims)
    design = model.design(evidence, claims.conflict)
    theta = 0.5 * np.random.default_rng(1).standard_normal(design.size)
    normals = {group: theta[where] for group, where in design.parameters.groups.items()}
    value = Density(design)(theta)[0] - design.size / 2 * np.log(2 * np.pi)
    plain = PlainDensity(
        design.terms, claims.conflict, submodel="person", until=evidence.until,
        ended=evidence.ended, priors=model.priors, components=model.components,
    )  # fmt: skip
    assert value == pytest.approx(plain(normals), rel=1e-11)
