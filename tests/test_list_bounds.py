"""Lists of people as lower bounds: which counts bound which losses, and the answers they give."""

import numpy as np
import pytest
from scipy import stats

from lossmodel.api import fit
from lossmodel.claims import Claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference.names import EngineName
from lossmodel.model import LossModel
from lossmodel.model.components import Components
from lossmodel.model.density.density import Density
from lossmodel.model.density.functions import OrOne
from lossmodel.model.design import Design
from tests import count_war
from tests.count_war import MONTHS, total

LISTS = "ministry,north,killed,list"
LATE = {"known": "2002-03-01", "published": "2002-03-01"}


def named(claimant: str = "ministry", value: float = 2_908, **cells: str) -> list[dict[str, str]]:
    """A list by the end of the war, and what has been found a year later."""
    early = {"known": "2001-05-20", "published": "2001-05-20", "claim_id": f"{claimant}-early"}
    return [
        total(claimant, value - 125, **(early | cells)),
        total(claimant, value, **LATE, **cells),
    ]


def design(folder, rows, streams: str = LISTS, components: Components | None = None) -> Design:
    claims = count_war.claims(folder, rows, streams)
    evidence = collect_evidence(claims)
    return LossModel(components or Components()).design(evidence, claims.conflict)


def counts(found: Design) -> list[float]:
    return np.exp(found.list_bounds.log_count).round(6).tolist()


def test_the_increments_of_a_list_add_up_to_its_latest_count(tmp_path):
    found = design(tmp_path, named())
    assert counts(found) == [2_908]
    assert found.list_bounds.parts.toarray().tolist() == [[1, 1]]
    assert found.list_bounds.sd == pytest.approx(np.hypot(0.03, 2_908**-0.5))


def months() -> list[dict[str, str]]:
    return [
        total("ministry", 300, end, kind="period", start=f"{end[:7]}-01", **LATE) for end in MONTHS
    ]


def test_windows_that_do_not_overlap_are_one_bound(tmp_path):
    found = design(tmp_path, months())
    assert counts(found) == [1_200]
    here = found.window[:, 0] == found.list_bounds.sums[0]
    assert (found.window[here, 4] - found.window[here, 3]).sum() == 120


def test_of_windows_that_overlap_the_largest_count_is_the_bound(tmp_path):
    late = {"claim_id": "from-february", "known": "2003-01-01", "published": "2003-01-01"}
    rows = [*months(), total("ministry", 1_500, kind="period", start="2001-02-01", **late)]
    found = design(tmp_path, rows)
    # January's month does not overlap with the period from February on.
    assert counts(found) == [1_800]
    assert found.list_bounds.parts.sum() == 2


@pytest.mark.parametrize(
    ("rows", "streams"),
    [
        (named("south-staff"), "south-staff,north,killed,list"),
        (named(), "ministry,north,killed,register"),
        (named(), "ministry,north,killed,ledger"),
        (named(category="missing", kind="stock"), "ministry,north,missing,list"),
        (named(category="tanks"), "ministry,north,tanks,list"),
    ],
    ids=["an adversary's list", "a register", "a ledger", "the missing", "equipment"],
)
def test_other_counts_bound_nothing(tmp_path, rows, streams):
    claims = count_war.claims(tmp_path, [*rows, total("agency", 4_000)], streams)
    evidence = collect_evidence(claims)
    for found in LossModel().submodels(evidence, claims.conflict):
        assert counts(found) == []


def test_the_component_switches_the_bounds_off(tmp_path):
    found = design(tmp_path, named(), components=Components().without("list_bounds"))
    assert counts(found) == []
    assert Density(found).model.list_bounds is None


def dead(claims: Claims, engine: EngineName, components: Components) -> np.ndarray:
    fitted = fit(claims, engine=engine, components=components)
    return fitted.submodels["person"].posterior.total("north", "killed").ravel()


@pytest.mark.slow
def test_no_fewer_died_than_a_list_names(tmp_path):
    rows = [*named(), total("agency", 2_000, qualifier="about")]
    claims = count_war.claims(tmp_path, rows, LISTS)
    bounded, free = (
        np.quantile(dead(claims, "hmc", components), [0.025, 0.5])
        for components in (Components(), Components().without("list_bounds"))
    )
    assert bounded[0] > 0.95 * 2_908
    # Without it the noise of the list alone allows for less.
    assert free[0] < 0.87 * 2_908
    assert abs(np.log(bounded[1] / free[1])) < 0.1


@pytest.mark.slow
def test_a_list_far_below_the_dead_says_what_it_said(tmp_path):
    rows = [*named("volunteers", 1_000), total("agency", 2_500), total("institute", 2_600)]
    claims = count_war.claims(tmp_path, rows, "volunteers,north,killed,list")
    logs = [
        np.log(dead(claims, "laplace", components))
        for components in (Components(), Components().without("list_bounds"))
    ]
    assert abs(logs[0].mean() - logs[1].mean()) < 0.1 * logs[1].std()


@pytest.mark.parametrize(
    ("value", "qualifier", "chance"),
    [(2_908, "", 0), (3_000, "", 0), (3_000, "about", 0), (131, "", 1 / 131)],
)
def test_rounding_and_the_chance_of_small_counts_are_noise_too(tmp_path, value, qualifier, chance):
    found = design(tmp_path, [total("ministry", value, qualifier=qualifier, **LATE)])
    rounding = found.terms["rounding_sd"].to_numpy() / value
    assert (rounding > 0) == (value == 3_000)
    assert found.list_bounds.extra == pytest.approx(rounding**2 + chance)


def test_the_figures_of_a_list_add_up_with_their_rounding_and_chance(tmp_path):
    found = design(tmp_path, named(value=1_030))
    terms = found.terms
    assert terms["value"].tolist() == [905, 125]
    variance = (terms["rounding_sd"] ** 2).sum() + 125
    assert found.list_bounds.extra == pytest.approx([variance / 1_030**2])


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_a_count_that_is_cut_off_has_a_density(tmp_path, coverage, noise):
    """The factor of the model, over all counts of a list with normal noise: one in all."""
    losses, sd = np.log(3_000.0), design(tmp_path, named()).list_bounds.sd[0]
    mean, counts = losses + np.log(coverage), np.linspace(5, 11, 40_000)
    chance = stats.norm.logcdf((losses - mean) / np.hypot(noise, sd))
    factor = OrOne(0.05)(stats.norm.logcdf((losses - counts) / sd) - chance).value
    density = np.exp(stats.norm.logpdf(counts, mean, noise) + factor)
    assert np.trapezoid(density, counts) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("losses", [10, 30, 100])
def test_a_small_count_that_is_cut_off_nearly_has_one(losses, coverage):
    """Chance is taken at the count, not at the expected one, and a gamma-Poisson has no log."""
    noise, counts = 0.1, np.arange(1, 1_000)
    mean, shape = losses * coverage, noise**-2
    bound = np.sqrt(0.03**2 + 1 / counts)
    chance = stats.norm.logcdf(-np.log(coverage) / np.sqrt(noise**2 + 1 / counts + bound**2))
    factor = OrOne(0.05)(stats.norm.logcdf(np.log(losses / counts) / bound) - chance).value
    share = shape / (shape + mean)
    chances = stats.nbinom.pmf(counts, shape, share) * np.exp(factor)
    assert chances.sum() + stats.nbinom.pmf(0, shape, share) == pytest.approx(1.0, abs=0.07)
