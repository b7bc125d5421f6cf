"""Walks and levels of sums that are held: sums stay, volume and gradient, chains that mix."""

import numpy as np
import pytest

from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference import run
from lossmodel.inference.gates import HARDLY_DIVIDED, UNDIVIDED, bent_sums
from lossmodel.inference.importance import LARGEST
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.nuts.coupling import Coupled
from lossmodel.inference.nuts.figures import counts
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.nuts.held_sums import HeldSums
from lossmodel.inference.nuts.held_walks import HeldWalks
from lossmodel.inference.nuts.whitening import Whitened
from lossmodel.inference.sampling import sample_through_gate
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from tests.small_conflict import claims_csv, write_conflict

# A list of each half-year, known long after, and an enemy's count of one year.
HALVES = (191, 232, 521, 711, 295, 566)
MONTHS = ("01-01", "06-30"), ("07-01", "12-31")
WINDOWS = [(f"{year}-{a}", f"{year}-{b}") for year in (2001, 2002, 2003) for a, b in MONTHS]
WALK = [
    {
        "claim_id": f"h{i}", "claimant": "gazette", "party": "land", "category": "killed",
        "kind": "period", "start": start, "end": end, "known": "2009-06-30",
        "published": "2009-06-30", "value": f"{value}",
    }
    for i, (value, (start, end)) in enumerate(zip(HALVES, WINDOWS, strict=True))
]  # fmt: skip
WALK.append(
    {
        "claim_id": "enemy", "claimant": "sea-staff", "party": "land", "category": "killed",
        "kind": "period", "start": "2002-01-01", "end": "2002-12-31", "value": "5220",
        "published": "2003-01-15",
    }
)  # fmt: skip
# Three totals of both parties together, and one of one of them.
SUM = [
    {
        "claim_id": f"s{i}", "claimant": claimant, "party": party, "category": "killed",
        "kind": "cumulative", "start": "", "end": "2003-12-31", "published": published,
        "value": value,
    }
    for i, (claimant, party, value, published) in enumerate(
        [
            ("land-staff", "land+guests", "2145", "2004-01-02"),
            ("gazette", "land+guests", "2104", "2004-02-01"),
            ("gazette", "land", "1462", "2004-02-01"),
            ("sea-staff", "land+guests", "2125", "2004-03-01"),
        ]
    )
]  # fmt: skip
ACCOUNTED = {
    "walk": ("gazette,land,killed,list", "sea-staff,land,killed,ledger"),
    "sum": (
        *("land-staff,land+guests,killed,estimate", "gazette,land+guests,killed,estimate"),
        *("gazette,land,killed,estimate", "sea-staff,land+guests,killed,estimate"),
    ),
}


def fitted(rows, accounted, folder):
    table = "\n".join(["claimant,party,category,accounting", *accounted, ""])
    claims = load_claims(conflict=write_conflict(folder, claims=claims_csv(rows), streams=table))
    density = Density(LossModel().design(collect_evidence(claims), claims.conflict))
    return density, approximate(density, diagnose=False)


@pytest.fixture(scope="module", params=["walk", "sum"])
def war(request, tmp_path_factory):
    """A name, a density with its fit, and what is held in it."""
    rows = {"walk": WALK, "sum": SUM}[request.param]
    density, laplace = fitted(rows, ACCOUNTED[request.param], tmp_path_factory.mktemp("war"))
    of = counts(density, laplace.mode)
    held = HeldWalks(of, laplace.mode, HeldLevels(of)) if request.param == "walk" else HeldSums(of)
    assert held
    return request.param, density, laplace, held


def draws(laplace, size, seed):
    x = np.random.default_rng(seed).standard_normal((size, len(laplace.mode)))
    return laplace.mode + x @ laplace.covariance_root.T


def move(density, held, theta):
    return held.move(theta, density.design.parameters.scales(theta))[0]


def test_mode_and_slopes_at_the_mode_stay(war):
    _, density, laplace, held = war
    step = 1e-5 * np.eye(density.size)
    ends = [move(density, held, laplace.mode + sign * step) for sign in (1, -1)]
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, np.eye(density.size), atol=1e-7)
    np.testing.assert_allclose(move(density, held, laplace.mode), laplace.mode, atol=1e-12)


def test_chains_have_the_maps_that_such_figures_need(war):
    name, density, laplace, _ = war
    found = [type(each) for each in Whitened(density, laplace).couplings]
    assert found == ([HeldWalks] if name == "walk" else [HeldLevels, HeldSums])


def test_the_volume_is_one(war):
    _, density, laplace, held = war
    for theta in draws(laplace, 3, 3):
        step = 1e-5 * np.eye(density.size)
        ends = [move(density, held, theta + sign * step) for sign in (1, -1)]
        slopes = (ends[0] - ends[1]) / 2e-5
        assert np.abs(slopes - np.eye(density.size)).max() > 0.05
        assert np.linalg.slogdet(slopes) == pytest.approx((1.0, 0.0), abs=1e-6)


def test_the_gradient_is_that_of_the_value(war):
    _, density, laplace, held = war
    coupled, rng = Coupled(density, (held,)), np.random.default_rng(4)
    for theta in draws(laplace, 3, 5):
        step = 1e-5 * rng.standard_normal(density.size)
        rise = coupled(theta + step)[0] - coupled(theta - step)[0]
        assert rise == pytest.approx(2 * coupled(theta)[1] @ step, rel=1e-4, abs=1e-7)


def test_figures_are_nearer_to_linear_than_where_levels_alone_are_held(war):
    """By 200 draws, in sds of each figure: by a sixth as much for the walk, a 24th for the sum."""
    name, density, laplace, held = war
    of, hypers = counts(density, laplace.mode), len(density.design.parameters.hyper)
    theta = draws(laplace, 200, 6)
    theta[:, :hypers] = laplace.mode[:hypers]

    def expected(theta):
        return density.predictions(theta).log_expected

    step = 1e-4 * np.eye(density.size)
    slopes = (expected(laplace.mode + step) - expected(laplace.mode - step)) / 2e-4
    straight = expected(laplace.mode) + (theta - laplace.mode) @ slopes

    def bend(moved):
        return float((np.abs(expected(moved) - straight) * np.sqrt(of.information)).mean())

    levels = HeldLevels(of).hold(theta)[0]
    both = move(density, held, theta if name == "walk" else levels)
    assert bend(both) < bend(levels) / 3


# What divides a sum: a count of each party.
PARTS = [SUM[2], SUM[2] | {"claim_id": "guests", "party": "guests", "value": "683"}]


@pytest.mark.parametrize("divided", [False, True], ids=["undivided", "divided"])
def test_a_sum_that_nothing_divides_is_sampled(tmp_path, divided):
    rows = [*SUM[:2], SUM[3], *(PARTS if divided else [])]
    accounted = [*ACCOUNTED["sum"], "gazette,guests,killed,estimate"]
    density, laplace = fitted(rows, accounted if divided else accounted[:2], tmp_path)
    assert density.size > LARGEST
    said_of_sum = UNDIVIDED.format("land and guests")
    assert bent_sums(density, laplace) == (([], True) if divided else ([said_of_sum], False))
    if not divided:
        stream, said = np.random.SeedSequence(1), []
        _, found = run._by_laplace(density, laplace, run.Settings("auto"), stream, said.append)
        assert found is None
        assert said_of_sum in said[-1]
        # Not asked for samples, the fit fails.
        settings = run.Settings("laplace")
        _, (_, found) = run._by_laplace(density, laplace, settings, stream, said.append)
        assert said_of_sum in found["failures"]


def test_a_sum_that_one_figure_divides_is_a_doubt(tmp_path):
    density, laplace = fitted(SUM, ACCOUNTED["sum"], tmp_path)
    reasons, divided = bent_sums(density, laplace)
    assert divided
    assert reasons == [HARDLY_DIVIDED.format("land and guests")]


@pytest.mark.slow
def test_parties_of_a_sum_that_nothing_divides_are_as_likely_the_larger(tmp_path):
    """Medians of both are a third of the sum or more; those of laplace are 521 and 1,522."""
    density, _ = fitted([*SUM[:2], SUM[3]], ACCOUNTED["sum"][:2], tmp_path)
    found = run.run(
        density.design, settings=run.Settings("auto"), earlier=None, progress=lambda _: None
    )
    assert found.engine == "hmc"
    assert not found.diagnostics["failures"]
    land, guests = (found.posterior.total(party, "killed") for party in ("land", "guests"))
    third = np.median(land + guests) / 3
    assert min(np.median(land), np.median(guests)) > third


@pytest.mark.slow
@pytest.mark.parametrize("held", [True, False], ids=["as held", "must fail"])
def test_an_effective_draw_takes_few_gradients(war, monkeypatch, held):
    """Of the walk 55 and of the sum 33, and 677 and 1,108 where levels alone are held."""
    _, density, laplace, _ = war
    if not held:
        monkeypatch.setattr("lossmodel.inference.nuts.held_walks.BENT_SDS", np.inf)
        monkeypatch.setattr(HeldSums, "__bool__", lambda _: False)
    _, found = sample_through_gate(
        density.design, density, laplace, seed=3, engine="hmc", seconds=0
    )
    assert (found["gradients"] < 200 * found["min_ess_bulk"]) == held
